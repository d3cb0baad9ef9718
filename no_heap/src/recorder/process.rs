//! The recorder's life in this process: off, on, paused, and after a fork.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicUsize, Ordering};

use super::streams::{self, Calls};
use super::{Heap, permits, quietly, table};
use crate::c_heap;
use crate::env;
use crate::record::{Map, Thread, hello_flag};
use crate::registry::{HOT_FUNCTIONS, HotFn};
use crate::scope::{self, Kind, Scope, ThreadState, this_thread};
use crate::stack::{Bounds, End, Trace};

const NOT_STARTED: u8 = 0;
const STARTING: u8 = 1;
/// And nobody but this crate opens permits.
const ON: u8 = 2;
/// The clock is running: guards do nothing.
const PAUSED: u8 = 3;
/// Nobody asked for a record, or it could not be written.
const OFF: u8 = 4;
/// On, and others may open permits: every guard has to look for them.
const ON_AMONG_PERMITS: u8 = 5;

static MODE: AtomicU8 = AtomicU8::new(NOT_STARTED);
/// The thread that is starting, by the address of its state: the inner allocator may have hot functions, too.
static STARTER: AtomicUsize = AtomicUsize::new(0);
static MAP: AtomicPtr<Map> = AtomicPtr::new(ptr::null_mut());
/// `libc::pthread_key_t`; made once, kept over forks.
static LEASE: AtomicUsize = AtomicUsize::new(0);
static SELF_TEST: SelfTest = SelfTest {
    arrived: AtomicBool::new(false),
    walked: AtomicBool::new(false),
    c_functions: AtomicU16::new(0),
};

/// Set once by the self-test.
struct SelfTest {
    arrived: AtomicBool,
    walked: AtomicBool,
    /// One bit for each function of the C library's allocator whose call has arrived.
    c_functions: AtomicU16,
}

/// The index for a guard of something that is met while the program runs.
pub(crate) fn awake_or_asleep(index: u32) -> u32 {
    if MODE.load(Ordering::Relaxed) == ON { index } else { index | HotFn::ASLEEP }
}

/// Goes over to `mode`.
///
/// PERF: each function's index says whether guards record and need not ask about anybody's permits, so that a guard reads
/// no more than that. One that still finds it otherwise is as one that was entered a moment before.
fn set_mode(mode: u8) {
    for hot in HOT_FUNCTIONS {
        let index = hot.index.load(Ordering::Relaxed);
        let index = if mode == ON { index & !HotFn::ASLEEP } else { index | HotFn::ASLEEP };
        hot.index.store(index, Ordering::Relaxed);
    }
    MODE.store(mode, Ordering::Release);
}

/// The mode of a process that records.
fn on() -> u8 {
    if permits::foreign_permits() { ON_AMONG_PERMITS } else { ON }
}

/// Opens the record if that has not been tried yet; returns whether guards record now.
///
/// NOTE: no mutex. One that another thread holds at the moment of a fork stays locked in the child for ever;
/// `forked` can set the mode back.
pub(crate) fn start() -> bool {
    loop {
        match MODE.load(Ordering::Acquire) {
            NOT_STARTED => start_once(),
            STARTING if STARTER.load(Ordering::Relaxed) == thread_id() => return false,
            STARTING => std::thread::yield_now(),
            mode => return matches!(mode, ON | ON_AMONG_PERMITS),
        }
    }
}

#[cold]
fn start_once() {
    if MODE.compare_exchange(NOT_STARTED, STARTING, Ordering::Acquire, Ordering::Relaxed).is_err() {
        return;
    }
    STARTER.store(thread_id(), Ordering::Relaxed);
    // A hot function may have been entered from a scope that counts: what the recorder allocates is no event.
    let scope = this_thread().scope.replace(ptr::null());
    let mode = if open().is_some() { on() } else { OFF };
    this_thread().scope.set(scope);
    set_mode(mode);
}

fn thread_id() -> usize {
    ptr::from_ref(this_thread()).addr()
}

/// Creates the record of this process. What goes wrong leaves no file, or one that never became `ready`.
fn open() -> Option<()> {
    let new = match map() {
        Some(parents) => parents.renew().ok()?,
        None => {
            // An empty name is nobody's wish: it would be the current folder.
            let folder = std::env::var_os(env::RECORD_DIR).filter(|folder| !folder.is_empty())?;
            prepare()?;
            Map::create(PathBuf::from(folder), self_test()).ok()?
        }
    };
    new.publish();
    MAP.store(Box::into_raw(Box::new(new)), Ordering::Release);
    Some(())
}

/// What is done once, and holds for the children of forks, too.
fn prepare() -> Option<()> {
    permits::read_environment();
    for (index, hot) in HOT_FUNCTIONS.iter().enumerate() {
        let index = u32::try_from(index).map_or(HotFn::UNREGISTERED, |index| index | HotFn::ASLEEP);
        hot.index.store(index, Ordering::Relaxed);
    }
    let mut key = 0;
    // SAFETY: both handlers are plain functions that stay loaded as long as this code does, and `key` lives
    // through the call.
    unsafe {
        if libc::pthread_atfork(None, None, Some(forked)) != 0 {
            return None;
        }
        if libc::pthread_key_create(&raw mut key, Some(thread_ends)) != 0 {
            return None;
        }
    }
    LEASE.store(key as usize, Ordering::Relaxed);
    Some(())
}

