//! What each option of the attribute promises: kept it is no finding, broken it is one of the right rule.

use serde_json::Value;

use crate::support::{Project, named};

fn check() -> Value {
    Project::shared("promises").check_json("--bin promises").run().exits(100).json()
}

#[test]
fn an_option_that_is_kept_is_no_finding_and_a_broken_one_is() {
    let report = check();
    for (function, verdict, errors) in [
        ("budget_kept", "within-budget", &[][..]),
        ("bytes_broken", "allocates", &["over-budget"]),
        ("allocs_broken", "allocates", &["over-budget"]),
        ("bytes_alone", "within-budget", &[]),
        ("warmup_kept", "within-budget", &[]),
        ("warmup_broken", "allocates", &["heap-in-hot-path"]),
        ("free_kept", "within-budget", &[]),
        ("free_broken", "allocates", &["heap-in-hot-path"]),
        ("prove_kept", "proved", &[]),
        ("prove_broken", "clean", &["may-allocate"]),
        ("first", "within-budget", &[]),
        ("second", "within-budget", &[]),
        ("third", "within-budget", &[]),
        ("fourth", "within-budget", &[]),
    ] {
        let name = format!("promises::{function}");
        let row = named(&report["functions"], "name", &name);
        let findings = report["findings"].as_array().unwrap().iter();
        let of_it = findings.filter(|finding| finding["function"] == *name && finding["level"] == "error");
        let rules: Vec<&str> = of_it.map(|finding| finding["rule"].as_str().unwrap()).collect();
        assert_eq!((row["verdict"].as_str().unwrap(), &rules[..]), (verdict, errors), "{function}: {row:#}");
        assert_eq!(row["calls"], 7, "{function}");
    }
}
