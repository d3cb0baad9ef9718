//! The blocks that running hot functions have allocated: freed before the call returns, or alive at its end?
//!
//! A block belongs to its function: while one of its calls runs, whichever of them frees the block frees its own. A small
//! table for each thread holds the youngest, a larger one all others. What neither has room for is not known, never guessed:
//! nor is it, from then on, whose the blocks are that the function frees.

mod older;

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr;

use super::Seen;
use super::memory::Zeroed;
use crate::record::{FnCounts, SiteSlot, Thread};
use crate::recorder::add;
use older::Older;

/// Blocks followed in the small table, once for each hot function that answers for them.
const CAPACITY: usize = 256;

/// A hot function, by its thread's counts of it.
pub(crate) type Owner = &'static FnCounts<Cell<u64>>;

#[derive(Clone, Copy)]
struct Row {
    block: *const u8,
    /// The function that allocated it.
    owner: Option<Owner>,
    /// The site that took the block; none where it has no site.
    origin: Option<&'static SiteSlot>,
    /// The site that last resized it; `origin` when none did.
    last: Option<&'static SiteSlot>,
}

// SAFETY: a pointer may be null, and the references may be none.
unsafe impl Zeroed for Row {}

impl Row {
    const EMPTY: Row = Row { block: ptr::null(), owner: None, origin: None, last: None };

    fn is_empty(&self) -> bool {
        self.block.is_null()
    }

    fn is_of(&self, owner: Owner) -> bool {
        self.owner.is_some_and(|other| ptr::eq(other, owner))
    }

    #[inline]
    fn was_resized(&self) -> bool {
        address(self.last) != address(self.origin)
    }

    /// The sites that answer for the block's fate.
    fn sites(self) -> impl Iterator<Item = &'static SiteSlot> {
        [self.origin, self.last.filter(|_| self.was_resized())].into_iter().flatten()
    }
}

/// Null for none.
#[inline(always)]
pub(super) fn address(slot: Option<&'static SiteSlot>) -> *const SiteSlot {
    slot.map_or(ptr::null(), ptr::from_ref)
}

/// Where the next row goes.
#[derive(Clone, Copy)]
pub(crate) struct Place<'table> {
    index: usize,
    row: &'table Cell<MaybeUninit<Row>>,
}

/// Where a row stands: in the small table, or so much beyond its capacity in the other.
#[derive(Clone, Copy)]
pub(crate) struct At(usize);

/// See the module. Rows are in the order of allocation, and all in the small table are younger than those in the other.
pub(crate) struct LiveBlocks {
    /// All before `len` are initialised.
    rows: [Cell<MaybeUninit<Row>>; CAPACITY],
    len: Cell<usize>,
    older: Older,
}

impl LiveBlocks {
    pub(crate) const fn new() -> LiveBlocks {
        LiveBlocks {
            rows: [const { Cell::new(MaybeUninit::uninit()) }; CAPACITY],
            len: Cell::new(0),
            older: Older::new(),
        }
    }

