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

/// See the module.
pub(crate) struct LiveBlocks {
    rows: [Cell<Row>; CAPACITY],
    len: Cell<usize>,
}

impl LiveBlocks {
    pub(crate) const fn new() -> LiveBlocks {
        LiveBlocks { rows: [const { Cell::new(Row::EMPTY) }; CAPACITY], len: Cell::new(0) }
    }

    /// `site` allocated `block` in the call of `scope`.
    pub(crate) fn allocated(&self, block: *const u8, scope: &Scope, site: u16, sites: &[SiteSlot; SITES]) {
        let len = self.len.get();
        if len == CAPACITY {
            return add(&sites[usize::from(site)].site.untracked, 1);
        }
        self.rows[len].set(Row { block, scope, origin: site, last: site });
        self.len.set(len + 1);
    }

    /// `site` turned `before` into `block`.
    pub(crate) fn resized(
        &self,
        before: *const u8,
        block: *const u8,
        scope: &Scope,
        site: u16,
        sites: &[SiteSlot; SITES],
    ) {
        let Some(index) = self.find(before, scope) else {
            return self.allocated(block, scope, site, sites);
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

    /// PERF: newest first. Temporaries are mostly freed in the reverse order of their allocation.
    fn find(&self, block: *const u8, scope: &Scope) -> Option<usize> {
        (0..self.len.get()).rev().find(|index| {
            let row = self.rows[*index].get();
            std::ptr::eq(row.block, block) && std::ptr::eq(row.scope, scope)
        })
    }

    fn remove(&self, index: usize) {
        let last = self.len.get() - 1;
        self.rows[index].set(self.rows[last].get());
        self.len.set(last);
    }
}
