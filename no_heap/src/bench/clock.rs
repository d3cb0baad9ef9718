//! Nanoseconds for one iteration: how many iterations make a sample, and the samples.
//!
//! Source of the times: `std::time::Instant`. Recording is off while the clock runs.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::interrupted::{Seen, Watch};

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
#[derive(Debug, Default)]
pub(super) struct Timing {
    /// Over all samples.
    pub(super) iterations: u64,
    /// In the order in which they were taken.
    pub(super) samples: Vec<f64>,
    /// That were timed in all.
    pub(super) slices: u64,
    /// Of those: interrupted, and in no sample.
    pub(super) left_out: u64,
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

/// Aimed at for what is timed between two looks at the thread's own clock: long against both clocks, and short against
/// the milliseconds that a scheduler gives a thread at a time, so most slices of a busy machine are not interrupted.
const SLICE: Duration = Duration::from_micros(200);

/// Slices that take longer, because one iteration does, are kept however often they are interrupted: who left those
/// out would prefer the iterations that happen to be short.
const LONGEST_JUDGED: Duration = Duration::from_millis(1);

/// How many times the budget may pass by while others have the processor.
const PATIENCE: u32 = 8;

/// Iterations that were timed in one go.
struct Slice {
    elapsed: Duration,
    /// What it took of the budget, set-up included.
    seen: Seen,
}

impl Slice {
    fn is_left_out(&self) -> bool {
        self.seen.interrupted && self.seen.spent <= LONGEST_JUDGED
    }

    /// Without what others had.
    fn timed(&self) -> Duration {
        if self.seen.interrupted { self.elapsed.min(self.seen.spent) } else { self.elapsed }
    }
}

/// Slices that are counted together.
#[derive(Clone, Copy, Default)]
struct Sum {
    iterations: u64,
    time: Duration,
}

impl Sum {
    fn add(&mut self, iterations: u64, time: Duration) {
        self.iterations += iterations;
        self.time += time;
    }

