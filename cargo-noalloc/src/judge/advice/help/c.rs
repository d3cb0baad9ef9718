//! For memory of the C library's allocator.

use crate::judge::advice::Case;
use crate::model::{Op, Pattern};

/// The function with which a thread-local registers its destructor.
pub(in crate::judge::advice) const REGISTERS: &str = "__cxa_thread_atexit_impl";

/// What to do about a call of the C function `name` that takes memory, or gives back what was taken elsewhere.
pub(super) fn of(case: &Case<'_>, name: &str) -> String {
    if name == REGISTERS {
        return "use it once on this thread before the hot path, or `#[no_heap(warmup = 1)]`".to_owned();
    }
    if case.op == Op::Free {
        return "give it back outside the hot path, or allow frees: `#[no_heap(allow(free))]`".to_owned();
    }
    let permit = format!("or allow it: `no_heap::permit(\"{name}\", || …)`");
    match case.pattern {
        Pattern::FirstCall => {
            format!("only a first call does it: call `{name}` once before the hot path, {permit}")
        }
        _ => format!("call `{name}` before the hot path and pass in what it returns, {permit}"),
    }
}
