//! Benchmarks with arguments: a benchmark for each, and how the counts grow.

use serde_json::{Value, json};

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
fn programs_and_pull_requests_are_told_of_growth() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    let words = format!("--format markdown={}", page.display());
    let report = Project::shared("growth").check_json(&words).run().exits(100).json();
    let schema: Value =
        serde_json::from_str(include_str!("../../cargo-noalloc/schema/noalloc-report-1.schema.json"))
            .unwrap();
    assert!(jsonschema::draft202012::is_valid(&schema, &report), "{report:#}");
    let curve = |order: &str, first: f64, last: f64| json!({ "order": order, "first": first, "last": last });
    let doubling = named(&report["growth"], "name", "doubling");
    assert_eq!(doubling["arguments"], json!([16, 256, 4_096]));
    assert_eq!(doubling["allocs_per_op"], curve("O(log n)", 3.0, 11.0));
    assert_eq!(doubling["bytes_per_op"], curve("O(n)", 224.0, 65_504.0));
    assert_eq!(named(&report["growth"], "name", "constant")["allocs_per_op"], curve("O(1)", 1.0, 1.0));
    assert_eq!(report["growth"].as_array().unwrap().len(), 3, "two points support nothing: {report:#}");
    let page = std::fs::read_to_string(page).unwrap();
    let line = "\n- `doubling` over n = 16, 256, 4,096: allocs/op is O(log n), 3 to 11; B/op is O(n), 224 to 65,504\n";
    assert!(page.contains(line), "{page}");
    let without = Project::shared("growth").check_json("linear/16 -- --exact").run().exits(100).json();
    assert!(without.get("growth").is_none(), "{without:#}");
}

#[test]
fn a_filter_takes_one_argument() {
    let report = Project::shared("growth").check_json("linear/16 -- --exact").run().exits(100).json();
    assert_eq!(report["benchmarks"].as_array().unwrap().len(), 1, "{report:#}");
    assert_eq!(named(&report["benchmarks"], "name", "linear/16")["allocs_per_op"], 16.0);
}

#[test]
fn a_throughput_is_shown_for_benchmarks_that_say_what_they_work_through() {
    let words =
        ["check", "--bench-time", "0.02", "linear", "few/16", "--format", "human", "--format", "json"];
    let run = Project::shared("growth").noalloc(words).run().exits(100);
    let report = run.json();
    for (name, n) in [("linear/16", 16.0), ("linear/4096", 4_096.0)] {
        let bench = named(&report["benchmarks"], "name", name);
        let throughput = &bench["throughput"];
        let per_op = ["bytes_per_op", "items_per_op"].map(|key| throughput[key].as_f64().unwrap());
        assert_eq!(per_op, [8.0 * n, n], "{throughput}");
        let ns = bench["ns_per_op"].as_f64().unwrap();
        let seconds = |key: &str| throughput[key].as_f64().unwrap() * ns / 1e9;
        assert!((seconds("bytes_per_second") / (8.0 * n) - 1.0).abs() < 1e-9, "{throughput}");
        assert!((seconds("items_per_second") / n - 1.0).abs() < 1e-9, "{throughput}");
    }
    assert!(named(&report["benchmarks"], "name", "few/16").get("throughput").is_none());
    let row = |name: &str| run.stderr.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(row(" function ").contains(" throughput "), "{}", run.stderr);
    assert!(
        row(" linear/16 ").contains("B/s, ") && row(" linear/16 ").contains("items/s "),
        "{}",
        run.stderr
    );
    assert!(!row(" few/16 ").contains("/s"), "{}", run.stderr);
    // Without one, and without times, there is no such column.
    let none =
        Project::shared("growth").noalloc(["check", "--bench-time", "0.02", "few/16"]).run().exits(100);
    assert!(!none.stdout.contains("throughput"), "{}", none.stdout);
}

#[test]
fn gos_format_has_the_throughput_of_each_sample() {
    let words = ["check", "--bench-time", "0.02", "linear/256", "--format", "go"];
    let text = Project::shared("growth").noalloc(words).run().exits(100).stdout;
    assert!(text.contains("\nUnit items/s better=higher\n"), "{text}");
    let samples: Vec<&str> = text.lines().filter(|line| line.starts_with("BenchmarkLinear/256-1")).collect();
    assert!(!samples.is_empty(), "{text}");
    for sample in samples {
        let fields: Vec<&str> = sample.split_whitespace().collect();
        assert_eq!(
            [fields[3], fields[5], fields[7], fields[9]],
            ["ns/op", "MB/s", "items/s", "B/op"],
            "{sample}"
        );
        let value = |at: usize| fields[at].parse::<f64>().unwrap();
        assert!((value(2) * value(4) / (8.0 * 256.0 * 1e3) - 1.0).abs() < 0.01, "{sample}");
    }
}
