//! How a benchmark's counts grow with its argument: `fill/16`, `fill/256`, `fill/4096`.

use crate::model::{Bench, Verdict};
use crate::numbers::{bytes_per_op, count, per_op};

/// How far a point may lie from a curve, of its own value: room for a doubling's
/// steps.
const TOLERANCE: f64 = 0.1;

/// A curve that the points lie on, and no other one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Growth {
    Constant,
    Logarithmic,
    Linear,
}

impl Growth {
    fn name(self) -> &'static str {
        match self {
            Growth::Constant => "O(1)",
            Growth::Logarithmic => "O(log n)",
            Growth::Linear => "O(n)",
        }
    }
}

/// What is said of one benchmark with arguments.
#[derive(Debug)]
pub(super) struct Grown<'a> {
    /// The target it stands in.
    pub(super) target: &'a str,
    /// Of its function, without an argument.
    pub(super) name: &'a str,
    /// In their order.
    pub(super) arguments: Vec<u64>,
    /// `None` where the points lie on no curve, or on more than one.
    pub(super) allocs: Option<Curve>,
    /// The same of requested bytes.
    pub(super) bytes: Option<Curve>,
}

/// How one count grows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    growth: Growth,
    /// At the first argument, for one iteration.
    pub(super) first: f64,
    /// At the last one.
    pub(super) last: f64,
}

impl Curve {
    /// `O(log n)`.
    pub(super) fn name(self) -> &'static str {
        self.growth.name()
    }

    fn words(self, unit: &str) -> String {
        let shown = if unit == "B/op" { bytes_per_op } else { per_op };
        let (name, first) = (self.name(), shown(self.first));
        match self.growth {
            Growth::Constant => format!("{unit} is {name}, always {first}"),
            _ => format!("{unit} is {name}, {first} to {}", shown(self.last)),
        }
    }
}

impl Grown<'_> {
    /// `` `fill` over n = 16, 256, 4,096: allocs/op is O(1), always 1 ``.
    pub(super) fn words(&self) -> String {
        let over: Vec<String> = self.arguments.iter().map(|n| count(*n)).collect();
        let said = [(self.allocs, "allocs/op"), (self.bytes, "B/op")];
        let said: Vec<String> =
            said.into_iter().filter_map(|(curve, unit)| Some(curve?.words(unit))).collect();
        format!("`{}` over n = {}: {}", self.name, over.join(", "), said.join("; "))
    }
}

/// A line for each of them; empty without.
pub(super) fn render(verdict: &Verdict) -> String {
    let lines: Vec<String> = all(verdict).iter().map(|grown| format!("{}\n", grown.words())).collect();
    if lines.is_empty() { String::new() } else { format!("\n{}", lines.concat()) }
}

/// Benchmarks of at least three numeric arguments of which a count follows a curve.
pub(super) fn all(verdict: &Verdict) -> Vec<Grown<'_>> {
    let mut grown: Vec<Grown<'_>> = Vec::new();
    for bench in &verdict.benches {
        let Some((name, _)) = bench.argument() else { continue };
        if grown.iter().any(|known| known.target == bench.target && known.name == name) {
            continue;
        }
        let same = verdict.benches.iter().filter(|other| other.target == bench.target);
        let of_one: Vec<(u64, &Bench)> = same
            .filter_map(|other| other.argument().filter(|(own, _)| *own == name).map(|(_, n)| (n, other)))
            .collect();
        grown.push(Grown {
            target: &bench.target,
            name,
            arguments: of_one.iter().map(|(n, _)| *n).collect(),
            allocs: curve(&of_one, |bench| bench.allocs + bench.reallocs),
            bytes: curve(&of_one, |bench| bench.bytes),
        });
    }
    grown.retain(|grown| grown.allocs.is_some() || grown.bytes.is_some());
    grown
}

/// A count over all recorded iterations.
type Figure = fn(&Bench) -> u64;

fn curve(benches: &[(u64, &Bench)], figure: Figure) -> Option<Curve> {
    let points: Vec<(f64, f64)> =
        benches.iter().map(|(n, bench)| (*n as f64, bench.per_op(figure(bench)))).collect();
    Some(Curve { growth: fit(&points)?, first: points.first()?.1, last: points.last()?.1 })
}

