//! Nanoseconds for one iteration: how many iterations make a sample, and the samples.
//!
//! Source of the times: `std::time::Instant`. Recording is off while the clock runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What the clock may take for one benchmark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) time: Duration,
    /// Aimed at; fewer when one iteration takes longer than its share of the time.
    pub(super) samples: u32,
}

impl Budget {
    /// Where nobody says otherwise.
    pub(super) const USUAL: Budget = Budget { time: Duration::from_millis(500), samples: 32 };
}

/// Below this a sample would measure the clock: reading it costs tens of nanoseconds.
const SHORTEST_SAMPLE: Duration = Duration::from_micros(100);

/// Times of a benchmark, in nanoseconds for one iteration.
#[derive(Debug)]
pub(super) struct Timing {
    /// Over all samples.
    pub(super) iterations: u64,
    /// In the order in which they were taken.
    pub(super) samples: Vec<f64>,
}

impl Timing {
    /// Median of the samples.
    pub(super) fn median(&self) -> f64 {
        median(&self.samples)
    }
}

/// What half of the values stay below.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// How far the median may be from the one of all values there could be, in 19 of 20 cases (McGill, Tukey and Larsen,
/// *Variations of Box Plots*, 1978: the notches).
pub(super) fn error_of_median(values: &[f64]) -> f64 {
    1.57 * (quantile(values, 0.75) - quantile(values, 0.25)) / (values.len() as f64).sqrt()
}

/// What `share` of the values stay below, between its two neighbours where it hits none; no number of no values.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Runs `routine` so often, and nothing else.
#[inline(always)]
pub(super) fn iterate<R>(iterations: u64, routine: &mut impl FnMut() -> R) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        black_box(routine());
    }
    start.elapsed()
}

/// Spends about `budget` on `pass`, which runs the given number of iterations and says how long they took.
pub(super) fn time(budget: Budget, pass: &mut dyn FnMut(u64) -> Duration) -> Timing {
    let Budget { time: budget, samples } = budget;
    let started = Instant::now();
    let mut timed = Duration::ZERO;
    let share = (budget / samples).max(SHORTEST_SAMPLE);
    let per_sample = calibrate(share, budget, pass);
    let mut timing = Timing { iterations: 0, samples: Vec::new() };
    while timing.samples.is_empty()
        || (timing.samples.len() < samples as usize && timed.max(started.elapsed()) < budget)
    {
        let elapsed = pass(per_sample);
        timed += elapsed;
        timing.iterations += per_sample;
        timing.samples.push(elapsed.as_nanos() as f64 / per_sample as f64);
    }
    timing
}

/// Doubles the iterations until they take a tenth of a sample; also warms up caches and branch predictors.
fn calibrate(share: Duration, budget: Duration, pass: &mut dyn FnMut(u64) -> Duration) -> u64 {
    let mut iterations = 1u64;
    loop {
        let elapsed = pass(iterations);
        if elapsed * 10 >= share || elapsed >= budget || iterations > u64::MAX / 4 {
            let ratio = share.as_nanos() as f64 / elapsed.as_nanos().max(1) as f64;
            return ((iterations as f64 * ratio) as u64).max(1);
        }
        iterations *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Timing, error_of_median, time};
    use std::time::Duration;

    fn budget(milliseconds: u64, samples: u32) -> Budget {
        Budget { time: Duration::from_millis(milliseconds), samples }
    }

    #[test]
    fn as_many_samples_are_taken_as_were_asked_for() {
        // A pretended clock, so that the time is never up before.
        for samples in [1, 8, 64] {
            let timing = time(budget(60_000, samples), &mut |n| Duration::from_nanos(250 * n));
            assert_eq!(timing.samples.len(), samples as usize);
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let timing = |samples: &[f64]| Timing { iterations: 0, samples: samples.to_vec() };
        assert_eq!(timing(&[3.0, 1.0, 9.0]).median(), 3.0);
        assert_eq!(timing(&[4.0, 1.0, 2.0, 9.0]).median(), 3.0);
    }

    #[test]
    fn more_values_tell_the_median_better() {
        assert_eq!(error_of_median(&[4.0, 1.0, 3.0, 2.0]), 1.57 * 1.5 / 2.0);
        let many: Vec<f64> = (0..400).map(|n| f64::from(n % 4) + 1.0).collect();
        assert!(error_of_median(&many) < 0.2);
        assert_eq!(error_of_median(&[7.0]), 0.0);
    }

    #[test]
    fn a_sample_is_long_against_the_clock_and_short_against_the_budget() {
        // A pretended clock: each iteration takes 250 ns.
        let timing = time(budget(50, 32), &mut |n| Duration::from_nanos(250 * n));
        assert!(timing.samples.iter().all(|ns| (ns - 250.0).abs() < 1.0), "{timing:?}");
        let per_sample = timing.iterations as f64 / timing.samples.len() as f64;
        assert!((5_000.0..8_000.0).contains(&per_sample), "{per_sample} iterations a sample");
    }

    #[test]
    fn a_slow_iteration_is_timed_at_least_once() {
        let timing = time(budget(1, 32), &mut |n| Duration::from_secs(n));
        assert_eq!((timing.iterations, timing.samples[0]), (1, 1e9));
    }
}
