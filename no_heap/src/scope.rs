//! Which hot functions run on this thread: a stack of scopes that live in the guards' own frames.
//!
//! Entering and leaving is the guard's whole cost, so it takes no lock, no atomic write and no allocation, and
//! touches memory of this thread only.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::record::Thread;
use crate::recorder::{self, live::LiveBlocks};
use crate::registry::HotFn;
use crate::stack::Bounds;

/// What a scope does to the events inside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The heap is forbidden, and every event is recorded for this hot function.
    Hot(u32),
    /// The heap is allowed until an inner hot function forbids it again.
    #[expect(dead_code, reason = "the block form of a permit is built on it")]
    Permit,
    /// One pass of a benchmark: events are counted, not judged.
    #[cfg_attr(not(feature = "bench"), expect(dead_code, reason = "only the harness opens one"))]
    Bench,
    /// The recorder tests itself.
    SelfTest,
}

/// One entry of the stack. It stays where it is from `enter` to `leave`: inner scopes point at it.
pub(crate) struct Scope {
    kind: Cell<Kind>,
    /// The scope to go back to.
    outer: Cell<*const Scope>,
    /// The next scope that events have to be recorded for: the outer one, or beyond it when that is an earlier
    /// activation of this same function.
    next: Cell<*const Scope>,
    /// The nearest earlier activation of this same function.
    shadows: Cell<*const Scope>,
    /// A later activation of the same function is running.
    shadowed: Cell<bool>,
    /// Frame pointer of the function that holds the guard: where stack walks end.
    frame: Cell<usize>,
    /// Number of this call among the function's calls on this thread, from 1.
    call: Cell<u64>,
    /// The thread's counts when this call began.
    before: Cell<Counts>,
    /// Whether somebody else's permit was open when the call began, so that it cannot be told from one inside.
    permitted_outside: Cell<bool>,
    /// The sites this call has hit so far, so that a call is counted once for each.
    hits: [Cell<u16>; HITS],
    hit_count: Cell<u8>,
}

/// Sites of one call that are told apart exactly even when the function calls itself in between.
const HITS: usize = 12;

/// Heap events of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) allocs: u64,
    pub(crate) reallocs: u64,
    pub(crate) frees: u64,
    pub(crate) bytes: u64,
}

impl Counts {
    pub(crate) const ZERO: Counts = Counts { allocs: 0, reallocs: 0, frees: 0, bytes: 0 };

    #[cfg(feature = "bench")]
    pub(crate) fn plus(self, more: Counts) -> Counts {
        Counts {
            allocs: self.allocs + more.allocs,
            reallocs: self.reallocs + more.reallocs,
            frees: self.frees + more.frees,
            bytes: self.bytes + more.bytes,
        }
    }

