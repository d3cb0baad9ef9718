//! Whether two sets of times differ by more than chance and the machine explain.
//!
//! The Mann–Whitney U test says how likely it is that two sets of samples come from the same distribution. It asks
//! only which samples are larger, so outliers and skewed times do it no harm. What it takes for granted is that
//! samples do not depend on each other, and the samples of one run do: the machine that is slow for one is slow for
//! the next. So it is given one figure for each round, where two sides took turns, and medians of stretches of the
//! samples where they were measured at two times. In the second case nothing in the samples tells the program from the
//! machine, so a difference has to be larger than the spread on either side as well, and by half.
//!
//! The machine of the first round is not that of the last. So figures of rounds are ranked among those of the same four
//! rounds alone, and the U of all fours are added up: the test of van Elteren, whose strata are moments. In four rounds
//! each side is first twice. Of fewer rounds at a time there is less to rank: Wilcoxon's signed-rank test, which compares
//! the two figures of a round, finds less where a program has two states, because a difference of states outranks all
//! others.
//!
//! Noise only ever adds time. So of each round three figures are judged: the median of its samples, what a quarter of
//! them stay below, and the fastest of them. On a busy machine the second scatters less than the first wherever half of
//! the samples are disturbed, and the third wherever a program has a fast state that the machine throws it out of. Who
//! asks three times is misled three times as often, so each p is taken thrice (Bonferroni).
//!
//! Sources: H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger
//! than the Other", 1947; Ph. van Elteren, "On the Combination of Independent Two Sample Tests of Wilcoxon", 1960.

#[cfg(test)]
mod tries;

use crate::model::{Change, Figure, MeasuredBench, Spread, TimeChange, median};

/// Below this p chance is no likely explanation. One in twenty would be wrong in one of twenty comparisons.
const LEVEL: f64 = 0.01;

/// The same where the sides took turns: what differs is far clearer there, and a comparison of thirty benchmarks that
/// are the same has seldom one that seems to differ.
const LEVEL_IN_TURNS: f64 = 0.002;

/// Stretches that the samples of one run are divided into.
const STRETCHES: usize = 8;

/// How the times of two sides differ; `None` where one has none. `in_turns` says that the samples are figures of rounds,
/// in which both sides ran.
pub(super) fn judge(old: &MeasuredBench, new: &MeasuredBench, in_turns: bool) -> Option<TimeChange> {
    let ns = Change { old: old.ns?, new: new.ns? };
    let samples = (old.samples.len(), new.samples.len());
    if !in_turns {
        let p = p_value(&stretches(&old.samples), &stretches(&new.samples));
        let significant = p.is_some_and(|p| p < LEVEL) && exceeds_spread(ns, &old.samples, &new.samples);
        return Some(TimeChange { ns, figure: Figure::Median, p, significant, samples });
    }
    let change = |figure: Figure, [old, new]: [&[f64]; 2]| {
        let p = p_of_rounds(old, new).map(|p| (FIGURES * p).min(1.0));
        let ns = Change { old: median(old)?, new: median(new)? };
        let significant = p.is_some_and(|p| p < LEVEL_IN_TURNS);
        Some(TimeChange { ns, figure, p, significant, samples })
    };
    let of_medians = change(Figure::Median, [&old.samples, &new.samples])?;
    let quartiles = change(Figure::Quartile, [&old.quartiles, &new.quartiles]);
    let fastest = change(Figure::Fastest, [&old.fastest, &new.fastest]);
    let p = |change: &TimeChange| change.p.unwrap_or(1.0);
    let others = [quartiles, fastest].into_iter().flatten().filter(|change| change.significant);
    let clearest = others.min_by(|a, b| p(a).total_cmp(&p(b)));
    // Scattered medians may differ significantly as well, by anything: what is far clearer says by how much.
    let says_more =
        |change: &TimeChange| !of_medians.significant || p(change) < p(&of_medians) * p(&of_medians);
    Some(clearest.filter(says_more).unwrap_or(of_medians))
}

/// Of each round.
const FIGURES: f64 = 3.0;

