//! The stacks that events came from lately, so that the next event from one of them is recognised by comparing.
//!
//! PERF: to compare a frame-pointer chain with a known one takes two loads a frame, none of which waits for the one
//! before: where the next frame would be is known beforehand. To follow the chain, hash it and look it up takes
//! several times as long.

use std::cell::Cell;
use std::mem::MaybeUninit;

use super::repeats::Repeat;
use crate::record::{FnCounts, SiteSlot, op_bit};
use crate::scope::Scope;
use crate::stack::{Bounds, HAS_FRAMES, Link, copy_chain, is_chain, return_address};

/// Places for stacks: a set is found by hashing what is innermost, and has room for a few that collide.
const SETS: usize = 32;
const WAYS: usize = 2;

/// Frames of the longest stack that is remembered.
const DEPTH: usize = 16;

/// 2^32 / φ: what differs anywhere comes out different on top.
const SPREAD: u32 = 0x9e37_79b1;

/// See the module.
pub(crate) struct Recent {
    sets: [Set; SETS],
    /// Where the last event came from that was recognised.
    last: Cell<Option<&'static RecentStack>>,
}

struct Set {
    stacks: [RecentStack; WAYS],
    /// The one that is given up next.
    oldest: Cell<usize>,
}

/// A stretch of the frame-pointer chain, and the site of the events that come along it.
///
/// It leads from an allocator method to the innermost guard, or from a guard to the next one outside; then the
/// site inside belongs to what has to be equal.
struct RecentStack {
    /// Where it starts; 0 marks an empty place.
    frame: Cell<usize>,
    end: Cell<usize>,
    key: Cell<u64>,
    /// Initialised when the place is not empty.
    seen: Cell<MaybeUninit<Seen>>,
    /// Which events from here are repeats.
    repeat: Cell<Repeat>,
    /// Where the next event came from, when one had come from here. Initialised when the place is not empty, as `seen` is.
    next: Cell<MaybeUninit<&'static RecentStack>>,
    links: [Cell<Link>; DEPTH],
}

/// A site that is known, and where its numbers stand.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    /// As [`crate::record::Site::freed_by`] has it.
    pub(crate) number: u64,
    pub(crate) slot: &'static SiteSlot,
    pub(crate) counts: &'static FnCounts<Cell<u64>>,
}

impl Seen {
    /// Whether no other stack begins like this.
    pub(crate) fn has_whole_stack(self) -> bool {
        self.slot.site.op.get() & op_bit::CUT == 0
    }
}

/// A place that is not empty.
///
/// PERF: a reference is known to be no null, where what was read from the place is not.
#[derive(Clone, Copy)]
pub(crate) struct Recognised<'recent>(&'recent RecentStack);

impl Recognised<'_> {
    pub(super) fn repeat(self) -> Repeat {
        self.0.repeat.get()
    }

    /// From here on these events from here are repeats.
    pub(super) fn set_repeat(self, repeat: Repeat) {
        self.0.repeat.set(repeat);
    }

    #[inline(always)]
    pub(crate) fn seen(self) -> Seen {
        // SAFETY: where a place is not empty, `remember` has written down what was seen.
        unsafe { self.0.seen.get().assume_init() }
    }
}

/// Whose event it is: what besides the stack tells sites apart.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    word: u64,
    /// What tells stretches with one start apart.
    salt: usize,
}

impl Key {
    /// `op` is as the site has it, and no C function's, `inner` the number of the same event's site for the hot function that runs next inside.
    pub(crate) fn new(hot: u32, op: u64, inner: Option<u64>) -> Key {
        match inner {
            None => Key::alone(Scope::word_of(hot), op),
            // A thread has less than 2^24 sites.
            Some(site) => Key { word: u64::from(hot) << 32 | 1 << 31 | site << 6 | op, salt: site as usize },
        }
    }

    /// The same with the word of a scope, and nothing inside.
    #[inline(always)]
    pub(crate) fn alone(word: u64, op: u64) -> Key {
        Key { word: word | op << 16, salt: 0 }
    }
}

impl Recent {
    pub(crate) const fn new() -> Recent {
        Recent { sets: [const { Set::empty() }; SETS], last: Cell::new(None) }
    }

