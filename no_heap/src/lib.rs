//! `#[no_heap]`: promise that a function stays off the heap.
//!
//! ```
//! use no_heap::no_heap;
//!
//! #[no_heap]
//! fn mix(out: &mut [f32], left: &[f32], right: &[f32]) {
//!     for (out, (l, r)) in out.iter_mut().zip(left.iter().zip(right)) {
//!         *out = 0.5 * (l + r);
//!     }
//! }
//! # mix(&mut [0.0], &[1.0], &[1.0]);
//! ```
//!
//! In a plain build the attribute is nothing: the function compiles to the same instructions with and without
//! it. `cargo noalloc check` builds the program a second time, with `--cfg noalloc_audit`, and then every
//! annotated function runs inside an `assert_no_alloc` guard while [`Allocator`] records which of its calls
//! reached the heap, from where, how often and with how many bytes.
//!
//! # Where things are
//!
//! `guard` wraps the function and `scope` knows which hot functions run on this thread. [`Allocator`] asks the
//! scope, and when one is active hands the event to `recorder`, which takes the call `stack` and counts into the
//! memory-mapped `record` file. `registry` lists the hot functions and benchmarks of the program; `bench` is
//! the harness behind [`main!`].
//!
//! # What measuring costs
//!
//! Outside a hot function the allocator adds one thread-local read and one branch. See `docs/performance.md` of
//! the repository for figures beside other allocators of this kind.

#![cfg_attr(noalloc_audit, doc = "\n\n*This is the documentation of an audit build.*")]

mod allocator;
#[cfg(feature = "bench")]
mod bench;
mod block;
#[cfg(noalloc_audit)]
mod c_heap;
#[cfg(all(feature = "enforce", not(noalloc_audit)))]
mod enforce;
#[cfg(any(noalloc_audit, feature = "bench", feature = "read-record"))]
#[doc(hidden)]
pub mod env;
#[cfg(any(noalloc_audit, feature = "enforce"))]
mod future;
#[cfg(noalloc_audit)]
mod guard;
#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
#[cfg_attr(
    not(feature = "read-record"),
    allow(unreachable_pub, reason = "the tool reads names by the same rules")
)]
mod names;
#[cfg(any(noalloc_audit, feature = "read-record"))]
pub mod record;
#[cfg(noalloc_audit)]
mod recorder;
#[cfg(any(noalloc_audit, feature = "bench", feature = "enforce", feature = "read-record"))]
mod registry;
#[cfg(noalloc_audit)]
mod scope;
#[cfg(noalloc_audit)]
mod stack;
#[cfg(any(all(feature = "enforce", not(noalloc_audit)), feature = "read-record"))]
#[doc(hidden)]
pub mod std_source;
#[cfg(all(any(noalloc_audit, test), feature = "bench"))]
mod stopwatch;
#[cfg(noalloc_audit)]
mod unwind;

pub use allocator::Allocator;
#[cfg(feature = "bench")]
pub use bench::Bencher;
pub use block::{guard, permit};
/// Registers a benchmark for [`main!`](crate::main): `fn name(b: &mut Bencher)`, or `fn name()` for the plain
/// case. With `args`, one for each argument, a literal or a constant: `fill/16` and `fill/4096`. With `consts`, one for
/// each value of the function's const parameter; with both, one for each pair: `fill/16/2`.
///
/// ```no_run
/// #[no_heap::bench(args = [16, 256, 4_096])]
/// fn fill(b: &mut no_heap::Bencher, n: usize) {
///     let mut numbers = vec![0u64; n];
///     b.iter(|| numbers.fill(1));
/// }
///
/// #[no_heap::bench(consts = [16, 256])]
/// fn array<const N: usize>() -> [u64; N] {
///     std::array::from_fn(|i| i as u64)
/// }
///
/// no_heap::main!();
/// ```
#[cfg(feature = "bench")]
pub use noalloc_macros::bench;
#[doc = include_str!("no_heap.md")]
#[cfg(any(noalloc_audit, feature = "enforce"))]
pub use noalloc_macros::no_heap_guarded as no_heap;
#[cfg(not(any(noalloc_audit, feature = "enforce")))]
#[doc = include_str!("no_heap.md")]
pub use noalloc_macros::no_heap_plain as no_heap;

/// What a linked binary says of its hot functions, for the tool.
#[cfg(feature = "read-record")]
#[doc(hidden)]
pub mod descriptor {
    pub use crate::names::{as_written, function};
    pub use crate::registry::{HOT_FUNCTIONS_SECTION, HotFn, Promise, site_id};
}

/// What the macros' output names. No part of the public interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(feature = "bench")]
    pub use crate::bench::run;
    #[cfg(all(feature = "enforce", not(noalloc_audit)))]
    pub use crate::enforce::guarded;
    #[cfg(any(noalloc_audit, feature = "enforce"))]
    pub use crate::future::guarded_future;
    #[cfg(noalloc_audit)]
    pub use crate::guard::guarded;
    #[cfg(noalloc_audit)]
    pub use crate::registry::HOT_FUNCTIONS;
    #[cfg(feature = "bench")]
    pub use crate::registry::benchmark;
    #[cfg(feature = "bench")]
    pub use crate::registry::{BENCHMARKS, Benchmark};
    #[cfg(any(noalloc_audit, feature = "enforce"))]
    pub use crate::registry::{HotFn, Promise, Site, hot_function, listed, site_id};
    #[cfg(any(noalloc_audit, feature = "bench"))]
    pub use linkme;
    #[cfg(any(noalloc_audit, feature = "enforce"))]
    pub use noalloc_macros::moved;
}

/// The guide's examples are compiled as this crate's own.
#[cfg(doctest)]
#[doc = include_str!("../../docs/attribute.md")]
struct Guide;
