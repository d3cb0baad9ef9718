//! Which hot functions run on this thread: a stack of scopes that live in the guards' own frames.
//!
//! Entering and leaving is the guard's whole cost, so it takes no lock, no atomic write and no allocation, and
//! touches memory of this thread only.
//!
//! Scopes are left in the reverse order in which they were entered. A program that switches stacks inside a hot
//! function (coroutines) breaks that: [`Scope::leave`] notices, forgets the whole stack and counts a lost call,
//! so that no scope is ever reached after its guard has gone. A stack that moves to another *thread* while a hot
//! function runs on it is beyond what thread-locals allow, here as in `assert_no_alloc`.

mod counts;
mod enter;
mod thread;

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use crate::record::{SiteFlag, SiteSlot, Thread};
use crate::recorder;

pub(crate) use counts::Counts;
pub(crate) use enter::{Entered, enter, enter_hot};
pub(crate) use thread::{ThreadState, this_thread};

/// What a scope does to the events inside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The heap is forbidden, and every event is recorded for this hot function.
    Hot(u32),
    /// The heap is allowed until an inner hot function forbids it again; the permit's index in the record.
    Permit(u32),
    /// One pass of a benchmark: events are counted, not judged. The index in the record of what counts those outside of hot
    /// functions, with their places; unregistered where nobody asks.
    #[cfg_attr(not(feature = "bench"), expect(dead_code, reason = "only the harness opens one"))]
    Bench(u32),
    /// The recorder tests itself.
    SelfTest,
}

impl Kind {
    const HOT: u64 = 0;
    const PERMIT: u64 = 1;
    const BENCH: u64 = 2;
    const SELF_TEST: u64 = 3;

    /// In one word: the index on top, and what it is below.
    #[inline(always)]
    fn to_word(self) -> u64 {
        match self {
            Kind::Hot(index) => u64::from(index) << 32 | Kind::HOT,
            Kind::Permit(index) => u64::from(index) << 32 | Kind::PERMIT,
            Kind::Bench(index) => u64::from(index) << 32 | Kind::BENCH,
            Kind::SelfTest => Kind::SELF_TEST,
        }
    }

    #[inline(always)]
    fn from_word(word: u64) -> Kind {
        let index = (word >> 32) as u32;
        match word & 3 {
            Kind::HOT => Kind::Hot(index),
            Kind::PERMIT => Kind::Permit(index),
            Kind::BENCH => Kind::Bench(index),
            _ => Kind::SelfTest,
        }
    }
}

/// What may be true of a scope: bits of [`Scope::state`], above those of its kind.
mod flag {
    /// Something was counted since the scope was entered: `before` is initialised.
    pub(super) const TOUCHED: u64 = 4;
    /// This hot function alone answers for its events, and nothing else need be asked.
    pub(super) const ALONE: u64 = 8;
    /// Somebody else's permit was open when the call began, so that it cannot be told from one inside.
    pub(super) const PERMITTED_OUTSIDE: u64 = 16;
    /// `next`, `earlier` and `linked_by` are initialised.
    pub(super) const LINKED: u64 = 32;
    /// There is a permit around this one, so that a call of the same function may be beyond the links.
    pub(super) const INSIDE_PERMIT: u64 = 64;
    /// There is a scope around this one. Gives way to [`TOUCHED`]: `outer` is initialised with either.
    pub(super) const NESTED: u64 = 128;
}

/// One entry of the stack. It stays where it is from `enter` to `leave`: inner scopes point at it.
///
/// PERF: entering one outside of all others writes the first three words and no more.
pub(crate) struct Scope {
    /// Its [`Kind`] and its [`flag`]s.
    state: Cell<u64>,
    /// Frame pointer of the function that holds the guard: where stack walks end.
    frame: usize,
    /// Number of this call among the function's calls in this part of the record, from 1.
    call: Cell<u64>,
    /// The scope to go back to; null outside of all others.
    outer: Cell<MaybeUninit<*const Scope>>,
    /// Initialised when there is more than one hot function to speak of.
    links: Cell<MaybeUninit<Links>>,
    /// The thread's counts when this scope was entered; initialised when it was touched.
    before: Cell<MaybeUninit<Counts>>,
}

