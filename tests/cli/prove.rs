//! `prove`: the proof alone. Nothing runs, and every hot function has one verdict.

use serde_json::{Value, json};

use crate::support::{Project, Tool, named};

fn prove(project: &Project, words: &str) -> Tool {
    project.noalloc(["prove"].into_iter().chain(words.split_whitespace()))
}

fn function<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(&report["functions"], "name", name)
}

/// Line and construct of each finding of a rule about one function.
fn places<'a>(report: &'a Value, function: &str, rule: &str) -> Vec<(u64, &'a str)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["function"] == function && finding["rule"] == rule);
    own.map(|finding| {
        (finding["place"]["line"].as_u64().unwrap(), finding["construct"].as_str().unwrap_or_default())
    })
    .collect()
}

#[test]
fn each_step_of_the_example_has_its_verdict() {
    let run = prove(&Project::repository(), "-p elvis --format json").run().exits(100);
    let report = run.json();
    assert_eq!((&report["command"], &report["verdict"]), (&json!("prove"), &json!("fail")));
    let verdicts: Vec<(&str, &str, &str)> = report["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|function| {
            let text = |value: &'static str| function[value].as_str().unwrap();
            (text("name"), text("verdict"), function["proof"]["state"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("elvis::algo_one", "may-allocate", "may-allocate"),
            ("elvis::algo_two", "may-allocate", "may-allocate"),
            ("elvis::algo_three", "may-allocate", "may-allocate"),
            ("elvis::algo_four", "proved", "proved"),
        ]
    );
    assert!(report["functions"].as_array().unwrap().iter().all(|function| function["calls"] == 0));
    assert!(!run.stderr.contains("Auditing"), "{}", run.stderr);
}

/// The very lines, and no others: what the attribute's readers would write down by hand.
#[test]
fn may_allocate_is_said_at_the_lines_that_do() {
    let report = prove(&Project::repository(), "-p elvis --format json").run().exits(100).json();
    let source =
        std::fs::read_to_string(crate::support::repository().join("examples/elvis/src/lib.rs")).unwrap();
    for (name, sure) in [("algo_one", 2), ("algo_two", 1), ("algo_three", 0)] {
        let start = source.lines().position(|line| line.contains(&format!("fn {name}"))).unwrap();
        let end = start + source.lines().skip(start).position(|line| line == "}").unwrap();
        let allocating = ["Box::new(", "vec![", ".extend_from_slice(", ".push("];
        let body = source.lines().enumerate().take(end).skip(start);
        let expected: Vec<u64> = body
            .filter(|(_, line)| allocating.iter().any(|call| line.contains(call)))
            .map(|(index, _)| index as u64 + 1)
            .collect();
        let path = format!("elvis::{name}");
        let found: Vec<u64> = places(&report, &path, "may-allocate").iter().map(|place| place.0).collect();
        assert_eq!(found, expected, "{name}");
        let findings = report["findings"].as_array().unwrap().iter();
        let always = findings
            .filter(|finding| finding["function"] == path.as_str())
            .filter(|finding| finding["reason"].as_str().unwrap().contains("on every path that returns"));
        assert_eq!(always.count(), sure, "{name}");
    }
}

#[test]
fn a_name_that_the_attribute_has_is_proved_from_its_marker() {
    let run = prove(&Project::repository(), "-p elvis --fn algo_four").run().exits(0);
    insta::assert_snapshot!(run.report());
    let run = prove(&Project::repository(), "-p elvis --fn elvis::algo_three --fn algo_four --format json");
    let report = run.run().exits(100).json();
    assert_eq!(report["functions"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(function(&report, "elvis::algo_three")["verdict"], "may-allocate");
}

#[test]
fn a_pattern_that_names_nothing_is_answered_with_what_comes_near() {
    let run = prove(&Project::repository(), "-p elvis --fn algo_fuor").run().exits(4);
    insta::assert_snapshot!(run.errors());
}

#[test]
fn without_a_hot_function_there_is_nothing_to_prove() {
    let run = prove(&Project::shared("cold"), "").run().exits(4);
    insta::assert_snapshot!(run.errors());
}
