//! The way that most events take: one hot function runs, it has used the heap before in this call, and the event
//! comes from a stack that was seen lately.
//!
//! Everything is asked before anything is counted, and what is not answered here goes the long way, to `attribute`.
//!
//! PERF: nothing is called from here, so that the whole stays in registers that nobody has to save.

use super::recent::Key;
use super::{Event, Op, Seen, Updating, add, sites};
use crate::scope::{Scope, ThreadState};

/// Counts the event, which is not one of a panic; `None` when it has to go the long way.
#[inline(always)]
pub(super) fn record(thread: &ThreadState, event: &Event, frame: usize) -> Option<()> {
    // SAFETY: `active` said that a scope is entered; it stays in its guard's frame until it is left, and this call
    // happens inside it.
    let scope = unsafe { thread.scope.get().as_ref() }?;
    let key = Key::alone(scope.alone()?, event.op);
    let seen = thread.recent.find(frame, scope.frame(), key)?.seen();
    let live = &thread.live;
    match event.op {
        Op::Alloc => {
            let place = live.place_for(event.block)?;
            let _updating = count(thread, scope, seen, event)?;
            live.push(place, event.block, scope, seen.slot);
        }
        Op::Free => {
            let newest = live.newest(event.block, scope)?;
            let _updating = count(thread, scope, seen, event)?;
            sites::count_own(seen.slot);
            live.pop(newest, seen);
        }
        Op::Realloc => return None,
    }
    Some(())
}

/// Counts all but the block's fate; the update goes on as long as the value lives. `None` when there are more bytes than
/// there are numbers for, and nothing was counted.
#[inline(always)]
fn count<'part>(thread: &ThreadState, scope: &Scope, seen: Seen, event: &Event) -> Option<Updating<'part>> {
    let site = &seen.slot.site;
    let bytes = seen.counts.bytes.get().checked_add(event.requested())?;
    // A function's bytes are those that its sites requested, so there is a number for each site's, too; but not of frees.
    let freed = if event.op == Op::Free { site.bytes.get().checked_add(event.size as u64)? } else { 0 };
    thread.counted.set(thread.counted.get().plus(event.counts()));
    let updating = Updating::begin(thread.part.get().head());
    sites::count_function(seen.counts, event, bytes);
    sites::count_size(seen.slot, event);
    match event.op {
        Op::Free => site.bytes.set(freed),
        Op::Alloc | Op::Realloc => add(&site.bytes, event.size as u64),
    }
    if site.stamp.get() != scope.call() {
        site.stamp.set(scope.call());
        sites::count_call(seen.slot, scope);
    }
    Some(updating)
}
