//! Calls of several benchmarks, arguments, tests and threads are not one stream: what depends on the input is no warm-up.

use serde_json::Value;

use crate::support::Project;

fn streams() -> Project {
    Project::shared("streams")
}

/// What is said of the only place where a function used the heap.
#[track_caller]
fn finding<'a>(report: &'a Value, function: &str) -> &'a Value {
    let name = format!("streams::{function}");
    let findings = report["findings"].as_array().unwrap().iter();
    let mut of_this =
        findings.filter(|found| found["function"] == *name && found["rule"] == "heap-in-hot-path");
    let only = of_this.next().unwrap_or_else(|| panic!("nothing was found in {function}: {report:#}"));
    assert!(of_this.next().is_none(), "more than one in {function}: {report:#}");
    only
}

#[track_caller]
fn assert_said(report: &Value, function: &str, pattern: &str, reason: &str, help: Option<&str>) {
    let finding = finding(report, function);
    assert_eq!(finding["pattern"], pattern, "{finding:#}");
    let said = finding["reason"].as_str().unwrap();
    assert!(said.contains(reason), "{reason}: {said}");
    let helped = finding["help"].as_str();
    let is_as_expected = help.map_or_else(
        || !helped.unwrap_or_default().contains("warmup"),
        |help| helped.is_some_and(|helped| helped.contains(help)),
    );
    assert!(is_as_expected, "{help:?}: {helped:?}");
}

const WARMUP: Option<&str> = Some("before the hot path, or `#[no_heap(warmup = 1)]`");

#[test]
fn iterations_of_our_benchmarks_tell_arguments_from_age() {
    let report = streams().check_json("--bench of_ours").run().exits(100).json();
    let every = "in 1,000 of 2,000 calls: in every one of benchmark `a_long`";
    assert_said(&report, "spills", "sporadic", every, None);
    let every = "in 1,000 of 4,000 calls: in every one of benchmark `kept/64`";
    assert_said(&report, "keeps", "sporadic", every, None);
    assert_said(&report, "prepares", "first-call", "on the first call only", WARMUP);
    assert_said(&report, "in_a_static", "first-call", "`LazyLock` fills itself on first use", WARMUP);
    assert_said(&report, "in_a_cell", "first-call", "`OnceLock` fills itself on first use", WARMUP);
    assert_said(&report, "says_once", "sporadic", "in 1 of 1,000 calls; freed before the call returns", None);
    assert_said(&report, "warms_up", "warm-up", "in the first 3 calls only", None);
    let each = report["findings"].as_array().unwrap().iter();
    let gathers: Vec<_> = each.filter(|found| found["function"] == "streams::gathers").collect();
    let patterns: Vec<_> = gathers.iter().map(|found| &found["pattern"]).collect();
    assert!(patterns.contains(&&"sporadic".into()) && !patterns.contains(&&"growth".into()), "{gathers:#?}");
}

/// Obeyed, the help leaves nothing to find, in whatever order the benchmarks run.
#[test]
fn a_warm_up_that_is_advised_is_enough() {
    let project = Project::own("streams", "app");
    let source = std::fs::read_to_string(project.root.join("src/lib.rs")).unwrap();
    let mut lines: Vec<&str> = source.lines().collect();
    for name in ["prepares", "in_a_static", "in_a_cell"] {
        let at = lines.iter().position(|line| line.starts_with(&format!("pub fn {name}("))).unwrap();
        lines[at - 1] = "#[no_heap(warmup = 1)]";
    }
    project.write("src/lib.rs", &lines.join("\n"));
    let found = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        let of_heap = findings.filter(|found| found["rule"] == "heap-in-hot-path");
        of_heap.map(|found| found["function"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    project.check_json("--bench of_ours -- first_calls").run().exits(100);
    let report = project.check_json("--bench of_ours").run().exits(100).json();
    assert!(
        found(&report).iter().all(|name| !name.contains("prepares") && !name.contains("in_a")),
        "{report:#}"
    );
}

#[test]
fn what_other_harnesses_call_with_is_not_known() {
    for words in ["--bench of_divan -- --test", "--bench of_criterion -- --test"] {
        let report = streams().check_json(words).run().exits(100).json();
        assert_said(&report, "spills", "sporadic", " calls", None);
        assert_said(&report, "keeps", "sporadic", " calls", None);
    }
    let report = streams().check_json("--bench of_divan -- --test").run().exits(100).json();
    assert_said(&report, "spills", "sporadic", "in 1 of 2 calls;", None);
    assert_said(&report, "keeps", "sporadic", "in 1 of 4 calls;", None);
    // A thousand calls say something, and not all.
    let weakly =
        Some("only a first call did it here: if no other input needs it, make it before the hot path");
    assert_said(&report, "prepares", "sporadic", "in 1 of 1,000 calls, the first;", weakly);
    // The code says that these fill themselves once; of a cell it does not say how many of them there are.
    assert_said(&report, "in_a_static", "first-call", "`LazyLock` fills itself on first use", WARMUP);
    let touched = Some("lazy initialisation: touch it before the hot path");
    assert_said(&report, "in_a_cell", "sporadic", "`OnceLock` fills itself on first use", touched);
    assert!(!finding(&report, "in_a_cell")["help"].as_str().unwrap().contains("warmup"));
}

#[test]
fn each_test_is_another_caller() {
    for words in ["--test of_libtest", "--test of_libtest -- --test-threads=1"] {
        let report = streams().check_json(words).run().exits(100).json();
        assert_said(&report, "spills", "sporadic", "in 1 of 2 calls;", None);
        assert_said(&report, "keeps", "sporadic", "in 1 of 5 calls;", None);
        assert_said(&report, "in_a_static", "sporadic", "`LazyLock` fills itself on first use", WARMUP);
    }
}
