//! What allocating costs: the share of a benchmark's time that the allocator takes.

use std::fmt::Write as _;

use crate::model::{Bench, InAllocator, Verdict};
use crate::numbers::plural;

/// Below this share there is next to nothing to save.
const SMALL: f64 = 0.01;

/// Lines for who did not ask for all of them.
const FEW: usize = 5;

/// A line for each benchmark that spends time in the allocator, those with most of it first where there are many;
/// empty without. `all` also names those whose time noise hides.
pub(super) fn render(verdict: &Verdict, all: bool) -> String {
    let mut spends: Vec<(&Bench, f64, f64)> = verdict
        .benches
        .iter()
        .filter_map(|bench| bench.in_allocator().map(|(share, ns)| (bench, share, ns)))
        .filter(|(_, share, _)| *share >= SMALL)
        .collect();
    let more = if all { 0 } else { spends.len().saturating_sub(FEW) };
    if more > 0 {
        spends.sort_by(|(.., a), (.., b)| b.total_cmp(a));
        spends.truncate(FEW);
    }
    let mut out = String::new();
    for (bench, share, ns) in spends {
        // What it means stands once.
        let meaning =
            if out.is_empty() { ": the most that removing all allocations can directly save" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}{meaning}", line(bench, share, ns));
    }
    if more > 0 {
        let _ = writeln!(out, "and {}: `--verbose` shows them", plural(more as u64, "more benchmark"));
    }
    for (bench, inside) in verdict.benches.iter().filter(|_| all).filter_map(hidden) {
        let _ = writeln!(out, "{}", below(bench, inside));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// What was measured, where that says nothing.
fn hidden(bench: &Bench) -> Option<(&Bench, InAllocator)> {
    let inside = bench.allocator.filter(|_| bench.uses_heap() && bench.in_allocator().is_none())?;
    Some((bench, inside))
}

/// `31 % of algo_one's time is spent in the allocator (149 of 481 ns)`.
fn line(bench: &Bench, share: f64, ns: f64) -> String {
    let (name, whole) = (&bench.name, time(bench.ns_per_op().unwrap_or_default()));
    if share >= 1.0 {
        return format!("all of `{name}`'s time is spent in the allocator ({whole})");
    }
    let of = format!("{} of {whole}", time(ns).trim_end_matches(" ns"));
    format!("{:.0} % of `{name}`'s time is spent in the allocator ({of})", share * 100.0)
}

/// The share is no figure then, and what it can be at most is one.
fn below(bench: &Bench, inside: InAllocator) -> String {
    let most = (inside.share.max(0.0) + inside.error) * 100.0;
    format!(
        "`{}`'s time in the allocator is below what can be measured: at most {most:.1} % of it",
        bench.name
    )
}

/// With a decimal where it matters.
fn time(ns: f64) -> String {
    if ns < 10.0 { format!("{ns:.1} ns") } else { format!("{ns:.0} ns") }
}

#[cfg(test)]
mod tests {
    use super::{below, hidden, line};
    use crate::model::{Bench, InAllocator, Overhead, Place, Slices};

    /// A benchmark of 481 ns an iteration.
    fn bench(share: f64, error: f64) -> Bench {
        Bench {
            c_heap: None,
            name: "algo_one".to_owned(),
            target: "elvis".to_owned(),
            place: Place { file: "benches/elvis.rs".to_owned(), line: 1, column: 1 },
            iterations: 1_000,
            samples: vec![481.0],
            slices: Slices::default(),
            overhead: Overhead::default(),
            recorded: 999,
            allocs: 1_998,
            reallocs: 0,
            frees: 1_998,
            bytes: 28_971,
            processed_bytes: None,
            processed_items: None,
            allocator: Some(InAllocator { share, error, overhead: 80.0 }),
            hot: None,
            outside: Vec::new(),
        }
    }

    fn said(share: f64, error: f64) -> Option<String> {
        let bench = bench(share, error);
        bench.in_allocator().map(|(share, ns)| line(&bench, share, ns))
    }

    #[test]
    fn a_share_is_said_with_both_times() {
        let words = "31 % of `algo_one`'s time is spent in the allocator (149 of 481 ns)";
        assert_eq!(said(0.31, 0.02).as_deref(), Some(words));
        let words = "1 % of `algo_one`'s time is spent in the allocator (4.8 of 481 ns)";
        assert_eq!(said(0.01, 0.001).as_deref(), Some(words));
    }

    #[test]
    fn more_than_the_whole_is_all_of_it() {
        let words = "all of `algo_one`'s time is spent in the allocator (481 ns)";
        assert_eq!(said(1.07, 0.02).as_deref(), Some(words));
    }

    #[test]
    fn the_share_is_one_of_the_time_without_overhead() {
        let overhead = Overhead { each_loop: 1.0, guard: 4.0, guarded_calls: 5.0 };
        let bench = Bench { samples: vec![79.0], overhead, ..bench(0.25, 0.01) };
        assert_eq!(bench.in_allocator(), Some((25.0 / 79.0, 25.0)));
    }

    #[test]
    fn what_noise_hides_is_not_said() {
        assert_eq!(said(0.31, 0.16), None);
    }

    /// A negative time is nonsense, and no time is one that nobody has measured.
    #[test]
    fn below_its_error_a_share_is_what_it_can_be_at_most() {
        for (share, words) in [(-0.002, "at most 1.5 %"), (0.0, "at most 1.5 %"), (0.01, "at most 2.5 %")] {
            assert_eq!(said(share, 0.015), None);
            let bench = bench(share, 0.015);
            let (bench, inside) = hidden(&bench).unwrap();
            let said = below(bench, inside);
            assert_eq!(
                said,
                format!("`algo_one`'s time in the allocator is below what can be measured: {words} of it")
            );
        }
    }

    #[test]
    fn who_never_allocates_spends_nothing_there() {
        let idle = Bench { allocs: 0, frees: 0, ..bench(0.0, 0.0) };
        assert_eq!((idle.in_allocator(), hidden(&idle).is_none()), (Some((0.0, 0.0)), true));
    }
}