/// Makes one allocation that must arrive here, from a depth that the walk must climb, and those of the C library's.
fn self_test() -> u64 {
    let thread = this_thread();
    if thread.stack.get().is_unknown() {
        thread.stack.set(Bounds::of_this_thread());
    }
    let mut scope = MaybeUninit::uninit();
    let entered = scope::enter(&mut scope, Kind::SelfTest);
    allocate_once();
    c_heap::call_probe();
    drop(entered);
    let mut flags = 0;
    if SELF_TEST.arrived.load(Ordering::Relaxed) {
        flags |= hello_flag::RECORDER_INSTALLED;
    }
    if SELF_TEST.walked.load(Ordering::Relaxed) {
        flags |= hello_flag::FRAME_POINTERS;
    }
    if c_heap::is_probed(SELF_TEST.c_functions.load(Ordering::Relaxed)) {
        flags |= hello_flag::C_HEAP;
    }
    flags
}

#[inline(never)]
fn allocate_once() {
    std::hint::black_box(Box::new(std::hint::black_box(1u8)));
}

/// One of the self-test's events has arrived.
pub(super) fn self_tested(heap: Heap, scope: &Scope, frame: usize, stack: Bounds) {
    if let Heap::C(function) = heap {
        SELF_TEST.c_functions.fetch_or(1 << function, Ordering::Relaxed);
        return;
    }
    let mut at = frame;
    SELF_TEST
        .walked
        .store(Trace::new().walk(&mut at, scope.frame(), stack) == End::Reached, Ordering::Relaxed);
    SELF_TEST.arrived.store(true, Ordering::Relaxed);
}

pub(super) fn map() -> Option<&'static Map> {
    // SAFETY: null, or from `Box::into_raw` in `open` and never freed.
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
    // The C library takes memory for both, which is no event.
    quietly(|| {
        if thread.stack.get().is_unknown() {
            thread.stack.set(Bounds::of_this_thread());
        }
        let key = LEASE.load(Ordering::Relaxed) as libc::pthread_key_t;
        // SAFETY: the key was created before the first map was; the value is not looked at, it only has to be no null.
        unsafe { libc::pthread_setspecific(key, part.base()) };
    });
    thread.recent.clear();
    thread.part.set(part);
    streams::begin_thread(thread);
    true
}

/// Gives the thread's part back when the thread ends.
///
/// NOTE: a thread-specific value and not a `thread_local!` with a destructor: those run before, in any order, and
/// may call hot functions themselves. When a destructor that comes later still calls one, `join` sets the value
/// again, and then the thread library calls this again.
extern "C" fn thread_ends(_part: *mut c_void) {
    let thread = this_thread();
    super::settle(thread);
    streams::end_stream(thread, Calls::Unknown);
    thread.live.free();
    thread.stamps.free();
    let part = thread.part.replace(Thread::NONE);
    if let (Some(map), false) = (map(), part.is_none()) {
        map.release(part);
    }
}

/// Counts a call of a hot function that is in no record.
pub(super) fn lose_call() {
    if let Some(map) = map() {
        map.lose_call();
    }
}

/// In the child of a fork: the map is shared with the parent, so this process needs one of its own.
extern "C" fn forked() {
    let thread = this_thread();
    let parents = thread.part.replace(Thread::NONE);
    thread.recent.clear();
    thread.repeats.forget();
    thread.stream_sites.set(0);
    thread.stamps.clear();
    table::forget();
    let inside = thread.scope.replace(ptr::null());
    // A child made while the clock runs stays without a record.
    let mode = if matches!(MODE.load(Ordering::Relaxed), PAUSED | OFF) { OFF } else { NOT_STARTED };
    MODE.store(mode, Ordering::Release);
    // Only a child that goes on inside a hot function needs its record now; most children are replaced by
    // another program at once.
    if !inside.is_null() && start() && join(thread) {
        thread.live.carry_over(parents, thread.part.get());
        Scope::begin_anew(inside, thread, parents);
    } else {
        thread.live.clear();
    }
    thread.scope.set(inside);
}

/// Guards do nothing until `resume`.
#[cfg(feature = "bench")]
pub(crate) fn pause() {
    if start() {
        set_mode(PAUSED);
    }
}

/// Ends `pause`.
#[cfg(feature = "bench")]
pub(crate) fn resume() {
    if MODE.load(Ordering::Relaxed) == PAUSED {
        set_mode(on());
    }
}

/// The index of the counters for what benchmark `bench` does outside of hot functions.
#[cfg(feature = "bench")]
pub(crate) fn outside_of(bench: usize) -> u32 {
    map().map_or(HotFn::UNREGISTERED, |map| map.outside_of(bench))
}

/// Where the harness writes the results of benchmark `index`.
#[cfg(feature = "bench")]
pub(crate) fn bench_cells(index: usize) -> Option<crate::record::BenchCells<'static>> {
    start();
    map().map(|map| map.bench(index))
}
