//! The examples besides elvis: each function gets the verdict that its README explains.

use serde_json::Value;

use crate::support::Project;

/// `(function, allocs and reallocs of each call, verdict)` of all hot functions of an example, in the order in which they
/// are written, and the report they come from.
fn verdicts(package: &str) -> (Vec<(String, f64, String)>, Value) {
    let report = Project::repository().check_json(&format!("-p {package}")).run().json();
    assert_eq!(report["problems"], Value::Array(Vec::new()), "{package}");
    let mut functions = report["functions"].as_array().unwrap().clone();
    functions.sort_by_key(|function| function["place"]["line"].as_u64());
    let row = |function: &Value| {
        let number = |key: &str| function[key].as_f64().unwrap();
        let name = function["name"].as_str().unwrap().split_once("::").unwrap().1.to_owned();
        let each = (number("allocs") + number("reallocs")) / number("calls");
        (name, each, function["verdict"].as_str().unwrap().to_owned())
    };
    (functions.iter().map(row).collect(), report)
}

fn assert_verdicts(found: &[(String, f64, String)], expected: &[(&str, f64, &str)]) {
    let found: Vec<(&str, f64, &str)> =
        found.iter().map(|(name, each, verdict)| (name.as_str(), *each, verdict.as_str())).collect();
    assert_eq!(found, expected);
}

fn finding<'a>(report: &'a Value, function: &str, construct: &str) -> &'a Value {
    let is_it = |finding: &&Value| finding["function"] == function && finding["construct"] == construct;
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(is_it).unwrap_or_else(|| panic!("`{construct}` in {function}: {findings:#?}"))
}

#[test]
fn shared_up_the_stack_escapes_and_nothing_else_allocates() {
    let (found, report) = verdicts("stack_it");
    assert_verdicts(
        &found,
        &[
            ("stack_it", 0.0, "proved"),
            ("stack_it2", 1.0, "allocates"),
            ("stack_it3", 0.0, "proved"),
            ("create_copy", 0.0, "proved"),
            ("create_pointer", 1.0, "allocates"),
        ],
    );
    for (function, size) in [("stack_it::stack_it2", 8), ("stack_it::create_pointer", 80)] {
        let finding = finding(&report, function, "Box::new");
        assert_eq!((&finding["escapes"], &finding["size_max"]), (&Value::from(true), &Value::from(size)));
    }
}

#[test]
fn what_slices_take_is_seen_and_what_they_borrow_is_proved() {
    let (found, report) = verdicts("slices");
    assert_verdicts(
        &found,
        &[
            // 1,000 elements: 4, 8, 16 … 1,024 of them.
            ("grow", 9.0, "allocates"),
            ("reserve", 1.0, "within-budget"),
            ("any_values", 1001.0, "allocates"),
            ("int_values", 1.0, "allocates"),
            ("constant_capacity", 0.0, "proved"),
            ("run_time_capacity", 1.0, "allocates"),
            ("large_on_the_stack", 0.0, "proved"),
            ("large_on_the_heap", 1.0, "allocates"),
            ("bytes_borrowed", 0.0, "proved"),
            ("bytes_copied", 1.0, "allocates"),
            ("bytes_consumed", 0.0, "proved"),
            ("delete_middle", 0.0, "proved"),
            ("reverse", 0.0, "proved"),
            ("formatted", 1.0, "allocates"),
            ("formatted_into", 0.0, "clean"),
        ],
    );
    let boxed = finding(&report, "slices::any_values", "Box::new");
    assert_eq!(boxed["dyn_trait"], "dyn Any");
    // `64 * 1024` is known when the program is compiled.
    let table = finding(&report, "slices::large_on_the_heap", "vec!");
    assert!(!table["reason"].as_str().unwrap().contains("run time"), "{table:#}");
}

#[test]
fn a_careful_callback_is_proved_and_each_sin_of_the_other_is_found() {
    let (found, report) = verdicts("audio_callback");
    let verdict_of = |name: &str| found.iter().find(|row| row.0 == name).map(|row| row.2.as_str());
    assert_eq!(verdict_of("Ring::write"), Some("proved"));
    assert_eq!(verdict_of("Voice::process"), Some("proved"));
    assert_eq!(verdict_of("Careless::process"), Some("allocates"));
    let places: Vec<(&str, &Value)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "error")
        .map(|finding| (finding["construct"].as_str().unwrap_or("-"), &finding["dyn_trait"]))
        .collect();
    let hook = Value::from("dyn Fn(&[f32]) -> Vec<f32>");
    let none = &Value::Null;
    // The block (its first memory and its growth are one), the hook, the log line, the log.
    let mut constructs: Vec<&str> = places.iter().map(|place| place.0).collect();
    constructs.sort_unstable();
    assert_eq!(constructs, ["Box::call", "Vec::push", "Vec::push", "format!"]);
    assert!(places.iter().all(|(name, object)| *object == if *name == "Box::call" { &hook } else { none }));
}

#[test]
fn a_parser_is_clean_once_it_is_warm() {
    let (found, report) = verdicts("parser");
    let rows: Vec<(&str, &str)> = found.iter().map(|row| (row.0.as_str(), row.2.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("Parser::parse", "within-budget"),
            ("Parser::path", "proved"),
            ("Parser::header", "proved"),
            ("Parser::owned_path", "within-budget"),
            ("Parser::finish", "within-budget"),
        ]
    );
    assert_eq!(report["verdict"], "pass");
}
