//! Feature `enforce`: under a plain `cargo test`, a broken promise fails the test that broke it.
//!
//! `thread` counts while a guard is on, in fixed tables; `report` speaks when the guarded call has returned. Inside
//! the allocator nothing is printed, locked, allocated or unwound.

mod report;
mod sites;
mod thread;

use std::panic::Location;

use crate::names;
use crate::registry::{HotFn, Promise, Site};
use thread::{Entered, Kind};
pub(crate) use thread::{active, allocated, freed, resized};

/// Who made the promise.
#[derive(Clone, Copy)]
pub(crate) struct Promised {
    promise: Promise,
    /// The address tells functions apart.
    key: usize,
    name: fn(&Promised) -> String,
    block: &'static str,
    function: Option<&'static HotFn>,
    file: &'static str,
    line: u32,
}

impl Promised {
    fn of_function(hot: &'static HotFn) -> Promised {
        Promised {
            promise: hot.promise,
            key: std::ptr::from_ref(hot).addr(),
            name: |promised| {
                let Some(hot) = promised.function else { return String::new() };
                let path = names::function((hot.path)());
                names::as_written(&path, hot.written).unwrap_or(path)
            },
            block: "",
            function: Some(hot),
            file: hot.file,
            line: hot.line,
        }
    }

    fn of_block(name: &'static str, at: &'static Location<'static>) -> Promised {
        Promised {
            promise: Promise { allocs: 0, bytes: 0, warmup: 0, allow_free: false, prove: false },
            key: std::ptr::from_ref(at).addr(),
            name: |promised| promised.block.to_owned(),
            block: name,
            function: None,
            file: at.file(),
            line: at.line(),
        }
    }
}

/// Runs `body` as the hot function `S`.
#[inline]
#[track_caller]
pub fn guarded<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
    held(|| Promised::of_function(S::hot()), body)
}

/// Runs `body` as a hot function that has no attribute.
#[inline]
#[track_caller]
pub(crate) fn block<R, F: FnOnce() -> R>(name: &'static str, body: F) -> R {
    let at = Location::caller();
    held(|| Promised::of_block(name, at), body)
}

#[inline]
#[track_caller]
fn held<R, F: FnOnce() -> R>(promised: impl FnOnce() -> Promised, body: F) -> R {
    if report::is_off() {
        return body();
    }
    let promised = promised();
    report::require_allocator(&promised);
    let scope = thread::Scope::new(Kind::Hot(promised));
    let entered = Entered::enter(&scope);
    let result = alone(body);
    if let Some(broken) = entered.leave() {
        report::report(&broken);
    }
    result
}

/// Runs `body` with the heap allowed, until an inner hot function forbids it again.
#[inline]
pub(crate) fn permit<R, F: FnOnce() -> R>(body: F) -> R {
    if !active() {
        return body();
    }
    let scope = thread::Scope::new(Kind::Permit);
    let _entered = Entered::enter(&scope);
    alone(body)
}

/// A frame of its own, for call stacks to end at.
#[inline(never)]
fn alone<R, F: FnOnce() -> R>(body: F) -> R {
    body()
}
