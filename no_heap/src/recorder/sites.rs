//! What is counted for one event: at its function, at its site, and of its block.

use std::cell::Cell;

use super::live::{At, Owner};
use super::streams::count_call;
use super::{Event, Heap, Op, Seen, add, add_bytes, lower, raise};
use crate::record::{FnCounts, SiteSlot, op_bit};
use crate::scope::{Scope, ThreadState};

/// Whose the block is that a free gives back, in the eyes of one hot function.
#[derive(Clone, Copy)]
pub(super) enum Whose {
    /// One of its calls that run has allocated it.
    Own(At),
    /// That is not known.
    Doubtful,
    /// Of somebody else; or the event is no free.
    Foreign,
}

impl Whose {
    pub(super) fn of(thread: &ThreadState, owner: Owner, event: &Event) -> Whose {
        if event.op != Op::Free {
            return Whose::Foreign;
        }
        match thread.live.find(event.block, owner) {
            Some(at) => Whose::Own(at),
            None if owner.doubtful.get() != 0 => Whose::Doubtful,
            None => Whose::Foreign,
        }
    }

    /// See [`op_bit`].
    pub(super) fn bits(self) -> u64 {
        match self {
            Whose::Own(_) => op_bit::OWN,
            Whose::Doubtful => op_bit::DOUBTFUL,
            Whose::Foreign => 0,
        }
    }
}

/// Counts `event` in the call that `scope` is, at a site that is known.
pub(super) fn count_event(thread: &ThreadState, scope: &Scope, seen: Seen, event: &Event) {
    count_function(seen.counts, event);
    add_bytes(&seen.counts.bytes, event.requested());
    count_c(seen.counts, event);
    count_size(seen.slot, event);
    add_bytes(&seen.slot.site.bytes, event.size as u64);
    if scope.first_hit(thread, seen.slot) {
        count_call(thread, scope, seen, event.size as u64);
    }
}

/// Counts `event` without a site: there is no room for one.
#[cold]
pub(super) fn count_unsited(counts: &FnCounts<Cell<u64>>, event: &Event) {
    count_function(counts, event);
    add_bytes(&counts.bytes, event.requested());
    count_c(counts, event);
    add(&counts.unsited, 1);
    add_bytes(&counts.unsited_bytes, event.requested());
}

/// Counts all of the event but its bytes.
#[inline(always)]
pub(super) fn count_function(counts: &FnCounts<Cell<u64>>, event: &Event) {
    match event.op {
        Op::Alloc => add(&counts.allocs, 1),
        Op::Realloc => add(&counts.reallocs, 1),
        Op::Free => add(&counts.frees, 1),
    }
}

/// Counts the event in C's part of the numbers, if it is one.
fn count_c(counts: &FnCounts<Cell<u64>>, event: &Event) {
    if event.heap != Heap::Rust {
        match event.op {
            Op::Alloc => add(&counts.c_allocs, 1),
            Op::Realloc => add(&counts.c_reallocs, 1),
            Op::Free => add(&counts.c_frees, 1),
        }
        add_bytes(&counts.c_bytes, event.requested());
    }
}

/// The same for the site.
#[inline(always)]
pub(super) fn count_size(slot: &SiteSlot, event: &Event) {
    let site = &slot.site;
    let size = event.size as u64;
    add(&site.count, 1);
    lower(&site.size_min, size);
    raise(&site.size_max, size);
}

/// Keeps track of the block, so that the end of the function's last call can tell whether it escaped.
pub(super) fn follow_block(
    thread: &ThreadState,
    owner: Owner,
    event: &Event,
    whose: Whose,
    seen: Option<Seen>,
) {
    let (live, slot) = (&thread.live, seen.map(|seen| seen.slot));
    match (event.op, whose) {
        (Op::Alloc, _) => live.allocated(event.block, owner, slot),
        (Op::Realloc, _) => live.resized(event.before, event.block, owner, slot),
        (Op::Free, Whose::Own(at)) => live.freed(at, seen),
        (Op::Free, Whose::Doubtful) => add(&owner.doubtful_frees, 1),
        (Op::Free, Whose::Foreign) if seen.is_none() => add(&owner.unsited_foreign, 1),
        (Op::Free, Whose::Foreign) => {}
    }
}