    pub(crate) fn since(self, before: Counts) -> Counts {
        Counts {
            allocs: self.allocs - before.allocs,
            reallocs: self.reallocs - before.reallocs,
            frees: self.frees - before.frees,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// What the recorder keeps for each thread.
pub(crate) struct ThreadState {
    /// Innermost scope; null outside of all, and while the recorder itself runs.
    pub(crate) scope: Cell<*const Scope>,
    /// This thread's part of the record.
    pub(crate) part: Cell<Thread>,
    pub(crate) stack: Cell<Bounds>,
    /// Events that hot functions answer for.
    pub(crate) counted: Cell<Counts>,
    /// All events inside any scope.
    pub(crate) all: Cell<Counts>,
    pub(crate) live: LiveBlocks,
    /// Hot functions that the running benchmark called directly, see [`crate::record::BenchResult::hot`].
    pub(crate) bench_hot: Cell<u64>,
    pub(crate) bench_calls: Cell<u64>,
}

thread_local! {
    // PERF: constant and without a destructor, so that reading it is one load relative to the thread pointer and
    // works at any time of the thread's life, inside the allocator too.
    pub(crate) static STATE: ThreadState = const { ThreadState {
        scope: Cell::new(ptr::null()),
        part: Cell::new(Thread::NONE),
        stack: Cell::new(Bounds::UNKNOWN),
        counted: Cell::new(Counts::ZERO),
        all: Cell::new(Counts::ZERO),
        live: LiveBlocks::new(),
        bench_hot: Cell::new(0),
        bench_calls: Cell::new(0),
    } };
}

impl Scope {
    pub(crate) fn new() -> Scope {
        Scope {
            kind: Cell::new(Kind::SelfTest),
            outer: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            shadows: Cell::new(ptr::null()),
            shadowed: Cell::new(false),
            frame: Cell::new(0),
            call: Cell::new(0),
            before: Cell::new(Counts::ZERO),
            permitted_outside: Cell::new(false),
            hits: [const { Cell::new(0) }; HITS],
            hit_count: Cell::new(0),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind.get()
    }

    pub(crate) fn frame(&self) -> usize {
        self.frame.get()
    }

    pub(crate) fn call(&self) -> u64 {
        self.call.get()
    }

    pub(crate) fn permitted_outside(&self) -> bool {
        self.permitted_outside.get()
    }

    /// An inner activation of the same function answers for the event.
    pub(crate) fn is_shadowed(&self) -> bool {
        self.shadowed.get()
    }

    /// The next scope outwards that may have to answer for an event.
    pub(crate) fn next(&self) -> Option<&Scope> {
        // SAFETY: scopes are strictly nested: while this one is on the stack of scopes, every scope outside it is
        // entered, not yet left, and stays in its guard's frame.
        unsafe { self.next.get().as_ref() }
    }

    fn outer(&self) -> Option<&Scope> {
        // SAFETY: as for `next`.
        unsafe { self.outer.get().as_ref() }
    }

    /// Whether this call hits `site` for the first time. `last_call` is the site's.
    pub(crate) fn first_hit(&self, site: usize, last_call: u64) -> bool {
        let count = usize::from(self.hit_count.get());
        if self.hits[..count].iter().any(|hit| usize::from(hit.get()) == site) {
            return false;
        }
        if count < HITS {
            self.hits[count].set(site as u16);
            self.hit_count.set(count as u8 + 1);
            return true;
        }
        last_call != self.call.get()
    }

    /// Puts this scope on the thread's stack. `frame` is the frame pointer of the guard's caller.
    fn enter(&self, thread: &ThreadState, kind: Kind, frame: usize) {
        self.kind.set(kind);
        self.frame.set(frame);
        self.outer.set(thread.scope.get());
        self.next.set(thread.scope.get());
        self.before.set(thread.counted.get());
        if !self.outer.get().is_null() {
            self.enter_nested(thread);
        }
        thread.scope.set(self);
    }

    /// PERF: most hot functions are entered from outside of all scopes; the rest is kept off that path.
    #[inline(never)]
    fn enter_nested(&self, thread: &ThreadState) {
        let Kind::Hot(hot) = self.kind() else { return };
        let mut scope = self.outer();
        if let Some(Kind::Bench) = scope.map(Scope::kind) {
            let seen = thread.bench_hot.get();
            let this = u64::from(hot) + 1;
            thread.bench_hot.set(if seen == 0 || seen == this { this } else { u64::MAX });
            thread.bench_calls.set(thread.bench_calls.get() + 1);
        }
        while let Some(earlier) = scope.filter(|scope| matches!(scope.kind(), Kind::Hot(_))) {
            if earlier.kind() == self.kind() && !earlier.is_shadowed() {
                earlier.shadowed.set(true);
                self.shadows.set(earlier);
                if ptr::eq(earlier, self.outer.get()) {
                    self.next.set(earlier.next.get());
                }
                return;
            }
            scope = earlier.next();
        }
    }

    fn leave(&self, thread: &ThreadState) {
        thread.scope.set(self.outer.get());
        // SAFETY: as for `next`.
        if let Some(earlier) = unsafe { self.shadows.get().as_ref() } {
            earlier.shadowed.set(false);
        }
    }
}

/// A guard that was entered and is left when it is dropped, also when the body panics.
pub(crate) struct Entered<'scope>(&'scope Scope);

/// Enters a hot function; `None` when nothing is to be recorded, and then the body just runs.
///
/// Never inlined: its caller's frame pointer is where stack walks end.
#[inline(never)]
pub(crate) fn enter_hot<'scope>(scope: &'scope Scope, hot: &HotFn) -> Option<Entered<'scope>> {
    if !recorder::recording() && !recorder::start() {
        return None;
    }
    let local = 0u8;
    let own = crate::stack::read_frame_pointer!(&raw const local);
    STATE.with(|thread| {
        if thread.part.get().is_none() && !recorder::join(thread) {
            return None;
        }
        let index = hot.index.load(Ordering::Relaxed);
        let part = thread.part.get();
        if index as usize >= part.hot_count() {
            return None;
        }
        let counts = part.counts(index);
        scope.call.set(counts.calls.get() + 1);
        counts.calls.set(counts.calls.get() + 1);
        scope.enter(thread, Kind::Hot(index), callers_frame(own));
        if recorder::foreign_permits() {
            scope.permitted_outside.set(recorder::permitted_around());
        }
        Some(Entered(scope))
    })
}

/// Enters a scope that is no hot function.
#[inline(never)]
pub(crate) fn enter(scope: &Scope, kind: Kind) -> Entered<'_> {
    let local = 0u8;
    let own = crate::stack::read_frame_pointer!(&raw const local);
    STATE.with(|thread| scope.enter(thread, kind, callers_frame(own)));
    Entered(scope)
}

/// The frame pointer that the function with frame `own` was called with; 0 where frames are unknown.
fn callers_frame(own: usize) -> usize {
    if own == 0 {
        return 0;
    }
    // SAFETY: `own` was read from the frame-pointer register of a function that is still running and, in an audit
    // build, keeps one: its first word is the caller's, saved by the prologue.
    unsafe { *(own as *const usize) }
}

impl Drop for Entered<'_> {
    #[inline]
    fn drop(&mut self) {
        let scope = self.0;
        STATE.with(|thread| {
            scope.leave(thread);
            if let Kind::Hot(hot) = scope.kind() {
                let counts = thread.counted.get().since(scope.before.get());
                if counts.allocs + counts.reallocs + counts.frees > 0 {
                    recorder::close_call(thread, scope, hot, counts);
                }
            }
        });
    }
}
