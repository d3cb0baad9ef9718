//! What comes when a record has no room: another call stack of a thread, another thread.

use crate::support::{Project, named};

#[test]
fn what_has_no_place_breaks_the_promise_all_the_same() {
    let report = Project::shared("crowded").check_json("--tests").run().exits(100).json();
    let function = |name: &str| named(&report["functions"], "name", name);
    assert_eq!(function("crowded::crowd")["verdict"], "within-budget", "{report:#}");
    assert_eq!(function("crowded::may_free_late")["verdict"], "within-budget");
    assert_eq!(function("crowded::takes_late")["verdict"], "allocates");
    assert_eq!(function("crowded::frees_late")["verdict"], "frees");
    let findings = report["findings"].as_array().unwrap();
    let errors: Vec<_> = findings.iter().filter(|finding| finding["level"] == "error").collect();
    let of = |name: &str| errors.iter().find(|finding| finding["function"] == name).unwrap();
    let (takes, frees) = (of("crowded::takes_late"), of("crowded::frees_late"));
    assert_eq!(errors.len(), 2, "{errors:#?}");
    assert_eq!([&takes["rule"], &frees["rule"]], ["heap-in-hot-path", "free-in-hot-path"]);
    assert_eq!([&takes["count"], &takes["bytes"], &frees["count"]], [3, 24, 3]);
    assert_eq!(takes["place"]["line"], function("crowded::takes_late")["place"]["line"]);
    assert_eq!(takes["reason"], "3 requests, 24 bytes in all, at places that are not known");
    // One warning says why.
    let problems = report["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    crate::schema::check(&Project::shared("crowded").check_json("--tests").run());
}

#[test]
fn calls_that_were_not_recorded_are_no_pass() {
    let run = Project::shared("crowded").check_json("--bin threads").run().exits(96);
    let report = run.json();
    assert_eq!(named(&report["functions"], "name", "threads::meets")["calls"], 256);
    assert_eq!([&report["verdict"], &report["targets"][0]["status"]], ["fail", "failed"]);
    let lost = "44 calls of hot functions";
    assert!(report["targets"][0]["reason"].as_str().unwrap().starts_with(lost), "{report:#}");
    assert!(
        run.stderr.contains(&format!("error: bin `threads`: {lost} could not be recorded")),
        "{}",
        run.stderr
    );
}
