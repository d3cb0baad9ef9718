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

use crate::record::SITES;
use crate::recorder;

pub(crate) use counts::Counts;
pub(crate) use enter::{Entered, enter, enter_hot};
pub(crate) use thread::{ThreadState, this_thread, with_thread};

/// What a scope does to the events inside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// The heap is forbidden, and every event is recorded for this hot function.
    Hot(u32),
    /// The heap is allowed until an inner hot function forbids it again; the permit's index in the record.
    Permit(u32),
    /// One pass of a benchmark: events are counted, not judged.
    #[cfg_attr(not(feature = "bench"), expect(dead_code, reason = "only the harness opens one"))]
    Bench,
    /// The recorder tests itself.
    SelfTest,
}

/// One entry of the stack. It stays where it is from `enter` to `leave`: inner scopes point at it.
pub(crate) struct Scope {
    kind: Kind,
    /// Whether somebody else's permit was open when the call began, so that it cannot be told from one inside.
    permitted_outside: Cell<bool>,
    /// Frame pointer of the function that holds the guard: where stack walks end.
    frame: usize,
    /// Number of this call among the function's calls on this thread, from 1.
    call: Cell<u64>,
    /// The scope to go back to.
    outer: *const Scope,
    /// The next hot function that answers for events. Together these links name every hot function that is
    /// running once, by its innermost activation, back to the nearest scope of another kind.
    next: Cell<*const Scope>,
    /// The nearest earlier activation of this same function; it is out of the links while this one runs.
    earlier: *const Scope,
    /// The scope whose link led to `earlier`; null when `earlier` was the first.
    linked_by: *const Scope,
    /// Whether this hot function alone answers for its events, and nothing else need be asked.
    alone: Cell<bool>,
    /// Whether anything was counted since this scope was entered, or has to be undone when it is left.
    touched: Cell<bool>,
    /// The thread's counts when this scope was entered; initialised when it was touched.
    before: Cell<MaybeUninit<Counts>>,
    /// Whether `hits` has been initialised.
    has_hits: Cell<bool>,
    /// One bit for each site that this call has hit and whose stamp a later activation then took over.
    hits: [Cell<MaybeUninit<u64>>; HIT_WORDS],
}

const HIT_WORDS: usize = SITES / 64;

