//! The stacks that events came from lately, so that the next event from one of them is recognised by comparing.
//!
//! PERF: to compare a frame-pointer chain with a known one takes two loads a frame, none of which waits for the one
//! before: where the next frame would be is known beforehand. To follow the chain, hash it and look it up takes
//! several times as long.

use std::cell::Cell;

use super::Op;
use crate::record::{FnCounts, SiteSlot};
use crate::stack::{Bounds, HAS_FRAMES, Link, copy_chain, is_chain, return_address};

/// Places for stacks: a set is found by hashing what is innermost, and has room for a few that collide.
const SETS: usize = 32;
const WAYS: usize = 2;

/// Frames of the longest stack that is remembered.
const DEPTH: usize = 16;

/// 2^w / φ: what differs anywhere comes out different on top.
const SPREAD: usize = 0x9e37_79b9_7f4a_7c15_u64 as usize;

/// See the module.
pub(crate) struct Recent([Set; SETS]);

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
    key: Cell<Key>,
    depth: Cell<usize>,
    links: [Cell<Link>; DEPTH],
    seen: Cell<Option<Seen>>,
}

/// A site that is known, and where its numbers stand.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) site: u16,
    pub(crate) slot: &'static SiteSlot,
    pub(crate) counts: &'static FnCounts<Cell<u64>>,
}

/// Whose event it is: what besides the stack tells sites apart.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Key(u64);

impl Key {
    /// `inner` is the same event's site for the hot function that runs next inside.
    #[inline(always)]
    pub(crate) fn new(hot: u32, op: Op, inner: Option<u16>) -> Key {
        let inner = inner.map_or(0, |site| u64::from(site) + 1);
        Key(u64::from(hot) << 32 | inner << 2 | op as u64)
    }
}

impl Recent {
    pub(crate) const fn new() -> Recent {
        Recent([const { Set { stacks: [const { RecentStack::empty() }; WAYS], oldest: Cell::new(0) } }; SETS])
    }

    /// The site of an event of `key` whose stack runs from `frame` to `end`, if one from there came lately.
    #[inline(always)]
    pub(crate) fn find(&self, frame: usize, end: usize, key: Key) -> Option<Seen> {
        if !HAS_FRAMES {
            return None;
        }
        let stacks = &self.set(frame, key).stacks;
        let stack = stacks.iter().find(|stack| stack.frame.get() == frame && stack.key.get() == key)?;
        let links = stack.links.get(..stack.depth.get())?;
        // SAFETY: a frame that is there is no 0, so this place is not empty: `remember` copied the links from this
        // thread's stack, from this frame to this end, and both are frames of functions that are running now.
        let is_there = stack.end.get() == end && unsafe { is_chain(frame, end, links) };
        if is_there { stack.seen.get() } else { None }
    }

    /// Remembers the stack that is there now.
    pub(crate) fn remember(&self, frame: usize, end: usize, key: Key, bounds: Bounds, seen: Seen) {
        let set = self.set(frame, key);
        let same = set.stacks.iter().find(|stack| stack.frame.get() == frame && stack.key.get() == key);
        let stack = same.unwrap_or_else(|| {
            let oldest = set.oldest.get();
            set.oldest.set((oldest + 1) % WAYS);
            &set.stacks[oldest]
        });
        stack.frame.set(0);
        if let Some(depth) = copy_chain(frame, end, bounds, &stack.links) {
            stack.end.set(end);
            stack.key.set(key);
            stack.depth.set(depth);
            stack.seen.set(Some(seen));
            stack.frame.set(frame);
        }
    }

    /// The sites are another record's from now on.
    pub(crate) fn clear(&self) {
        self.0.iter().flat_map(|set| &set.stacks).for_each(|stack| stack.frame.set(0));
    }

    #[inline(always)]
    fn set(&self, frame: usize, key: Key) -> &Set {
        let sum = (frame >> 4).wrapping_add(return_address(frame)).wrapping_add(key.0 as usize);
        &self.0[sum.wrapping_mul(SPREAD) >> (usize::BITS - SETS.ilog2())]
    }
}

impl RecentStack {
    const fn empty() -> RecentStack {
        RecentStack {
            frame: Cell::new(0),
            end: Cell::new(0),
            key: Cell::new(Key(0)),
            depth: Cell::new(0),
            links: [const { Cell::new(Link::NONE) }; DEPTH],
            seen: Cell::new(None),
        }
    }
}
