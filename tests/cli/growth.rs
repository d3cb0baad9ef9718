//! Benchmarks with arguments: a benchmark for each, and how the counts grow.

use crate::support::{Project, named};

#[test]
fn growth_is_said_where_the_points_support_it() {
    let run = Project::shared("growth").check("").run().exits(100);
    let said: Vec<&str> = run.stdout.lines().filter(|line| line.contains(" over n = ")).collect();
    let expected = [
        "`constant` over n = 16, 256, 4,096: allocs/op is O(1), always 1; B/op is O(1), always 8",
        "`doubling` over n = 16, 256, 4,096: allocs/op is O(log n), 3 to 11; B/op is O(n), 224 to 65,504",
        "`linear` over n = 16, 256, 4,096: allocs/op is O(n), 16 to 4,096; B/op is O(n), 128 to 32,768",
    ];
    assert_eq!(said, expected, "{}", run.stdout);
    // Each argument has a row: the time of one would not be the function's.
    for name in [" linear/16 ", " linear/256 ", " linear/4096 ", " few/16 ", " texts/short "] {
        assert!(run.stdout.lines().any(|line| line.starts_with(name)), "no row{name}in {}", run.stdout);
    }
}

#[test]
fn a_filter_takes_one_argument() {
    let report = Project::shared("growth").check_json("linear/16 -- --exact").run().exits(100).json();
    assert_eq!(report["benchmarks"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(named(&report["benchmarks"], "name", "linear/16")["allocs_per_op"], 16.0);
}