/// What a scope knows of the hot functions around it. Each link is null, or leads to a scope outside.
#[derive(Clone, Copy)]
struct Links {
    /// The next hot function that answers for events. Together these links name every hot function that is
    /// running once, by its innermost activation, back to the nearest scope of another kind.
    next: *const Scope,
    /// The nearest earlier activation of this same function; it is out of the links while this one runs.
    earlier: *const Scope,
    /// The scope whose link led to `earlier`; null when `earlier` was the first.
    linked_by: *const Scope,
}

impl Links {
    const NONE: Links = Links { next: ptr::null(), earlier: ptr::null(), linked_by: ptr::null() };
}

impl Scope {
    /// A scope outside of all others that is entered next. `frame` is the frame pointer of the guard's caller.
    #[inline(always)]
    fn new(kind: Kind, call: u64, frame: usize) -> Scope {
        Scope {
            state: Cell::new(kind.to_word()),
            frame,
            call: Cell::new(call),
            outer: Cell::new(MaybeUninit::uninit()),
            links: Cell::new(MaybeUninit::uninit()),
            before: Cell::new(MaybeUninit::uninit()),
        }
    }

    /// Before it is entered: `outer` is the innermost scope, null when there is none.
    fn put_inside(&self, outer: *const Scope) {
        self.outer.set(MaybeUninit::new(outer));
        // SAFETY: as for `next`.
        let Some(outer) = (unsafe { outer.as_ref() }) else { return };
        self.set(flag::NESTED);
        if outer.is(flag::INSIDE_PERMIT) || matches!(outer.kind(), Kind::Permit(_)) {
            self.set(flag::INSIDE_PERMIT);
        }
    }

    /// Whether any of these is true of it.
    #[inline(always)]
    fn is(&self, flag: u64) -> bool {
        self.state.get() & flag != 0
    }

    fn set(&self, flag: u64) {
        self.state.set(self.state.get() | flag);
    }

    fn unset(&self, flag: u64) {
        self.state.set(self.state.get() & !flag);
    }

    pub(crate) fn kind(&self) -> Kind {
        Kind::from_word(self.state.get())
    }

    pub(crate) fn frame(&self) -> usize {
        self.frame
    }

    pub(crate) fn call(&self) -> u64 {
        self.call.get()
    }

    pub(crate) fn permitted_outside(&self) -> bool {
        self.is(flag::PERMITTED_OUTSIDE)
    }

    /// The next hot function outwards that has to answer for an event.
    #[inline]
    pub(crate) fn next(&self) -> Option<&Scope> {
        // SAFETY: the links and `outer` are null or point at scopes that were entered before this one and are left
        // after it; until then they stay in their guards' frames. `leave` keeps that order.
        unsafe { self.links().next.as_ref() }
    }

    pub(crate) fn outer(&self) -> Option<&Scope> {
        // SAFETY: as for `next`.
        unsafe { self.outer_or_null().as_ref() }
    }

    fn outer_or_null(&self) -> *const Scope {
        if self.is(flag::NESTED | flag::TOUCHED) {
            // SAFETY: `put_inside` and `touch_with` initialise it before they say so.
            unsafe { self.outer.get().assume_init() }
        } else {
            ptr::null()
        }
    }

    fn links(&self) -> Links {
        // SAFETY: `set_links` initialises them before it says so.
        if self.is(flag::LINKED) { unsafe { self.links.get().assume_init() } } else { Links::NONE }
    }

    fn set_links(&self, links: Links) {
        self.links.set(MaybeUninit::new(links));
        self.set(flag::LINKED);
    }

    /// All scopes around this one, innermost first: also those beyond permits, where the links end.
    fn around(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(self.outer(), |scope| scope.outer())
    }

    /// Whether this call hits the site for the first time. The site's stamp is its last call, and this call afterwards.
    #[inline]
    pub(crate) fn first_hit(&self, thread: &ThreadState, slot: &'static SiteSlot) -> bool {
        let stamp = &slot.site.stamp;
        if stamp.get() == self.call.get() {
            return false;
        }
        if self.outer().is_some() && self.has_around(stamp.get()) && !thread.stamps.remember(self, slot) {
            // That call must go on to know that it has hit the site: this one does not.
            slot.site.flags.set(slot.site.flags.get() | SiteFlag::CallsAtLeast as u64);
            return false;
        }
        stamp.set(self.call.get());
        true
    }

