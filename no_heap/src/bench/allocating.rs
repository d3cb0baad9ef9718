//! What allocating costs: the share of its time that one iteration spends inside the allocator, measured in a pass of
//! its own.
//!
//! Each call of the allocator stands between two readings of the clock ([`crate::stopwatch`]). What these readings take
//! themselves is measured on an empty call just before and subtracted. Each sample has a twin without the readings, taken
//! at once, so whatever else the machine does meets both.

use std::hint::black_box;
use std::ptr;
use std::time::Duration;

use super::bencher::Pass;
use super::clock::{self, Budget};
use super::interrupted::Watch;
use crate::stopwatch::{self, Rate, Reading};

/// Many short samples: a program that takes the processor away spoils few of them. Fewer where an iteration takes long.
const SAMPLES: u32 = 128;

/// What the allocator takes of one iteration.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allocating {
    /// Of the iteration's time. Below zero or above one is possible: by `error`, and because calls that are timed one by
    /// one cannot overlap with what stands around them.
    pub(super) share: f64,
    /// How far `share` may be off in 19 of 20 cases: by the scatter of the samples and by that of the overhead.
    pub(super) error: f64,
    /// Nanoseconds that reading the clock took, and that are not in `share`.
    pub(super) overhead: f64,
}

/// The same iterations twice.
#[derive(Clone, Copy, Default)]
struct Sample {
    iterations: u64,
    /// Without the readings.
    whole: Duration,
    inside: Reading,
}

impl Sample {
    fn plus(self, other: &Sample) -> Sample {
        Sample {
            iterations: self.iterations + other.iterations,
            whole: self.whole + other.whole,
            inside: Reading {
                ticks: self.inside.ticks + other.inside.ticks,
                calls: self.inside.calls + other.inside.calls,
            },
        }
    }
}

/// Spends about a quarter of `budget` on `pass`.
pub(super) fn measure(budget: Budget, pass: &mut dyn FnMut(Pass) -> Duration) -> Allocating {
    let rate = Rate::begin();
    let empty = empty_calls();
    let mut slices = Vec::new();
    let budget = Budget { time: budget.time / 4, samples: budget.samples.max(SAMPLES) };
    clock::time(budget, &mut |iterations| {
        let watch = Watch::begin();
        let whole = pass(Pass::Timed(iterations));
        let (elapsed, inside) = stopwatch::run(|| pass(Pass::Recorded(iterations)));
        slices.push((Sample { iterations, whole, inside }, watch.end().interrupted));
        whole + elapsed
    });
    summarise(&samples(&slices), &empty, rate.ns_per_tick())
}

/// Sums of slices: calls that are rare have their place in most of them. Each slice stands beside whether it was
/// interrupted: those are left out, unless nothing else is there, and so are the first ones, which only sought the number
/// of iterations.
fn samples(slices: &[(Sample, bool)]) -> Vec<Sample> {
    const TOGETHER: usize = 5;
    let Some((last, _)) = slices.last() else { return Vec::new() };
    let sought = |slice: &&(Sample, bool)| slice.0.iterations == last.iterations;
    let all: Vec<&(Sample, bool)> = slices.iter().filter(sought).collect();
    let alone: Vec<&Sample> = all.iter().filter(|slice| !slice.1).map(|slice| &slice.0).collect();
    let kept = if alone.is_empty() { all.iter().map(|slice| &slice.0).collect() } else { alone };
    let together = if kept.len() < 4 * TOGETHER { 1 } else { TOGETHER };
    let sum = |slices: &[&Sample]| slices.iter().fold(Sample::default(), |sum, slice| sum.plus(slice));
    kept.chunks(together).filter(|slices| slices.len() == together).map(sum).collect()
}

/// Ticks for a call that does nothing, once for each batch.
fn empty_calls() -> Vec<f64> {
    const BATCHES: usize = 64;
    const CALLS: u64 = 64;
    let batch = |_| {
        let ((), reading) = stopwatch::run(|| {
            for _ in 0..CALLS {
                stopwatch::time(|| black_box(ptr::null_mut::<u8>()));
            }
        });
        reading.ticks as f64 / CALLS as f64
    };
    (0..BATCHES).map(batch).collect()
}

