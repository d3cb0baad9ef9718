//! What manifests and the command line say of levels, budgets and exceptions.

use std::path::Path;

use serde_json::{Value, json};

use crate::gate::{checked, report, with_manifest};
use crate::support::{Project, named, repository};

/// `rule function` of each finding, and its level.
fn findings(report: &Value) -> Vec<(String, String)> {
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let of = |finding: &Value| {
        (format!("{} {}", text(finding, "rule"), text(finding, "function")), text(finding, "level"))
    };
    report["findings"].as_array().unwrap().iter().map(of).collect()
}

fn level_of(report: &Value, finding: &str) -> Option<String> {
    findings(report).into_iter().find(|(what, _)| what == finding).map(|(_, level)| level)
}

#[test]
fn without_settings_every_use_of_the_heap_is_an_error() {
    for function in ["boxes", "asks", "names"] {
        let finding = format!("heap-in-hot-path gate::{function}");
        assert_eq!(level_of(checked(), &finding).as_deref(), Some("error"), "{function}");
    }
    assert_eq!(checked()["ignored"], json!([]));
}

#[test]
fn levels_are_set_for_packages_and_for_single_functions() {
    let project = with_manifest(
        "[package.metadata.noalloc.levels]\nheap-in-hot-path = \"warn\"\n\
         [[package.metadata.noalloc.function]]\nname = \"gate::b*\"\nlevels = { heap-in-hot-path = \"allow\" }\n",
    );
    let run = report(&project, "--format json").run().exits(0).json();
    assert_eq!(run["verdict"], "pass");
    assert_eq!(level_of(&run, "heap-in-hot-path gate::asks").as_deref(), Some("warning"));
    assert_eq!(level_of(&run, "heap-in-hot-path gate::boxes"), None);
    let boxes = named(&run["functions"], "name", "gate::boxes");
    assert_eq!(
        (&boxes["verdict"], &boxes["allocs"]),
        (&json!("allocates"), &json!(1000)),
        "counts are facts"
    );
}

#[test]
fn a_budget_is_for_functions_that_one_cannot_annotate() {
    let project = with_manifest(
        "[[workspace.metadata.noalloc.function]]\nname = \"asks\"\nallocs = 1\nbytes = 80\n\
         [[workspace.metadata.noalloc.function]]\nname = \"names\"\nallocs = 1\nbytes = 9\n",
    );
    let run = report(&project, "--format json").run().exits(100).json();
    let asks = named(&run["functions"], "name", "gate::asks");
    assert_eq!(
        (&asks["verdict"], &asks["budget"]),
        (&json!("within-budget"), &json!({ "allocs": 1, "bytes": 80 }))
    );
    assert_eq!(level_of(&run, "over-budget gate::names").as_deref(), Some("error"));
    assert_eq!(level_of(&run, "heap-in-hot-path gate::names"), None);
    // What the budget was spent on is shown where it was spent.
    let text = report(&project, "").run().exits(100).report();
    let finding = text.split("\n\n").find(|finding| finding.contains("`names` goes beyond")).unwrap();
    assert!(finding.contains("allocations in 1,000 calls, "), "{finding}");
}

#[test]
fn an_entry_that_names_nothing_is_said() {
    let entry =
        |name: &str| format!("[[package.metadata.noalloc.function]]\nname = \"{name}\"\nallocs = 1\n");
    let project = with_manifest(&(entry("bx*") + &entry("gate::b*")));
    let run = report(&project, "--format json").run().exits(100).json();
    let problems = run["problems"].as_array().unwrap();
    let messages: Vec<&str> = problems.iter().filter_map(|problem| problem["message"].as_str()).collect();
    let said: Vec<&&str> = messages.iter().filter(|message| message.contains("the configuration")).collect();
    assert_eq!(said, [&"the configuration names `bx*`, and no hot function of this check is called so"]);
}

