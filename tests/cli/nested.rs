//! A hot function that calls another: what the inner guard does for the audit is not the outer function's doing.

use crate::support::{Project, named};

/// State of the proof, and whether it may free, for each function that calls another one.
fn check(words: &str) {
    let report = Project::shared("nested").check_json(words).run().exits(100).json();
    for (name, state, may_free) in [
        ("around_quiet", "proved", false),
        ("around_blocks", "proved", false),
        ("around_frees", "proved", true),
        ("around_loud", "may-allocate", true),
    ] {
        let function = named(&report["functions"], "name", &format!("nested::{name}"));
        assert_eq!(function["proof"]["state"], state, "{name} {words}: {report:#}");
        assert_eq!(function["proof"]["may_free"], may_free, "{name} {words}");
    }
}

#[test]
fn the_inner_guard_is_no_part_of_the_outer_functions_proof() {
    check("--bench nested");
}

#[test]
fn nor_is_it_after_link_time_optimisation() {
    check("--bench nested --cargo-profile fat");
}

#[test]
fn events_inside_belong_to_each_function_around_them() {
    let report = Project::shared("nested").check_json("--bench nested").run().exits(100).json();
    let number = |name: &str, key: &str| {
        let function = named(&report["functions"], "name", &format!("nested::{name}"));
        function[key].as_u64().unwrap()
    };
    let calls = number("around_loud", "calls");
    assert!(calls > 0);
    assert_eq!(number("loud", "allocs"), calls);
    assert_eq!(number("around_loud", "allocs"), calls);
    assert_eq!(number("around_quiet", "allocs"), 0);
    assert_eq!(number("around_frees", "frees"), 2 * calls);
    // The chain names the outer function, then the inner one, each once.
    let outer = |finding: &&serde_json::Value| {
        finding["function"] == "nested::around_loud" && finding["rule"] == "heap-in-hot-path"
    };
    let finding = report["findings"].as_array().unwrap().iter().find(outer).unwrap();
    let users: Vec<&str> = finding["chain"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|frame| frame["user"] == true)
        .map(|frame| frame["function"].as_str().unwrap())
        .collect();
    assert_eq!(users, ["nested::around_loud", "nested::loud"], "{finding:#}");
}
