//! The blocks that running hot functions have allocated: freed before the call returns, or alive at its end?
//!
//! A small table for each thread. What does not fit is counted as not known, never guessed.

use std::cell::Cell;
use std::mem::MaybeUninit;

use super::Seen;
use crate::record::SiteSlot;
use crate::recorder::add;
use crate::scope::Scope;

/// Blocks followed at the same time on one thread, once for each hot function that answers for them.
const CAPACITY: usize = 256;

#[derive(Clone, Copy)]
struct Row {
    block: *const u8,
    /// The call that allocated it. Only compared: it may be gone.
    scope: *const Scope,
    /// The site that took the block.
    origin: &'static SiteSlot,
    /// The site that last resized it; `origin` when none did.
    last: &'static SiteSlot,
}

impl Row {
    #[inline]
    fn is(&self, block: *const u8, scope: *const Scope) -> bool {
        std::ptr::eq(self.block, block) && std::ptr::eq(self.scope, scope)
    }

    #[inline]
    fn was_resized(&self) -> bool {
        !std::ptr::eq(self.last, self.origin)
    }

    /// The sites that answer for the block's fate.
    fn sites(self) -> impl Iterator<Item = &'static SiteSlot> {
        [Some(self.origin), self.was_resized().then_some(self.last)].into_iter().flatten()
    }
}

/// Where the next row goes.
#[derive(Clone, Copy)]
pub(crate) struct Place<'table> {
    index: usize,
    row: &'table Cell<MaybeUninit<Row>>,
}

/// See the module. Rows are in the order of allocation.
pub(crate) struct LiveBlocks {
    /// All before `len` are initialised.
    rows: [Cell<MaybeUninit<Row>>; CAPACITY],
    len: Cell<usize>,
}

impl LiveBlocks {
    pub(crate) const fn new() -> LiveBlocks {
        LiveBlocks { rows: [const { Cell::new(MaybeUninit::uninit()) }; CAPACITY], len: Cell::new(0) }
    }

    /// Where the next row goes; `None` when the table has no room, or a request that failed has no block.
    #[inline(always)]
    pub(crate) fn place_for(&self, block: *const u8) -> Option<Place<'_>> {
        let index = self.len.get();
        let row = self.rows.get(index).filter(|_| !block.is_null())?;
        Some(Place { index, row })
    }

    /// `slot` allocated `block` in the call of `scope`. `place` was asked for this block, and nothing happened since.
    #[inline(always)]
    pub(crate) fn push(
        &self,
        place: Place<'_>,
        block: *const u8,
        scope: *const Scope,
        slot: &'static SiteSlot,
    ) {
        place.row.set(MaybeUninit::new(Row { block, scope, origin: slot, last: slot }));
        self.len.set(place.index + 1);
    }

    /// The place of `block` when it is the newest, and the call of `scope` allocated it and never resized it; and the
    /// site that did. This call alone answers for its events.
    ///
    /// PERF: so all rows are of this call, and nobody asks: a call that ends takes its rows away, and no other is running.
    #[inline(always)]
    pub(crate) fn newest_of_alone(
        &self,
        block: *const u8,
        scope: *const Scope,
    ) -> Option<(usize, &'static SiteSlot)> {
        // Without one there is no index either.
        let index = self.len.get().wrapping_sub(1);
        let row = self.row(index)?;
        debug_assert!(std::ptr::eq(row.scope, scope), "no other call has a row");
        (std::ptr::eq(row.block, block) && !row.was_resized()).then_some((index, row.origin))
    }

    /// The newest block, which was at `index`, is freed.
    #[inline(always)]
    pub(crate) fn pop(&self, index: usize) {
        self.len.set(index);
    }

    /// `slot` allocated `block` in the call of `scope`.
    pub(crate) fn allocated(&self, block: *const u8, scope: &Scope, slot: &'static SiteSlot) {
        match self.place_for(block) {
            Some(place) => self.push(place, block, scope, slot),
            None => add(&slot.site.untracked, 1),
        }
    }

    /// `slot` turned `before` into `block`; without a site, all that is known is that the block has moved.
    pub(crate) fn resized(
        &self,
        before: *const u8,
        block: *const u8,
        scope: &Scope,
        slot: Option<&'static SiteSlot>,
    ) {
        let found = self.find(before, scope);
        let (Some((index, mut row)), Some(slot), false) = (found, slot, block.is_null()) else {
            return match (found, slot) {
                (_, Some(slot)) => self.allocated(block, scope, slot),
                (Some((index, _)), None) if !block.is_null() => self.move_block(index, block),
                _ => {}
            };
        };
        // A block is credited once to its origin and once to its last site: what lies between is superseded.
        if row.was_resized() {
            add(&row.last.site.superseded, 1);
        }
        if std::ptr::eq(slot, row.origin) {
            add(&slot.site.superseded, 1);
        }
        row.block = block;
        row.last = slot;
        self.rows[index].set(MaybeUninit::new(row));
    }

    /// `free` freed `block`; returns whether this same call had allocated it.
    pub(crate) fn freed(&self, block: *const u8, scope: &Scope, free: Option<Seen>) -> bool {
        let Some((index, row)) = self.find(block, scope) else { return false };
        row.sites().for_each(|slot| credit_free(slot, free));
        self.remove(index);
        true
    }

    /// `block` was freed, and the calls that still have it here do not answer for that.
    pub(crate) fn freed_unseen(&self, block: *const u8) {
        for (index, row) in self.rows() {
            if std::ptr::eq(row.block, block) {
                row.sites().for_each(|slot| credit_free(slot, None));
                self.remove(index);
            }
        }
    }

    /// `before` became `block`, and the calls that still have it here do not answer for that.
    pub(crate) fn moved_unseen(&self, before: *const u8, block: *const u8) {
        for (index, row) in self.rows() {
            if std::ptr::eq(row.block, before) && !block.is_null() {
                self.move_block(index, block);
            }
        }
    }

    /// The call of `scope` has ended: its blocks that are still here outlive it.
    pub(crate) fn close(&self, scope: &Scope) {
        for (index, row) in self.rows() {
            if std::ptr::eq(row.scope, scope) {
                row.sites().for_each(|slot| add(&slot.site.escaped, 1));
                self.remove(index);
            }
        }
    }

    /// What becomes of the blocks is not known.
    pub(crate) fn forget(&self) {
        self.rows().flat_map(|(_, row)| row.sites()).for_each(|slot| add(&slot.site.untracked, 1));
        self.clear();
    }

    /// Nothing is known any more: the record or the stack of scopes that the rows speak of is another one.
    pub(crate) fn clear(&self) {
        self.len.set(0);
    }

    /// Newest first, so that a row may be removed while they are gone through.
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

    fn find(&self, block: *const u8, scope: &Scope) -> Option<(usize, Row)> {
        self.rows().find(|(_, row)| row.is(block, scope))
    }

    fn move_block(&self, index: usize, block: *const u8) {
        if let Some(row) = self.row(index) {
            self.rows[index].set(MaybeUninit::new(Row { block, ..row }));
        }
    }

    /// Keeps the order: of two rows with one address, the older one's block was freed by another thread.
    fn remove(&self, index: usize) {
        let last = self.len.get() - 1;
        for index in index..last {
            self.rows[index].set(self.rows[index + 1].get());
        }
        self.len.set(last);
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
