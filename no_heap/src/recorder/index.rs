//! A hash table from hashes to numbers: who looks something up compares what has the number.
//!
//! Open addressing with linear probing; at most half of the places are taken.

use std::cell::Cell;

use super::memory::Array;

/// One place: the hash's upper half above, 1 + the number below; 0 is empty.
type Entry = u64;

pub(super) struct Index {
    entries: Array<Entry>,
    len: Cell<usize>,
}

impl Index {
    pub(super) const fn new() -> Index {
        Index { entries: Array::new(), len: Cell::new(0) }
    }

    /// The numbers that were inserted with this hash, or with one that is equal in its upper half.
    pub(super) fn find(&self, hash: u64) -> impl Iterator<Item = usize> {
        let same = self.from(hash).filter(move |(_, entry)| entry >> 32 == hash >> 32);
        same.map(|(_, entry)| entry as u32 as usize - 1)
    }

    /// There is room, see [`Index::reserve`].
    pub(super) fn insert(&self, hash: u64, number: usize) {
        self.put(entry(hash, number));
        self.len.set(self.len.get() + 1);
    }

    /// Makes room for so many more, and returns whether there is.
    pub(super) fn reserve(&self, more: usize) -> bool {
        let (room, wanted) = (self.entries.room(), 2 * (self.len.get() + more));
        if wanted <= room {
            return true;
        }
        let Some(larger) = Array::with_room(wanted) else { return false };
        self.entries.swap(&larger);
        (0..room)
            .filter_map(|at| larger.get(at))
            .filter(|entry| *entry != 0)
            .for_each(|entry| self.put(entry));
        larger.free();
        true
    }

    /// Takes the number out that was inserted with this hash.
    pub(super) fn remove(&self, hash: u64, number: usize) {
        let gone = entry(hash, number);
        let Some((mut gap, _)) = self.from(hash).find(|(_, entry)| *entry == gone) else { return };
        self.len.set(self.len.get() - 1);
        // Whatever would not be found any more moves up: where it belongs lies before the gap.
        let room = self.entries.room();
        let mut at = gap;
        loop {
            at = (at + 1) & (room - 1);
            let entry = self.entries.get(at).unwrap_or(0);
            if entry == 0 {
                return self.entries.set(gap, 0);
            }
            let steps_from = |place: usize| at.wrapping_sub(place) & (room - 1);
            if steps_from(start(entry, room)) >= steps_from(gap) {
                self.entries.set(gap, entry);
                gap = at;
            }
        }
    }

    /// Takes everything out.
    pub(super) fn clear(&self) {
        (0..self.entries.room()).for_each(|at| self.entries.set(at, 0));
        self.len.set(0);
    }

    /// Gives the memory back, and with it everything that was in it.
    pub(super) fn free(&self) {
        self.len.set(0);
        self.entries.free();
    }

    /// The memory is another process's from now on.
    pub(super) fn forget(&self) {
        self.len.set(0);
        self.entries.forget();
    }

    fn put(&self, entry: Entry) {
        let empty = self.places(entry).find(|at| self.entries.get(*at) == Some(0));
        if let Some(at) = empty {
            self.entries.set(at, entry);
        }
    }

    /// What was inserted with this hash, or had to give way to that, with where it is.
    fn from(&self, hash: u64) -> impl Iterator<Item = (usize, Entry)> {
        let all = self.places(hash).map(|at| (at, self.entries.get(at).unwrap_or(0)));
        all.take_while(|(_, entry)| *entry != 0)
    }

    /// Every place, from the one on that belongs to this hash.
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let room = self.entries.room();
        (0..room).map(move |step| (start(hash, room) + step) & (room - 1))
    }
}

/// Numbers are less than 2^32 - 1: nothing that has them has so much room.
fn entry(hash: u64, number: usize) -> Entry {
    hash & !u64::from(u32::MAX) | (number as u64 + 1)
}

/// Where an entry belongs among so many places, which are a power of two.
fn start(hash: u64, room: usize) -> usize {
    (hash >> 32) as usize & (room - 1)
}
