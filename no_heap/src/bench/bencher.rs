//! `Bencher`: what a benchmark function is given.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::clock::{self, Timing};
use super::results::{Counting, Place, Results};

/// Runs a benchmark's routine: timed without recording, recorded without the clock.
///
/// Everything before the call of [`iter`](Bencher::iter) is set-up: neither timed nor counted.
#[derive(Debug)]
pub struct Bencher {
    results: Results,
    /// `None` skips the clock.
    budget: Option<Duration>,
    /// One iteration is enough.
    once: bool,
    iterated: bool,
    timing: Option<Timing>,
}

/// Which of the passes a loop is in.
#[derive(Clone, Copy)]
enum Pass {
    Timed(u64),
    Recorded(u64),
}

/// How a benchmark ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Timed(Timing),
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
    pub(super) fn new(results: Results, budget: Option<Duration>, once: bool) -> Bencher {
        Bencher { results, budget, once, iterated: false, timing: None }
    }

    /// Measures `routine`. What it returns is dropped as part of the iteration.
    ///
    /// # Panics
    ///
    /// When the benchmark has iterated already: it has one result.
    pub fn iter<R>(&mut self, mut routine: impl FnMut() -> R) {
        self.measure(&mut |pass| match pass {
            Pass::Timed(iterations) => {
                let start = Instant::now();
                for _ in 0..iterations {
                    black_box(routine());
                }
                start.elapsed()
            }
            Pass::Recorded(iterations) => {
                let mut place = Place::uninit();
                let start = Instant::now();
                let counting = Counting::begin(&mut place);
                for _ in 0..iterations {
                    black_box(routine());
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
                    let output = routine(black_box(input));
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
        let first = self.results.first(|| run(Pass::Recorded(1)));
        if self.once {
            return;
        }
        let mut estimate = first;
        if let Some(budget) = self.budget {
            let timing = self.results.unrecorded(|| clock::time(budget, &mut |n| run(Pass::Timed(n))));
            estimate = Duration::from_nanos(timing.median() as u64);
            self.results.timed(&timing);
            self.timing = Some(timing);
        }
        let more = recorded_iterations(estimate) - 1;
        self.results.steady(more, || run(Pass::Recorded(more)));
    }

    pub(super) fn finish(self, panicked: bool) -> Outcome {
        let outcome = match (panicked, self.iterated, self.timing) {
            (true, ..) => Outcome::Panicked,
            (false, false, _) => Outcome::NeverIterated,
            (false, true, Some(timing)) => Outcome::Timed(timing),
            (false, true, None) => Outcome::Ran,
        };
        self.results.ended(&outcome);
        outcome
    }
}

/// Iterations that are recorded, the first one included: a power of ten, so that the figures of two runs agree
/// although their times do not.
fn recorded_iterations(estimate: Duration) -> u64 {
    const LONGEST: Duration = Duration::from_secs(1);
    [1_000u32, 100, 10]
        .into_iter()
        .find(|iterations| estimate.saturating_mul(*iterations) <= LONGEST)
        .map_or(2, u64::from)
}

#[cfg(test)]
mod tests {
    use super::recorded_iterations;
    use std::time::Duration;

    #[test]
    fn a_slow_benchmark_is_recorded_less_often_but_more_than_once() {
        assert_eq!(recorded_iterations(Duration::from_nanos(480)), 1_000);
        assert_eq!(recorded_iterations(Duration::from_millis(5)), 100);
        assert_eq!(recorded_iterations(Duration::from_millis(50)), 10);
        assert_eq!(recorded_iterations(Duration::from_secs(50)), 2);
    }
}
