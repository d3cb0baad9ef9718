//! A hot function that nobody called is not clean: nothing is known of it.

use crate::support::Project;

#[test]
fn unit_tests_that_call_no_hot_function_leave_it_unexercised() {
    let run = Project::shared("quiet").check("--lib").run().exits(0);
    insta::assert_snapshot!(run.report());
}

#[test]
fn an_integration_test_that_calls_no_hot_function_leaves_it_unexercised() {
    let report = Project::shared("quiet").check_json("--test quiet").run().exits(0).json();
    let verdicts: Vec<_> = report["functions"].as_array().unwrap().iter().map(|f| &f["verdict"]).collect();
    assert!(!verdicts.is_empty() && verdicts.iter().all(|verdict| *verdict == "unexercised"), "{report:#}");
    assert_eq!(report["findings"][0]["rule"], "unexercised");
    assert_eq!(report["findings"][0]["level"], "warning");
}

#[test]
fn a_filter_that_selects_nothing_leaves_it_unexercised() {
    let report =
        Project::shared("endings").check_json("--bench exits no-such-benchmark").run().exits(0).json();
    assert_eq!(report["functions"][0]["verdict"], "unexercised");
    assert_eq!(report["findings"][0]["rule"], "unexercised");
}

#[test]
fn what_a_filter_left_out_is_no_warning_unless_all_of_it_is_required() {
    let unexercised = |words: &str, code| {
        let report =
            Project::shared("gate").check_json(&format!("--bench hot {words}")).run().exits(code).json();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["rule"] == "unexercised").count()
    };
    assert_eq!(unexercised("boxing", 100), 0);
    assert_eq!(unexercised("boxing --require-exercised", 100), 3);
}

#[test]
fn whoever_requires_it_gets_an_error() {
    let run = Project::shared("quiet").check("--lib --require-exercised").run().exits(100);
    assert!(run.stdout.contains("error[unexercised]"), "{}", run.stdout);
}
