//! The harness: what it selects, how it ends, what it counts.

use no_heap::record::{AllocatorPass, BenchResult, BenchState, Underway};

use crate::support::{Build, Run, program, run_with};

const ALL: [&str; 18] = [
    "plain_iter",
    "with_setup",
    "first_differs",
    "no_argument",
    "inner::plain_iter_inside",
    "sized/20",
    "sized/3",
    "sized/LARGE",
    "of_const/20",
    "of_const/3",
    "of_const/LARGE",
    "of_both/8/2",
    "of_both/8/1",
    "of_both/7/2",
    "of_both/7/1",
    "nested_guards",
    "never_iterates",
    "panics",
];

/// Without the clock, and without a record in a plain build.
fn harness(build: Build, args: &[&str]) -> Run {
    run_with(&program(build, "o3", "harness"), args, |command| {
        command.env("NOALLOC_BENCH_TIME", "0.01");
        if build == Build::Plain {
            command.env_remove("NOALLOC_RECORD_DIR");
        }
    })
}

fn listed(args: &[&str]) -> Vec<String> {
    let run = harness(Build::Plain, args);
    assert!(run.output.status.success(), "{}", run.stderr());
    run.stdout().lines().filter_map(|line| line.strip_suffix(": benchmark").map(str::to_owned)).collect()
}

#[test]
fn it_lists_in_the_order_of_the_source() {
    assert_eq!(listed(&["--list", "--format", "terse"]), ALL);
    assert_eq!(listed(&["--list"]), ALL);
    let full = harness(Build::Plain, &["--list"]).stdout();
    assert!(full.ends_with("\n\n0 tests, 18 benchmarks\n"), "{full}");
    let terse = harness(Build::Plain, &["--list", "--format", "terse"]).stdout();
    assert!(!terse.contains("tests,"), "{terse}");
    let ignored = harness(Build::Plain, &["--list", "--format", "terse", "--ignored"]);
    assert_eq!(ignored.stdout(), "", "nextest asks for ignored ones");
}

#[test]
fn it_selects_as_libtest_does() {
    assert_eq!(listed(&["--list", "plain_iter"]), ["plain_iter", "inner::plain_iter_inside"]);
    assert_eq!(listed(&["--list", "--exact", "plain_iter"]), ["plain_iter"]);
    assert_eq!(listed(&["--list", "plain_iter", "setup"]), [ALL[0], ALL[1], ALL[4]]);
    assert_eq!(
        listed(&["--list", "--skip", "plain", "--skip=pan", "--skip", "of_"]),
        [ALL[1], ALL[2], ALL[3], ALL[5], ALL[6], ALL[7], ALL[15], ALL[16]]
    );
    assert_eq!(listed(&["--list", "--exact", "iter"]), [""; 0]);
    assert_eq!(listed(&["--list", "--exact", "sized/3"]), ["sized/3"]);
    assert_eq!(listed(&["--list", "of_both/8"]), ["of_both/8/2", "of_both/8/1"]);
    assert_eq!(listed(&["--list", "--exact", "of_const/LARGE"]), ["of_const/LARGE"]);
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [&["--frobnicate"][..], &["--skip"], &["-x"]] {
        let run = harness(Build::Plain, args);
        assert_eq!(run.output.status.code(), Some(2), "{args:?}");
        assert!(run.stderr().starts_with("error: ") && run.stdout().is_empty(), "{}", run.stderr());
    }
}

#[test]
fn a_test_run_calls_each_once() {
    for build in [Build::Plain, Build::Audit] {
        let run = harness(build, &["--test", "plain", "--bench"]);
        assert!(run.output.status.success(), "{}", run.stderr());
        if build == Build::Audit {
            assert_eq!(run.records[0].counts("hot").calls, 1);
        }
    }
}

#[test]
fn a_bench_that_never_iterates_or_panics_fails_the_run_and_not_the_others() {
    for build in [Build::Plain, Build::Audit] {
        let run = harness(build, &["never_iterates", "no_argument"]);
        assert_eq!(run.output.status.code(), Some(101));
        assert!(
            run.stderr().contains("`never_iterates` returned without calling `b.iter(…)`"),
            "{}",
            run.stderr()
        );
        let program = program(build, "o3", "harness");
        let run = run_with(&program, &["--bench"], |command| {
            command.env("HARNESS_PANICS", "1").env("NOALLOC_BENCH_TIME", "0");
        });
        assert_eq!(run.output.status.code(), Some(101));
        if build == Build::Audit {
            let states: Vec<u64> = run.records[0].0.benches.iter().map(|(result, _)| result.state).collect();
            let count = |state: BenchState| states.iter().filter(|s| **s == state as u64).count();
            assert_eq!(count(BenchState::Done), 16);
            assert_eq!(count(BenchState::NeverIterated), 1);
            assert_eq!(count(BenchState::Panicked), 1);
        }
    }
}