#[test]
fn an_ignored_crate_stands_in_the_report_with_the_reason() {
    let project = with_manifest(
        "[[workspace.metadata.noalloc.ignore]]\ncrate = \"strsim\"\nreason = \"only at start\"\n",
    );
    let run = report(&project, "--format json").run().exits(100).json();
    assert_eq!(level_of(&run, "heap-in-hot-path gate::asks"), None);
    let ignored = named(&run["ignored"], "function", "gate::asks");
    assert_eq!(ignored["reason"], "only at start");
    assert_eq!(
        (&ignored["crate"], &ignored["count"], &ignored["bytes"]),
        (&json!("strsim"), &json!(1000), &json!(80_000))
    );
    assert_eq!(named(&run["functions"], "name", "gate::asks")["verdict"], "within-budget");
    let text = report(&project, "").run().exits(100).stdout;
    let said =
        "1,000 uses of the heap by `gate::asks` (80 kB) are ignored in the crate `strsim`: only at start";
    assert!(text.contains(said), "{text}");
}

#[test]
fn an_ignored_path_covers_what_stands_in_its_files() {
    let project =
        with_manifest("[[package.metadata.noalloc.ignore]]\npath = \"src/*\"\nreason = \"a fixture\"\n");
    let run = report(&project, "--format json").run().exits(0).json();
    assert_eq!(findings(&run).iter().filter(|(_, level)| level == "error").count(), 0, "{run:#}");
    assert_eq!(run["ignored"].as_array().unwrap().len(), 3);
}

#[test]
fn the_command_line_has_the_last_word() {
    // One target directory after another: here the last check is this test's own.
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("levels-target");
    let project = Project::shared("gate");
    let check = |words: &str| project.check_json(&format!("--bench hot {words}")).kept_in(&dir).run();
    let run = check("-A heap-in-hot-path -W unproved").exits(0).json();
    assert_eq!(level_of(&run, "heap-in-hot-path gate::boxes"), None);
    let kept = project.noalloc(["report", "--format", "json"]).kept_in(&dir).run().exits(0).json();
    assert_eq!(kept, run, "the last check is rendered with the levels that it had");
    let strict = check("-W heap-in-hot-path -D warnings").exits(100).json();
    assert_eq!(level_of(&strict, "heap-in-hot-path gate::boxes").as_deref(), Some("error"));
}

#[test]
fn a_wrong_level_on_the_command_line_is_wrong_usage() {
    let project = Project::shared("gate");
    let said = |words: &str| project.check(words).run().exits(2).errors();
    insta::assert_snapshot!("unknown_rule", said("-D heap-in-hotpath"));
    insta::assert_snapshot!("two_levels", said("-A unproved -D unproved"));
}

#[test]
fn what_is_not_understood_in_a_manifest_is_said_with_its_line_before_the_build() {
    let refused = |more: &str| {
        let run = with_manifest(more).check("").run().exits(2);
        assert!(!run.stderr.contains("Compiling"), "{}", run.stderr);
        run.errors()
    };
    insta::assert_snapshot!(
        "unknown_key",
        refused("[workspace.metadata.noalloc]\nlevel = { unproved = \"warn\" }\n")
    );
    insta::assert_snapshot!(
        "unknown_rule_in_a_manifest",
        refused("[package.metadata.noalloc.levels]\nunexercized = \"error\"\n")
    );
    insta::assert_snapshot!("no_reason", refused("[[workspace.metadata.noalloc.ignore]]\ncrate = \"log\"\n"));
}

#[test]
fn the_documentation_shows_what_is_understood() {
    let docs = std::fs::read_to_string(repository().join("docs/configuration.md")).unwrap();
    let blocks: Vec<&str> =
        docs.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        report(&with_manifest(block), "--format short").run().exits(100);
    }
    let source = std::fs::read_to_string(repository().join("cargo-noalloc/src/config.rs")).unwrap();
    let keys = source.lines().skip_while(|line| *line != "struct Function {").take_while(|line| {
        *line != "#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]"
    });
    let keys = keys
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": ").map(|(key, _)| key.replace('_', "-")));
    let keys: Vec<String> = keys.map(|key| key.replace("krate", "crate")).collect();
    assert!(keys.len() >= 9, "{keys:?}");
    for key in keys {
        assert!(docs.contains(&format!(".{key}`")), "`{key}` is not documented");
    }
}
