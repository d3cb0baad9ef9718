//! A proof that memory is taken beside a count of none: both are said, and nothing that nobody knows.

use serde_json::Value;

use crate::support::{Project, named};

fn report(bench: &str) -> Value {
    let check = Project::shared("contradictions").check_json(&format!("--bench {bench}"));
    check.run().json()
}

fn function<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(&report["functions"], "name", &format!("contradictions::{name}"))
}

/// What `may-allocate` says of the function.
fn reasons<'a>(report: &'a Value, name: &str) -> Vec<&'a str> {
    let name = format!("contradictions::{name}");
    let findings = report["findings"].as_array().unwrap().iter();
    let of = findings.filter(|finding| finding["rule"] == "may-allocate" && finding["function"] == name);
    of.map(|finding| finding["reason"].as_str().unwrap()).collect()
}

/// Problems that name the function.
fn problems<'a>(report: &'a Value, name: &str) -> Vec<&'a str> {
    let name = format!("`contradictions::{name}` reaches");
    let problems = report["problems"].as_array().unwrap().iter();
    let messages = problems.map(|problem| problem["message"].as_str().unwrap());
    messages.filter(|message| message.starts_with(&name)).collect()
}

#[test]
fn a_count_of_none_beside_a_proof_that_memory_is_taken_is_a_problem() {
    let report = report("hot");
    let taken = function(&report, "takes_of_another");
    assert_eq!((&taken["calls"], &taken["allocs"]), (&Value::from(1000), &Value::from(0)));
    let expected = "`contradictions::takes_of_another` reaches the allocator on every path that returns, by `mi_malloc`, \
                    and yet nothing was counted in 1,000 calls: what that takes is not counted here";
    assert_eq!(problems(&report, "takes_of_another"), [expected], "{report:#}");
    let none =
        ["may_take_of_another", "duplicates", "boxes_where", "is_permitted", "of_two_kinds", "takes_where"];
    for name in none {
        assert!(problems(&report, name).is_empty(), "{name}: {:#}", report["problems"]);
    }
}

#[test]
fn that_a_way_was_never_taken_is_said_where_somebody_would_have_been_told() {
    let report = report("hot");
    let [always] = reasons(&report, "takes_of_another")[..] else { panic!("{report:#}") };
    assert!(
        always.ends_with("on every path that returns; what `mi_malloc` takes is not counted"),
        "{always}"
    );
    let [some] = reasons(&report, "may_take_of_another")[..] else { panic!("{report:#}") };
    assert!(some.ends_with("on some paths; what `mi_malloc` takes is not counted"), "{some}");
    let [counted] = reasons(&report, "takes_where")[..] else { panic!("{report:#}") };
    assert!(counted.ends_with("on some paths; never taken in 1,000 calls"), "{counted}");
    for reason in reasons(&report, "is_permitted") {
        assert!(!reason.contains("never taken"), "{reason}");
    }
}

#[test]
fn what_was_counted_further_in_was_seen() {
    let report = report("hot");
    let boxes = function(&report, "boxes_where");
    assert_eq!(boxes["allocs"], 500);
    assert_eq!(reasons(&report, "boxes_where"), Vec::<&str>::new(), "{:#}", report["findings"]);
}

#[test]
fn where_cs_memory_is_not_counted_nothing_says_that_none_was_taken() {
    let report = report("own_malloc");
    let duplicates = function(&report, "duplicates");
    assert_eq!((&duplicates["calls"], &duplicates["c_heap"]), (&Value::from(1000), &Value::Null));
    for reason in reasons(&report, "duplicates") {
        assert!(reason.contains("is not counted") && !reason.contains("never taken"), "{reason}");
    }
    let [problem] = problems(&report, "duplicates")[..] else { panic!("{report:#}") };
    assert!(
        problem.contains("`strdup`") && problem.ends_with("what that takes is not counted here"),
        "{problem}"
    );
}
