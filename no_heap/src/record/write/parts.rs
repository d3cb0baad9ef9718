//! The parts that the record grows by: one for each thread, and more for the sites of a thread that has many.
//!
//! A thread takes parts inside of the allocator, too: nothing here allocates.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::layout::{
    FnCounts, Head, MoreSites, PARTS, PartState, SITES, SiteSlot, THREADS, ThreadHead,
};
use super::{Map, WORD, reserve};

impl Map {
    /// A place for this thread, or `None` when all are taken.
    pub(crate) fn acquire(&self) -> Option<Thread> {
        let one_more = |running| (running < THREADS).then_some(running + 1);
        self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        let thread = self.take();
        if thread.is_none() {
            self.running.fetch_sub(1, Ordering::AcqRel);
        }
        thread
    }

    /// Gives the place of a thread back; the counts stay.
    pub(crate) fn release(&self, thread: Thread) {
        self.part(thread.number()).state().store(PartState::Ended as u64, Ordering::Release);
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// A part that a thread has left, or a new one.
    fn take(&self) -> Option<Thread> {
        loop {
            let used = self.parts_used();
            for number in 0..used {
                let part = self.part(number);
                let state = part.state().load(Ordering::Acquire);
                let is_free = state == PartState::New as u64 || state == PartState::Ended as u64;
                if is_free && part.becomes(PartState::Running, state) {
                    return Some(self.of_thread(number));
                }
            }
            self.grow(used)?;
        }
    }

    /// Room for more sites of `thread`; `None` when the record has no room.
    pub(crate) fn more_sites(&self, thread: Thread) -> Option<&'static [SiteSlot]> {
        loop {
            let number = self.parts_used();
            // The rest is for threads.
            if number >= PARTS - THREADS {
                return None;
            }
            self.grow(number)?;
            // A thread that has begun meanwhile may have taken it: what it leaves behind is no new part.
            let part = self.part(number);
            if part.becomes(PartState::MoreSites, PartState::New as u64) {
                return Some(part.sites_of(thread, self.head.part_stride as usize));
            }
        }
    }

    /// Makes one part more if there are `used`; `None` when there is no room. Another thread may take it first.
    fn grow(&self, used: usize) -> Option<()> {
        if used >= PARTS {
            return None;
        }
        // Before a reader can hear of the part, and before a thread writes to it: a page that has no room on the disk
        // would be a SIGBUS.
        let Head { parts_offset, part_stride, .. } = self.head;
        reserve(&self.file, parts_offset + used as u64 * part_stride, part_stride).ok()?;
        let (before, after) = (used as u64, used as u64 + 1);
        let _ = self.used().compare_exchange(before, after, Ordering::AcqRel, Ordering::Relaxed);
        Some(())
    }

    fn used(&self) -> &AtomicU64 {
        self.shared(std::mem::offset_of!(Head, parts_used))
    }

    fn parts_used(&self) -> usize {
        self.used().load(Ordering::Acquire).min(PARTS as u64) as usize
    }

    fn part(&self, number: usize) -> Part {
        assert!(number < PARTS, "there are no more");
        let offset = self.head.parts_offset as usize + number * self.head.part_stride as usize;
        // SAFETY: the map has room for `PARTS` parts of `part_stride` bytes from `parts_offset` on.
        Part { base: unsafe { self.base.add(offset) } }
    }

    fn of_thread(&self, number: usize) -> Thread {
        let Part { base } = self.part(number);
        // There are fewer of both than 2^32: an index is an `u32`.
        Thread { base, hot_count: self.head.hot_count as u32, number: number as u32 }
    }
}

/// A part that may be anybody's.
struct Part {
    base: *mut u8,
}

impl Part {
    fn state(&self) -> &AtomicU64 {
        // SAFETY: the state is the first word of a part and is reached through this atomic only.
        unsafe { AtomicU64::from_ptr(self.base.cast()) }
    }

    /// Whether this thread alone has made it so.
    fn becomes(&self, state: PartState, before: u64) -> bool {
        self.state().compare_exchange(before, state as u64, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// The room that it has for sites of `thread`, whose it is from now on.
    fn sites_of(&self, thread: Thread, stride: usize) -> &'static [SiteSlot] {
        let fixed = MoreSites::WORDS * WORD;
        let count = (stride - fixed) / size_of::<SiteSlot>();
        // SAFETY: the part is `stride` bytes of the map, which is never unmapped, and its words are aligned; `thread`, which
        // runs this, has it for itself.
        unsafe {
            let head = &*self.base.cast::<MoreSites<Cell<u64>>>();
            head.thread.set(u64::from(thread.number) + 1);
            std::slice::from_raw_parts(self.base.add(fixed).cast(), count)
        }
    }
}

/// The part of the record that one thread writes.
#[derive(Clone, Copy)]
pub(crate) struct Thread {
    base: *mut u8,
    hot_count: u32,
    number: u32,
}

impl Thread {
    pub(crate) const NONE: Thread = Thread { base: std::ptr::null_mut(), hot_count: 0, number: 0 };

    pub(crate) fn is_none(self) -> bool {
        self.base.is_null()
    }

    /// Where it starts; not null, unless it is [`Thread::NONE`].
    pub(crate) fn base(self) -> *const std::ffi::c_void {
        self.base.cast()
    }

    /// Of the part among all of the record, from 0; less than [`PARTS`].
    pub(crate) fn number(self) -> usize {
        self.number as usize
    }

    /// Hot functions this part has counters for.
    pub(crate) fn hot_count(self) -> usize {
        self.hot_count as usize
    }

    #[inline]
    pub(crate) fn head<'map>(self) -> &'map ThreadHead<Cell<u64>> {
        // SAFETY: `base` is a part of the map, which lives as long as the process; only the thread that owns the
        // part uses its cells.
        unsafe { &*self.base.cast() }
    }

    #[inline]
    pub(crate) fn counts<'map>(self, hot: u32) -> &'map FnCounts<Cell<u64>> {
        assert!(hot < self.hot_count, "the index was checked when the call began");
        // SAFETY: as for `head`; `hot_count` counters follow the thread's head.
        unsafe { &*self.base.add(ThreadHead::WORDS * WORD).cast::<FnCounts<Cell<u64>>>().add(hot as usize) }
    }

    /// The index of the function that has these counters, which are of this part.
    pub(crate) fn index_of(self, counts: *const FnCounts<Cell<u64>>) -> u32 {
        let before = counts.addr().wrapping_sub(self.base.addr() + ThreadHead::WORDS * WORD);
        (before / size_of::<FnCounts<Cell<u64>>>()) as u32
    }

    /// Room for the first sites.
    pub(crate) fn sites<'map>(self) -> &'map [SiteSlot] {
        let offset = (ThreadHead::WORDS + FnCounts::WORDS * self.hot_count()) * WORD;
        // SAFETY: as for `head`; so many sites follow the counters.
        unsafe { std::slice::from_raw_parts(self.base.add(offset).cast(), SITES) }
    }
}
