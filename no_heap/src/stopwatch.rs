//! How long the allocator itself takes: while the stopwatch runs on a thread, each call of the inner allocator from
//! inside a scope of that thread stands between two readings of the processor's clock.
//!
//! The rest of the program pays nothing for it, and an event that is recorded one comparison.

use std::cell::Cell;
use std::time::Instant;

/// What was measured while the stopwatch ran.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    /// Between the two readings of the clock, over all calls.
    pub(crate) ticks: u64,
    /// Calls of the inner allocator.
    pub(crate) calls: u64,
}

thread_local! {
    // PERF: constant and without a destructor, as the thread's state is.
    static RUNS: Cell<bool> = const { Cell::new(false) };
    static READING: Cell<Reading> = const { Cell::new(Reading { ticks: 0, calls: 0 }) };
}

/// Whether calls of the inner allocator are to be timed on this thread.
#[inline(always)]
pub(crate) fn runs() -> bool {
    RUNS.get()
}

/// Times `call`, which does not unwind.
pub(crate) fn time<R>(call: impl FnOnce() -> R) -> R {
    let before = now();
    let result = call();
    // Another processor's clock may be a little behind.
    let ticks = now().saturating_sub(before);
    let so_far = READING.get();
    READING.set(Reading { ticks: so_far.ticks.wrapping_add(ticks), calls: so_far.calls.wrapping_add(1) });
    result
}

/// Lets the stopwatch run while `work` does.
pub(crate) fn run<R>(work: impl FnOnce() -> R) -> (R, Reading) {
    /// Also work that panics leaves it off.
    struct Off;
    impl Drop for Off {
        fn drop(&mut self) {
            RUNS.set(false);
        }
    }
    READING.set(Reading::default());
    // A repeat would be recorded without a look at the stopwatch.
    #[cfg(noalloc_audit)]
    crate::scope::this_thread().recent.expect_nothing();
    RUNS.set(true);
    let off = Off;
    let result = work();
    drop(off);
    (result, READING.get())
}

/// In ticks of unknown length, see [`Rate`].
///
/// The processor executes instructions out of their order, and the counter's own is no exception: without the fences
/// what stood before the allocator's call ran beside it, or the call itself beyond the second reading, and what an
/// empty call takes depended on what stood around it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn now() -> u64 {
    use std::arch::x86_64::{_mm_lfence, _rdtsc};

    // SAFETY: the instructions wait for those before them and read a counter; every processor of this architecture has
    // them.
    unsafe {
        _mm_lfence();
        let now = _rdtsc();
        _mm_lfence();
        now
    }
}

/// In nanoseconds since it was read first.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn now() -> u64 {
    static FIRST: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// How long a tick is: both clocks are read at two times that lie far apart.
pub(crate) struct Rate {
    ticks: u64,
    time: Instant,
}

impl Rate {
    pub(crate) fn begin() -> Rate {
        Rate { time: Instant::now(), ticks: now() }
    }

    /// Nanoseconds for a tick, by what has passed since the beginning.
    pub(crate) fn ns_per_tick(&self) -> f64 {
        self.time.elapsed().as_nanos() as f64 / now().saturating_sub(self.ticks).max(1) as f64
    }
}