    /// Whether the call of this same function with this number is around this one.
    #[cold]
    fn has_around(&self, call: u64) -> bool {
        // Later calls have higher numbers.
        let mut earlier = self.around().filter(|scope| scope.kind() == self.kind());
        earlier.find(|scope| scope.call.get() <= call).is_some_and(|scope| scope.call.get() == call)
    }

    /// Whether no other call of this function runs.
    pub(crate) fn is_last_of_its_function(&self) -> bool {
        let beyond_permits =
            || self.is(flag::INSIDE_PERMIT) && self.around().any(|scope| scope.kind() == self.kind());
        self.links().earlier.is_null() && !beyond_permits()
    }

    /// Tells the scopes outside about this one.
    fn nest(&self, hot: u32, thread: &ThreadState) {
        if recorder::foreign_permits() && recorder::quietly(recorder::permitted_around) {
            self.set(flag::PERMITTED_OUTSIDE);
        }
        let Some(outer) = self.outer() else { return };
        match outer.kind() {
            Kind::Hot(_) => self.link(outer),
            Kind::Bench(_) => {
                let (seen, this) = (thread.bench_hot.get(), u64::from(hot) + 1);
                thread.bench_hot.set(if seen == 0 || seen == this { this } else { u64::MAX });
                thread.bench_calls.set(thread.bench_calls.get().wrapping_add(1));
            }
            Kind::Permit(_) | Kind::SelfTest => {}
        }
    }

    /// Puts this activation in front of the links, and takes an earlier one of the same function out of them.
    ///
    /// NOTE: nothing is settled here either, for the reason that `suspend` gives.
    fn link(&self, outer: &Scope) {
        let mut links = Links { next: outer, ..Links::NONE };
        let mut linked_by: Option<&Scope> = None;
        let mut at = Some(outer);
        while let Some(scope) = at {
            if scope.kind() == self.kind() {
                links.earlier = scope;
                match linked_by {
                    None => links.next = scope.links().next,
                    Some(before) => {
                        links.linked_by = before;
                        before.set_links(Links { next: scope.links().next, ..before.links() });
                    }
                }
                break;
            }
            linked_by = Some(scope);
            at = scope.next();
        }
        self.set_links(links);
    }

    /// Says that something is about to be counted in this scope.
    #[inline]
    pub(crate) fn touch(&self, thread: &ThreadState) {
        if !self.is(flag::TOUCHED) {
            self.touch_outwards(thread);
        }
    }

    /// The hot function's word, once it was touched and if it alone answers for its events: no other one was running
    /// when it was called, no call of its own has to be told about its sites, and nobody's permit can be open.
    ///
    /// PERF: one comparison says all that.
    #[inline(always)]
    pub(crate) fn alone(&self) -> Option<u64> {
        let state = self.state.get();
        (state as u32 == Scope::ALONE as u32).then_some(state)
    }

    /// The same when something is about to be counted in this scope, unless somebody's permit may be open.
    #[inline(always)]
    pub(crate) fn alone_once_touched(&self, thread: &ThreadState) -> Option<u64> {
        if !self.is(flag::TOUCHED) && matches!(self.kind(), Kind::Hot(_)) && !recorder::foreign_permits() {
            self.touch_outwards(thread);
        }
        self.alone()
    }

    /// What [`alone`](Self::alone) says of the hot function with this index.
    pub(crate) fn word_of(hot: u32) -> u64 {
        Kind::Hot(hot).to_word() | Scope::ALONE
    }

    const ALONE: u64 = Kind::HOT | flag::TOUCHED | flag::ALONE;

    fn is_alone(&self) -> bool {
        !recorder::foreign_permits() && !self.around().any(|scope| matches!(scope.kind(), Kind::Hot(_)))
    }

    /// In a scope that was not touched nothing was counted, so what is counted now is what was when it was entered; and
    /// outside of a touched one all are.
    #[inline(never)]
    fn touch_outwards(&self, thread: &ThreadState) {
        recorder::settle(thread);
        let counted = thread.counted.get();
        if self.is_alone() {
            self.set(flag::ALONE);
        }
        let mut at = Some(self);
        while let Some(scope) = at.filter(|scope| !scope.is(flag::TOUCHED)) {
            scope.touch_with(counted);
            at = scope.outer();
        }
    }