/// `empty` are the ticks of a call that does nothing.
fn summarise(samples: &[Sample], empty: &[f64], ns_per_tick: f64) -> Allocating {
    let of_empty = clock::median(empty);
    let ns = |sample: &Sample| sample.whole.as_nanos().max(1) as f64;
    let share = |sample: &Sample| {
        let Reading { ticks, calls } = sample.inside;
        (ticks as f64 - calls as f64 * of_empty) * ns_per_tick / ns(sample)
    };
    let shares: Vec<f64> = samples.iter().map(share).collect();
    let total = |of: fn(&Sample) -> u64| samples.iter().map(of).sum::<u64>() as f64;
    let calls = total(|sample| sample.inside.calls);
    let calls_in_ns = calls / samples.iter().map(ns).sum::<f64>();
    let error_of_empty = clock::error_of_median(empty) * ns_per_tick;
    Allocating {
        share: clock::median(&shares),
        error: clock::error_of_median(&shares) + calls_in_ns * error_of_empty,
        overhead: calls / total(|sample| sample.iterations) * of_empty * ns_per_tick,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Allocating, Budget, Duration, Pass, Reading, Sample, measure, samples, stopwatch, summarise,
    };

    /// Samples of ten iterations of 200 ns with two calls each, of an empty call's ticks, and of ticks of 0.5 ns.
    fn check(ticks: &[u64], empty: &[f64]) -> Allocating {
        let sample = |ticks: &u64| Sample {
            iterations: 10,
            whole: Duration::from_nanos(2_000),
            inside: Reading { ticks: *ticks, calls: 20 },
        };
        summarise(&ticks.iter().map(sample).collect::<Vec<_>>(), empty, 0.5)
    }

    #[test]
    fn what_the_readings_take_is_subtracted() {
        let spent = check(&[3_000, 3_100, 2_900], &[50.0, 50.0, 50.0]);
        assert_eq!((spent.share, spent.overhead), (0.5, 50.0));
    }

    #[test]
    fn less_than_the_readings_take_is_not_made_up_to_nothing() {
        let spent = check(&[900, 960, 920], &[50.0, 50.0, 50.0]);
        assert_eq!((spent.share, spent.overhead), (-0.02, 50.0));
    }

    #[test]
    fn what_was_interrupted_is_in_no_sample_and_what_is_rare_in_each() {
        let slice = |n: u64, interrupted| {
            let inside = Reading { ticks: 100 * (n % 5), calls: n % 5 };
            let elapsed = Duration::from_nanos(if interrupted { 9_000_000 } else { 2_000 });
            (Sample { iterations: 10, whole: elapsed, inside }, interrupted)
        };
        let mut slices: Vec<_> = (0..40).map(|n| slice(n, false)).collect();
        (0..7u64).for_each(|n| slices.insert(6 * n as usize, slice(n, true)));
        slices.insert(0, (Sample { iterations: 1, ..slice(0, false).0 }, false));
        let sums = samples(&slices);
        assert_eq!(sums.len(), 8);
        for sum in sums {
            let Reading { ticks, calls } = sum.inside;
            assert_eq!((sum.iterations, sum.whole.as_nanos(), ticks, calls), (50, 10_000, 1_000, 10));
        }
        let all: Vec<_> = (0..3).map(|n| slice(n, true)).collect();
        assert_eq!(samples(&all).len(), 3, "better than nothing");
        assert!(samples(&[]).is_empty());
    }

    #[test]
    fn the_error_is_that_of_the_samples_and_that_of_the_overhead() {
        let spent = check(&[2_000, 3_000, 4_000, 5_000], &[40.0, 50.0, 60.0, 70.0]);
        // The quartiles are 1,500 ticks of a sample apart, and 15 of each of its twenty calls.
        let ns = (1_500.0 + 20.0 * 15.0) * 0.5;
        assert!((spent.error - 1.57 * ns / 2_000.0 / 2.0).abs() < 1e-9, "{spent:?}");
    }

    #[test]
    fn the_stopwatch_runs_in_every_second_pass() {
        let budget = Budget { time: Duration::from_millis(4), samples: 1 };
        let spent = measure(budget, &mut |pass| match pass {
            Pass::Timed(iterations) => {
                assert!(!stopwatch::runs());
                Duration::from_micros(iterations)
            }
            Pass::Recorded(iterations) => {
                assert!(stopwatch::runs());
                (0..iterations).for_each(|_| stopwatch::time(|| ()));
                Duration::from_micros(iterations)
            }
        });
        assert!(!stopwatch::runs());
        assert!(spent.overhead > 0.0 && spent.share.is_finite(), "{spent:?}");
    }
}
