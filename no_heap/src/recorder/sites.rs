//! One entry for each (hot function, operation, stack) of a thread: an open-addressing table in the record.

use std::cell::Cell;

use super::streams::count_call;
use crate::record::{FnCounts, SITES, SiteSlot, Thread, site_hash};
use crate::recorder::{Event, Heap, Op, Seen, add, add_bytes, lower, raise};
use crate::scope::{Scope, ThreadState};

/// Places that are probed before an event is counted without a site. With a table nearly full, a site is found
/// after some dozens.
const PROBES: usize = 64;

/// Counts `event` for the hot function whose call `scope` is, at a site that is known.
pub(crate) fn count_known(thread: &ThreadState, scope: &Scope, seen: Seen, event: &Event) {
    count_function(seen.counts, event);
    add_bytes(&seen.counts.bytes, event.requested());
    count_c(seen.counts, event);
    count_size(seen.slot, event);
    add_bytes(&seen.slot.site.bytes, event.size as u64);
    if scope.first_hit(seen.site(), &seen.slot.site.stamp) {
        count_call(thread, scope, seen, event.size as u64);
    }
    follow_block(thread, scope, event, Some(seen));
}

/// Counts `event` for `hot`, whose call `scope` is, without a site: the table has no room.
pub(crate) fn count_unsited(thread: &ThreadState, part: Thread, scope: &Scope, hot: u32, event: &Event) {
    let counts = part.counts(hot);
    count_function(counts, event);
    add_bytes(&counts.bytes, event.requested());
    count_c(counts, event);
    add(&counts.unsited, 1);
    add_bytes(&counts.unsited_bytes, event.requested());
    follow_block(thread, scope, event, None);
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

/// Counts a free of a block that the same call had allocated.
#[inline(always)]
pub(super) fn count_own(slot: &SiteSlot) {
    add(&slot.site.own, 1);
}

/// Keeps track of the block, so that the end of the call can tell whether it escaped.
fn follow_block(thread: &ThreadState, scope: &Scope, event: &Event, seen: Option<Seen>) {
    let live = &thread.live;
    match (event.op, seen) {
        (Op::Alloc, Some(seen)) => live.allocated(event.block, scope, seen.slot),
        (Op::Alloc, None) => {}
        (Op::Realloc, seen) => live.resized(event.before, event.block, scope, seen.map(|seen| seen.slot)),
        (Op::Free, seen) => {
            let own = live.freed(event.block, scope, seen);
            if let (true, Some(seen)) = (own, seen) {
                count_own(seen.slot);
            }
        }
    }
}

/// The site of events with the stack `frames`, or `None` when the table has no room. `op` is as the site has it.
pub(crate) fn find_or_insert(part: Thread, hot: u32, op: u64, frames: &[u64], flags: u64) -> Option<Seen> {
    let sites = part.sites();
    let seen = |site: usize| Seen { number: site as u64 + 1, slot: &sites[site], counts: part.counts(hot) };
    let hash = site_hash(u64::from(hot), op, frames);
    let start = (hash >> 32) as usize % SITES;
    for probe in 0..PROBES {
        let index = (start + probe) % SITES;
        let slot = &sites[index];
        if slot.site.hash.get() == 0 {
            insert(slot, hash, hot, op, frames, flags);
            return Some(seen(index));
        }
        if slot.site.hash.get() == hash && is_same(slot, hot, op, frames) {
            return Some(seen(index));
        }
    }
    None
}

fn insert(slot: &SiteSlot, hash: u64, hot: u32, op: u64, frames: &[u64], flags: u64) {
    for (cell, frame) in slot.frames.iter().zip(frames) {
        cell.set(*frame);
    }
    slot.site.hot.set(u64::from(hot));
    slot.site.op.set(op);
    slot.site.depth.set(frames.len() as u64);
    slot.site.flags.set(flags);
    slot.site.size_min.set(u64::MAX);
    slot.site.first_call.set(u64::MAX);
    slot.site.quiet.set(u64::MAX);
    slot.site.hash.set(hash);
}

fn is_same(slot: &SiteSlot, hot: u32, op: u64, frames: &[u64]) -> bool {
    slot.site.hot.get() == u64::from(hot)
        && slot.site.op.get() == op
        && slot.site.depth.get() == frames.len() as u64
        && slot.frames.iter().zip(frames).all(|(cell, frame)| cell.get() == *frame)
}
