//! One entry for each (hot function, operation, stack) of a thread: an open-addressing table in the record.

use crate::record::{SITES, SiteSlot};
use crate::recorder::{Event, Op, add, raise};
use crate::scope::{Scope, ThreadState};

/// Above this, probing gets slow; what comes later is counted without a site.
const MAX_LOAD: usize = SITES / 8 * 7;

/// Counts `event` for `hot`, whose call `scope` is.
pub(crate) fn count(
    thread: &ThreadState,
    scope: &Scope,
    hot: u32,
    event: &Event,
    frames: &[u64],
    flags: u64,
) {
    let part = thread.part.get();
    let counts = part.counts(hot);
    match event.op {
        Op::Alloc => add(&counts.allocs, 1),
        Op::Realloc => add(&counts.reallocs, 1),
        Op::Free => add(&counts.frees, 1),
    }
    add(&counts.bytes, event.requested());

    let sites = part.sites();
    let site = find_or_insert(sites, hot, event.op, frames, flags);
    match site {
        Some(site) => hit(&sites[usize::from(site)], usize::from(site), scope, event),
        None => {
            add(&counts.unsited, 1);
            add(&counts.unsited_bytes, event.requested());
        }
    }
    follow_block(thread, scope, event, site, sites);
}

/// Keeps track of the block, so that the end of the call can tell whether it escaped.
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
        (Op::Realloc, Some(site)) => live.resized(event.before, event.block, scope, site, sites),
        (Op::Free, site) => {
            let own = live.freed(event.block, scope, site, sites);
            if let (true, Some(site)) = (own, site) {
                add(&sites[usize::from(site)].site.own, 1);
            }
        }
        (_, None) => {}
    }
}

fn hit(slot: &SiteSlot, index: usize, scope: &Scope, event: &Event) {
    let site = &slot.site;
    let size = event.size as u64;
    if site.count.get() == 0 {
        site.size_min.set(size);
        site.first_call.set(scope.call());
    }
    add(&site.count, 1);
    add(&site.bytes, size);
    site.size_min.set(site.size_min.get().min(size));
    raise(&site.size_max, size);
    if scope.first_hit(index, site.last_call.get()) {
        add(&site.calls_affected, 1);
    }
    raise(&site.last_call, scope.call());
    if site.first_call.get() > scope.call() {
        site.first_call.set(scope.call());
    }
}

fn find_or_insert(sites: &[SiteSlot; SITES], hot: u32, op: Op, frames: &[u64], flags: u64) -> Option<u16> {
    let hash = hash(hot, op, frames);
    let start = (hash >> 32) as usize % SITES;
    for probe in 0..MAX_LOAD.min(64) {
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
    slot.site.hash.set(hash);
}

fn is_same(slot: &SiteSlot, hot: u32, op: Op, frames: &[u64]) -> bool {
    slot.site.hot.get() == u64::from(hot)
        && slot.site.op.get() == op as u64
        && slot.site.depth.get() == frames.len() as u64
        && slot.frames.iter().zip(frames).all(|(cell, frame)| cell.get() == *frame)
}

/// Never 0: that marks an empty slot.
fn hash(hot: u32, op: Op, frames: &[u64]) -> u64 {
    let mut hash = (u64::from(hot) << 2 | op as u64) ^ 0x9e37_79b9_7f4a_7c15;
    for frame in frames {
        hash = (hash.rotate_left(5) ^ frame).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    hash.max(1)
}