impl Scope {
    /// A scope that is entered next. `frame` is the frame pointer of the guard's caller.
    ///
    /// PERF: `hits` and `before` are left as they are: only recursion and events need them.
    #[inline]
    fn new(kind: Kind, call: u64, frame: usize, thread: &ThreadState) -> Scope {
        Scope {
            kind,
            permitted_outside: Cell::new(false),
            frame,
            call: Cell::new(call),
            outer: thread.scope.get(),
            next: Cell::new(ptr::null()),
            earlier: ptr::null(),
            linked_by: ptr::null(),
            alone: Cell::new(false),
            touched: Cell::new(false),
            before: Cell::new(MaybeUninit::uninit()),
            has_hits: Cell::new(false),
            hits: [const { Cell::new(MaybeUninit::uninit()) }; HIT_WORDS],
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn frame(&self) -> usize {
        self.frame
    }

    pub(crate) fn call(&self) -> u64 {
        self.call.get()
    }

    pub(crate) fn permitted_outside(&self) -> bool {
        self.permitted_outside.get()
    }

    /// The next hot function outwards that has to answer for an event.
    #[inline]
    pub(crate) fn next(&self) -> Option<&Scope> {
        // SAFETY: `next`, `outer`, `earlier` and `linked_by` are null or point at scopes that were entered before
        // this one and are left after it; until then they stay in their guards' frames. `leave` keeps that order.
        unsafe { self.next.get().as_ref() }
    }

    pub(crate) fn outer(&self) -> Option<&Scope> {
        // SAFETY: as for `next`.
        unsafe { self.outer.as_ref() }
    }

    /// All scopes around this one, innermost first: also those beyond permits, where the links end.
    fn around(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(self.outer(), |scope| scope.outer())
    }

    /// Whether this call hits the site number `site` for the first time. `stamp` is the site's last call, and this
    /// call afterwards.
    #[inline]
    pub(crate) fn first_hit(&self, site: u16, stamp: &Cell<u64>) -> bool {
        let before = stamp.get();
        if before == self.call.get() {
            return false;
        }
        if !self.outer.is_null() {
            self.leave_a_note(site, before);
        }
        stamp.set(self.call.get());
        !(self.has_hits.get() && self.has_noted(site))
    }

    /// An earlier activation that had hit the site must know so, although the site will not.
    #[cold]
    fn leave_a_note(&self, site: u16, stamp: u64) {
        // Later activations have higher numbers.
        let mut earlier = self.around().filter(|scope| scope.kind == self.kind);
        let hit = earlier.find(|scope| scope.call.get() <= stamp);
        if let Some(scope) = hit.filter(|scope| scope.call.get() == stamp) {
            scope.note(site);
        }
    }

    fn note(&self, site: u16) {
        self.alone.set(false);
        if !self.has_hits.replace(true) {
            self.hits.iter().for_each(|word| word.set(MaybeUninit::new(0)));
        }
        let (word, bit) = self.hit(site);
        self.hits[word].set(MaybeUninit::new(self.hit_word(word) | bit));
    }

    #[cold]
    fn has_noted(&self, site: u16) -> bool {
        let (word, bit) = self.hit(site);
        self.hit_word(word) & bit != 0
    }

    fn hit(&self, site: u16) -> (usize, u64) {
        debug_assert!(self.has_hits.get(), "asked for before it is used");
        (usize::from(site) / 64, 1 << (site % 64))
    }

    fn hit_word(&self, word: usize) -> u64 {
        // SAFETY: `note` initialises all words before it sets a bit, and `has_hits` says so to all who ask.
        unsafe { self.hits[word].get().assume_init() }
    }

    /// Tells the scopes outside about this one.
    fn nest(&mut self, hot: u32, thread: &ThreadState) {
        if recorder::foreign_permits() {
            self.permitted_outside.set(recorder::permitted_around());
        }
        // SAFETY: as for `next`.
        let Some(outer) = (unsafe { self.outer.as_ref() }) else { return };
        match outer.kind {
            Kind::Hot(_) => self.link(outer, thread),
            Kind::Bench => {
                let (seen, this) = (thread.bench_hot.get(), u64::from(hot) + 1);
                thread.bench_hot.set(if seen == 0 || seen == this { this } else { u64::MAX });
                thread.bench_calls.set(thread.bench_calls.get().wrapping_add(1));
            }
            Kind::Permit(_) | Kind::SelfTest => {}
        }
    }

    /// Puts this activation in front of the links, and takes an earlier one of the same function out of them.
    fn link(&mut self, outer: &Scope, thread: &ThreadState) {
        self.next.set(outer);
        let mut linked_by: Option<&Scope> = None;
        let mut at = Some(outer);
        while let Some(scope) = at {
            if scope.kind == self.kind {
                self.earlier = scope;
                match linked_by {
                    None => self.next.set(scope.next.get()),
                    Some(before) => {
                        self.linked_by = before;
                        before.next.set(scope.next.get());
                    }
                }
                self.touch(thread);
                return;
            }
            linked_by = Some(scope);
            at = scope.next();
        }
    }

    /// Says that something is about to be counted in this scope.
    #[inline]
    pub(crate) fn touch(&self, thread: &ThreadState) {
        if !self.touched.get() {
            self.touch_outwards(thread.counted.get());
        }
    }

    /// The hot function, once it was touched and if it alone answers for its events: no other one was running when it
    /// was called, no call of its own has to be told about its sites, and nobody's permit can be open.
    #[inline(always)]
    pub(crate) fn alone(&self) -> Option<u32> {
        match self.kind {
            Kind::Hot(hot) if self.alone.get() => Some(hot),
            _ => None,
        }
    }

    fn is_alone(&self) -> bool {
        !self.has_hits.get()
            && !recorder::foreign_permits()
            && !self.around().any(|scope| matches!(scope.kind, Kind::Hot(_)))
    }

    /// In a scope that was not touched nothing was counted, so what is counted now is what was when it was entered; and
    /// outside of a touched one all are.
    #[inline(never)]
    fn touch_outwards(&self, counted: Counts) {
        self.alone.set(self.is_alone());
        let mut at = Some(self);
        while let Some(scope) = at.filter(|scope| !scope.touched.replace(true)) {
            scope.before.set(MaybeUninit::new(counted));
            at = scope.outer();
        }
    }

    /// What was counted since this scope was entered.
    fn counts(&self, thread: &ThreadState) -> Counts {
        self.before().map_or(Counts::ZERO, |before| thread.counted.get().since(before))
    }

    fn before(&self) -> Option<Counts> {
        // SAFETY: `touch_outwards` initialises `before` of every scope that it marks as touched.
        self.touched.get().then(|| unsafe { self.before.get().assume_init() })
    }

    #[inline(always)]
    fn leave(&self, thread: &ThreadState) {
        if !ptr::eq(thread.scope.get(), self) {
            return recorder::lost_order(thread);
        }
        thread.scope.set(self.outer);
        if self.touched.get() {
            self.close(thread);
        }
    }

    /// Leaves a scope in which something happened, or that others have to be told about.
    #[inline(never)]
    fn close(&self, thread: &ThreadState) {
        let counts = self.counts(thread);
        if !self.earlier.is_null() {
            self.unlink();
        }
        match self.kind {
            Kind::Hot(hot) if !counts.is_none() => recorder::close_call(thread, self, hot, counts),
            Kind::Permit(_) => {
                self.hide_counts(thread);
                recorder::excuse_inner(thread, self, counts);
            }
            Kind::Hot(_) | Kind::Bench | Kind::SelfTest => {}
        }
    }

    #[cold]
    fn unlink(&self) {
        // SAFETY: as for `next`.
        if let Some(linked_by) = unsafe { self.linked_by.as_ref() } {
            linked_by.next.set(self.earlier);
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
    pub(crate) fn begin_anew(innermost: *const Scope, thread: &ThreadState) {
        let part = thread.part.get();
        let scopes = || {
            // SAFETY: as for `next`; the forking thread's stack goes on in the child.
            std::iter::successors(unsafe { innermost.as_ref() }, |scope| scope.outer())
        };
        for scope in scopes() {
            scope.touched.set(true);
            scope.before.set(MaybeUninit::new(thread.counted.get()));
            scope.has_hits.set(false);
            if let Kind::Hot(hot) = scope.kind {
                let calls = &part.counts(hot).calls;
                calls.set(calls.get() + 1);
                scope.call.set(calls.get());
            }
        }
        // That has numbered them from the innermost on; the outermost is the first.
        for scope in scopes() {
            if let Kind::Hot(hot) = scope.kind {
                scope.call.set(part.counts(hot).calls.get() + 1 - scope.call.get());
            }
        }
    }
}
