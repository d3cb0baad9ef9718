//! The way of most events that repeat none: one hot function runs, it has used the heap before in this call, and the
//! event comes from a stack that was seen lately.
//!
//! Everything is asked before anything is counted, and what is not answered here goes the long way, to `attribute`.

use std::cell::Cell;

use super::live::credit_free;
use super::recent::Key;
use super::{Event, Op, Seen, Updating, add, attribute, repeats, sites};
use crate::scope::{Scope, ThreadState, this_thread};

/// Counts an event that is no repeat.
///
/// PERF: it comes in pieces, so that nothing has to be put into memory before.
#[cold]
#[inline(never)]
pub(super) fn record(op: Op, block: *mut u8, size: usize, frame: usize) -> *mut u8 {
    let event = Event { op, block, before: block, size };
    let thread = this_thread();
    if std::thread::panicking() || count_known(thread, &event, frame).is_none() {
        attribute::record_event(thread, &event, frame);
    }
    block
}

/// Counts the event, which is not one of a panic; `None` when it has to go the long way.
fn count_known(thread: &ThreadState, event: &Event, frame: usize) -> Option<()> {
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
    if !is_first && let Some(repeat) = repeats::of(thread, event, seen, origin) {
        stack.set_repeat(repeat);
    }
    Some(())
}

/// Whether the bytes of one block more can be added: a block has less than half as many as there are numbers for.
fn room_for_bytes(bytes: &Cell<u64>) -> Option<()> {
    (bytes.get() <= u64::MAX / 2).then_some(())
}

/// Counts all but the function's bytes and the block's fate.
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