/// Medians of consecutive samples; the samples themselves where there are few.
fn stretches(samples: &[f64]) -> Vec<f64> {
    let length = (samples.len() / STRETCHES).max(1);
    samples.chunks(length).filter(|stretch| stretch.len() == length).filter_map(median).collect()
}

/// How much further apart than the quartiles of either side medians have to be.
const REACH: f64 = 1.5;

/// Whether the medians lie much further apart than the quartiles of either side.
fn exceeds_spread(ns: Change, old: &[f64], new: &[f64]) -> bool {
    let width = |samples| Spread::of(samples).map(|spread| spread.ns[3] - spread.ns[1]);
    let widest = width(old).into_iter().chain(width(new)).fold(0.0, f64::max);
    (ns.new - ns.old).abs() > REACH * widest
}

/// Rounds that pass at one moment, or nearly.
const MOMENT: usize = 4;

/// The two-sided p-value of figures of rounds, each ranked among those of its moment; `None` when a side has none. The
/// last moment has the rounds that are left over, too.
fn p_of_rounds(old: &[f64], new: &[f64]) -> Option<f64> {
    if old.len() != new.len() {
        // Of which rounds the figures are is not known.
        return p_value(old, new);
    }
    let moments = (old.len() / MOMENT).max(1);
    let rounds = |moment: usize| {
        let end = if moment + 1 == moments { old.len() } else { (moment + 1) * MOMENT };
        moment * MOMENT..end
    };
    let ranks = |moment: usize| Ranks::of(&old[rounds(moment)], &new[rounds(moment)]);
    (!old.is_empty()).then(|| p_of_all(&(0..moments).map(ranks).collect::<Vec<Ranks>>()))
}

/// The two-sided p-value; `None` when a side has no samples.
pub(super) fn p_value(old: &[f64], new: &[f64]) -> Option<f64> {
    (!old.is_empty() && !new.is_empty()).then(|| p_of_all(&[Ranks::of(old, new)]))
}

/// Up to this many samples a side the exact distribution is computed, where no two samples are equal.
const EXACT: usize = 50;

/// Of the sum of U, over sets of samples that were ranked each by itself.
fn p_of_all(ranks: &[Ranks]) -> f64 {
    let is_exact = |ranks: &Ranks| ranks.ties.is_empty() && ranks.n <= EXACT && ranks.m <= EXACT;
    if ranks.iter().all(is_exact) { exact_p(ranks) } else { normal_p(ranks) }
}

/// What the ranks of samples among each other say.
struct Ranks {
    /// Samples of the old side.
    n: usize,
    /// Samples of the new side.
    m: usize,
    /// Pairs in which the old side's sample is the larger one; a tie counts half.
    u: f64,
    /// How many samples each group of equal ones has.
    ties: Vec<usize>,
}

impl Ranks {
    fn of(old: &[f64], new: &[f64]) -> Ranks {
        let mut all: Vec<(f64, bool)> =
            old.iter().map(|ns| (*ns, true)).chain(new.iter().map(|ns| (*ns, false))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut sum, mut before, mut ties) = (0.0, 0, Vec::new());
        for group in all.chunk_by(|a, b| a.0 == b.0) {
            // Equal samples share the mean of the ranks that they take, which count from 1.
            let rank = before as f64 + (group.len() as f64 + 1.0) / 2.0;
            sum += rank * group.iter().filter(|(_, old)| *old).count() as f64;
            before += group.len();
            ties.extend((group.len() > 1).then_some(group.len()));
        }
        let n = old.len();
        Ranks { n, m: new.len(), u: sum - (n * (n + 1)) as f64 / 2.0, ties }
    }

    /// Of U, among all orders; none where all samples are equal.
    fn variance(&self) -> f64 {
        let (n, m) = (self.n as f64, self.m as f64);
        let all = n + m;
        let tied: f64 = self.ties.iter().map(|ties| (ties.pow(3) - ties) as f64).sum();
        n * m / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)))
    }
}

