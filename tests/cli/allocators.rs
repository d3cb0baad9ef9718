//! Programs with an allocator of their own: recorded exactly, or refused. Never a silent zero.

use serde_json::Value;

use crate::support::{Outcome, Project, named};

fn check(words: &str) -> Outcome {
    Project::shared("own-allocator").check(words).run()
}

/// 7 calls, 4 bytes each.
#[track_caller]
fn assert_exact(report: &Value, name: &str) {
    let function = named(&report["functions"], "name", name);
    let count = |key: &str| function[key].as_u64().unwrap();
    assert_eq!(
        [count("calls"), count("allocs"), count("frees"), count("bytes")],
        [7, 7, 7, 28],
        "{function:#}"
    );
}

#[test]
fn an_unwrapped_allocator_is_refused_with_the_line_to_write() {
    let run = check("--bench unwrapped").exits(96);
    insta::assert_snapshot!(run.errors());
    assert!(!run.stdout.contains("clean"), "{}", run.stdout);
}

#[test]
fn an_unwrapped_allocator_is_a_failed_target_in_the_report() {
    let report = check("--bench unwrapped --format json").exits(96).json();
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["targets"][0]["status"], "failed");
    assert_eq!(report["functions"], Value::Array(Vec::new()));
}

#[test]
fn a_wrapped_allocator_is_recorded_exactly() {
    assert_exact(&check("--bench wrapped --format json").exits(100).json(), "own_allocator::hot");
}

#[test]
fn an_allocator_that_audits_leave_out_is_no_obstacle() {
    assert_exact(&check("--bench configured --format json").exits(100).json(), "own_allocator::hot");
}

#[test]
fn an_allocator_in_another_module_is_found() {
    insta::assert_snapshot!(check("--bench in_module").exits(96).errors());
}

#[test]
fn an_allocator_in_a_dependency_is_found() {
    insta::assert_snapshot!(check("--bench in_dependency").exits(96).errors());
}

#[test]
fn an_allocator_in_the_library_is_found() {
    insta::assert_snapshot!(check("-p library").exits(96).errors());
}

#[test]
fn an_allocator_in_a_program_beside_a_benchmark_is_found() {
    insta::assert_snapshot!(check("-p program").exits(96).errors());
}

#[test]
fn one_target_with_and_one_without_are_checked_together() {
    let run = check("--bench usual --bench wrapped --bench unwrapped --format json").exits(96);
    let report = run.json();
    let status = |name: &str| named(&report["targets"], "name", name)["status"].clone();
    assert_eq!([status("usual"), status("wrapped"), status("unwrapped")], ["ok", "ok", "failed"]);
    let function = named(&report["functions"], "name", "own_allocator::hot");
    assert_eq!([&function["calls"], &function["allocs"]], [14, 14]);
}
