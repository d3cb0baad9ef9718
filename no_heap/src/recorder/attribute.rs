//! Which hot functions answer for an event, and with which stack. Everything off the short path of `record`.

use super::{Event, Op, Updating, add, permits, process, raise, sites};
use crate::record::{SiteFlag, Thread};
use crate::scope::{Counts, Kind, Scope, ThreadState};
use crate::stack::{End, Trace};

/// Why a hot function does not answer for an event.
#[derive(Clone, Copy)]
enum Refused {
    /// Somebody's permit is open.
    Permitted,
    /// A panic is at work.
    Unwinding,
}

/// Counts one event, whatever it is and wherever it happens.
#[inline(never)]
pub(super) fn record(thread: &ThreadState, innermost: &Scope, event: Event, frame: usize) {
    if !matches!(innermost.kind(), Kind::Hot(_)) {
        return outside(thread, innermost, &event, frame);
    }
    if let Some(refused) = refused(innermost) {
        return leave_out(thread, innermost, refused, &event);
    }
    thread.counted.set(thread.counted.get().plus(event.counts()));
    let part = thread.part.get();
    if !part.is_none() {
        let _updating = Updating::begin(part.head());
        attribute(thread, innermost, &event, frame);
    }
}

/// Whether the hot function `innermost` is excused.
fn refused(innermost: &Scope) -> Option<Refused> {
    if std::thread::panicking() {
        return Some(Refused::Unwinding);
    }
    let excused = permits::foreign_permits() && !innermost.permitted_outside() && permits::permitted();
    excused.then_some(Refused::Permitted)
}

/// An event whose innermost scope is no hot function.
fn outside(thread: &ThreadState, innermost: &Scope, event: &Event, frame: usize) {
    match innermost.kind() {
        Kind::SelfTest => process::self_tested(innermost, frame, thread.stack.get()),
        Kind::Permit => match innermost.outer() {
            Some(outer) if matches!(outer.kind(), Kind::Hot(_)) => {
                leave_out(thread, outer, Refused::Permitted, event);
            }
            _ => thread.others.set(thread.others.get().plus(event.counts())),
        },
        Kind::Bench | Kind::Hot(_) => thread.others.set(thread.others.get().plus(event.counts())),
    }
}

/// Counts it where a reader can see that it was left out, and why. The block's fate is followed all the same: it
/// may be one that a hot function has allocated.
fn leave_out(thread: &ThreadState, hot: &Scope, refused: Refused, event: &Event) {
    thread.others.set(thread.others.get().plus(event.counts()));
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    match event.op {
        Op::Alloc => {}
        Op::Realloc => thread.live.moved_unseen(event.before, event.block),
        Op::Free => thread.live.freed_unseen(event.block, part.sites()),
    }
    if let Kind::Hot(hot) = hot.kind() {
        let counts = part.counts(hot);
        match refused {
            Refused::Permitted => add(&counts.permitted, 1),
            Refused::Unwinding => add(&counts.unwinding, 1),
        }
    }
}

/// Records the event for every hot function that is running, each with the stack up to its own guard.
fn attribute(thread: &ThreadState, innermost: &Scope, event: &Event, frame: usize) {
    let part = thread.part.get();
    let mut trace = Trace::new();
    let mut at = frame;
    let mut flags = 0;
    let mut scope = Some(innermost);
    while let Some(current) = scope {
        let Kind::Hot(hot) = current.kind() else { break };
        flags |= follow(&mut trace, &mut at, frame, current.frame(), thread, flags);
        let site = sites::find_or_insert(part.sites(), hot, event.op, trace.frames(), flags);
        if let (true, Some(site)) = (std::ptr::eq(current, innermost), site) {
            thread.guesses.place(frame, event.op, crate::stack::return_address(frame)).set(site);
        }
        sites::count(thread, part, current, hot, event, site);
        scope = current.next();
        if let Some(outer) = scope.filter(|outer| is_permitted_between(outer, current)) {
            return note_permitted(part, outer);
        }
    }
}

/// Whether somebody's permit was opened inside `outer` and around `inner`: then `outer` does not answer for what
/// `inner` does.
pub(super) fn is_permitted_between(outer: &Scope, inner: &Scope) -> bool {
    inner.permitted_outside() && !outer.permitted_outside()
}

fn note_permitted(part: Thread, outer: &Scope) {
    if let Kind::Hot(hot) = outer.kind() {
        add(&part.counts(hot).permitted, 1);
    }
}

/// Lengthens the stack up to the guard at `end`; returns the flags that say how well it went.
fn follow(
    trace: &mut Trace,
    at: &mut usize,
    frame: usize,
    end: usize,
    thread: &ThreadState,
    flags: u64,
) -> u64 {
    if flags == 0 {
        match trace.walk(at, end, thread.stack.get()) {
            End::Reached => return 0,
            End::Full => return SiteFlag::Truncated as u64,
            End::Broken => {}
        }
    }
    if flags & SiteFlag::Truncated as u64 != 0 {
        return 0;
    }
    match trace.unwind(frame, end) {
        End::Reached => SiteFlag::Unwound as u64,
        End::Full => SiteFlag::Unwound as u64 | SiteFlag::Truncated as u64,
        End::Broken => SiteFlag::Unwound as u64 | SiteFlag::Incomplete as u64,
    }
}

/// A call in which something happened has ended: its blocks that are alive have escaped, its figures may be the
/// largest so far.
#[inline(never)]
pub(crate) fn close_call(thread: &ThreadState, scope: &Scope, hot: u32, counts: Counts) {
    if scope
        .outer()
        .is_some_and(|outer| matches!(outer.kind(), Kind::Hot(_)) && is_permitted_between(outer, scope))
    {
        scope.hide_counts(thread);
    }
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    thread.live.close(scope, part.sites());
    let totals = part.counts(hot);
    raise(&totals.max_allocs, counts.allocs);
    raise(&totals.max_requests, counts.allocs.wrapping_add(counts.reallocs));
    raise(&totals.max_bytes, counts.bytes);
}

/// A scope was left that is not the innermost: this thread has switched stacks inside a hot function. From here on
/// no scope on the stack can be trusted to be there.
#[cold]
pub(crate) fn lost_order(thread: &ThreadState) {
    thread.scope.set(std::ptr::null());
    let part = thread.part.get();
    if !part.is_none() {
        thread.live.forget(part.sites());
    }
    process::lose_call();
}
