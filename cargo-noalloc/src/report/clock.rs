//! What is to be said of the clock: how far samples lie apart, and when that is too far. It differs from run to run, so
//! the warning goes beside the report, to standard error.

use std::fmt::Write as _;

use super::printable::Printable;
use crate::model::{Bench, Slices, Spread, Verdict};
use crate::numbers::{count, plural};

/// Between the quartiles, in per cent of the median: on an idle machine most benchmarks stay below a third of it.
const LARGE: f64 = 10.0;

/// A line for each benchmark with enough samples; empty without.
pub(super) fn samples(verdict: &Verdict) -> String {
    let mut out = String::new();
    for (bench, spread) in timed(verdict) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "`{}`: {}{}", bench.name, words(&spread), left_out(bench.slices));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// About the benchmarks whose samples are too far apart: what was seen, the likely cause, what to type.
pub(super) fn warning(verdict: &Printable<'_, Verdict>) -> Option<String> {
    let wide: Vec<(&Bench, Spread)> = timed(verdict).filter(|(_, spread)| spread.percent() > LARGE).collect();
    let (first, spread) = wide.iter().max_by(|a, b| a.1.percent().total_cmp(&b.1.percent()))?;
    let others = match wide.len() - 1 {
        0 => String::new(),
        others => {
            format!(", and those of {} by more than {LARGE} %", plural(others as u64, "other benchmark"))
        }
    };
    Some(format!(
        "warning: the times of `{}` spread by {:.0} %{others}\n   = note: {}\n   = help: repeat it on an idle machine, or \
         with more and longer samples: `--samples 64 --bench-time 5`",
        first.name,
        spread.percent(),
        cause(spread)
    ))
}

fn timed(verdict: &Verdict) -> impl Iterator<Item = (&Bench, Spread)> {
    verdict.benches.iter().filter_map(|bench| Some((bench, Spread::of(&bench.samples)?)))
}

/// `32 samples, 470.1 ns (half of them 468.0 to 473.2), fastest 465.2, slowest 512.3, 2 outliers`.
fn words(spread: &Spread) -> String {
    let [least, low, median, high, most] = spread.ns;
    format!(
        "{}, {median:.1} ns (half of them {low:.1} to {high:.1}), fastest {least:.1}, slowest {most:.1}, {}",
        plural(spread.samples as u64, "sample"),
        plural(spread.outliers as u64, "outlier")
    )
}

/// `; 41 of 2,240 slices were interrupted and are left out`.
fn left_out(Slices { taken, left_out }: Slices) -> String {
    match left_out {
        0 => String::new(),
        1 => format!("; 1 of {} was interrupted and is left out", plural(taken, "slice")),
        _ => format!("; {} of {} were interrupted and are left out", count(left_out), plural(taken, "slice")),
    }
}

fn cause(spread: &Spread) -> &'static str {
    if spread.drifts() {
        "later samples differ from earlier ones: the processor changed its frequency, or the benchmark's own data grows"
    } else {
        "slow and fast samples alternate: most likely other programs took the processor or its caches"
    }
}

#[cfg(test)]
mod tests {
    use super::{cause, left_out, words};
    use crate::model::{Slices, Spread};

    #[test]
    fn what_was_interrupted_is_said_with_how_much_there_was() {
        let said = |taken, out| left_out(Slices { taken, left_out: out });
        assert_eq!(said(2_240, 0), "");
        assert_eq!(said(2_240, 1), "; 1 of 2,240 slices was interrupted and is left out");
        assert_eq!(said(2_240, 1_041), "; 1,041 of 2,240 slices were interrupted and are left out");
    }

    #[test]
    fn the_cause_follows_the_order_of_the_samples() {
        let rising: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n) * 5.0).collect();
        assert!(cause(&Spread::of(&rising).unwrap()).contains("frequency"));
        let mixed: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n * 7 % 20) * 5.0).collect();
        assert!(cause(&Spread::of(&mixed).unwrap()).contains("other programs"));
    }

    #[test]
    fn a_benchmarks_samples_in_words() {
        let spread = Spread::of(&[100.0, 101.0, 102.0, 103.0, 400.0]).unwrap();
        assert_eq!(
            words(&spread),
            "5 samples, 102.0 ns (half of them 101.0 to 103.0), fastest 100.0, slowest 400.0, 1 outlier"
        );
    }
}