    /// Where the next row goes; `None` when the small table has no room, or a request that failed has no block.
    #[inline(always)]
    pub(crate) fn place_for(&self, block: *const u8) -> Option<Place<'_>> {
        let index = self.len.get();
        let row = self.rows.get(index).filter(|_| !block.is_null())?;
        Some(Place { index, row })
    }

    /// `slot` allocated `block` for `owner`. `place` was asked for this block, and nothing happened since.
    #[inline(always)]
    pub(crate) fn push(
        &self,
        place: Place<'_>,
        block: *const u8,
        owner: Owner,
        slot: Option<&'static SiteSlot>,
    ) {
        place.row.set(MaybeUninit::new(Row { block, owner: Some(owner), origin: slot, last: slot }));
        self.len.set(place.index + 1);
    }

    /// The place of `block` when it is the newest and no call of `owner` has resized it; and the site that took it. One call of
    /// `owner` alone answers for its events.
    ///
    /// PERF: so all rows are its own, and nobody asks: a function's last call takes its rows away, and no other is running.
    #[inline(always)]
    pub(crate) fn newest_of_alone(
        &self,
        block: *const u8,
        owner: Owner,
    ) -> Option<(usize, Option<&'static SiteSlot>)> {
        // Without one there is no index either.
        let index = self.len.get().wrapping_sub(1);
        let row = self.row(index)?;
        debug_assert!(row.is_of(owner), "no other function has a row");
        (ptr::eq(row.block, block) && !row.was_resized()).then_some((index, row.origin))
    }

    /// The newest block, which was at `index`, is freed.
    #[inline(always)]
    pub(crate) fn pop(&self, index: usize) {
        self.len.set(index);
    }

    /// Where the block stands, if a running call of `owner` has allocated it.
    pub(crate) fn find(&self, block: *const u8, owner: Owner) -> Option<At> {
        self.find_where(block, |row| row.is_of(owner))
    }

    /// The newest of the rows with this block that are so.
    #[inline]
    fn find_where(&self, block: *const u8, is_it: impl Fn(&Row) -> bool) -> Option<At> {
        let young = self.rows().find(|(_, row)| ptr::eq(row.block, block) && is_it(row));
        if let Some((index, _)) = young {
            return Some(At(index));
        }
        if self.older.is_empty() {
            return None;
        }
        let older = self.older.of_block(block).filter(|(_, row)| is_it(row));
        older.map(|(index, _)| At(CAPACITY + index)).max_by_key(|at| at.0)
    }

    /// `slot` allocated `block` for `owner`.
    pub(crate) fn allocated(&self, block: *const u8, owner: Owner, slot: Option<&'static SiteSlot>) {
        let place = self.place_for(block).or_else(|| {
            let made = !block.is_null() && self.make_room();
            self.place_for(block).filter(|_| made)
        });
        if let Some(place) = place {
            return self.push(place, block, owner, slot);
        }
        if let Some(slot) = slot {
            add(&slot.site.untracked, 1);
        }
        if !block.is_null() {
            add(&owner.unfollowed, 1);
            owner.doubtful.set(1);
        }
    }

    /// `slot` turned `before` into `block`; without a site, all that is known is that the block has moved.
    pub(crate) fn resized(
        &self,
        before: *const u8,
        block: *const u8,
        owner: Owner,
        slot: Option<&'static SiteSlot>,
    ) {
        let found = self.find(before, owner).filter(|_| !block.is_null());
        let Some((at, before)) = found.and_then(|at| Some((at, self.row_at(at)?))) else {
            return match slot {
                None if block.is_null() => {}
                _ => self.allocated(block, owner, slot),
            };
        };
        let mut row = Row { block, ..before };
        if let Some(slot) = slot {
            // A block is credited once to its origin and once to its last site: what lies between is superseded.
            if let Some(last) = row.last.filter(|_| row.was_resized()) {
                add(&last.site.superseded, 1);
            }
            if address(row.origin) == ptr::from_ref(slot) {
                add(&slot.site.superseded, 1);
            }
            row.last = Some(slot);
        }
        self.replace(at, row);
    }

    /// `free` freed the block there, if it has a site.
    pub(crate) fn freed(&self, at: At, free: Option<Seen>) {
        if let Some(row) = self.row_at(at) {
            row.sites().for_each(|slot| credit_free(slot, free));
            self.remove(at, row);
        }
    }

    /// `block` was freed, and the functions that still have it here do not answer for that.
    pub(crate) fn freed_unseen(&self, block: *const u8) {
        while let Some(at) = self.find_where(block, |_| true) {
            self.freed(at, None);
        }
    }

    /// `before` became `block`, and the functions that still have it here do not answer for that.
    pub(crate) fn moved_unseen(&self, before: *const u8, block: *const u8) {
        if ptr::eq(before, block) || block.is_null() {
            return;
        }
        while let Some(at) = self.find_where(before, |_| true) {
            let Some(row) = self.row_at(at) else { return };
            self.replace(at, Row { block, ..row });
        }
    }

    /// No call of `owner` runs any more: its blocks that are still here outlive it.
    pub(crate) fn close(&self, owner: Owner) {
        owner.doubtful.set(0);
        let mut kept = 0;
        for index in 0..self.len.get() {
            let Some(row) = self.row(index) else { break };
            if row.is_of(owner) {
                row.sites().for_each(|slot| add(&slot.site.escaped, 1));
            } else {
                self.rows[kept].set(MaybeUninit::new(row));
                kept += 1;
            }
        }
        self.len.set(kept);
        if owner.apart.get() != 0 {
            self.close_older(owner);
        }
    }

    #[cold]
    fn close_older(&self, owner: Owner) {
        for (index, row) in self.older.rows() {
            if row.is_of(owner) {
                row.sites().for_each(|slot| add(&slot.site.escaped, 1));
                self.remove(At(CAPACITY + index), row);
                if owner.apart.get() == 0 {
                    return;
                }
            }
        }
    }

    /// What becomes of the blocks is not known.
    pub(crate) fn forget(&self) {
        self.all().flat_map(Row::sites).for_each(|slot| add(&slot.site.untracked, 1));
        self.clear();
    }

    /// Nothing is known any more: the functions that the rows speak of run no more.
    pub(crate) fn clear(&self) {
        for owner in self.all().filter_map(|row| row.owner) {
            owner.apart.set(0);
            owner.doubtful.set(0);
        }
        self.len.set(0);
        if !self.older.is_empty() {
            self.older.clear();
        }
    }

    /// Nothing is known any more, and the thread ends.
    pub(crate) fn free(&self) {
        self.clear();
        self.older.free();
    }

    /// The functions go on in another record, `to`: the blocks are theirs there, too, and have no sites.
    pub(crate) fn carry_over(&self, from: Thread, to: Thread) {
        let carried = |row: Row| {
            let owner = row.owner.map(|owner| to.counts(from.index_of(owner)));
            Row { owner, origin: None, last: None, ..row }
        };
        for (index, row) in self.rows() {
            self.rows[index].set(MaybeUninit::new(carried(row)));
        }
        for (index, row) in self.older.rows() {
            let row = carried(row);
            self.older.replace(index, row);
            row.owner.inspect(|owner| add(&owner.apart, 1));
        }
    }

    fn all(&self) -> impl Iterator<Item = Row> {
        self.rows().chain(self.older.rows()).map(|(_, row)| row)
    }

    /// Those in the small table, newest first.
    fn rows(&self) -> impl Iterator<Item = (usize, Row)> {
        (0..self.len.get()).rev().filter_map(|index| Some((index, self.row(index)?)))
    }

    /// The row at `index`, which is less than `len`; `None` beyond the table.
    #[inline(always)]
    fn row(&self, index: usize) -> Option<Row> {
        let row = self.rows.get(index)?.get();
        debug_assert!(index < self.len.get(), "there are no more");
        // SAFETY: `len` grows by one when the row there has been written, and `remove` moves rows that were.
        Some(unsafe { row.assume_init() })
    }

    fn row_at(&self, At(index): At) -> Option<Row> {
        if index < CAPACITY { self.row(index) } else { self.older.row(index - CAPACITY) }
    }

    fn replace(&self, At(index): At, row: Row) {
        match self.rows.get(index) {
            Some(place) => place.set(MaybeUninit::new(row)),
            None => self.older.replace(index - CAPACITY, row),
        }
    }

    /// Keeps the order: of two rows with one address, the older one's block was freed by another thread.
    fn remove(&self, At(index): At, row: Row) {
        if index >= CAPACITY {
            self.older.remove(index - CAPACITY);
            if let Some(owner) = row.owner {
                owner.apart.set(owner.apart.get().wrapping_sub(1));
            }
            return;
        }
        let last = self.len.get() - 1;
        for index in index..last {
            self.rows[index].set(self.rows[index + 1].get());
        }
        self.len.set(last);
    }

    /// Empties the small table, if the other one has room.
    #[cold]
    fn make_room(&self) -> bool {
        if !self.older.reserve(CAPACITY) {
            return false;
        }
        for row in (0..self.len.get()).filter_map(|index| self.row(index)) {
            self.older.push(row);
            row.owner.inspect(|owner| add(&owner.apart, 1));
        }
        self.len.set(0);
        true
    }
}

/// A block of `slot` was freed, by `free` if that answers for it.
#[inline(always)]
pub(super) fn credit_free(slot: &SiteSlot, free: Option<Seen>) {
    add(&slot.site.freed, 1);
    if let Some(free) = free {
        slot.site.freed_by.set(free.number);
    }
}
