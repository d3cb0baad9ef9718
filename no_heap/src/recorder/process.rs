//! The recorder's life in this process: off, on, paused, and after a fork.

use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{SelfTest, permits};
use crate::env;
use crate::record::{Map, Thread, hello_flag};
use crate::registry::{HOT_FUNCTIONS, HotFn};
use crate::scope::{self, Kind, STATE, Scope, ThreadState};
use crate::stack::{Bounds, End, Trace};

const NOT_STARTED: u8 = 0;
const ON: u8 = 1;
/// The clock is running: guards do nothing.
const PAUSED: u8 = 2;
/// Nobody asked for a record, or it could not be written.
const OFF: u8 = 3;

static MODE: AtomicU8 = AtomicU8::new(NOT_STARTED);
static MAP: AtomicPtr<Map> = AtomicPtr::new(ptr::null_mut());
static STARTING: Mutex<()> = Mutex::new(());
static SELF_TEST: SelfTest = SelfTest::new();

/// Whether guards record.
#[inline]
pub(crate) fn recording() -> bool {
    MODE.load(Ordering::Relaxed) == ON
}

/// Opens the record if that has not been tried yet; returns whether guards record now.
#[cold]
pub(crate) fn start() -> bool {
    if MODE.load(Ordering::Acquire) == NOT_STARTED {
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if MODE.load(Ordering::Acquire) == NOT_STARTED {
            let mode = if open().is_some() { ON } else { OFF };
            MODE.store(mode, Ordering::Release);
        }
    }
    recording()
}

/// Creates the record of this process. What goes wrong leaves no file, or one that never became `ready`.
fn open() -> Option<()> {
    let folder = PathBuf::from(std::env::var_os(env::RECORD_DIR)?);
    permits::read_environment();
    for (index, hot) in HOT_FUNCTIONS.iter().enumerate() {
        hot.index.store(u32::try_from(index).unwrap_or(HotFn::UNREGISTERED), Ordering::Relaxed);
    }
    let map = Map::create(&folder, self_test()).ok()?;
    map.publish();
    let first = MAP.swap(Box::into_raw(Box::new(map)), Ordering::AcqRel).is_null();
    if first {
        // SAFETY: the handler is a plain function that stays loaded as long as this code does.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) };
    }
    Some(())
}

/// Makes one allocation that must arrive here, from a depth that the walk must climb.
fn self_test() -> u64 {
    STATE.with(|thread| {
        if thread.stack.get().is_unknown() {
            thread.stack.set(Bounds::of_this_thread());
        }
    });
    let scope = Scope::new();
    let entered = scope::enter(&scope, Kind::SelfTest);
    allocate_once();
    drop(entered);
    let mut flags = 0;
    if SELF_TEST.arrived.load(Ordering::Relaxed) {
        flags |= hello_flag::RECORDER_INSTALLED;
    }
    if SELF_TEST.walked.load(Ordering::Relaxed) {
        flags |= hello_flag::FRAME_POINTERS;
    }
    flags
}

#[inline(never)]
fn allocate_once() {
    std::hint::black_box(Box::new(std::hint::black_box(1u8)));
}

/// The self-test's allocation has arrived.
pub(super) fn self_tested(scope: &Scope, frame: usize, stack: Bounds) {
    let mut at = frame;
    SELF_TEST.arrive(Trace::new().walk(&mut at, scope.frame(), stack) == End::Reached);
}

fn map() -> Option<&'static Map> {
    // SAFETY: the pointer comes from `Box::into_raw` in `open` and is never freed.
    unsafe { MAP.load(Ordering::Acquire).as_ref() }
}

/// Gives this thread its part of the record; returns whether it has one.
#[cold]
pub(crate) fn join(thread: &ThreadState) -> bool {
    let Some(map) = map() else { return false };
    let Some(part) = map.acquire() else {
        map.lose_call();
        return false;
    };
    if thread.stack.get().is_unknown() {
        thread.stack.set(Bounds::of_this_thread());
    }
    thread.part.set(part);
    // Fails only when the thread is ending and its destructors have run: then the place stays taken.
    let _ = LEASE.try_with(|_| ());
    true
}

/// Gives the thread's part back when the thread ends.
struct Lease;

thread_local! {
    static LEASE: Lease = const { Lease };
}

impl Drop for Lease {
    fn drop(&mut self) {
        STATE.with(|thread| {
            let part = thread.part.replace(Thread::NONE);
            if !part.is_none() {
                part.release();
            }
        });
    }
}

/// In the child of a fork: the map is shared with the parent, so this process needs one of its own.
extern "C" fn forked() {
    STATE.with(|thread| {
        thread.part.set(Thread::NONE);
        MODE.store(NOT_STARTED, Ordering::Release);
        let inside = thread.scope.replace(ptr::null());
        // Only a child that goes on inside a hot function needs its record now; most children are replaced by
        // another program at once.
        if !inside.is_null() && start() {
            join(thread);
        }
        thread.scope.set(inside);
    });
}

/// Guards do nothing until `resume`.
#[cfg(feature = "bench")]
pub(crate) fn pause() {
    if start() {
        MODE.store(PAUSED, Ordering::Relaxed);
    }
}

/// Ends `pause`.
#[cfg(feature = "bench")]
pub(crate) fn resume() {
    if MODE.load(Ordering::Relaxed) == PAUSED {
        MODE.store(ON, Ordering::Relaxed);
    }
}

/// Where the harness writes the results of benchmark `index`.
#[cfg(feature = "bench")]
pub(crate) fn bench_cells(index: usize) -> Option<crate::record::BenchCells<'static>> {
    start();
    map().map(|map| map.bench(index))
}
