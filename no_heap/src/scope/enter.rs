//! Entering a scope and leaving it: what every call of a hot function pays.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Kind, Scope, ThreadState, this_thread};
use crate::recorder;

/// A guard that was entered and is left when it is dropped, also when the body panics.
pub(crate) struct Entered<'scope>(&'scope Scope);

/// Enters the hot function with this index in the record; `None` when nothing is recorded.
///
/// Inlined into the function that holds the guard: its frame pointer is where stack walks end.
#[inline(always)]
pub(crate) fn enter_hot<'scope>(
    place: &'scope mut MaybeUninit<Scope>,
    registered: &AtomicU32,
) -> Option<Entered<'scope>> {
    let frame = crate::stack::read_frame_pointer!(place.as_mut_ptr());
    let thread = this_thread();
    let index = registered.load(Ordering::Relaxed);
    if !recorder::recording_alone() || index as usize >= thread.part.get().hot_count() {
        return enter_first(place, registered, thread, frame);
    }
    let scope = begin_call(place, index, thread, frame);
    if !scope.outer.is_null() {
        return Some(enter_nested(scope, index, thread));
    }
    thread.scope.set(scope);
    Some(Entered(scope))
}

/// The first call of a thread, or of all; and every call while nothing is recorded, or others may open permits.
#[cold]
#[inline(never)]
fn enter_first<'scope>(
    place: &'scope mut MaybeUninit<Scope>,
    registered: &AtomicU32,
    thread: &ThreadState,
    frame: usize,
) -> Option<Entered<'scope>> {
    if !recorder::start() || (thread.part.get().is_none() && !recorder::join(thread)) {
        return None;
    }
    let index = registered.load(Ordering::Relaxed);
    if index as usize >= thread.part.get().hot_count() {
        return None;
    }
    Some(enter_nested(begin_call(place, index, thread, frame), index, thread))
}

/// Counts a call, and makes its scope.
#[inline(always)]
fn begin_call<'scope>(
    place: &'scope mut MaybeUninit<Scope>,
    index: u32,
    thread: &ThreadState,
    frame: usize,
) -> &'scope mut Scope {
    let calls = &thread.part.get().counts(index).calls;
    let call = calls.get().wrapping_add(1);
    calls.set(call);
    place.write(Scope::new(Kind::Hot(index), call, frame, thread))
}

/// PERF: most hot functions are entered from outside of all scopes; the rest is kept off that path, in a function
/// that comes last, so that nothing has to be saved for its return.
#[cold]
#[inline(never)]
fn enter_nested<'scope>(scope: &'scope mut Scope, index: u32, thread: &ThreadState) -> Entered<'scope> {
    scope.nest(index, thread);
    thread.scope.set(scope);
    Entered(scope)
}

/// Enters a scope that is no hot function. Inlined as [`enter_hot`] is, for the same reason.
#[inline(always)]
pub(crate) fn enter(place: &mut MaybeUninit<Scope>, kind: Kind) -> Entered<'_> {
    let frame = crate::stack::read_frame_pointer!(place.as_mut_ptr());
    let thread = this_thread();
    let scope = place.write(Scope::new(kind, 0, frame, thread));
    thread.scope.set(scope);
    Entered(scope)
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.leave(this_thread());
    }
}
