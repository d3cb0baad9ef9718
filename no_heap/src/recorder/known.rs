//! The way of most events that repeat none, or not the one that was expected: one hot function runs, and the event comes
//! from a stack that was seen lately.
//!
//! Everything is asked before anything is counted, and what is not answered here goes the long way, to `attribute`.

use std::cell::Cell;

use super::live::credit_free;
use super::recent::Key;
use super::streams::count_call;
use super::{Event, Op, Seen, Updating, add, attribute, repeats, sites};
use crate::record::op_bit;
use crate::scope::{Scope, ThreadState, this_thread};

/// Counts an allocation, whatever it is and wherever it happens, and returns the block.
///
/// PERF: out of line, so that the allocator's methods have little to keep while they look for a repeat; and in pieces, which
/// go through registers.
#[inline(never)]
pub(super) fn record_alloc(block: *mut u8, size: usize, frame: usize) -> *mut u8 {
    record(Event::of_rust(Op::Alloc, block, size), frame)
}

/// The same of a free.
#[inline(never)]
pub(super) fn record_free(block: *mut u8, size: usize, frame: usize) -> *mut u8 {
    record(Event::of_rust(Op::Free, block, size), frame)
}

#[inline(always)]
fn record(event: Event, frame: usize) -> *mut u8 {
    let thread = this_thread();
    if std::thread::panicking() {
        repeats::suspend(thread);
    } else if repeats::find(thread, &event, frame).is_some() || count_alone(thread, &event, frame).is_some() {
        return event.block;
    }
    attribute::record(event.op, event.block, event.block, event.size, frame)
}

/// Counts the event, which is not one of a panic; `None` when it has to go the long way.
#[inline(always)]
fn count_alone(thread: &'static ThreadState, event: &Event, frame: usize) -> Option<()> {
    // SAFETY: `active` said that a scope is entered; it stays in its guard's frame until it is left, and this call
    // happens inside it.
    let scope = unsafe { thread.scope.get().as_ref() }?;
    let key = Key::alone(scope.alone_once_touched(thread)?, op_of_own(event.op));
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
            live.push(place, event.block, seen.counts, Some(seen.slot));
            add(&seen.counts.bytes, event.size as u64);
            count(thread, scope, seen, event);
        }
        Op::Free => {
            let (newest, of_block) = live.newest_of_alone(event.block, seen.counts)?;
            let of_block = of_block?;
            room_for_bytes(&site.bytes)?;
            let _updating = Updating::begin(thread.part.get().head());
            live.pop(newest);
            credit_free(of_block, Some(seen));
            count(thread, scope, seen, event);
            origin = Some(of_block);
        }
        Op::Realloc => return None,
    }
    thread.recent.came(stack);
    if !is_first && repeats::have_size(seen.slot, event.size) {
        repeats::expect(thread, event.op, event.size, stack, origin);
    }
    Some(())
}

/// As the site has it: a free is that of a block which this same call had allocated.
#[inline(always)]
fn op_of_own(op: Op) -> u64 {
    if op == Op::Free { op as u64 | op_bit::OWN } else { op as u64 }
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
        count_call(thread, scope, seen, event.size as u64);
    }
    thread.counted.set(thread.counted.get().plus(event.counts()));
}