    /// The site of an event of `key` whose stack runs from `frame` to `end`, if one from there came lately.
    #[inline(always)]
    pub(crate) fn find(&'static self, frame: usize, end: usize, key: Key) -> Option<Recognised<'static>> {
        if !HAS_FRAMES {
            return None;
        }
        let stacks = &self.set(frame, key.salt).stacks;
        let stack = stacks.iter().find(|stack| stack.is(frame, key))?;
        // SAFETY: a frame that is there is no 0, so this place is not empty: `remember` copied the links from this
        // thread's stack, from this frame to this end, and both are frames of functions that are running now.
        let is_there = stack.end.get() == end && unsafe { is_chain(frame, &stack.links) };
        is_there.then_some(Recognised(stack))
    }

    /// Where an event of this kind and size comes from, if its stack runs from `frame`, it is a repeat, and one came from
    /// there after the last one the last time.
    ///
    /// PERF: what a loop does comes in the same order each time, so nothing has to be looked up.
    #[inline(always)]
    pub(super) fn expected(&self, frame: usize, kind: u64, size: usize) -> Option<Recognised<'static>> {
        if !HAS_FRAMES {
            return None;
        }
        // SAFETY: an event came from `last`, so that place was not empty. `remember` has written what is next, and nothing
        // takes that back.
        let stack = unsafe { self.last.get()?.next.get().assume_init() };
        stack.repeats(frame, kind, size).then_some(Recognised(stack))
    }

    /// Until another event came from a stack that is known, none is expected.
    #[cfg(feature = "bench")]
    pub(crate) fn expect_nothing(&self) {
        self.last.set(None);
    }

    /// An event came from the stack that was expected.
    #[inline(always)]
    pub(super) fn came_as_expected(&self, stack: Recognised<'static>) {
        self.last.set(Some(stack.0));
    }

    /// An event came from this stack, and the next time it is expected again.
    pub(super) fn came(&self, stack: Recognised<'static>) {
        if let Some(last) = self.last.replace(Some(stack.0)) {
            last.next.set(MaybeUninit::new(stack.0));
        }
    }

    /// Where an event of this kind and size comes from, if its stack runs from `frame` and it is a repeat.
    #[inline(always)]
    pub(super) fn find_repeat(
        &'static self,
        frame: usize,
        kind: u64,
        size: usize,
    ) -> Option<Recognised<'static>> {
        if !HAS_FRAMES {
            return None;
        }
        let [one, other] = &self.set(frame, 0).stacks;
        let is_one = one.repeats(frame, kind, size);
        (is_one || other.repeats(frame, kind, size)).then_some(Recognised(if is_one { one } else { other }))
    }

    /// Remembers the stack that is there now.
    pub(crate) fn remember(&'static self, frame: usize, end: usize, key: Key, bounds: Bounds, seen: Seen) {
        let set = self.set(frame, key.salt);
        let same = set.stacks.iter().find(|stack| stack.is(frame, key));
        let stack = same.unwrap_or_else(|| {
            let oldest = set.oldest.get();
            set.oldest.set((oldest + 1) % WAYS);
            &set.stacks[oldest]
        });
        stack.frame.set(0);
        stack.repeat.set(Repeat::NONE);
        if copy_chain(frame, end, bounds, &stack.links) {
            stack.end.set(end);
            // Not known yet; what is wrong here costs a comparison.
            stack.next.set(MaybeUninit::new(stack));
            stack.key.set(key.word);
            stack.seen.set(MaybeUninit::new(seen));
            stack.frame.set(frame);
        }
    }

    /// The sites are another record's from now on.
    pub(crate) fn clear(&self) {
        self.sets.iter().flat_map(|set| &set.stacks).for_each(|stack| stack.frame.set(0));
    }

    #[inline(always)]
    fn set(&self, frame: usize, salt: usize) -> &Set {
        let sum = frame.wrapping_add(return_address(frame)).wrapping_add(salt);
        &self.sets[((sum as u32).wrapping_mul(SPREAD) >> (u32::BITS - SETS.ilog2())) as usize]
    }
}

impl Set {
    const fn empty() -> Set {
        Set { stacks: [const { RecentStack::empty() }; WAYS], oldest: Cell::new(0) }
    }
}

impl RecentStack {
    const fn empty() -> RecentStack {
        RecentStack {
            frame: Cell::new(0),
            end: Cell::new(0),
            key: Cell::new(0),
            seen: Cell::new(MaybeUninit::uninit()),
            repeat: Cell::new(Repeat::NONE),
            next: Cell::new(MaybeUninit::uninit()),
            links: [const { Cell::new(Link::NONE) }; DEPTH],
        }
    }

    #[inline(always)]
    fn is(&self, frame: usize, key: Key) -> bool {
        self.frame.get() == frame && self.key.get() == key.word
    }

    /// Whether an event from `frame` is one of its repeats.
    ///
    /// PERF: never in a closure: the compiler leaves that outside, and `is_chain` a loop.
    #[inline(always)]
    fn repeats(&self, frame: usize, kind: u64, size: usize) -> bool {
        // SAFETY: `remember` has copied these links from this thread's stack before anything from there was a repeat.
        // A repeat of this kind belongs to the innermost call, and they led to the frame of its guard, which runs; so
        // does the function of `frame`. They may have begun at another frame: what is equal is the same chain.
        self.repeat.get().is(kind, size) && unsafe { is_chain(frame, &self.links) }
    }
}
