//! The way of most events that repeat none: one hot function runs, it has used the heap before in this call, and the
//! event comes from a stack that was seen lately.
//!
//! Everything is asked before anything is counted, and what is not answered here goes the long way, to `attribute`.
//!
//! PERF: in the allocator's methods, behind the way of repeats. Out of line it made that shorter by eleven instructions for a
//! pair, and this one longer by thirty.

use std::cell::Cell;

use super::live::credit_free;
use super::recent::Key;
use super::{Event, Op, Seen, Updating, add, repeats, sites};
use crate::scope::{Scope, ThreadState};

/// Counts the event, which is not one of a panic; `None` when it has to go the long way.
#[inline(always)]
pub(super) fn record(thread: &ThreadState, event: &Event, frame: usize) -> Option<()> {
    // SAFETY: `active` said that a scope is entered; it stays in its guard's frame until it is left, and this call
    // happens inside it.
    let scope = unsafe { thread.scope.get().as_ref() }?;
    let key = Key::alone(scope.alone()?, event.op);
    let stack = thread.recent.find(frame, scope.frame(), key)?;
    let seen = stack.seen();
    let (live, site) = (&thread.live, &seen.slot.site);
    let is_first = site.stamp.get() != scope.call();
    let mut origin = None;
    match event.op {
        Op::Alloc => {
            let place = live.place_for(event.block)?;
            // A function's bytes are those that its sites requested: there is room for the site's, too.
            room_for_bytes(&seen.counts.bytes)?;
            let _updating = Updating::begin(thread.part.get().head());
            live.push(place, event.block, scope, seen.slot);
            add(&seen.counts.bytes, event.size as u64);
            count(thread, scope, seen, event);
        }
        Op::Free => {
            let (newest, of_block) = live.newest(event.block, scope)?;
            room_for_bytes(&site.bytes)?;
            let _updating = Updating::begin(thread.part.get().head());
            live.pop(newest);
            credit_free(of_block, Some(seen));
            sites::count_own(seen.slot);
            count(thread, scope, seen, event);
            origin = Some(of_block);
        }
        Op::Realloc => return None,
    }
    if !is_first && repeats::have_size(seen.slot, event.size) {
        repeats::expect(thread, event.op, event.size, stack, origin);
    }
    Some(())
}

/// Whether the bytes of one block more can be added: a block has less than half as many as there are numbers for.
#[inline(always)]
fn room_for_bytes(bytes: &Cell<u64>) -> Option<()> {
    (bytes.get() <= u64::MAX / 2).then_some(())
}

/// Counts all but the function's bytes and the block's fate.
#[inline(always)]
fn count(thread: &ThreadState, scope: &Scope, seen: Seen, event: &Event) {
    let site = &seen.slot.site;
    sites::count_function(seen.counts, event);
    sites::count_size(seen.slot, event);
    add(&site.bytes, event.size as u64);
    if site.stamp.get() != scope.call() {
        site.stamp.set(scope.call());
        sites::count_call(seen.slot, scope);
    }
    thread.counted.set(thread.counted.get().plus(event.counts()));
}
