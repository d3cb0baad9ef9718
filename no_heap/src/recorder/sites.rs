//! One entry for each (hot function, operation, stack) of a thread: an open-addressing table in the record.

use std::cell::Cell;

use crate::record::{SITES, SiteSlot, Thread, site_hash};
use crate::recorder::{Event, Op, add, add_bytes, raise};
use crate::scope::{Scope, ThreadState};
use crate::stack::Bounds;

/// Places that are probed before an event is counted without a site. With a table nearly full, a site is found
/// after some dozens.
const PROBES: usize = 64;

/// Counts `event` for `hot`, whose call `scope` is.
///
/// PERF: always inlined, so that the operation is known and the event stays in registers.
#[inline(always)]
pub(crate) fn count(
    thread: &ThreadState,
    part: Thread,
    scope: &Scope,
    hot: u32,
    event: &Event,
    site: Option<u16>,
) {
    let counts = part.counts(hot);
    match event.op {
        Op::Alloc => add(&counts.allocs, 1),
        Op::Realloc => add(&counts.reallocs, 1),
        Op::Free => add(&counts.frees, 1),
    }
    add_bytes(&counts.bytes, event.requested());

    let sites = part.sites();
    match site {
        Some(site) => hit(&sites[usize::from(site)], site, scope, event),
        None => {
            add(&counts.unsited, 1);
            add_bytes(&counts.unsited_bytes, event.requested());
        }
    }
    follow_block(thread, scope, event, site, sites);
}

/// Keeps track of the block, so that the end of the call can tell whether it escaped.
#[inline(always)]
fn follow_block(
    thread: &ThreadState,
    scope: &Scope,
    event: &Event,
    site: Option<u16>,
    sites: &[SiteSlot; SITES],
) {
    let live = &thread.live;
    match (event.op, site) {
        (Op::Alloc, Some(site)) => live.allocated(event.block, scope, site, sites),
        (Op::Alloc, None) => {}
        (Op::Realloc, site) => live.resized(event.before, event.block, scope, site, sites),
        (Op::Free, site) => {
            let own = live.freed(event.block, scope, site, sites);
            if let (true, Some(site)) = (own, site) {
                add(&sites[usize::from(site)].site.own, 1);
            }
        }
    }
}

#[inline(always)]
fn hit(slot: &SiteSlot, index: u16, scope: &Scope, event: &Event) {
    let site = &slot.site;
    let size = event.size as u64;
    add(&site.count, 1);
    add_bytes(&site.bytes, size);
    if site.size_min.get() > size {
        site.size_min.set(size);
    }
    raise(&site.size_max, size);
    if scope.first_hit(index, &site.stamp) {
        add(&site.calls_affected, 1);
        raise(&site.last_call, scope.call());
        if site.first_call.get() > scope.call() {
            site.first_call.set(scope.call());
        }
    }
}

/// The site of `event` with the stack `frames`, or `None` when the table has no room.
pub(crate) fn find_or_insert(
    sites: &[SiteSlot; SITES],
    hot: u32,
    op: Op,
    frames: &[u64],
    flags: u64,
) -> Option<u16> {
    let hash = site_hash(u64::from(hot), op as u64, frames);
    let start = (hash >> 32) as usize % SITES;
    for probe in 0..PROBES {
        let index = (start + probe) % SITES;
        let slot = &sites[index];
        if slot.site.hash.get() == 0 {
            insert(slot, hash, hot, op, frames, flags);
            return Some(index as u16);
        }
        if slot.site.hash.get() == hash && is_same(slot, hot, op, frames) {
            return Some(index as u16);
        }
    }
    None
}

fn insert(slot: &SiteSlot, hash: u64, hot: u32, op: Op, frames: &[u64], flags: u64) {
    for (cell, frame) in slot.frames.iter().zip(frames) {
        cell.set(*frame);
    }
    slot.site.hot.set(u64::from(hot));
    slot.site.op.set(op as u64);
    slot.site.depth.set(frames.len() as u64);
    slot.site.flags.set(flags);
    slot.site.size_min.set(u64::MAX);
    slot.site.first_call.set(u64::MAX);
    slot.site.hash.set(hash);
}

fn is_same(slot: &SiteSlot, hot: u32, op: Op, frames: &[u64]) -> bool {
    slot.site.hot.get() == u64::from(hot)
        && slot.site.op.get() == op as u64
        && slot.site.depth.get() == frames.len() as u64
        && slot.frames.iter().zip(frames).all(|(cell, frame)| cell.get() == *frame)
}

/// Which site an event probably belongs to: the one that the last event with this innermost frame had.
///
/// PERF: most events come from a stack that was seen before. To compare the frame-pointer chain with that site's
/// frames while following it takes a third of the time of copying, hashing and looking up.
pub(crate) struct Guesses([Cell<u16>; GUESSES]);

const GUESSES: usize = 64;

impl Guesses {
    pub(crate) const fn new() -> Guesses {
        Guesses([const { Cell::new(0) }; GUESSES])
    }

    /// The place for events of this operation whose allocator frame is at `frame`.
    #[inline]
    pub(crate) fn place(&self, frame: usize, op: Op, caller: usize) -> &Cell<u16> {
        let key = (frame >> 4) ^ (caller >> 2) ^ (caller >> 9) ^ (op as usize * 21);
        &self.0[key % GUESSES]
    }
}

/// Whether the stack from `frame` to `end` is the one of `slot`, and the operation and hot function are, too.
#[inline(always)]
pub(crate) fn is_stack_of(
    slot: &SiteSlot,
    hot: u32,
    op: Op,
    frame: usize,
    end: usize,
    stack: Bounds,
) -> bool {
    let site = &slot.site;
    let key = site.hash.get() != 0 && site.hot.get() == u64::from(hot) && site.op.get() == op as u64;
    if !key || site.flags.get() != 0 {
        return false;
    }
    let Some(frames) = slot.frames.get(..site.depth.get() as usize) else { return false };
    crate::stack::leads_through(frame, end, stack, frames)
}
