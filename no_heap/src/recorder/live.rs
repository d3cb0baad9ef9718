//! The blocks that running hot functions have allocated: freed before the call returns, or alive at its end?
//!
//! A small table for each thread. What does not fit is counted as not known, never guessed.

use std::cell::Cell;

use crate::record::{SITES, SiteSlot};
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
    origin: u16,
    /// The site that last resized it; `origin` when none did.
    last: u16,
}

impl Row {
    const EMPTY: Row = Row { block: std::ptr::null(), scope: std::ptr::null(), origin: 0, last: 0 };

    /// The sites that answer for the block's fate.
    fn sites<'part>(&self, sites: &'part [SiteSlot; SITES]) -> impl Iterator<Item = &'part SiteSlot> {
        let last = (self.last != self.origin).then_some(self.last);
        [Some(self.origin), last].into_iter().flatten().map(|site| &sites[usize::from(site)])
    }
}

/// See the module. Rows are in the order of allocation.
pub(crate) struct LiveBlocks {
    rows: [Cell<Row>; CAPACITY],
    len: Cell<usize>,
}

impl LiveBlocks {
    pub(crate) const fn new() -> LiveBlocks {
        LiveBlocks { rows: [const { Cell::new(Row::EMPTY) }; CAPACITY], len: Cell::new(0) }
    }

    /// `site` allocated `block` in the call of `scope`.
    #[inline]
    pub(crate) fn allocated(&self, block: *const u8, scope: &Scope, site: u16, sites: &[SiteSlot; SITES]) {
        let len = self.len.get();
        match self.rows.get(len) {
            Some(row) if !block.is_null() => {
                row.set(Row { block, scope, origin: site, last: site });
                self.len.set(len + 1);
            }
            // A request that failed has no block; the table has no room.
            _ => add(&sites[usize::from(site)].site.untracked, 1),
        }
    }

    /// `site` turned `before` into `block`; without a site, all that is known is that the block has moved.
    pub(crate) fn resized(
        &self,
        before: *const u8,
        block: *const u8,
        scope: &Scope,
        site: Option<u16>,
        sites: &[SiteSlot; SITES],
    ) {
        let index = self.find(before, scope);
        let (Some(index), Some(site), false) = (index, site, block.is_null()) else {
            return match (index, site) {
                (_, Some(site)) => self.allocated(block, scope, site, sites),
                (Some(index), None) if !block.is_null() => self.move_block(index, block),
                _ => {}
            };
        };
        let mut row = self.rows[index].get();
        // A block is credited once to its origin and once to its last site: what lies between is superseded.
        if row.last != row.origin {
            add(&sites[usize::from(row.last)].site.superseded, 1);
        }
        if site == row.origin {
            add(&sites[usize::from(site)].site.superseded, 1);
        }
        row.block = block;
        row.last = site;
        self.rows[index].set(row);
    }

    /// `free_site` freed `block`; returns whether this same call had allocated it.
    #[inline]
    pub(crate) fn freed(
        &self,
        block: *const u8,
        scope: &Scope,
        free_site: Option<u16>,
        sites: &[SiteSlot; SITES],
    ) -> bool {
        let Some(index) = self.find(block, scope) else { return false };
        for slot in self.rows[index].get().sites(sites) {
            add(&slot.site.freed, 1);
            if let Some(free_site) = free_site {
                slot.site.freed_by.set(u64::from(free_site) + 1);
            }
        }
        self.remove(index);
        true
    }

    /// `block` was freed where no hot function answers for it.
    pub(crate) fn freed_unseen(&self, block: *const u8, sites: &[SiteSlot; SITES]) {
        for index in (0..self.len.get()).rev() {
            let row = self.rows[index].get();
            if std::ptr::eq(row.block, block) {
                row.sites(sites).for_each(|slot| add(&slot.site.freed, 1));
                self.remove(index);
            }
        }
    }

    /// `before` became `block` where no hot function answers for it.
    pub(crate) fn moved_unseen(&self, before: *const u8, block: *const u8) {
        for index in 0..self.len.get() {
            if std::ptr::eq(self.rows[index].get().block, before) && !block.is_null() {
                self.move_block(index, block);
            }
        }
    }

    /// The call of `scope` has ended: its blocks that are still here outlive it.
    pub(crate) fn close(&self, scope: &Scope, sites: &[SiteSlot; SITES]) {
        let mut index = self.len.get();
        while index > 0 {
            index -= 1;
            let row = self.rows[index].get();
            if std::ptr::eq(row.scope, scope) {
                for slot in row.sites(sites) {
                    add(&slot.site.escaped, 1);
                }
                self.remove(index);
            }
        }
    }

    /// What becomes of the blocks is not known.
    pub(crate) fn forget(&self, sites: &[SiteSlot; SITES]) {
        for row in &self.rows[..self.len.get()] {
            row.get().sites(sites).for_each(|slot| add(&slot.site.untracked, 1));
        }
        self.clear();
    }

    /// Nothing is known any more: the record or the stack of scopes that the rows speak of is another one.
    pub(crate) fn clear(&self) {
        self.len.set(0);
    }

    /// PERF: newest first. Temporaries are mostly freed in the reverse order of their allocation.
    #[inline]
    fn find(&self, block: *const u8, scope: &Scope) -> Option<usize> {
        self.rows[..self.len.get()].iter().rposition(|row| {
            let row = row.get();
            std::ptr::eq(row.block, block) && std::ptr::eq(row.scope, scope)
        })
    }

    fn move_block(&self, index: usize, block: *const u8) {
        let row = &self.rows[index];
        row.set(Row { block, ..row.get() });
    }

    /// Keeps the order: of two rows with one address, the older one's block was freed by another thread.
    #[inline]
    fn remove(&self, index: usize) {
        let last = self.len.get() - 1;
        for index in index..last {
            self.rows[index].set(self.rows[index + 1].get());
        }
        self.len.set(last);
    }
}
