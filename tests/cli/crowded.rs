//! What comes when a record has no room: another call stack of a thread, another thread.

use serde_json::{Value, json};

use crate::support::{Project, named};

/// Ways, and how many of them have a place: each function has room for 64 stacks and for 192 that are cut. What all of them
/// share goes to the first.
const WAYS: u64 = 8192;
const PLACED: u64 = 64 + 192;

#[test]
fn what_has_no_place_breaks_the_promise_all_the_same() {
    let report = Project::shared("crowded").check_json("--tests").run().exits(100).json();
    let function = |name: &str| named(&report["functions"], "name", name);
    let crowd = function("crowded::crowd");
    assert_eq!([&crowd["allocs"], &crowd["frees"]], [WAYS, WAYS]);
    assert_eq!(crowd["verdict"], "within-budget", "its frees are of its own blocks: {report:#}");
    assert_eq!(function("crowded::may_free_everywhere")["verdict"], "within-budget");
    assert_eq!(function("crowded::takes_everywhere")["verdict"], "allocates");
    assert_eq!(function("crowded::frees_everywhere")["verdict"], "frees");
    let findings = report["findings"].as_array().unwrap();
    let errors: Vec<_> = findings.iter().filter(|finding| finding["level"] == "error").collect();
    assert_eq!(errors.len(), 6, "{errors:#?}");
    let of = |name: &str, rule: &str| -> Vec<_> {
        let is_it = |finding: &&&Value| finding["function"] == name && finding["rule"] == rule;
        errors
            .iter()
            .filter(is_it)
            .map(|finding| (finding["count"].clone(), finding["bytes"].clone()))
            .collect()
    };
    let sums =
        |counts: &[u64]| counts.iter().map(|count| (json!(count), json!(8 * count))).collect::<Vec<_>>();
    assert_eq!(of("crowded::takes_everywhere", "heap-in-hot-path"), sums(&[WAYS - PLACED, PLACED]));
    // Of frees without a place the sizes are not kept.
    let [unplaced, placed] = &of("crowded::frees_everywhere", "free-in-hot-path")[..] else { panic!("two") };
    assert_eq!([&unplaced.0, &placed.0, &placed.1], [WAYS - PLACED, PLACED, 8 * PLACED]);
    let at_a_name = errors.iter().find(|finding| finding["count"] == WAYS - PLACED).unwrap();
    assert_eq!(at_a_name["place"]["line"], function("crowded::takes_everywhere")["place"]["line"]);
    assert_eq!(at_a_name["reason"], "7,936 requests, 63.5 kB in all, at places that are not known");

    // What comes after them has its place.
    let late = [("crowded::takes_late", "heap-in-hot-path"), ("crowded::frees_late", "free-in-hot-path")];
    for (name, rule) in late {
        assert_eq!(of(name, rule), sums(&[3]));
        let line = function(name)["place"]["line"].as_u64().unwrap() + 1;
        assert!(errors.iter().any(|finding| finding["function"] == name && finding["place"]["line"] == line));
    }
    // It is said once why.
    let problems: Vec<&str> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["message"].as_str().unwrap())
        .collect();
    let [unplaced, cut] = problems[..] else { panic!("{problems:#?}") };
    assert!(cut.starts_with("test `crowded`: 768 call stacks of 4 functions hold"), "{cut}");
    assert!(
        unplaced.starts_with("test `crowded`: 31,744 events of 4 functions are counted without"),
        "{unplaced}"
    );
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
