//! Where a benchmark's figures go: in an audit build into the record file, in a plain build nowhere.
//!
//! A plain build has no recorder, so it runs the passes without counting.

use std::time::Duration;

use super::bencher::{Outcome, Pass, Processed};
use super::clock::{Budget, Timing};
use super::overhead::Overhead;

#[cfg(not(noalloc_audit))]
mod plain {
    use super::{Budget, Duration, Outcome, Overhead, Pass, Processed, Timing};
    use std::mem::MaybeUninit;

    /// The results of one benchmark.
    #[derive(Debug)]
    pub(in crate::bench) struct Results;

    impl Results {
        pub(in crate::bench) fn of(_index: usize) -> Results {
            Results
        }
        /// Nobody waits for it.
        pub(in crate::bench) fn select(_index: usize) {}
        pub(in crate::bench) fn begin_iterations(&self) {}
        pub(in crate::bench) fn end_iterations(&self, _recorded: u64) {}
        pub(in crate::bench) fn first(&self, run: impl FnOnce() -> Duration) {
            run();
        }
        /// Nothing would be counted, so nothing is run: a pass that takes for ever has no successor.
        pub(in crate::bench) fn steady(&self, _iterations: u64, _run: impl FnOnce() -> Duration) -> Duration {
            Duration::MAX
        }
        pub(in crate::bench) fn timed(&self, _timing: &Timing, _: Overhead) {}
        /// Only an audit build's allocator can be told to look at the clock.
        pub(in crate::bench) fn allocator(&self, _: Budget, _run: &mut dyn FnMut(Pass) -> Duration) {}
        pub(in crate::bench) fn processed(&self, _: Processed) {}
        pub(in crate::bench) fn ended(&self, _outcome: &Outcome) {}
    }

    pub(in crate::bench) fn unrecorded<R>(run: impl FnOnce() -> R) -> R {
        run()
    }

    /// There is no guard in a plain build.
    pub(in crate::bench) fn guarded_nothing() {}

    /// Where a [`Counting`] keeps its scope.
    pub(in crate::bench) type Place = MaybeUninit<()>;

    /// While it lives, this thread's heap events count for the benchmark.
    pub(in crate::bench) struct Counting;

    impl Counting {
        pub(in crate::bench) fn begin(_place: &mut Place) -> Counting {
            Counting
        }
    }

    impl Drop for Counting {
        fn drop(&mut self) {}
    }
}

#[cfg(noalloc_audit)]
mod audit {
    use super::{Budget, Duration, Outcome, Overhead, Pass, Processed, Timing};
    use crate::bench::allocating::{self, Allocating};
    use crate::record::{AllocatorPass, BenchCells, BenchState};
    use crate::recorder::{self, Calls};
    use crate::registry::{HOT_FUNCTIONS, HotFn};
    use crate::scope::{self, Counts, Kind, Scope, this_thread};
    use std::cell::Cell;
    use std::mem::MaybeUninit;

    /// The results of one benchmark.
    pub(in crate::bench) struct Results {
        /// The benchmark's.
        index: usize,
        /// `None` when nobody asked for a record.
        cells: Option<BenchCells<'static>>,
        /// See [`OUTSIDE`].
        outside: u32,
    }

