//! Counting is exact, whatever other threads do: the record against an independent allocator.

use std::path::Path;

use crate::support::{Build, Seen, program, run};
use crate::tools;

/// Compares the record with the lines that the ledger printed.
fn check(stdout: &str, record: &Seen) {
    let mut functions = 0;
    for line in stdout.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let ledger: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
        assert_eq!(ledger, record.as_in_ledger(name), "{name}: ledger against record");
        functions += 1;
    }
    assert_eq!(functions, 11, "the program printed every function");
    record.check_identities();
    assert_eq!(record.0.lost_calls, 0);
}

#[test]
fn counts_equal_an_independent_allocators_in_100_runs_of_100() {
    let program = program(Build::Own, "o3", "counts");
    for _ in 0..100 {
        let run = run(&program, &["60"]);
        let stdout = run.stdout();
        check(&stdout, &run.only());
    }
}

#[test]
fn counts_are_exact_over_jemalloc() {
    // To build one takes minutes; the crate takes the one that this variable names.
    if !std::env::var_os("JEMALLOC_OVERRIDE").is_some_and(|library| Path::new(&library).exists()) {
        return tools::absent("library at `JEMALLOC_OVERRIDE` (Debian's `libjemalloc-dev`)");
    }
    let run = run(&program(Build::Jemalloc, "o0", "counts"), &["20"]);
    check(&run.stdout(), &run.only());
}

#[test]
fn counts_are_exact_without_optimisation_too() {
    let program = program(Build::Own, "o0", "counts");
    for _ in 0..3 {
        let run = run(&program, &["20"]);
        let stdout = run.stdout();
        check(&stdout, &run.only());
    }
}