/// The simplest curve that all points lie on; `None` where there are fewer than three different arguments, where no
/// curve fits, and where two do, because the arguments are too near to each other to tell.
fn fit(points: &[(f64, f64)]) -> Option<Growth> {
    let mut arguments: Vec<f64> = points.iter().map(|(n, _)| *n).collect();
    arguments.sort_by(f64::total_cmp);
    arguments.dedup();
    if arguments.len() < 3 {
        return None;
    }
    if points.iter().all(|(_, value)| *value == points[0].1) {
        return Some(Growth::Constant);
    }
    let logarithmic = arguments[0] > 0.0 && lie_on(points, f64::log2);
    match (logarithmic, lie_on(points, |n| n)) {
        (true, false) => Some(Growth::Logarithmic),
        (false, true) => Some(Growth::Linear),
        _ => None,
    }
}

/// Whether the points rise along `a + b * curve(n)`: the line of least squares, each distance taken in relation to its
/// point's value. By absolute distances the largest argument would decide alone, and n² would pass for n.
fn lie_on(points: &[(f64, f64)], curve: fn(f64) -> f64) -> bool {
    // A value of 0 has no relative distance: it counts as a thousandth of the largest.
    let largest = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let scale = |value: f64| value.max(largest / 1_000.0);
    let weight = |value: f64| scale(value).powi(-2);
    let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
        points.iter().map(|(n, value)| weight(*value) * term(curve(*n), *value)).sum()
    };
    let (all, x, y) = (sum(&|_, _| 1.0), sum(&|x, _| x), sum(&|_, y| y));
    let (xx, xy) = (sum(&|x, _| x * x), sum(&|x, y| x * y));
    let slope = (all * xy - x * y) / (all * xx - x * x);
    let start = (y - slope * x) / all;
    let near =
        |(n, value): &(f64, f64)| (start + slope * curve(*n) - value).abs() <= TOLERANCE * scale(*value);
    slope > 0.0 && points.iter().all(near)
}

#[cfg(test)]
mod tests {
    use super::{Growth, fit};

    fn of(arguments: &[f64], figure: fn(f64) -> f64) -> Option<Growth> {
        fit(&arguments.iter().map(|n| (*n, figure(*n))).collect::<Vec<_>>())
    }

    const WIDE: [f64; 3] = [16.0, 256.0, 4_096.0];
    const UNEVEN: [f64; 4] = [10.0, 100.0, 1_000.0, 5_000.0];

    /// Allocations of a vector that starts with four places and doubles.
    fn doubling(n: f64) -> f64 {
        (n / 4.0).log2().ceil() + 1.0
    }

    #[test]
    fn constant_doubling_and_linear_are_told_apart() {
        for arguments in [&WIDE[..], &UNEVEN] {
            assert_eq!(of(arguments, |_| 0.0), Some(Growth::Constant));
            assert_eq!(of(arguments, |_| 2.0), Some(Growth::Constant));
            assert_eq!(of(arguments, doubling), Some(Growth::Logarithmic));
            assert_eq!(of(arguments, |n| n), Some(Growth::Linear));
            assert_eq!(of(arguments, |n| 3.0 * n + 24.0), Some(Growth::Linear));
        }
        // What the doubling vector asks for in all, in powers of two.
        assert_eq!(of(&WIDE, |n| 8.0 * (2.0 * n - 4.0)), Some(Growth::Linear));
    }

    #[test]
    fn other_curves_are_not_taken_for_these() {
        for arguments in [&WIDE[..], &UNEVEN] {
            assert_eq!(of(arguments, |n| n * n), None);
            assert_eq!(of(arguments, |n| n * n.log2()), None);
            assert_eq!(of(arguments, f64::sqrt), None);
            assert_eq!(of(arguments, |n| 10_000.0 / n), None);
        }
        assert_eq!(of(&WIDE, |n| if n > 1_000.0 { 1.0 } else { 0.0 }), None);
    }

    #[test]
    fn two_points_or_near_ones_support_nothing() {
        assert_eq!(of(&[16.0, 4_096.0], |n| n), None);
        assert_eq!(of(&[16.0, 16.0, 4_096.0], |n| n), None);
        assert_eq!(of(&[100.0, 105.0, 110.0], |n| n), None);
        assert_eq!(of(&[0.0, 16.0, 256.0], |n| n), Some(Growth::Linear));
    }
}
