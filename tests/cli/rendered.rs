//! The last check rendered again: `explain`, `report` in each format, `list`. Nothing is run for it.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Outcome, Project, repository};

/// A target directory whose last check no other test replaces.
fn target_dir() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rendered-target");
    folder.to_str().expect("the repository's path is text").to_owned()
}

/// The report of the example's check, which is made once.
fn checked() -> &'static Value {
    static CHECKED: OnceLock<Value> = OnceLock::new();
    CHECKED.get_or_init(|| {
        Project::repository().check_json("-p elvis").kept_in(target_dir()).run().exits(100).json()
    })
}

/// `cargo noalloc` with these words, about that check.
fn again(words: &str, columns: &str) -> Outcome {
    checked();
    let dir = target_dir();
    let words = words.split_whitespace().chain(["--target-dir", &dir]);
    Project::repository().noalloc(words).env("COLUMNS", columns).run()
}

#[test]
fn explain_tells_everything_about_one_function() {
    let text = again("explain algo_two", "100").exits(0).report();
    // The way through the standard library is its own business, and another one in each version.
    let (std, ours): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.contains('└'));
    assert!(std.iter().any(|line| line.contains("alloc::vec::from_elem")), "{text}");
    let ours: Vec<String> =
        ours.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(ours.join("\n"));
}

#[test]
fn explain_knows_a_function_by_its_tail_and_a_place_by_the_end_of_its_path() {
    let by_name = again("explain elvis::algo_two", "100").exits(0).stdout;
    assert!(by_name.starts_with("elvis::algo_two  "), "{by_name}");
    let source = std::fs::read_to_string(repository().join("examples/elvis/src/lib.rs")).unwrap();
    let line = source.lines().position(|line| line.contains("Box::new(Cursor")).unwrap() + 1;
    let by_place = again(&format!("explain src/lib.rs:{line}"), "100").exits(0).stdout;
    assert!(by_place.starts_with("elvis::algo_one  "), "{by_place}");
    assert!(by_place.contains("24 bytes") && !by_place.contains("5 bytes each"), "{by_place}");
}

#[test]
fn explain_says_where_the_proof_found_a_way_that_was_not_taken() {
    let text = again("explain algo_three", "160").exits(0).stdout;
    for what in ["`Vec::push` can reach", "`Vec::extend_from_slice` can reach", "never taken in 1,000 calls"]
    {
        assert!(text.contains(what), "`{what}` is not in\n{text}");
    }
    let proved = again("explain algo_four", "160").exits(0).stdout;
    assert!(proved.contains("proof     proved; it frees nothing"), "{proved}");
}

#[test]
fn explain_of_something_unknown_names_what_is_known() {
    insta::assert_snapshot!(again("explain nothing_like_it", "100").exits(2).errors());
}

#[test]
fn the_listing_shows_line_by_line_what_pprof_shows() {
    insta::assert_snapshot!(again("report --format listing algo_one", "100").exits(100).report());
}

/// Figures of the lines add up to the counts of the functions.
#[test]
fn the_listings_totals_are_the_counts() {
    let text = again("report --format listing algo", "100").exits(100).stdout;
    let functions = checked()["functions"].as_array().unwrap();
    let number = |cell: &str| cell.replace([',', 'B'], "").trim().parse::<u64>().unwrap_or(0);
    let listings: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(listings.len(), functions.len(), "{text}");
    for (listing, function) in listings.iter().zip(functions) {
        assert!(listing.starts_with(function["name"].as_str().unwrap()), "{listing}");
        let rows = listing.lines().skip(3).filter(|row| row.len() > 33);
        let columns = rows.map(|row| (number(&row[..12]), number(&row[12..24]), number(&row[24..33])));
        let sum = columns.fold((0, 0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1, sum.2 + row.2));
        let allocs = function["allocs"].as_u64().unwrap() + function["reallocs"].as_u64().unwrap();
        let bytes = function["bytes"].as_u64().unwrap();
        assert_eq!(sum, (bytes, bytes, allocs), "{listing}");
    }
}

#[test]
fn short_is_one_line_a_finding() {
    insta::assert_snapshot!(again("report --format short", "100").exits(100).report());
}

#[test]
fn the_json_of_the_last_check_is_the_checks_own() {
    assert_eq!(&again("report --format json", "100").exits(100).json(), checked());
}

#[test]
fn the_human_report_at_80_columns() {
    insta::assert_snapshot!(again("report", "80").exits(100).report());
}

#[test]
fn the_human_report_at_120_columns() {
    insta::assert_snapshot!(again("report", "120").exits(100).report());
}

#[test]
fn the_human_report_at_80_columns_in_colour() {
    checked();
    let dir = target_dir();
    let tool = Project::repository().noalloc(["report", "--target-dir", &dir]).env("COLUMNS", "80");
    insta::assert_snapshot!(tool.env("CARGO_TERM_COLOR", "always").run().exits(100).report());
}

#[test]
fn list_names_every_hot_function_of_the_source() {
    let run = again("list -p elvis --format json", "100").exits(0).json();
    let names: Vec<&str> =
        run["functions"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["elvis::algo_one", "elvis::algo_two", "elvis::algo_three", "elvis::algo_four"]);
    assert!(run["functions"].as_array().unwrap().iter().all(|row| row["audited"] == true), "{run}");
}

#[test]
fn without_a_last_check_one_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    insta::assert_snapshot!(
        Project::repository().noalloc(["report", "--target-dir", dir]).run().exits(4).errors()
    );
}

#[test]
fn a_pattern_that_is_no_regular_expression_is_refused() {
    let run = again("report --format listing algo(", "100").exits(2);
    assert!(run.stderr.contains("`algo(` is no regular expression"), "{}", run.stderr);
}

#[test]
fn rules_are_links_where_the_terminal_knows_them() {
    checked();
    let dir = target_dir();
    let words = ["report", "--target-dir", &dir];
    let coloured = || Project::repository().noalloc(words).env("CARGO_TERM_COLOR", "always");
    let linked = coloured().env("FORCE_HYPERLINK", "1").run().stdout;
    assert!(linked.contains("\u{1b}]8;;") && linked.contains("docs/rules.md#heap-in-hot-path"), "{linked}");
    let unlinked = coloured().run().stdout;
    assert!(!unlinked.contains("\u{1b}]8;;"), "{unlinked}");
}

#[test]
fn every_rule_is_written_about() {
    let source = std::fs::read_to_string(repository().join("cargo-noalloc/src/model/finding.rs")).unwrap();
    let docs = std::fs::read_to_string(repository().join("docs/rules.md")).unwrap();
    let names = source.lines().filter_map(|line| line.trim().strip_prefix("Rule::")?.split('"').nth(1));
    // Its name, not what is said about it.
    let names: Vec<&str> = names.filter(|name| !name.contains(' ')).collect();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        assert!(docs.contains(&format!("\n## {name}\n")), "`{name}` has no place in docs/rules.md");
    }
}
