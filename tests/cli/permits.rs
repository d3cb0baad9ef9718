//! Permits and guarded blocks in the report: what was excused and why, and which exception nobody needs.

use serde_json::json;

use crate::support::{Project, named};

#[test]
fn what_was_excused_stands_in_the_report_with_its_reason() {
    let report = Project::shared("permits").check_json("--test permits").run().json();
    let logged = named(&report["permits"], "reason", "a broken stream is logged");
    assert_eq!((&logged["entered"], &logged["stale"]), (&json!(3), &json!(false)));
    // One string a time, and the vector that grows for the first.
    assert!(logged["allocs"].as_u64().unwrap() >= 4, "{logged:#}");
    assert_eq!((&logged["place"]["line"], &logged["function"]), (&json!(10), &json!("permits::step")));
    let step = named(&report["functions"], "name", "permits::step");
    assert_eq!(json!([step["calls"], step["allocs"], step["verdict"]]), json!([4, 0, "clean"]));
}

#[test]
fn permits_that_no_run_needed_are_stale() {
    let report = Project::shared("permits").check_json("--test permits").run().json();
    let stale: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|f| f["rule"] == "stale-permit").collect();
    let seen: Vec<_> = stale
        .iter()
        .map(|finding| {
            assert_eq!(finding["level"], "warning");
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            (
                text("construct"),
                text("function"),
                finding["place"]["line"].as_u64().unwrap(),
                finding["calls"].as_u64().unwrap(),
            )
        })
        .collect();
    let row =
        |reason: &str, function: &str, line, entered| (reason.to_owned(), function.to_owned(), line, entered);
    assert_eq!(
        seen,
        [
            row("nobody sends nothing", "permits::step", 13, 0),
            row("left from a debugging session", "permits::step", 15, 4),
            row("größer als alles", "permits::Filter::slow_path", 41, 0),
        ]
    );
}

#[test]
fn a_guarded_block_is_a_hot_function_by_its_name() {
    let report = Project::shared("permits").check_json("--test permits").run().exits(100).json();
    let block = named(&report["functions"], "name", "the filter's loop");
    assert_eq!(json!([block["calls"], block["verdict"]]), json!([1, "allocates"]));
    assert_eq!(block["place"]["line"], 24);
    let finding = named(&report["findings"], "function", "the filter's loop");
    assert_eq!([&finding["rule"], &finding["construct"]], ["heap-in-hot-path", "Box::new"]);
    assert_eq!(finding["place"]["line"], 27);
}

#[test]
fn a_block_that_no_run_entered_is_unexercised() {
    let report = Project::shared("permits").check_json("--test permits").run().json();
    let block = named(&report["functions"], "name", "never entered");
    assert_eq!(
        json!([block["calls"], block["verdict"], block["place"]["line"]]),
        json!([0, "unexercised", 36])
    );
    let finding = named(&report["findings"], "function", "never entered");
    assert_eq!(json!([finding["rule"], finding["level"]]), json!(["unexercised", "warning"]));
}

#[test]
fn people_are_told_what_was_permitted() {
    let text = Project::shared("permits").check("--test permits").run().exits(100).stdout;
    let permitted: Vec<&str> = text.lines().filter(|line| line.starts_with(" permitted  ")).collect();
    let [line] = permitted[..] else { panic!("one line, the others are findings:\n{text}") };
    assert!(line.ends_with(" in 3 uses: a broken stream is logged  src/lib.rs:10"), "{line}");
    assert!(
        text.contains(
            "warning[stale-permit]: the permit \"größer als alles\" is not needed\n  --> src/lib.rs:41:13"
        ),
        "{text}"
    );
    assert!(text.contains("^^^^^^ whenever it was entered, the heap was left alone"), "{text}");
    assert!(text.contains("`the filter's loop` allocates 4 bytes on every call"), "{text}");
}
