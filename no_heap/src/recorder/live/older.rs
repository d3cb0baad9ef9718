//! The blocks of running calls that there are too many of for the small table: rows in the order of allocation, found by
//! the block's address.
//!
//! Whoever comes here has taken some hundred blocks before: it is no path to be fast on, and none to be slow on.

use std::cell::Cell;

use super::Row;
use crate::recorder::index::Index;
use crate::recorder::memory::Array;

/// Blocks of one thread that are followed here at the same time: 32 MiB, and 16 to find them.
const MOST: usize = 1 << 20;

pub(super) struct Older {
    /// Those before `len` that are not empty, oldest first.
    rows: Array<Row>,
    len: Cell<usize>,
    /// Of those, how many are not empty.
    used: Cell<usize>,
    by_block: Index,
}

impl Older {
    pub(super) const fn new() -> Older {
        Older { rows: Array::new(), len: Cell::new(0), used: Cell::new(0), by_block: Index::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used.get() == 0
    }

    /// Makes room for so many more, and returns whether there is.
    pub(super) fn reserve(&self, more: usize) -> bool {
        if self.used.get() + more > MOST {
            return false;
        }
        if self.len.get() + more > self.rows.room().max(2 * self.used.get()) {
            self.close_gaps();
        }
        self.rows.grow(self.len.get() + more) && self.by_block.reserve(more)
    }

    /// There is room, see [`Older::reserve`]. The row is younger than all that are here.
    pub(super) fn push(&self, row: Row) {
        let len = self.len.get();
        self.rows.set(len, row);
        self.by_block.insert(hash(row.block), len);
        self.len.set(len + 1);
        self.used.set(self.used.get() + 1);
    }

    /// The rows with this block, in no order.
    pub(super) fn of_block(&self, block: *const u8) -> impl Iterator<Item = (usize, Row)> {
        let rows = self.by_block.find(hash(block)).filter_map(|index| Some((index, self.rows.get(index)?)));
        rows.filter(move |(_, row)| std::ptr::eq(row.block, block))
    }

    /// All rows, newest first: they may be removed while they are gone through.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, Row)> {
        let rows = (0..self.len.get()).rev().filter_map(|index| Some((index, self.rows.get(index)?)));
        rows.filter(|(_, row)| !row.is_empty())
    }

    pub(super) fn row(&self, index: usize) -> Option<Row> {
        self.rows.get(index).filter(|row| !row.is_empty())
    }

    /// Puts `row` in the place of the one at `index`.
    pub(super) fn replace(&self, index: usize, row: Row) {
        let Some(before) = self.rows.get(index) else { return };
        if !std::ptr::eq(before.block, row.block) {
            self.by_block.remove(hash(before.block), index);
            self.by_block.insert(hash(row.block), index);
        }
        self.rows.set(index, row);
    }

    pub(super) fn remove(&self, index: usize) {
        let Some(row) = self.row(index) else { return };
        self.by_block.remove(hash(row.block), index);
        self.rows.set(index, Row::EMPTY);
        self.used.set(self.used.get() - 1);
        let is_gap = |index: usize| self.rows.get(index).is_none_or(|row| row.is_empty());
        while let Some(last) = self.len.get().checked_sub(1).filter(|last| is_gap(*last)) {
            self.len.set(last);
        }
    }

    pub(super) fn clear(&self) {
        self.by_block.clear();
        self.len.set(0);
        self.used.set(0);
    }

    /// Gives the memory back.
    pub(super) fn free(&self) {
        self.by_block.free();
        self.rows.free();
        self.len.set(0);
        self.used.set(0);
    }

    /// Moves the rows together, in their order.
    fn close_gaps(&self) {
        let len = self.len.get();
        self.by_block.clear();
        self.len.set(0);
        self.used.set(0);
        let rows = (0..len).filter_map(|index| self.rows.get(index)).filter(|row| !row.is_empty());
        rows.for_each(|row| self.push(row));
    }
}

/// 2^64 / φ: what differs anywhere comes out different on top.
fn hash(block: *const u8) -> u64 {
    (block.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
