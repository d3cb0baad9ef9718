//! Which site an event belongs to: one for each (hot function, operation, stack) of a thread, found by its hash.
//!
//! The sites lie in the record, one behind the other; what finds them is memory of this process. Whether there is room for one
//! more depends on how many there are and never on where anything lies, so that a program that does the same twice has the
//! same sites. No function can take the room of all others: each has places of its own, and the rest is for everybody.

use std::cell::Cell;

use super::index::Index;
use super::memory::Array;
use super::{Seen, add, process};
use crate::record::{FnCounts, PARTS, SiteSlot, Thread, ThreadHead, op_bit, site_hash};

/// Sites with their whole stacks that each function has room for, whatever the others do.
const OWN: u64 = 64;

/// Those that the functions of a thread may have in all beyond their own.
const POOL: u64 = 8192;

/// Sites with stacks that were cut that each function has room for.
const CUT: u64 = 192;

/// Frames of a stack that was cut, at most.
const CUT_FRAMES: usize = 16;

/// One for each part of the record, and the part's thread's alone.
static TABLES: Tables = Tables([const { Table::new() }; PARTS]);

struct Tables([Table; PARTS]);

// SAFETY: a table is used by the thread that has the part of its number, and by nobody else; where that is another thread than
// before, it has got the part through an atomic that the one before has written after its last use.
unsafe impl Sync for Tables {}

struct Table {
    by_hash: Index,
    /// By their number, which counts from 1.
    sites: Array<Option<&'static SiteSlot>>,
    len: Cell<usize>,
    /// What is left of the room that the record has given.
    room: Cell<Option<&'static [SiteSlot]>>,
}

/// What tells sites apart beside the stack.
#[derive(Clone, Copy)]
pub(super) struct Of {
    pub(super) hot: u32,
    /// See [`crate::record::Site::op`].
    pub(super) op: u64,
}

/// The site of events with the stack `frames`: one with as many of them as there is room for, or `None` where there is not
/// even room for few.
pub(super) fn find_or_insert(part: Thread, of: Of, frames: &[u64], flags: u64) -> Option<Seen> {
    let table = &TABLES.0[part.number()];
    table.find_or_insert(part, of, frames, flags).or_else(|| {
        let of = Of { op: of.op | op_bit::CUT, ..of };
        table.find_or_insert(part, of, cut(frames), flags)
    })
}

/// The site with this number, which counts from 1; 0 is that of none.
pub(super) fn site(part: Thread, number: u64) -> Option<&'static SiteSlot> {
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    TABLES.0[part.number()].sites.get(index)?
}

/// The tables speak of another record from now on.
pub(super) fn forget() {
    TABLES.0.iter().for_each(Table::forget);
}

/// The innermost frames, and none that a recursion has brought in again: of those there is no end.
fn cut(frames: &[u64]) -> &[u64] {
    let first = &frames[..frames.len().min(CUT_FRAMES)];
    let again = (1..first.len()).find(|at| first[..*at].contains(&first[*at]));
    &first[..again.unwrap_or(first.len())]
}

impl Table {
    const fn new() -> Table {
        Table { by_hash: Index::new(), sites: Array::new(), len: Cell::new(0), room: Cell::new(None) }
    }

    fn forget(&self) {
        self.by_hash.forget();
        self.sites.forget();
        self.len.set(0);
        self.room.set(None);
    }

    fn find_or_insert(&self, part: Thread, of: Of, frames: &[u64], flags: u64) -> Option<Seen> {
        let hash = site_hash(u64::from(of.hot), of.op, frames);
        let seen = |slot: &'static SiteSlot| Seen {
            number: slot.site.number.get(),
            slot,
            counts: part.counts(of.hot),
        };
        let mut alike = self.by_hash.find(hash).filter_map(|number| self.sites.get(number)?);
        let known = alike.find(|slot| slot.site.hash.get() == hash && is_same(slot, of, frames));
        let (head, counts) = (part.head(), part.counts(of.hot));
        let is_of_this_thread = |slot: &SiteSlot| slot.site.stream.get() >= head.first_stream.get();
        if let Some(slot) = known.filter(|slot| is_of_this_thread(slot)) {
            return Some(seen(slot));
        }
        // A thread that had this part before may have made it: it takes a place all the same, as it would elsewhere.
        let is_room = may_have_one_more(head, counts, of.op);
        let slot = is_room.then(|| known.or_else(|| self.add(part, of, hash, frames, flags)))??;
        take_place(head, counts, of.op);
        Some(seen(slot))
    }

    fn add(&self, part: Thread, of: Of, hash: u64, frames: &[u64], flags: u64) -> Option<&'static SiteSlot> {
        let number = self.len.get();
        let has_room = self.sites.grow(number + 1) && self.by_hash.reserve(1);
        let slot = has_room.then(|| self.take(part))??;
        insert(slot, hash, number as u64 + 1, of, frames, flags);
        self.sites.set(number, Some(slot));
        self.by_hash.insert(hash, number);
        self.len.set(number + 1);
        Some(slot)
    }

    /// The next slot of the record that is for sites of this thread.
    fn take(&self, part: Thread) -> Option<&'static SiteSlot> {
        let room = match self.room.get() {
            Some([]) => process::map()?.more_sites(part)?,
            Some(room) => room,
            None => part.sites(),
        };
        let (slot, rest) = room.split_first()?;
        self.room.set(Some(rest));
        Some(slot)
    }
}

fn may_have_one_more(head: &ThreadHead<Cell<u64>>, counts: &FnCounts<Cell<u64>>, op: u64) -> bool {
    if op & op_bit::CUT != 0 {
        return counts.cut_sites.get() < CUT;
    }
    counts.whole_sites.get() < OWN || head.pooled.get() < POOL
}

fn take_place(head: &ThreadHead<Cell<u64>>, counts: &FnCounts<Cell<u64>>, op: u64) {
    if op & op_bit::CUT != 0 {
        return add(&counts.cut_sites, 1);
    }
    if counts.whole_sites.get() >= OWN {
        add(&head.pooled, 1);
    }
    add(&counts.whole_sites, 1);
}

fn insert(slot: &SiteSlot, hash: u64, number: u64, of: Of, frames: &[u64], flags: u64) {
    for (cell, frame) in slot.frames.iter().zip(frames) {
        cell.set(*frame);
    }
    slot.site.hot.set(u64::from(of.hot));
    slot.site.op.set(of.op);
    slot.site.number.set(number);
    slot.site.depth.set(frames.len() as u64);
    slot.site.flags.set(flags);
    slot.site.size_min.set(u64::MAX);
    slot.site.first_call.set(u64::MAX);
    slot.site.quiet.set(u64::MAX);
    slot.site.hash.set(hash);
}

fn is_same(slot: &SiteSlot, of: Of, frames: &[u64]) -> bool {
    slot.site.hot.get() == u64::from(of.hot)
        && slot.site.op.get() == of.op
        && slot.site.depth.get() == frames.len() as u64
        && slot.frames.iter().zip(frames).all(|(cell, frame)| cell.get() == *frame)
}
