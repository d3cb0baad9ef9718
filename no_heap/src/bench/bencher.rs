//! `Bencher`: what a benchmark function is given.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::clock::{self, Budget, Timing};
use super::overhead::Overhead;
use super::results::{self, Counting, Place, Results};

/// Runs a benchmark's routine: timed without recording, recorded without the clock.
///
/// Everything before the call of [`iter`](Bencher::iter) is set-up: neither timed nor counted.
#[derive(Debug)]
pub struct Bencher {
    results: Results,
    /// `None` skips the clock.
    budget: Option<Budget>,
    overhead: Overhead,
    /// One iteration is enough.
    once: bool,
    iterated: bool,
    processed: Processed,
    timing: Option<Timing>,
}

/// What one iteration works through; zero where nothing was said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Processed {
    pub(super) bytes: u64,
    pub(super) items: u64,
}

/// Which of the passes a loop is in.
#[derive(Clone, Copy)]
pub(super) enum Pass {
    /// So many iterations and nothing else.
    Timed(u64),
    /// So many inside a scope of the benchmark's own.
    Recorded(u64),
}

/// How a benchmark ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Timed(Timing, Overhead),
    /// Ran, without the clock.
    Ran,
    Panicked,
    NeverIterated,
}

impl Outcome {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Outcome::Panicked | Outcome::NeverIterated)
    }
}

/// Inputs made at a time by [`Bencher::iter_with_setup`], so that a big input does not fill the memory.
const BATCH: u64 = 64;

impl Bencher {
    pub(super) fn new(results: Results, budget: Option<Budget>, overhead: Overhead, once: bool) -> Bencher {
        Bencher {
            results,
            budget,
            overhead,
            once,
            iterated: false,
            processed: Processed::default(),
            timing: None,
        }
    }

    /// Says that one iteration works through `bytes` bytes: the report gives a throughput.
    ///
    /// ```no_run
    /// #[no_heap::bench(args = [16, 4_096])]
    /// fn sum(b: &mut no_heap::Bencher, n: usize) {
    ///     let input = vec![1u8; n];
    ///     b.bytes(n as u64).iter(|| input.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    /// }
    /// ```
    pub fn bytes(&mut self, bytes: u64) -> &mut Bencher {
        self.processed.bytes = bytes;
        self
    }

    /// Says that one iteration works through `items` of whatever it is about, beside [`bytes`](Bencher::bytes) or
    /// instead.
    pub fn items(&mut self, items: u64) -> &mut Bencher {
        self.processed.items = items;
        self
    }

    /// Measures `routine`. What it returns is dropped as part of the iteration.
    ///
    /// # Panics
    ///
    /// When the benchmark has iterated already: it has one result.
    pub fn iter<R>(&mut self, mut routine: impl FnMut() -> R) {
        self.measure(&mut |pass| match pass {
            Pass::Timed(iterations) => clock::iterate(iterations, &mut routine),
            Pass::Recorded(iterations) => {
                let mut place = Place::uninit();
                let start = Instant::now();
                let counting = Counting::begin(&mut place);
                for _ in 0..iterations {
                    iteration(|| drop(black_box(routine())));
                }
                drop(counting);
                start.elapsed()
            }
        });
    }

    /// Measures `routine` on an input that `setup` makes for each iteration, outside of both clock and counts.
    /// What `routine` returns is dropped outside, too; its input is its own to drop.
    ///
    /// # Panics
    ///
    /// When the benchmark has iterated already: it has one result.
    pub fn iter_with_setup<I, R>(&mut self, mut setup: impl FnMut() -> I, mut routine: impl FnMut(I) -> R) {
        self.measure(&mut |pass| match pass {
            Pass::Timed(iterations) => {
                let mut elapsed = Duration::ZERO;
                let mut left = iterations;
                while left > 0 {
                    let batch = left.min(BATCH);
                    let inputs: Vec<I> = (0..batch).map(|_| setup()).collect();
                    let mut outputs = Vec::with_capacity(inputs.len());
                    let start = Instant::now();
                    for input in inputs {
                        outputs.push(routine(black_box(input)));
                    }
                    elapsed += start.elapsed();
                    drop(black_box(outputs));
                    left -= batch;
                }
                elapsed
            }
            Pass::Recorded(iterations) => {
                let mut elapsed = Duration::ZERO;
                for _ in 0..iterations {
                    let input = setup();
                    let mut place = Place::uninit();
                    let start = Instant::now();
                    let counting = Counting::begin(&mut place);
                    let output = iteration(|| routine(black_box(input)));
                    drop(counting);
                    elapsed += start.elapsed();
                    drop(black_box(output));
                }
                elapsed
            }
        });
    }

