//! Permits that somebody else opened: `assert_no_alloc::permit_alloc` and `PermitDrop`, called directly.
//!
//! `assert_no_alloc` keeps its counters to itself. What can be seen from outside: in warn mode its violation
//! count rises when its allocator is called where the heap is forbidden. So it is called, with the smallest block
//! there is, and the count is taken back before a guard can print about it.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU8, Ordering};

use assert_no_alloc::{AllocDisabler, reset_violation_count, violation_count};

use crate::env;

const UNKNOWN: u8 = 0;
const NONE: u8 = 1;
const POSSIBLE: u8 = 2;

/// Whether anything but this crate may open permits; asked of the environment once, at the start.
static FOREIGN: AtomicU8 = AtomicU8::new(UNKNOWN);

/// Reads the environment. Without the tool's word, permits are possible.
pub(crate) fn read_environment() {
    let none = std::env::var_os(env::FOREIGN_PERMITS).is_some_and(|value| value == "0");
    FOREIGN.store(if none { NONE } else { POSSIBLE }, Ordering::Relaxed);
}

/// Whether a permit may be somebody else's.
#[inline]
pub(crate) fn foreign_permits() -> bool {
    FOREIGN.load(Ordering::Relaxed) == POSSIBLE
}

/// Whether `assert_no_alloc` would let an allocation pass here, inside one of its guards.
#[inline(never)]
pub(crate) fn permitted() -> bool {
    let layout = Layout::new::<u8>();
    let before = violation_count();
    // SAFETY: the layout is not empty, and the block is given back to the allocator it came from, unused.
    unsafe {
        let block = AllocDisabler.alloc(layout);
        if !block.is_null() {
            AllocDisabler.dealloc(block, layout);
        }
    }
    let permitted = violation_count() == before;
    reset_violation_count();
    permitted
}

/// Whether somebody's permit is open around the guard that is being entered.
pub(crate) fn permitted_around() -> bool {
    assert_no_alloc::assert_no_alloc(permitted)
}