/// Without ties: the share of all orders in which U is as far from its middle.
fn exact_p(ranks: &[Ranks]) -> f64 {
    let all = ranks.iter().fold(vec![1.0], |sum, one| of_sum(&sum, &distribution(one.n, one.m)));
    let u: f64 = ranks.iter().map(|one| one.u).sum();
    let extreme = u.min((all.len() - 1) as f64 - u) as usize;
    let tail: f64 = all[..=extreme].iter().sum();
    (2.0 * tail).min(1.0)
}

/// The probability of each sum of two numbers from 0 on that do not depend on each other.
fn of_sum(one: &[f64], other: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; one.len() + other.len() - 1];
    for (a, p) in one.iter().enumerate() {
        for (b, q) in other.iter().enumerate() {
            sums[a + b] += p * q;
        }
    }
    sums
}

/// The probability of each U from 0 to `n * m`. The largest of all samples is one of the old side with
/// probability n / (n + m), and then above all m of the other; without it, the rest is the same question again.
fn distribution(n: usize, m: usize) -> Vec<f64> {
    let width = n * m + 1;
    let certain = || {
        let mut row = vec![0.0; width];
        row[0] = 1.0;
        row
    };
    // One row for each number of new samples, at the present number of old ones.
    let mut rows: Vec<Vec<f64>> = (0..=m).map(|_| certain()).collect();
    for old in 1..=n {
        rows[0] = certain();
        for new in 1..=m {
            let share = old as f64 / (old + new) as f64;
            let row = (0..width).map(|u| {
                let above = if u < new { 0.0 } else { rows[new][u - new] };
                share * above + (1.0 - share) * rows[new - 1][u]
            });
            rows[new] = row.collect();
        }
    }
    rows.swap_remove(m)
}

/// With ties or many samples: U is nearly normal; corrected for ties and for being a whole number.
fn normal_p(ranks: &[Ranks]) -> f64 {
    let variance: f64 = ranks.iter().map(Ranks::variance).sum();
    if variance <= 0.0 {
        // All samples are equal.
        return 1.0;
    }
    let off: f64 = ranks.iter().map(|one| one.u - (one.n * one.m) as f64 / 2.0).sum();
    erfc((off.abs() - 0.5).max(0.0) / variance.sqrt() / std::f64::consts::SQRT_2)
}

/// The complementary error function for `x` from 0 on; relative error below 1.2e-7 (Numerical Recipes in C, 6.2).
fn erfc(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        0.170_872_77,
        -0.822_152_23,
        1.488_515_87,
        -1.135_203_98,
        0.278_868_07,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_68,
        -1.265_512_23,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let polynomial = TERMS.iter().fold(0.0, |sum, term| sum * t + term);
    t * (polynomial - x * x).exp()
}

#[cfg(test)]
mod tests {
    use super::{Ranks, erfc, exact_p, normal_p, p_of_rounds, p_value};
    use std::slice;

