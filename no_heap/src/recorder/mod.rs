//! Counts heap events into the record: who is asked on every allocator call, and what happens when the answer
//! is "a hot function runs".
//!
//! Nothing here allocates through the program's allocator, locks, prints or unwinds once `record` is entered.

mod attribute;
mod blocks;
mod boot;
mod index;
mod known;
mod live;
mod memory;
mod permits;
mod process;
mod recent;
mod repeats;
mod sites;
mod stamps;
mod streams;
mod table;

use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use crate::record::{ThreadHead, c_op};
use crate::scope::{Counts, this_thread};
use crate::stack::frame;

pub(crate) use attribute::{begin_pass, close_call, excuse_inner, is_in_hot, lost_order, permit};
pub(crate) use blocks::block;
pub(crate) use live::LiveBlocks;
pub(crate) use permits::{foreign_permits, permitted_around};
pub(crate) use process::{awake_or_asleep, join, start};
#[cfg(feature = "bench")]
pub(crate) use process::{bench_cells, outside_of, pause, resume};
pub(crate) use recent::{Recent, Seen};
pub(crate) use repeats::{Repeats, settle, suspend};
pub(crate) use stamps::Stamps;
#[cfg(feature = "bench")]
pub(crate) use streams::{Calls, end_stream};

/// What a program did with the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u64)]
pub(crate) enum Op {
    Alloc = 0,
    Realloc = 1,
    Free = 2,
}

/// Whose allocator was called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Heap {
    /// The program's global allocator.
    Rust,
    /// The C library's, by anything but the global allocator; which of [`crate::record::C_FUNCTIONS`] was called.
    C(u8),
}

/// One call of the allocator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) heap: Heap,
    pub(crate) op: Op,
    /// The block after the call, null when the allocator had none; of a free, the one that goes.
    pub(crate) block: *mut u8,
    /// Of a realloc, the block before the call.
    pub(crate) before: *mut u8,
    /// Requested bytes; of a free, the block's.
    pub(crate) size: usize,
}

impl Event {
    /// Of the program's global allocator, an allocation or a free.
    #[inline(always)]
    fn of_rust(op: Op, block: *mut u8, size: usize) -> Event {
        Event { heap: Heap::Rust, op, block, before: block, size }
    }

    /// As [`crate::record::Site::op`] has it.
    fn site_op(&self) -> u64 {
        match self.heap {
            Heap::Rust => self.op as u64,
            Heap::C(function) => c_op(self.op as u64, u64::from(function)),
        }
    }

    /// Frees request nothing.
    #[inline(always)]
    fn requested(&self) -> u64 {
        if self.op == Op::Free { 0 } else { self.size as u64 }
    }
}

/// Whether this thread is inside any scope.
///
/// PERF: this is what every allocation outside of hot functions pays: one thread-local load and a branch.
#[inline]
pub(crate) fn active() -> bool {
    !this_thread().scope.get().is_null()
}

/// Counts an allocation, and returns the block. Called from an allocator method; so it is below.
///
/// PERF: one copy of the shortest way for each operation, in the method itself. The block comes back, so that the method
/// need not keep it.
#[inline(always)]
pub(crate) fn record_alloc(block: *mut u8, size: usize) -> *mut u8 {
    let frame = frame!();
    match repeats::record(this_thread(), &Event::of_rust(Op::Alloc, block, size), frame) {
        Some(()) => block,
        None => known::record_alloc(block, size, frame),
    }
}

/// Counts a reallocation, and returns the block after it. None is a repeat.
#[inline(always)]
pub(crate) fn record_realloc(before: *mut u8, block: *mut u8, size: usize) -> *mut u8 {
    attribute::record(Op::Realloc, before, block, size, frame!())
}

/// Counts a call of the C library's allocator: all of them go the long way.
///
/// The C library's callers expect to find `errno` as the allocator has left it.
pub(crate) fn record_c(function: u8, op: Op, [before, block]: [*mut u8; 2], size: usize, frame: usize) {
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    attribute::record_event(
        this_thread(),
        &Event { heap: Heap::C(function), op, block, before, size },
        frame,
    );
    // SAFETY: the location is this thread's own.
    unsafe { *libc::__errno_location() = errno };
}

/// Runs the inner allocator, which may be one that asks the C library's: that is no event beside the one of Rust's.
#[inline(always)]
pub(crate) fn quietly<R>(call: impl FnOnce() -> R) -> R {
    let thread = this_thread();
    let scope = thread.scope.replace(std::ptr::null());
    let result = call();
    thread.scope.set(scope);
    result
}

/// Counts a free if it is the repeat that is expected, and says so.
#[inline(always)]
pub(crate) fn record_repeated_free(block: *mut u8, size: usize) -> bool {
    repeats::record(this_thread(), &Event::of_rust(Op::Free, block, size), frame!()).is_some()
}

/// Counts any other free, and returns the block.
#[inline(always)]
pub(crate) fn record_free(block: *mut u8, size: usize) -> *mut u8 {
    known::record_free(block, size, frame!())
}

impl Event {
    #[inline(always)]
    fn counts(&self) -> Counts {
        Counts {
            allocs: u64::from(self.op == Op::Alloc),
            reallocs: u64::from(self.op == Op::Realloc),
            frees: u64::from(self.op == Op::Free),
            bytes: self.requested(),
        }
    }
}

/// NOTE: wraps and saturates instead of panicking, here and below: nothing may unwind out of an allocator.
#[inline]
pub(crate) fn add(cell: &Cell<u64>, value: u64) {
    cell.set(cell.get().wrapping_add(value));
}

/// For bytes: a program may ask for more than there are numbers for, and be refused.
#[inline]
fn add_bytes(cell: &Cell<u64>, value: u64) {
    cell.set(cell.get().saturating_add(value));
}

#[inline]
fn lower(cell: &Cell<u64>, value: u64) {
    if cell.get() > value {
        cell.set(value);
    }
}

#[inline]
fn raise(cell: &Cell<u64>, value: u64) {
    if cell.get() < value {
        cell.set(value);
    }
}

/// While it lives, the part's numbers may be in the middle of one event.
///
/// NOTE: the reader may see the part as it was when the process was killed between any two instructions, so the
/// compiler must not move the event's writes out of here.
///
/// PERF: the number is carried from the first write to the second. To read it again would mean to wait for the
/// first, which the compiler makes a write of one byte.
struct Updating<'part> {
    head: &'part ThreadHead<Cell<u64>>,
    odd: u64,
}

impl<'part> Updating<'part> {
    #[inline]
    fn begin(head: &'part ThreadHead<Cell<u64>>) -> Updating<'part> {
        let odd = head.updates.get() | 1;
        head.updates.set(odd);
        compiler_fence(Ordering::SeqCst);
        Updating { head, odd }
    }
}

impl Drop for Updating<'_> {
    #[inline]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        self.head.updates.set(self.odd.wrapping_add(1));
    }
}
