//! Counts heap events into the record: who is asked on every allocator call, and what happens when the answer
//! is "a hot function runs".
//!
//! Nothing here allocates through the program's allocator, locks, prints or unwinds once `record` is entered.

pub(crate) mod live;
mod permits;
mod process;
mod sites;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::record::{SiteFlag, ThreadHead};
use crate::scope::{Counts, Kind, STATE, Scope, ThreadState};
use crate::stack::{End, Trace};

pub(crate) use permits::{foreign_permits, permitted_around};
#[cfg(feature = "bench")]
pub(crate) use process::{bench_cells, pause, resume};
pub(crate) use process::{join, recording, start};

/// What a program did with the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u64)]
pub(crate) enum Op {
    Alloc = 0,
    Realloc = 1,
    Free = 2,
}

/// One call of the allocator.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) op: Op,
    /// The block after the call; of a free, the one that goes.
    pub(crate) block: *mut u8,
    /// Of a realloc, the block before the call.
    pub(crate) before: *mut u8,
    /// Requested bytes; of a free, the block's.
    pub(crate) size: usize,
}

impl Event {
    /// Frees request nothing.
    fn requested(&self) -> u64 {
        if self.op == Op::Free { 0 } else { self.size as u64 }
    }
}

/// Whether this thread is inside any scope.
///
/// PERF: this is what every allocation outside of hot functions pays: one thread-local load and a branch.
#[inline]
pub(crate) fn active() -> bool {
    STATE.with(|thread| !thread.scope.get().is_null())
}

/// Counts one event. `frame` is the frame pointer of the allocator method.
#[inline(never)]
pub(crate) fn record(event: &Event, frame: usize) {
    STATE.with(|thread| {
        let quiet = Quiet::enter(thread);
        // SAFETY: `active` said that a scope is entered; it stays in its guard's frame until it is left, and
        // this call happens inside it.
        let Some(innermost) = (unsafe { quiet.scope.as_ref() }) else { return };
        if innermost.kind() == Kind::SelfTest {
            return process::self_tested(innermost, frame, thread.stack.get());
        }
        count(&thread.all, event);
        if let Some(refused) = not_answered_for(innermost) {
            return note(thread, innermost, refused);
        }
        count(&thread.counted, event);
        if !thread.part.get().is_none() {
            attribute(thread, innermost, event, frame);
        }
    });
}

/// An event that no hot function has to answer for.
#[derive(Clone, Copy)]
enum Refused {
    Permitted,
    Unwinding,
    NotHot,
}

fn not_answered_for(innermost: &Scope) -> Option<Refused> {
    match innermost.kind() {
        Kind::Permit => Some(Refused::Permitted),
        Kind::Bench | Kind::SelfTest => Some(Refused::NotHot),
        Kind::Hot(_) if std::thread::panicking() => Some(Refused::Unwinding),
        Kind::Hot(_) if foreign_permits() && !innermost.permitted_outside() && permits::permitted() => {
            Some(Refused::Permitted)
        }
        Kind::Hot(_) => None,
    }
}

/// Counts it where a reader can see that it was left out, and why.
fn note(thread: &ThreadState, innermost: &Scope, refused: Refused) {
    let hot = match innermost.kind() {
        Kind::Hot(hot) => hot,
        Kind::Permit => match innermost.next().map(Scope::kind) {
            Some(Kind::Hot(hot)) => hot,
            _ => return,
        },
        _ => return,
    };
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    let counts = part.counts(hot);
    match refused {
        Refused::Permitted => add(&counts.permitted, 1),
        Refused::Unwinding => add(&counts.unwinding, 1),
        Refused::NotHot => {}
    }
}

/// Records the event for every hot function that is running, each with the stack up to its own guard.
fn attribute(thread: &ThreadState, innermost: &Scope, event: &Event, frame: usize) {
    let part = thread.part.get();
    let _updating = Updating::begin(part.head());
    let mut trace = Trace::new();
    let mut at = frame;
    let mut flags = 0;
    let mut scope = Some(innermost);
    while let Some(current) = scope {
        let Kind::Hot(hot) = current.kind() else { break };
        if !current.is_shadowed() {
            flags |= follow(&mut trace, &mut at, frame, current.frame(), thread, flags);
            sites::count(thread, current, hot, event, trace.frames(), flags);
        }
        scope = current.next();
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
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    thread.live.close(scope, part.sites());
    let totals = part.counts(hot);
    raise(&totals.max_allocs, counts.allocs);
    raise(&totals.max_requests, counts.allocs + counts.reallocs);
    raise(&totals.max_bytes, counts.bytes);
}

fn count(counts: &Cell<Counts>, event: &Event) {
    let mut now = counts.get();
    match event.op {
        Op::Alloc => now.allocs += 1,
        Op::Realloc => now.reallocs += 1,
        Op::Free => now.frees += 1,
    }
    now.bytes += event.requested();
    counts.set(now);
}

pub(crate) fn add(cell: &Cell<u64>, value: u64) {
    cell.set(cell.get() + value);
}

fn raise(cell: &Cell<u64>, value: u64) {
    cell.set(cell.get().max(value));
}

/// While it lives, this thread is in no scope: the recorder's own doings are not events.
struct Quiet<'thread> {
    thread: &'thread ThreadState,
    scope: *const Scope,
}

impl<'thread> Quiet<'thread> {
    fn enter(thread: &'thread ThreadState) -> Quiet<'thread> {
        Quiet { thread, scope: thread.scope.replace(std::ptr::null()) }
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.thread.scope.set(self.scope);
    }
}

/// While it lives, the part's numbers may be in the middle of one event.
struct Updating<'part>(&'part ThreadHead<Cell<u64>>);

impl<'part> Updating<'part> {
    fn begin(head: &'part ThreadHead<Cell<u64>>) -> Updating<'part> {
        head.updates.set(head.updates.get() | 1);
        Updating(head)
    }
}

impl Drop for Updating<'_> {
    fn drop(&mut self) {
        add(&self.0.updates, 1);
    }
}

/// Set once by the self-test.
#[derive(Default)]
struct SelfTest {
    arrived: AtomicBool,
    walked: AtomicBool,
}

impl SelfTest {
    const fn new() -> SelfTest {
        SelfTest { arrived: AtomicBool::new(false), walked: AtomicBool::new(false) }
    }

    fn arrive(&self, walked: bool) {
        self.arrived.store(true, Ordering::Relaxed);
        self.walked.store(walked, Ordering::Relaxed);
    }
}