    #[track_caller]
    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-6, "{value}, not {expected}");
    }

    /// The ages of the documentation of scipy's `mannwhitneyu`, and what it says of them.
    const MALES: [f64; 5] = [19.0, 22.0, 16.0, 29.0, 24.0];
    const FEMALES: [f64; 4] = [20.0, 11.0, 17.0, 12.0];

    #[test]
    fn the_example_of_scipys_documentation() {
        let ranks = Ranks::of(&MALES, &FEMALES);
        assert_eq!(ranks.u, 17.0);
        near(exact_p(slice::from_ref(&ranks)), 0.111_111_111_111);
        near(normal_p(&[ranks]), 0.111_346_886_533);
        near(p_value(&FEMALES, &MALES).unwrap(), 0.111_111_111_111);
    }

    /// Every way of dealing the ranks out, counted.
    #[test]
    fn the_exact_distribution_is_that_of_all_orders() {
        for (n, m) in [(1, 1), (1, 5), (3, 3), (4, 5), (6, 4)] {
            let mut counts = vec![0.0; n * m + 1];
            let deals = (0u32..1 << (n + m)).filter(|deal| deal.count_ones() as usize == n);
            for deal in deals.clone() {
                let old = |place: &usize| deal >> place & 1 == 1;
                let below = |place: usize| (0..place).filter(|other| !old(other)).count();
                counts[(0..n + m).filter(old).map(below).sum::<usize>()] += 1.0;
            }
            let all = deals.count() as f64;
            for (value, count) in super::distribution(n, m).iter().zip(&counts) {
                near(*value, count / all);
            }
        }
    }

    /// Computed by the formula with Python's `math.erfc`: U = 3.5, two pairs of ties, z = 1.786.
    #[test]
    fn ties_narrow_the_distribution() {
        let ranks = Ranks::of(&[1.0, 2.0, 2.0, 4.0, 5.0], &[4.0, 6.0, 7.0, 8.0, 3.0]);
        assert_eq!((ranks.u, &ranks.ties[..]), (3.5, &[2, 2][..]));
        near(normal_p(&[ranks]), 0.074026089);
    }

    #[test]
    fn the_same_samples_are_no_difference() {
        let samples: Vec<f64> = (0..32).map(|n| 100.0 + f64::from(n % 7)).collect();
        near(p_value(&samples, &samples).unwrap(), 1.0);
        near(p_value(&[5.0; 8], &[5.0; 8]).unwrap(), 1.0);
        assert_eq!(p_value(&[], &samples), None);
    }

    /// Of 70 orders of four and four one is the clearest; of two fours that is one of 4,900, on either side.
    #[test]
    fn figures_are_ranked_among_those_of_their_four_rounds() {
        let old = [1.0, 2.0, 3.0, 4.0, 101.0, 102.0, 103.0, 104.0];
        let new = [5.0, 6.0, 7.0, 8.0, 105.0, 106.0, 107.0, 108.0];
        near(p_of_rounds(&old, &new).unwrap(), 2.0 / 4_900.0);
        // The machine of the second four is another one, and hides it from who ranks all together.
        assert!(p_value(&old, &new).unwrap() > 0.1);
        // Eleven rounds are one four and a seven; ties are ranked likewise.
        let (old, new) = ([[1.0; 11], [2.0; 11]], [[2.0; 11], [1.0; 11]]);
        for (old, new) in old.iter().zip(&new) {
            let (four, seven) = (Ranks::of(&old[..4], &new[..4]), Ranks::of(&old[4..], &new[4..]));
            let off = (8.0 + 24.5 - 0.5) / (four.variance() + seven.variance()).sqrt();
            near(p_of_rounds(old, new).unwrap(), erfc(off / std::f64::consts::SQRT_2));
        }
        assert_eq!(p_of_rounds(&[], &[]), None);
        assert_eq!(p_of_rounds(&[1.0], &[]), None);
        near(p_of_rounds(&[1.0; 9], &[1.0; 9]).unwrap(), 1.0);
    }

    #[test]
    fn a_twin_five_per_cent_slower_is_told_from_noise_of_one_per_cent() {
        let noise = |n: u32| f64::from(n * 37 % 32) / 32.0;
        let samples: Vec<f64> = (0..32).map(|n| 100.0 + noise(n)).collect();
        let slower: Vec<f64> = samples.iter().map(|ns| ns * 1.05).collect();
        assert!(p_value(&samples, &slower).unwrap() < 1e-9);
        // The same noise in another order is none.
        let again: Vec<f64> = (0..32).map(|n| 100.01 + noise(n + 5)).collect();
        assert!(p_value(&samples, &again).unwrap() > 0.05);
    }

    #[test]
    fn three_samples_a_side_can_never_be_significant() {
        near(p_value(&[1.0, 2.0, 3.0], &[101.0, 102.0, 103.0]).unwrap(), 0.1);
        near(p_value(&[1.0, 2.0, 3.0, 4.0], &[101.0, 102.0, 103.0, 104.0]).unwrap(), 2.0 / 70.0);
    }

    #[test]
    fn erfc_has_the_values_of_the_tables() {
        let table = [(0.0, 1.0), (0.5, 0.479_500_122), (1.0, 0.157_299_207), (2.0, 0.004_677_735)];
        for (x, expected) in table {
            near(erfc(x), expected);
        }
    }
}