    fn measure(&mut self, run: &mut dyn FnMut(Pass) -> Duration) {
        assert!(!self.iterated, "a benchmark calls `iter` once: split it into two functions");
        self.iterated = true;
        self.results.begin_iterations();
        let recorded = self.iterate(run);
        self.results.end_iterations(recorded);
    }

    /// Returns how many iterations were recorded.
    ///
    /// NOTE: more than one of them before the clock runs: what only warms up must be seen to its end, or not at all.
    fn iterate(&mut self, run: &mut dyn FnMut(Pass) -> Duration) -> u64 {
        self.results.first(|| run(Pass::Recorded(1)));
        if self.once {
            return 1;
        }
        let clock_only = std::env::var_os(crate::env::CLOCK_ONLY).is_some();
        let mut recorded = Recorded::FIRST;
        if !clock_only {
            self.record(&mut recorded, run);
        }
        if let Some(budget) = self.budget {
            let timing = results::unrecorded(|| clock::time(budget, &mut |n| run(Pass::Timed(n))));
            self.results.timed(&timing, self.overhead);
            self.timing = Some(timing);
        }
        if clock_only {
            return 1;
        }
        while self.record(&mut recorded, run) {}
        if let Some(budget) = self.budget {
            self.results.allocator(budget, run);
        }
        recorded.done
    }

    /// Records iterations up to the next goal, if there is one.
    fn record(&self, recorded: &mut Recorded, run: &mut dyn FnMut(Pass) -> Duration) -> bool {
        let Some(goal) = recorded.next_goal() else { return false };
        let iterations = goal - recorded.done;
        let took = self.results.steady(iterations, || run(Pass::Recorded(iterations)));
        *recorded = Recorded { done: goal, last: iterations, took };
        true
    }

    pub(super) fn finish(self, panicked: bool) -> Outcome {
        let outcome = match (panicked, self.iterated, self.timing) {
            (true, ..) => Outcome::Panicked,
            (false, false, _) => Outcome::NeverIterated,
            (false, true, Some(timing)) => Outcome::Timed(timing, self.overhead),
            (false, true, None) => Outcome::Ran,
        };
        self.results.processed(self.processed);
        self.results.ended(&outcome);
        outcome
    }
}

/// One that is recorded.
///
/// NOTE: never inlined. Walks of stacks end at the frame of the scope around it, and what is called there has no place.
#[inline(never)]
fn iteration<R>(body: impl FnOnce() -> R) -> R {
    let result = body();
    // Else the call could become a jump, and this frame be gone.
    black_box(());
    result
}

/// Recorded iterations.
#[derive(Clone, Copy)]
struct Recorded {
    /// In all, the first one included.
    done: u64,
    /// Those that were recorded last.
    last: u64,
    /// The time that these took.
    took: Duration,
}

impl Recorded {
    const FIRST: Recorded = Recorded { done: 1, last: 0, took: Duration::ZERO };

    /// How many iterations to have recorded next, the first one included: powers of ten, so that the figures of two
    /// runs agree although their times do not. The pace is that of the recorded iterations themselves: the first one
    /// warms caches up, and the clock's run without the recorder.
    fn next_goal(self) -> Option<u64> {
        const LONGEST: Duration = Duration::from_secs(1);
        const MOST: u64 = 1_000;
        if self.done == 1 {
            return Some(10);
        }
        let goal = self.done * 10;
        let each = self.took.as_secs_f64() / self.last.max(1) as f64;
        (goal <= MOST && each * goal as f64 <= LONGEST.as_secs_f64()).then_some(goal)
    }
}

#[cfg(test)]
mod tests {
    use super::Recorded;
    use std::time::Duration;

    /// Iterations recorded in all when each takes `each`.
    fn recorded(each: Duration) -> u64 {
        let mut recorded = Recorded::FIRST;
        while let Some(goal) = recorded.next_goal() {
            let last = goal - recorded.done;
            recorded = Recorded { done: goal, last, took: each * last as u32 };
        }
        recorded.done
    }

    #[test]
    fn a_slow_benchmark_is_recorded_less_often_but_more_than_once() {
        assert_eq!(recorded(Duration::from_nanos(480)), 1_000);
        assert_eq!(recorded(Duration::from_millis(5)), 100);
        assert_eq!(recorded(Duration::from_millis(50)), 10);
        assert_eq!(recorded(Duration::from_secs(50)), 10);
    }
}
