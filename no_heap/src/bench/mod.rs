//! The harness behind [`main!`](crate::main): `harness = false` benchmarks that `cargo bench` times and
//! `cargo noalloc check` counts as well.
//!
//! Each benchmark runs in passes that share nothing: its first iteration alone, recorded, and nine more; then the clock, with
//! recording off; then enough recorded iterations for exact per-op figures; and where these saw the heap, the clock
//! around each call of the allocator. One benchmark after another, on the main thread.

#[cfg(any(noalloc_audit, test))]
mod allocating;
mod args;
mod bencher;
mod clock;
mod interrupted;
mod overhead;
mod print;
mod results;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::Duration;

pub use bencher::Bencher;

use crate::registry::{BENCHMARKS, Benchmark};
use args::{Args, Mode};
use clock::Budget;
use overhead::Overhead;
use results::Results;

/// The `main` of a benchmark target with `harness = false`.
///
/// ```no_run
/// #[no_heap::bench]
/// fn sum(b: &mut no_heap::Bencher) {
///     let numbers: Vec<u64> = (0..1024).collect();
///     b.iter(|| numbers.iter().sum::<u64>());
/// }
///
/// no_heap::main!();
/// ```
#[macro_export]
macro_rules! main {
    () => {
        fn main() -> ::std::process::ExitCode {
            $crate::__private::run()
        }
    };
}

/// Runs what the command line selects.
#[doc(hidden)]
pub fn run() -> ExitCode {
    let args = match Args::parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(message) => {
            print::complaint(&message);
            return ExitCode::from(2);
        }
    };
    // The linker's order is nobody's: benchmarks run in the order in which they are written.
    let mut selected: Vec<_> =
        BENCHMARKS.iter().enumerate().filter(|(_, bench)| args.selects(&bench.display_name())).collect();
    selected.sort_by_key(|(_, bench)| (bench.file, bench.line, bench.column, bench.part));
    match args.mode {
        Mode::List { terse } => print::list(&selected, terse),
        Mode::Test => run_each(&selected, None, true),
        Mode::Bench => run_each(&selected, budget(), false),
    }
}

/// `None` skips the clock.
fn budget() -> Option<Budget> {
    let samples = std::env::var(crate::env::BENCH_SAMPLES).ok().and_then(|text| text.parse().ok());
    let samples = samples.filter(|samples| *samples > 0).unwrap_or(Budget::USUAL.samples);
    let Ok(text) = std::env::var(crate::env::BENCH_TIME) else {
        return Some(Budget { samples, ..Budget::USUAL });
    };
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && *seconds > 0.0);
    seconds.map(|seconds| Budget { time: Duration::from_secs_f64(seconds), samples })
}

fn run_each(selected: &[(usize, &Benchmark)], budget: Option<Budget>, once: bool) -> ExitCode {
    selected.iter().for_each(|(index, _)| Results::select(*index));
    // Who runs for the clock alone compares what it says with what it says elsewhere: the overhead is in both.
    let wanted = budget.filter(|_| std::env::var_os(crate::env::CLOCK_ONLY).is_none());
    let overhead = wanted.map_or_else(Overhead::default, |_| results::unrecorded(Overhead::measure));
    let mut failed = 0;
    for (index, bench) in selected {
        let mut bencher = Bencher::new(Results::of(*index), budget, overhead, once);
        let result = panic::catch_unwind(AssertUnwindSafe(|| (bench.run)(&mut bencher)));
        let outcome = bencher.finish(result.is_err());
        print::outcome(&bench.display_name(), &outcome);
        failed += usize::from(outcome.is_failure());
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