    impl std::fmt::Debug for Results {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Results").field("recorded", &self.cells.is_some()).finish()
        }
    }

    thread_local! {
        /// What `Counting` has seen since the pass began.
        static TALLY: Cell<Tally> = const { Cell::new(Tally::ZERO) };
        /// What counts the events of the pass that happen outside of hot functions, and tells where.
        static OUTSIDE: Cell<u32> = const { Cell::new(HotFn::UNREGISTERED) };
    }

    /// Heap events.
    #[derive(Clone, Copy)]
    struct Tally {
        all: Counts,
        /// Of those, the ones of the C library's allocator.
        of_c: Counts,
    }

    impl Tally {
        const ZERO: Tally = Tally { all: Counts::ZERO, of_c: Counts::ZERO };

        /// All that this thread has seen inside scopes.
        fn of_this_thread() -> Tally {
            let thread = this_thread();
            recorder::settle(thread);
            Tally { all: thread.counted.get().plus(thread.others.get()), of_c: thread.of_c.get() }
        }

        fn plus(self, more: Tally) -> Tally {
            Tally { all: self.all.plus(more.all), of_c: self.of_c.plus(more.of_c) }
        }

        fn since(self, before: Tally) -> Tally {
            Tally { all: self.all.since(before.all), of_c: self.of_c.since(before.of_c) }
        }
    }

    impl Results {
        pub(in crate::bench) fn of(index: usize) -> Results {
            let cells = recorder::bench_cells(index);
            let results = Results { index, cells, outside: recorder::outside_of(index) };
            if let Some(cells) = &results.cells {
                cells.result.state.set(BenchState::Started as u64);
            }
            results
        }

        /// Says that the benchmark will run: whoever looks at the record meanwhile knows how many are left.
        pub(in crate::bench) fn select(index: usize) {
            if let Some(cells) = recorder::bench_cells(index) {
                cells.result.state.set(BenchState::Waiting as u64);
            }
        }

        /// What hot functions are called for from here on, they are called for by iterations of the benchmark.
        pub(in crate::bench) fn begin_iterations(&self) {
            let thread = this_thread();
            thread.bench.set(self.index as u64 + 1);
            recorder::end_stream(thread, Calls::Unknown);
        }

        /// The last of so many was recorded. Of a single one it is not known what another would do.
        pub(in crate::bench) fn end_iterations(&self, recorded: u64) {
            let thread = this_thread();
            thread.bench.set(0);
            recorder::end_stream(thread, if recorded > 1 { Calls::Repeated } else { Calls::Unknown });
        }

        pub(in crate::bench) fn first(&self, run: impl FnOnce() -> Duration) {
            let thread = this_thread();
            thread.bench_hot.set(0);
            thread.bench_calls.set(0);
            // One that came before may have panicked.
            OUTSIDE.set(HotFn::UNREGISTERED);
            // The counters are read before and after: they have to be there before.
            if self.cells.is_some() && thread.part.get().is_none() {
                recorder::join(thread);
            }
            let before = guarded_calls();
            let (Tally { all: counts, .. }, _) = tally(run);
            if let Some(BenchCells { result, .. }) = &self.cells {
                result.first_guarded_calls.set(guarded_calls().wrapping_sub(before));
                result.first_allocs.set(counts.allocs);
                result.first_reallocs.set(counts.reallocs);
                result.first_frees.set(counts.frees);
                result.first_bytes.set(counts.bytes);
            }
        }

        pub(in crate::bench) fn steady(&self, iterations: u64, run: impl FnOnce() -> Duration) -> Duration {
            let calls_before = this_thread().bench_calls.get();
            let guarded_before = guarded_calls();
            OUTSIDE.set(self.outside);
            let (Tally { all: counts, of_c }, elapsed) = tally(run);
            OUTSIDE.set(HotFn::UNREGISTERED);
            if let Some(BenchCells { result, .. }) = &self.cells {
                recorder::add(&result.allocs, counts.allocs);
                recorder::add(&result.reallocs, counts.reallocs);
                recorder::add(&result.frees, counts.frees);
                recorder::add(&result.bytes, counts.bytes);
                recorder::add(&result.c_allocs, of_c.allocs);
                recorder::add(&result.c_reallocs, of_c.reallocs);
                recorder::add(&result.c_frees, of_c.frees);
                recorder::add(&result.c_bytes, of_c.bytes);
                recorder::add(&result.recorded, iterations);
                let direct = this_thread().bench_calls.get() - calls_before;
                result.hot.set(this_thread().bench_hot.get());
                recorder::add(&result.hot_calls, direct);
                recorder::add(&result.guarded_calls, guarded_calls().wrapping_sub(guarded_before));
            }
            elapsed
        }

        pub(in crate::bench) fn timed(&self, timing: &Timing, overhead: Overhead) {
            let Some(BenchCells { result, samples }) = &self.cells else { return };
            for (cell, sample) in samples.iter().zip(&timing.samples) {
                cell.set(sample.to_bits());
            }
            result.samples.set(timing.samples.len().min(samples.len()) as u64);
            result.timed_iterations.set(timing.iterations);
            result.slices.set(timing.slices);
            result.slices_left_out.set(timing.left_out);
            result.loop_ns.set(overhead.each_loop.to_bits());
            result.guard_ns.set(overhead.guard.to_bits());
        }

        /// Times the calls of the allocator in `run`, where the recorded iterations have made any.
        pub(in crate::bench) fn allocator(&self, budget: Budget, run: &mut dyn FnMut(Pass) -> Duration) {
            let Some(BenchCells { result, .. }) = &self.cells else { return };
            let calls = [&result.allocs, &result.reallocs, &result.frees];
            let spent = if calls.iter().all(|calls| calls.get() == 0) {
                Allocating::default()
            } else {
                result.allocator_pass.set(AllocatorPass::Started as u64);
                unrecorded(|| allocating::measure(budget, run))
            };
            result.allocator_share.set(spent.share.to_bits());
            result.allocator_error.set(spent.error.to_bits());
            result.allocator_overhead_ns.set(spent.overhead.to_bits());
            result.allocator_pass.set(AllocatorPass::Done as u64);
        }

        pub(in crate::bench) fn processed(&self, Processed { bytes, items }: Processed) {
            if let Some(BenchCells { result, .. }) = &self.cells {
                result.processed_bytes.set(bytes);
                result.processed_items.set(items);
            }
        }

        pub(in crate::bench) fn ended(&self, outcome: &Outcome) {
            let state = match outcome {
                Outcome::Timed(..) | Outcome::Ran => BenchState::Done,
                Outcome::Panicked => BenchState::Panicked,
                Outcome::NeverIterated => BenchState::NeverIterated,
            };
            if let Some(cells) = &self.cells {
                cells.result.state.set(state as u64);
            }
            // One that panics leaves its iterations behind.
            if this_thread().bench.get() != 0 {
                self.end_iterations(1);
            }
        }
    }

    /// Guards record nothing while `run` does.
    pub(in crate::bench) fn unrecorded<R>(run: impl FnOnce() -> R) -> R {
        /// Also a benchmark that panics leaves the recorder on.
        struct Resume;
        impl Drop for Resume {
            fn drop(&mut self) {
                recorder::resume();
            }
        }
        recorder::pause();
        let _resume = Resume;
        run()
    }

    pub(in crate::bench) use crate::guard::guarded_nothing;

    /// Calls of hot functions that this thread has begun, inside of each other too; none while it has no part of the
    /// record. Blocks are not among them: nobody knows which of them are permits.
    fn guarded_calls() -> u64 {
        let part = this_thread().part.get();
        let functions = 0..u32::try_from(HOT_FUNCTIONS.len()).unwrap_or(u32::MAX);
        let calls = functions.filter(|_| !part.is_none()).map(|index| part.counts(index).calls.get());
        calls.fold(0, u64::wrapping_add)
    }

    fn tally(run: impl FnOnce() -> Duration) -> (Tally, Duration) {
        TALLY.set(Tally::ZERO);
        let elapsed = run();
        (TALLY.get(), elapsed)
    }

    /// Where a [`Counting`] keeps its scope.
    pub(in crate::bench) type Place = MaybeUninit<Scope>;

    /// While it lives, this thread's heap events count for the benchmark.
    pub(in crate::bench) struct Counting<'place> {
        before: Tally,
        entered: Option<scope::Entered<'place>>,
    }

    impl<'place> Counting<'place> {
        /// Inlined as [`scope::enter`] is: walks of stacks end at the frame of the function that calls this.
        #[inline(always)]
        pub(in crate::bench) fn begin(place: &'place mut Place) -> Counting<'place> {
            let before = Tally::of_this_thread();
            Counting { before, entered: Some(scope::enter(place, Kind::Bench(OUTSIDE.get()))) }
        }
    }

    impl Drop for Counting<'_> {
        fn drop(&mut self) {
            drop(self.entered.take());
            let seen = Tally::of_this_thread().since(self.before);
            TALLY.set(TALLY.get().plus(seen));
        }
    }
}

#[cfg(noalloc_audit)]
pub(super) use audit::{Counting, Place, Results, guarded_nothing, unrecorded};
#[cfg(not(noalloc_audit))]
pub(super) use plain::{Counting, Place, Results, guarded_nothing, unrecorded};