/// A benchmark that ends the process leaves the others as they stood.
#[test]
fn who_looks_meanwhile_sees_how_many_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(Build::Audit, "o3", "harness");
    let status = std::process::Command::new(program)
        .args(["--skip", "of_", "--skip", "sized"])
        .env("NOALLOC_RECORD_DIR", folder.path())
        .env("NOALLOC_BENCH_TIME", "0")
        .env("HARNESS_EXITS", "1")
        .status();
    assert_eq!(status.unwrap().code(), Some(7));
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let mut record = Underway::open(std::fs::File::open(file).unwrap()).unwrap();
    let states: Vec<u64> = record.results().unwrap().iter().map(|result| result.state).collect();
    let named = |state: BenchState| -> Vec<&str> {
        let all = record.benches.iter().zip(&states).filter(|(_, found)| **found == state as u64);
        all.map(|(bench, _)| &*bench.name).collect()
    };
    assert_eq!(named(BenchState::Started), ["never_iterates"]);
    assert_eq!(named(BenchState::Waiting), ["panics"]);
    assert_eq!(named(BenchState::Done).len(), 6, "{states:?}");
    assert_eq!(named(BenchState::NotRun).len(), 10, "{states:?}");
}

#[test]
fn what_is_no_record_tells_nothing_of_benchmarks() {
    for bytes in [&b""[..], b"noalloc\0", &[0xff; 4096]] {
        assert!(Underway::open(std::io::Cursor::new(bytes)).is_none());
    }
}

fn result<'run>(run: &'run Run, name: &str) -> (&'run BenchResult, &'run [f64]) {
    let record = &run.records[0].0;
    let index = record.hello.benches.iter().position(|bench| bench.name == name).unwrap();
    let (result, samples) = &record.benches[index];
    (result, samples)
}

/// allocs, frees, bytes
fn steady(result: &BenchResult) -> [u64; 3] {
    [result.allocs, result.frees, result.bytes]
}

fn first(result: &BenchResult) -> [u64; 3] {
    [result.first_allocs, result.first_frees, result.first_bytes]
}

#[test]
fn the_recorded_passes_count_exactly_what_an_iteration_does() {
    let run =
        harness(Build::Audit, &["--skip", "never", "--skip", "panics", "--skip", "sized", "--skip", "of_"]);
    assert!(run.output.status.success(), "{}", run.stderr());
    assert_eq!(run.stdout(), "", "the tool speaks");

    let (plain, samples) = result(&run, "plain_iter");
    assert_eq!((plain.recorded, steady(plain), first(plain)), (999, [999, 999, 999 * 50], [1, 1, 50]));
    assert_eq!((plain.hot_calls, plain.reallocs), (999, 0));
    assert!(!samples.is_empty() && samples.iter().all(|ns| *ns > 0.0));
    assert!(plain.timed_iterations > 1000);
    // The clock's iterations are in no count.
    assert_eq!(run.records[0].counts("hot").calls, 1000);

    // The input's free, the box and its free, the output.
    let (setup, _) = result(&run, "with_setup");
    assert_eq!((steady(setup), first(setup)), ([2 * 999, 2 * 999, 999 * 18], [2, 2, 18]));

    let (differs, _) = result(&run, "first_differs");
    assert_eq!((steady(differs), first(differs)), ([0, 0, 0], [1, 0, 64]));
    assert_eq!(differs.hot, 0, "no hot function was called");

    let (no_argument, _) = result(&run, "no_argument");
    assert_eq!(steady(no_argument), [999, 999, 999 * 4]);
}

#[test]
fn each_argument_is_a_benchmark_of_its_own() {
    let run = harness(Build::Audit, &["sized"]);
    assert!(run.output.status.success(), "{}", run.stderr());
    for (name, bytes) in [("sized/20", 20), ("sized/3", 3), ("sized/LARGE", 300)] {
        let (sized, _) = result(&run, name);
        assert_eq!(steady(sized), [999, 999, 999 * bytes], "{name}");
    }
}

