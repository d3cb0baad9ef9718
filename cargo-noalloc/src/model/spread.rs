//! How far a benchmark's samples lie apart, and what that is likely to come from.

/// The quartiles of a benchmark's samples and what lies outside of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Samples.
    pub samples: usize,
    /// Smallest, lower quartile, median, upper quartile and largest, in nanoseconds for one iteration.
    pub ns: [f64; 5],
    /// Samples further from the quartiles than one and a half times the distance between these (Tukey's fences).
    pub outliers: usize,
    /// Median of the later half of the samples against that of the earlier half, in per cent.
    pub drift: f64,
}

impl Spread {
    /// Of samples in the order in which they were taken; `None` below four, which have no quartiles to speak of.
    pub fn of(samples: &[f64]) -> Option<Spread> {
        if samples.len() < 4 {
            return None;
        }
        let sorted = sorted(samples);
        let [low, high] = [0.25, 0.75].map(|share| quantile(&sorted, share));
        let reach = 1.5 * (high - low);
        let (earlier, later) = samples.split_at(samples.len() / 2);
        let middle = |half: &[f64]| quantile(&self::sorted(half), 0.5);
        Some(Spread {
            samples: samples.len(),
            ns: [sorted[0], low, quantile(&sorted, 0.5), high, sorted[sorted.len() - 1]],
            outliers: samples.iter().filter(|ns| **ns < low - reach || **ns > high + reach).count(),
            drift: (middle(later) / middle(earlier) - 1.0) * 100.0,
        })
    }

    /// Between the quartiles, in per cent of the median.
    pub fn percent(&self) -> f64 {
        let [_, low, median, high, _] = self.ns;
        (high - low) / median * 100.0
    }

    /// The times change with their order more than they differ otherwise.
    pub fn drifts(&self) -> bool {
        self.drift.abs() > self.percent() / 2.0
    }
}

/// What half of the values stay below; `None` of no values.
pub fn median(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| quantile(&sorted(values), 0.5))
}

/// What a quarter of the values stay below; `None` of none.
pub fn lower_quartile(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| quantile(&sorted(values), 0.25))
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The value that `share` of the sorted values stay below, between its two neighbours where it hits none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn quartiles_are_those_of_the_sorted_samples() {
        let spread = Spread::of(&[5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!((spread.ns, spread.outliers), ([1.0, 2.0, 3.0, 4.0, 5.0], 0));
        assert!((spread.percent() - 200.0 / 3.0).abs() < 1e-9);
        assert_eq!(Spread::of(&[1.0, 2.0, 3.0]), None);
    }

    #[test]
    fn one_sample_far_away_is_an_outlier_and_no_spread() {
        let mut samples: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n % 3)).collect();
        samples[7] = 900.0;
        let spread = Spread::of(&samples).unwrap();
        assert_eq!(spread.outliers, 1);
        assert!(spread.percent() < 3.0 && !spread.drifts(), "{spread:?}");
    }

    #[test]
    fn times_that_grow_from_sample_to_sample_drift_and_shuffled_ones_do_not() {
        let rising: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n) * 5.0).collect();
        assert!(Spread::of(&rising).unwrap().drifts());
        let shuffled: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n * 7 % 20) * 5.0).collect();
        let spread = Spread::of(&shuffled).unwrap();
        assert!(!spread.drifts() && spread.percent() > 10.0, "{spread:?}");
    }
}