    /// `before` is what the thread had counted when this scope was entered.
    fn touch_with(&self, before: Counts) {
        self.outer.set(MaybeUninit::new(self.outer_or_null()));
        self.before.set(MaybeUninit::new(before));
        self.set(flag::TOUCHED);
        self.unset(flag::NESTED);
    }

    /// What was counted since this scope was entered.
    fn counts(&self, thread: &ThreadState) -> Counts {
        self.before().map_or(Counts::ZERO, |before| thread.counted.get().since(before))
    }

    fn before(&self) -> Option<Counts> {
        // SAFETY: `touch_with` initialises it before it says so.
        self.is(flag::TOUCHED).then(|| unsafe { self.before.get().assume_init() })
    }

    /// PERF: whoever has something to do here finds this thread by itself: nothing is kept for that while the body runs.
    #[inline(always)]
    fn leave(&self) {
        let thread = this_thread();
        if !ptr::eq(thread.scope.get(), self) {
            return recorder::lost_order();
        }
        if self.is(flag::TOUCHED | flag::NESTED) {
            return self.close();
        }
        thread.scope.set(ptr::null());
    }

    /// Leaves a scope that is inside another, in which something happened, or that others have to be told about.
    #[cold]
    #[inline(never)]
    fn close(&self) {
        let thread = this_thread();
        if !self.is(flag::TOUCHED) {
            thread.scope.set(self.outer_or_null());
            return self.unlink();
        }
        recorder::settle(thread);
        thread.stamps.put_back(self);
        thread.scope.set(self.outer_or_null());
        let counts = self.counts(thread);
        self.unlink();
        match self.kind() {
            Kind::Hot(hot) => recorder::close_call(thread, self, hot, counts),
            Kind::Permit(_) => {
                self.hide_counts(thread);
                recorder::excuse_inner(thread, self, counts);
            }
            Kind::Bench(_) | Kind::SelfTest => {}
        }
    }

    /// Puts an earlier activation of the same function back.
    fn unlink(&self) {
        let Links { earlier, linked_by, .. } = self.links();
        // SAFETY: as for `next`.
        if let (false, Some(before)) = (earlier.is_null(), unsafe { linked_by.as_ref() }) {
            before.set_links(Links { next: earlier, ..before.links() });
        }
    }

    /// What was counted inside this scope is no concern of the scopes outside.
    pub(crate) fn hide_counts(&self, thread: &ThreadState) {
        if let Some(before) = self.before() {
            thread.others.set(thread.others.get().plus(thread.counted.get().since(before)));
            thread.counted.set(before);
        }
    }

    /// In the child of a fork: the running calls begin anew in the child's record.
    pub(crate) fn begin_anew(innermost: *const Scope, thread: &ThreadState, parents: Thread) {
        let part = thread.part.get();
        let scopes = || {
            // SAFETY: as for `next`; the forking thread's stack goes on in the child.
            std::iter::successors(unsafe { innermost.as_ref() }, |scope| scope.outer())
        };
        for scope in scopes() {
            scope.touch_with(thread.counted.get());
            if let Some(index) = scope.counted_at(part) {
                let counts = part.counts(index);
                counts.calls.set(counts.calls.get() + 1);
                scope.call.set(counts.calls.get());
                counts.doubtful.set(parents.counts(index).doubtful.get());
            }
        }
        // That has numbered them from the innermost on; the outermost is the first.
        for scope in scopes() {
            if let Some(index) = scope.counted_at(part) {
                scope.call.set(part.counts(index).calls.get() + 1 - scope.call.get());
            }
        }
    }

    /// The index of the counters that have numbered this call or pass.
    fn counted_at(&self, part: Thread) -> Option<u32> {
        match self.kind() {
            Kind::Hot(index) | Kind::Bench(index) => {
                Some(index).filter(|index| (*index as usize) < part.hot_count())
            }
            Kind::Permit(_) | Kind::SelfTest => None,
        }
    }
}
