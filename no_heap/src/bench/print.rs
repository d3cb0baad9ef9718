//! What the harness says by itself, when no tool reads the record.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a harness speaks to its user")]

use std::process::ExitCode;

use super::bencher::Outcome;
use crate::registry::Benchmark;

/// As libtest lists: `name: benchmark`, and a count unless `terse`.
pub(super) fn list(benches: &[(usize, &Benchmark)], terse: bool) -> ExitCode {
    for (_, bench) in benches {
        println!("{}: benchmark", bench.display_name());
    }
    if !terse {
        println!("\n0 tests, {} benchmarks", benches.len());
    }
    ExitCode::SUCCESS
}

/// One line for each benchmark; nothing when the tool reports.
pub(super) fn outcome(name: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Panicked => eprintln!("benchmark `{name}` panicked"),
        Outcome::NeverIterated => {
            eprintln!("benchmark `{name}` returned without calling `b.iter(…)`: there is nothing to measure");
        }
        _ if std::env::var_os(crate::env::RECORD_DIR).is_some() => {}
        Outcome::Timed(timing, overhead) => {
            // There is no guard in a plain build.
            let ns = (timing.median() - overhead.each_loop).max(0.0);
            println!("{name:<32} {:>12} iterations {ns:>12.1} ns/op", timing.iterations);
        }
        Outcome::Ran => println!("{name:<32} ok"),
    }
}

pub(super) fn complaint(message: &str) {
    eprintln!("error: {message}");
}
