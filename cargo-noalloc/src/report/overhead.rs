//! What measuring took: what is in no time, and where it took more than the code that was measured.

use std::fmt::Write as _;

use crate::model::{Bench, Verdict};

/// A line for each benchmark whose time is less than what measuring it took; empty without.
pub(super) fn dominated(verdict: &Verdict) -> String {
    let mut out = String::new();
    for bench in verdict.benches.iter().filter(|bench| bench.is_mostly_overhead()) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", line(bench));
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

fn line(bench: &Bench) -> String {
    let (ns, overhead) = (bench.ns_per_op().unwrap_or_default(), bench.overhead.ns());
    format!(
        "`{}`: {ns:.1} ns/op is dominated by measuring overhead, {overhead:.1} ns: let an iteration call it many times",
        bench.name
    )
}

/// What was subtracted, for each target with times; empty without.
pub(super) fn subtracted(verdict: &Verdict) -> String {
    let mut out = String::new();
    let mut targets: Vec<&str> = Vec::new();
    for bench in verdict.benches.iter().filter(|bench| bench.ns_per_op().is_some()) {
        if !targets.contains(&bench.target.as_str()) {
            targets.push(&bench.target);
            let (each_loop, guard) = (bench.overhead.each_loop, bench.overhead.guard);
            let _ = writeln!(
                out,
                "subtracted from the times of `{}`: {each_loop:.1} ns of each iteration for the loop, and {guard:.1} ns \
                 for the guard of each hot function in it",
                bench.target
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::model::{Bench, Overhead, Place, Slices};

    /// The clock saw `ns` in each iteration, with a hot function in it.
    fn bench(ns: f64) -> Bench {
        let overhead = Overhead { each_loop: 0.5, guard: 5.0, guarded_calls: 1.0 };
        Bench {
            c_heap: None,
            name: "tiny".to_owned(),
            target: "hot".to_owned(),
            place: Place { file: "benches/hot.rs".to_owned(), line: 1, column: 1 },
            iterations: 1_000,
            samples: vec![overhead.subtract_from(ns)],
            slices: Slices::default(),
            overhead,
            recorded: 999,
            allocs: 0,
            reallocs: 0,
            frees: 0,
            bytes: 0,
            processed_bytes: None,
            processed_items: None,
            allocator: None,
            hot: None,
            outside: Vec::new(),
        }
    }

    #[test]
    fn a_time_is_dominated_when_measuring_took_more_than_half() {
        assert!(!bench(11.5).is_mostly_overhead());
        let tiny = bench(7.5);
        assert!(tiny.is_mostly_overhead());
        assert_eq!(
            line(&tiny),
            "`tiny`: 2.0 ns/op is dominated by measuring overhead, 5.5 ns: let an iteration call it many times"
        );
    }

    #[test]
    fn no_time_is_below_zero() {
        let nothing = bench(5.0);
        assert_eq!(nothing.ns_per_op(), Some(0.0));
        assert!(nothing.is_mostly_overhead());
    }
}
