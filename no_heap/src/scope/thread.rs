//! Where each thread keeps what the recorder needs at every event.

use std::cell::Cell;
use std::ptr;

use super::{Counts, Scope};
use crate::record::Thread;
use crate::recorder::{LiveBlocks, Recent, Repeats, Stamps};
use crate::stack::Bounds;

/// What the recorder keeps for each thread.
pub(crate) struct ThreadState {
    /// Innermost scope; null outside of all, and while the recorder itself runs.
    pub(crate) scope: Cell<*const Scope>,
    /// This thread's part of the record.
    pub(crate) part: Cell<Thread>,
    pub(crate) stack: Cell<Bounds>,
    /// Events that hot functions answer for; without those that are still to be settled as repeats.
    pub(crate) counted: Cell<Counts>,
    /// The other events inside scopes.
    pub(crate) others: Cell<Counts>,
    /// Of all these, those of the C library's allocator.
    pub(crate) of_c: Cell<Counts>,
    pub(crate) live: LiveBlocks,
    pub(crate) recent: Recent,
    pub(crate) repeats: Repeats,
    pub(crate) stamps: Stamps,
    /// Number of the site that was hit last for the first time in the stream that runs; 0 for none.
    pub(crate) stream_sites: Cell<u64>,
    /// As in [`crate::record::ThreadHead::bench`], of the streams that begin.
    pub(crate) bench: Cell<u64>,
    /// Hot functions that the running benchmark called directly, see [`crate::record::BenchResult::hot`].
    pub(crate) bench_hot: Cell<u64>,
    pub(crate) bench_calls: Cell<u64>,
}

thread_local! {
    // PERF: constant and without a destructor, so that reading it is one load relative to the thread pointer and
    // works at any time of the thread's life, inside the allocator too.
    static STATE: ThreadState = const { ThreadState {
        scope: Cell::new(ptr::null()),
        part: Cell::new(Thread::NONE),
        stack: Cell::new(Bounds::UNKNOWN),
        counted: Cell::new(Counts::ZERO),
        others: Cell::new(Counts::ZERO),
        of_c: Cell::new(Counts::ZERO),
        live: LiveBlocks::new(),
        recent: Recent::new(),
        repeats: Repeats::new(),
        stamps: Stamps::new(),
        stream_sites: Cell::new(0),
        bench: Cell::new(0),
        bench_hot: Cell::new(0),
        bench_calls: Cell::new(0),
    } };
}

/// This thread's state.
///
/// PERF: `LocalKey::with` is a function of its own wherever it is given more than a line to do, and so is a closure
/// with more than one caller; this leaves one instruction.
#[inline(always)]
pub(crate) fn this_thread() -> &'static ThreadState {
    let thread = STATE.with(ptr::from_ref);
    // SAFETY: the state is constant and has no destructor, so it is there as long as the thread is. The reference is
    // not `Send`, because cells are not `Sync`: no other thread can get it, so it is not used beyond the thread's life
    // either. Nobody has an exclusive one.
    unsafe { &*thread }
}
