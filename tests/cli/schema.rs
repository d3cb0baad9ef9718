//! The JSON report is what its schema says, whatever happened: real output of targets of every kind.

use serde_json::{Value, json};

use crate::support::{Outcome, Project};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../cargo-noalloc/schema/noalloc-report-1.schema.json"))
        .expect("the schema is JSON")
}

#[track_caller]
pub(crate) fn check(outcome: &Outcome) {
    validate(&outcome.json());
}

#[track_caller]
pub(crate) fn validate(report: &Value) {
    let validator = jsonschema::draft202012::new(&schema()).expect("the schema is a schema");
    let errors: Vec<String> =
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
}

#[test]
fn the_schema_is_of_the_draft_it_names() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn the_example_fits_with_and_without_times() {
    check(&Project::repository().check_json("-p elvis").run().exits(100));
    let timed = ["check", "-p", "elvis", "--bench-time", "0.01", "--format", "json"];
    let timed = Project::repository().noalloc(timed).run().exits(100);
    check(&timed);
    let report = timed.json();
    let samples = report["benchmarks"][0]["ns_samples"].as_array().unwrap();
    assert!(!samples.is_empty(), "{report:#}");
}

#[test]
fn bad_endings_fit() {
    let benches = "--bench exits --bench aborts --bench killed --bench panics --bench thread";
    check(&Project::shared("endings").check_json(benches).run().exits(103));
    check(&Project::shared("endings").check_json("--bench hangs --timeout 1").run().exits(103));
}

#[test]
fn functions_that_nobody_called_fit() {
    check(&Project::shared("quiet").check_json("--lib --tests").run().exits(0));
}

#[test]
fn permits_and_blocks_fit() {
    check(&Project::shared("permits").check_json("--test permits").run().exits(100));
}

#[test]
fn targets_that_were_not_seen_fit() {
    check(&Project::shared("own-allocator").check_json("--bench unwrapped --bench usual").run().exits(96));
    check(&Project::shared("endings").check_json("--bench cuts-record").run().exits(96));
}

#[test]
fn a_key_that_nobody_documented_is_refused() {
    let mut report = Project::shared("quiet").check_json("--lib").run().exits(0).json();
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    assert!(validator.is_valid(&report));
    report["functions"][0]["surprise"] = json!(1);
    assert!(!validator.is_valid(&report));
}
