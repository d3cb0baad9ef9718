//! The C library's allocator: what C code takes and gives back while a hot function runs is counted as well.
//!
//! `interposed` is for programs whose C library is found by the loader; elsewhere C's memory is not counted, and the
//! record says so. It stands between the allocator's callers in C and the `recorder`; [`Direct`] is the allocator beneath
//! [`Allocator`](crate::Allocator). Nothing here decides what an event means.

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
)))]
mod absent;
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
))]
mod interposed;

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
)))]
pub(crate) use absent::{Direct, call_probe, find_scope, is_probed};
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(target_feature = "crt-static"),
    not(miri)
))]
pub(crate) use interposed::{Direct, call_probe, find_scope, is_probed};