#[test]
fn each_value_of_a_const_parameter_is_a_benchmark_of_its_own() {
    let run = harness(Build::Audit, &["of_"]);
    assert!(run.output.status.success(), "{}", run.stderr());
    for (name, allocs, bytes) in [
        ("of_const/20", 1, 20),
        ("of_const/3", 1, 3),
        ("of_const/LARGE", 1, 300),
        ("of_both/8/2", 2, 16),
        ("of_both/8/1", 1, 8),
        ("of_both/7/2", 2, 14),
        ("of_both/7/1", 1, 7),
    ] {
        let (bench, _) = result(&run, name);
        assert_eq!(steady(bench), [999 * allocs, 999 * allocs, 999 * bytes], "{name}");
    }
}

#[test]
fn guards_are_counted_inside_of_each_other_and_measured_with_the_clock() {
    let run = harness(Build::Audit, &["nested_guards", "plain_iter_inside"]);
    assert!(run.output.status.success(), "{}", run.stderr());
    let (nested, _) = result(&run, "nested_guards");
    assert_eq!((nested.first_guarded_calls, nested.guarded_calls), (6, 6 * 999));
    assert_eq!(nested.hot_calls, 2 * 999);
    let (none, _) = result(&run, "inner::plain_iter_inside");
    assert_eq!((none.first_guarded_calls, none.guarded_calls), (0, 0));
    // Of the whole process; a guard is several calls, so that a clock can tell it from nothing, but for a machine that is
    // very busy just then.
    let overhead = |result: &BenchResult| [result.loop_ns, result.guard_ns].map(f64::from_bits);
    assert_eq!(overhead(nested), overhead(none));
    let guard = || overhead(result(&harness(Build::Audit, &["nested_guards"]), "nested_guards").0)[1];
    assert!(overhead(nested)[1] > 0.0 || (0..9).any(|_| guard() > 0.0), "a guard never takes any time");
}

#[test]
fn set_up_is_outside_of_the_clock() {
    let run = run_with(&program(Build::Own, "o3", "allocating"), &["long_setup"], |command| {
        command.env("NOALLOC_BENCH_TIME", "0.05");
    });
    let stderr = run.stderr();
    let said = stderr.lines().find_map(|line| line.strip_prefix("long_setup: ")).unwrap();
    let said: Vec<f64> = said.split(' ').map(|ns| ns.parse().unwrap()).collect();
    let (setups, all) = (said[0], said[1]);
    // However busy the machine is, what the clock saw and the set-ups follow each other: together they fit into the
    // whole, in which the set-ups would not have room twice.
    let (result, samples) = result(&run, "long_setup");
    let each = result.timed_iterations as f64 / samples.len() as f64;
    let clocked = samples.iter().sum::<f64>() * each;
    assert!(clocked + setups <= all, "{clocked} ns by the clock and {setups} of set-up in {all}");
}

/// The fixture's allocator takes at least 50 µs for a block of one size, and hardly anything for all others.
#[test]
fn time_inside_the_allocator_is_told_from_time_elsewhere() {
    let measured = |time: &str| {
        run_with(&program(Build::Own, "o3", "allocating"), &["--bench"], |command| {
            command.env("NOALLOC_BENCH_TIME", time);
        })
    };
    let run = measured("0.05");
    assert!(run.output.status.success(), "{}", run.stderr());
    let share = |name| f64::from_bits(result(&run, name).0.allocator_share);
    assert!(share("slow_allocator") > 0.9, "{}", share("slow_allocator"));
    for name in ["slow_otherwise", "slow_setup"] {
        assert!(share(name) < 0.5, "{} in {name}", share(name));
    }
    assert_eq!(share("no_allocator"), 0.0);
    for (result, _) in &run.records[0].0.benches {
        assert_eq!(result.allocator_pass, AllocatorPass::Done as u64);
    }
    // The pass is in no count.
    assert_eq!(run.records[0].counts("hot").calls, 2 * result(&run, "slow_allocator").0.recorded + 2);

    let untimed = measured("0");
    let not_run = |result: &BenchResult| result.allocator_pass == AllocatorPass::NotRun as u64;
    assert!(untimed.records[0].0.benches.iter().all(|(result, _)| not_run(result)));
}
