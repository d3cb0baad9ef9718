//! The way that most events take: one hot function runs, it has used the heap before in this call, and the event
//! comes from a stack that was seen lately.
//!
//! Everything is asked before anything is counted, and what is not answered here goes the long way, to `attribute`.
//!
//! PERF: nothing is called from here, so that the whole stays in registers that nobody has to save.

use super::recent::Key;
use super::{Event, Op, Updating, sites};
use crate::scope::ThreadState;

/// Counts the event; `None` when it has to go the long way.
#[inline(always)]
pub(super) fn record(thread: &ThreadState, event: &Event, frame: usize) -> Option<()> {
    // Asked first: it may call out, and so there is nothing yet to keep.
    if std::thread::panicking() {
        return None;
    }
    // SAFETY: `active` said that a scope is entered; it stays in its guard's frame until it is left, and this call
    // happens inside it.
    let scope = unsafe { thread.scope.get().as_ref() }?;
    let hot = scope.alone()?;
    let seen = thread.recent.find(frame, scope.frame(), Key::new(hot, event.op, None))?;
    let live = &thread.live;
    let origin = match event.op {
        Op::Alloc if live.has_room_for(event.block) => seen.slot,
        Op::Free => live.newest(event.block, scope)?,
        Op::Alloc | Op::Realloc => return None,
    };

    thread.counted.set(thread.counted.get().plus(event.counts()));
    let _updating = Updating::begin(thread.part.get().head());
    sites::count_function(seen.counts, event);
    sites::count_size(seen.slot, event);
    if seen.slot.site.stamp.replace(scope.call()) != scope.call() {
        sites::count_call(seen.slot, scope);
    }
    if event.op == Op::Alloc {
        live.push(event.block, scope, origin);
    } else {
        sites::count_own(seen.slot);
        live.pop(origin, seen);
    }
    Some(())
}
