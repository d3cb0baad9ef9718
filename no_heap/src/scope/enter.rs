//! Entering a scope and leaving it: what every call of a hot function pays.

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Kind, Scope, ThreadState, this_thread};
use crate::recorder;
use crate::registry::HotFn;

/// A guard that was entered and is left when it is dropped, also when the body panics.
pub(crate) struct Entered<'scope>(&'scope Scope);

/// Enters the hot function with this index in the record, or asleep; `None` when nothing is recorded.
///
/// Inlined into the function that holds the guard: its frame pointer is where stack walks end.
///
/// PERF: most hot functions are entered from outside of all scopes, by a thread that has its part of the record; the rest is
/// kept off that path. Where the scope is, the compiler knows either way.
#[inline(always)]
pub(crate) fn enter_hot<'scope>(
    place: &'scope mut MaybeUninit<Scope>,
    registered: &AtomicU32,
) -> Option<Entered<'scope>> {
    let frame = crate::stack::read_frame_pointer!(place.as_mut_ptr());
    let thread = this_thread();
    let index = registered.load(Ordering::Relaxed);
    let is_plain = (index as usize) < thread.part.get().hot_count() && thread.scope.get().is_null();
    if is_plain {
        thread.scope.set(begin_call(place, index, thread, frame));
    } else if !enter_slowly(registered, place, frame) {
        return None;
    }
    // SAFETY: the one way as the other has written it.
    Some(Entered(unsafe { place.assume_init_ref() }))
}

/// The first call of a thread, or of all; every call inside another scope; and every call while nothing is recorded, or
/// others may open permits. Returns whether the scope is there and entered.
#[cold]
#[inline(never)]
fn enter_slowly(registered: &AtomicU32, place: &mut MaybeUninit<Scope>, frame: usize) -> bool {
    let thread = this_thread();
    if !recorder::start() || (thread.part.get().is_none() && !recorder::join(thread)) {
        return false;
    }
    let index = registered.load(Ordering::Relaxed) & !HotFn::ASLEEP;
    if index as usize >= thread.part.get().hot_count() {
        return false;
    }
    recorder::suspend(thread);
    let scope = begin_call(place, index, thread, frame);
    scope.put_inside(thread.scope.get());
    scope.nest(index, thread);
    thread.scope.set(scope);
    true
}

/// Counts a call, and makes its scope.
#[inline(always)]
fn begin_call<'scope>(
    place: &'scope mut MaybeUninit<Scope>,
    index: u32,
    thread: &ThreadState,
    frame: usize,
) -> &'scope Scope {
    let calls = &thread.part.get().counts(index).calls;
    let call = calls.get().wrapping_add(1);
    calls.set(call);
    place.write(Scope::new(Kind::Hot(index), call, frame))
}

/// Enters a scope that is no hot function. Inlined as [`enter_hot`] is, for the same reason.
#[inline(always)]
pub(crate) fn enter(place: &mut MaybeUninit<Scope>, kind: Kind) -> Entered<'_> {
    let frame = crate::stack::read_frame_pointer!(place.as_mut_ptr());
    let thread = this_thread();
    recorder::suspend(thread);
    let call = if let Kind::Bench(index) = kind { recorder::begin_pass(thread, index) } else { 0 };
    let scope = place.write(Scope::new(kind, call, frame));
    scope.put_inside(thread.scope.get());
    thread.scope.set(scope);
    Entered(scope)
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.leave();
    }
}