    /// Nanoseconds for one iteration.
    fn of_one(self) -> f64 {
        self.time.as_nanos() as f64 / self.iterations as f64
    }
}

/// Spends about `budget` on `pass`, which runs the given number of iterations and says how long they took. Each sample
/// is the mean of slices; those that were interrupted are left out, and counted.
pub(super) fn time(budget: Budget, pass: &mut dyn FnMut(u64) -> Duration) -> Timing {
    take(budget, &mut |iterations| {
        let watch = Watch::begin();
        let elapsed = pass(iterations);
        Slice { elapsed, seen: watch.end() }
    })
}

fn take(budget: Budget, slice: &mut dyn FnMut(u64) -> Slice) -> Timing {
    let Budget { time: budget, samples } = budget;
    let started = Instant::now();
    let mut spent = Duration::ZERO;
    let share = (budget / samples).max(SHORTEST_SAMPLE);
    let length = share.min(SLICE);
    let per_slice = calibrate(length, budget, slice);
    let (mut timing, mut of_interrupted) = (Timing::default(), Vec::new());
    while timing.samples.len() < samples as usize
        && (timing.slices == 0 || (spent < budget && started.elapsed() < budget * PATIENCE))
    {
        let [mut kept, mut left_out] = [Sum::default(); 2];
        let mut timed = Duration::ZERO;
        while timed.is_zero() || timed + length / 2 < share {
            let slice = slice(per_slice);
            let sum = if slice.is_left_out() { &mut left_out } else { &mut kept };
            sum.add(per_slice, slice.elapsed);
            timing.slices += 1;
            timing.left_out += u64::from(slice.is_left_out());
            timed += slice.timed().max(Duration::from_nanos(1));
            spent += slice.timed().max(slice.seen.spent);
        }
        if kept.iterations > 0 {
            timing.iterations += kept.iterations;
            timing.samples.push(kept.of_one());
        } else {
            of_interrupted.push(left_out);
        }
    }
    if timing.samples.is_empty() {
        // Better than nothing; how far they lie apart tells what they are.
        timing.left_out = 0;
        timing.samples = of_interrupted.iter().map(|sum| sum.of_one()).collect();
        timing.iterations = of_interrupted.iter().map(|sum| sum.iterations).sum();
    }
    timing
}

/// Doubles the iterations until they take a tenth of a slice; also warms up caches and branch predictors.
fn calibrate(share: Duration, budget: Duration, slice: &mut dyn FnMut(u64) -> Slice) -> u64 {
    let mut iterations = 1u64;
    loop {
        // What others had in it would make all slices too short.
        let elapsed = slice(iterations).timed();
        if elapsed * 10 >= share || elapsed >= budget || iterations > u64::MAX / 4 {
            let ratio = share.as_nanos() as f64 / elapsed.as_nanos().max(1) as f64;
            return ((iterations as f64 * ratio) as u64).max(1);
        }
        iterations *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Seen, Slice, Timing, error_of_median, take, time};
    use std::time::Duration;

    fn budget(milliseconds: u64, samples: u32) -> Budget {
        Budget { time: Duration::from_millis(milliseconds), samples }
    }

    /// Of a pretended clock, during which nobody else had the processor.
    fn alone(elapsed: Duration) -> Slice {
        Slice { elapsed, seen: Seen { spent: elapsed, interrupted: false } }
    }

    /// Of a pretended clock, during which others had the processor for ten milliseconds.
    fn interrupted(spent: Duration) -> Slice {
        let elapsed = spent + Duration::from_millis(10);
        Slice { elapsed, seen: Seen { spent, interrupted: true } }
    }

    #[test]
    fn as_many_samples_are_taken_as_were_asked_for() {
        for samples in [1, 8, 64] {
            let timing = take(budget(60_000, samples), &mut |n| alone(Duration::from_nanos(250 * n)));
            assert_eq!(timing.samples.len(), samples as usize);
        }
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let timing = |samples: &[f64]| Timing { samples: samples.to_vec(), ..Timing::default() };
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
        // Each iteration takes 250 ns; a sample is a share of 1.56 ms, in slices.
        let timing = take(budget(50, 32), &mut |n| alone(Duration::from_nanos(250 * n)));
        assert!(timing.samples.iter().all(|ns| (ns - 250.0).abs() < 1.0), "{timing:?}");
        let per_sample = timing.iterations as f64 / timing.samples.len() as f64;
        assert!((5_000.0..8_000.0).contains(&per_sample), "{per_sample} iterations a sample");
        assert_eq!((timing.slices, timing.left_out), (8 * 32, 0));
    }

    #[test]
    fn slices_that_were_interrupted_are_in_no_sample_and_counted() {
        let mut slices = 0;
        let timing = take(budget(50, 32), &mut |n| {
            slices += 1;
            let took = Duration::from_nanos(250 * n);
            if slices % 3 == 0 { interrupted(took) } else { alone(took) }
        });
        assert!(timing.samples.len() >= 28, "others' time is not the budget's: {timing:?}");
        assert!(timing.samples.iter().all(|ns| (ns - 250.0).abs() < 1.0), "{timing:?}");
        let share = timing.left_out as f64 / timing.slices as f64;
        assert!((0.3..0.4).contains(&share), "{timing:?}");
        assert_eq!(timing.iterations, (timing.slices - timing.left_out) * 800);
    }

    /// A short first look at an iteration, interrupted, would otherwise make slices of one iteration each.
    #[test]
    fn an_interruption_while_iterations_are_sought_shortens_no_slice() {
        let mut looks = 0;
        let mut most = 0;
        take(budget(50, 32), &mut |n| {
            looks += 1;
            most = most.max(n);
            let took = Duration::from_nanos(250 * n);
            if looks == 2 { interrupted(took) } else { alone(took) }
        });
        assert_eq!(most, 800);
    }

    #[test]
    fn where_everything_was_interrupted_that_is_what_there_is() {
        let timing = take(budget(50, 4), &mut |n| interrupted(Duration::from_nanos(250 * n)));
        assert!(!timing.samples.is_empty() && timing.left_out == 0, "{timing:?}");
        assert!(timing.samples.iter().all(|ns| *ns > 1_000.0), "{timing:?}");
        assert!(timing.iterations > 0, "{timing:?}");
    }

    /// Scheduled or not, an iteration of 5 ms is always interrupted on a busy machine.
    #[test]
    fn long_iterations_are_kept_however_often_they_are_interrupted() {
        let mut turn = 0;
        let timing = take(budget(500, 32), &mut |n| {
            turn += 1;
            let took = Duration::from_millis(5 * n);
            if turn % 2 == 0 { interrupted(took) } else { alone(took) }
        });
        assert_eq!(timing.left_out, 0);
        let slowest = timing.samples.iter().fold(0.0, |most: f64, ns| most.max(*ns));
        assert!(slowest > 9e6, "{timing:?}");
    }

    #[test]
    fn a_slow_iteration_is_timed_at_least_once() {
        let timing = take(budget(1, 32), &mut |n| alone(Duration::from_secs(n)));
        assert_eq!((timing.iterations, timing.samples[0]), (1, 1e9));
    }

    #[test]
    fn the_clock_times_what_is_there() {
        let timing = time(budget(2, 4), &mut |n| super::iterate(n, &mut || std::hint::black_box(1)));
        assert!(!timing.samples.is_empty() && timing.samples.iter().all(|ns| *ns > 0.0), "{timing:?}");
    }
}
