//! The example end to end: what a new user sees first has to be exactly right.

use std::path::Path;

use serde_json::Value;

use crate::support::{Outcome, Project, add_lock_file, named, repository, without_times};

const SOURCE: &str = "examples/elvis/src/lib.rs";

fn check(words: &str) -> Outcome {
    Project::repository().check(&format!("-p elvis {words}")).run().exits(100)
}

fn json() -> Value {
    check("--format json").json()
}

/// Line and column (in characters, from 1) of the only place where `text` stands after `start`.
fn place(start: &str, text: &str) -> (u64, u64) {
    let source = std::fs::read_to_string(repository().join(SOURCE)).unwrap();
    let from = source.find(start).unwrap_or_else(|| panic!("`{start}` is not in {SOURCE}"));
    let at = from + source[from..].find(text).unwrap_or_else(|| panic!("`{text}` is not after `{start}`"));
    let line = source[..at].matches('\n').count() + 1;
    let column = source[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    (line as u64, column as u64)
}

#[test]
fn counts_for_each_operation_are_exact() {
    let report = json();
    let names = ["algo_one", "algo_two", "algo_three", "algo_four"];
    let figures =
        |key: &str| names.map(|name| named(&report["benchmarks"], "name", name)[key].as_f64().unwrap());
    assert_eq!(figures("allocs_per_op"), [2.0, 1.0, 0.0, 0.0]);
    assert_eq!(figures("frees_per_op"), [2.0, 1.0, 0.0, 0.0]);
    assert_eq!(figures("reallocs_per_op"), [0.0, 0.0, 0.0, 0.0]);
    // A `Cursor<&[u8]>` of 24 bytes and a window of 5.
    assert_eq!(figures("bytes_per_op"), [29.0, 5.0, 0.0, 0.0]);
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["problems"], Value::Array(Vec::new()));
}

#[test]
fn functions_have_their_own_counts_and_places() {
    let report = json();
    for (name, allocs, bytes, verdict) in [
        ("elvis::algo_one", 2, 29, "allocates"),
        ("elvis::algo_two", 1, 5, "allocates"),
        ("elvis::algo_three", 0, 0, "clean"),
        ("elvis::algo_four", 0, 0, "proved"),
    ] {
        let function = named(&report["functions"], "name", name);
        let number = |key: &str| function[key].as_u64().unwrap();
        let calls = number("calls");
        assert!(calls > 0, "{name}");
        assert_eq!(number("allocs"), allocs * calls, "{name}");
        assert_eq!(number("frees"), allocs * calls, "{name}");
        assert_eq!(number("bytes"), bytes * calls, "{name}");
        assert_eq!(number("max_allocs_per_call"), allocs, "{name}");
        assert_eq!(function["verdict"], verdict, "{name}");
        let short = &name["elvis::".len()..];
        let own = place(&format!("pub fn {short}"), short);
        let at = (function["place"]["line"].as_u64().unwrap(), function["place"]["column"].as_u64().unwrap());
        assert_eq!(at, own, "{name}");
    }
    assert_eq!(report["functions"].as_array().unwrap().len(), 4);
}

#[test]
fn findings_stand_on_the_expressions_that_a_reader_would_point_at() {
    let report = json();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings: Vec<&Value> = findings.filter(|finding| finding["level"] == "error").collect();
    let expected = [
        ("elvis::algo_one", "pub fn algo_one", "Box::new(", 24),
        ("elvis::algo_one", "pub fn algo_one", "vec![", 5),
        ("elvis::algo_two", "pub fn algo_two", "vec![", 5),
    ];
    for (finding, (function, start, text, size)) in findings.iter().zip(expected) {
        let at = (finding["place"]["line"].as_u64().unwrap(), finding["place"]["column"].as_u64().unwrap());
        assert_eq!(at, place(start, text), "{finding:#}");
        assert_eq!(finding["place"]["file"], SOURCE);
        assert_eq!(finding["function"], function);
        assert_eq!(finding["rule"], "heap-in-hot-path");
        assert_eq!(finding["op"], "alloc");
        assert_eq!((&finding["size_min"], &finding["size_max"]), (&Value::from(size), &Value::from(size)));
        assert_eq!(finding["pattern"], "every-call");
        assert_eq!(finding["escapes"], false);
        assert_eq!(finding["calls"], finding["calls_affected"]);
    }
    assert_eq!(findings.len(), expected.len());
}

#[test]
fn a_chain_runs_from_the_hot_function_down_to_the_allocator() {
    let report = json();
    let seen = |finding: &&Value| finding["rule"] == "heap-in-hot-path";
    for finding in report["findings"].as_array().unwrap().iter().filter(seen) {
        let chain = finding["chain"].as_array().unwrap();
        assert_eq!(chain[0]["function"], finding["function"], "{finding:#}");
        assert_eq!(chain[0]["line"], finding["place"]["line"]);
        assert_eq!(chain[0]["user"], true);
        assert!(chain.len() > 1, "{finding:#}");
        let last = chain.last().unwrap()["function"].as_str().unwrap();
        assert!(last.contains("alloc"), "{last}");
        let ours = |frame: &Value| frame["function"].as_str().unwrap().contains("no_heap");
        assert!(!chain.iter().any(ours), "{finding:#}");
    }
}

#[test]
fn the_human_report_reads_well() {
    insta::assert_snapshot!(check("").report());
}

#[test]
fn the_human_report_has_colours_when_they_are_wanted() {
    let run = Project::repository().check("-p elvis").env("CARGO_TERM_COLOR", "always").run().exits(100);
    let visible = run.report().replace('\u{1b}', "^");
    insta::assert_snapshot!(visible);
}

#[test]
fn times_stand_beside_counts() {
    let words = ["check", "-p", "elvis", "--bench-time", "0.02"];
    let run = Project::repository().noalloc(words.into_iter().chain(["--format", "json"])).run().exits(100);
    for benchmark in run.json()["benchmarks"].as_array().unwrap() {
        assert!(benchmark["iterations"].as_u64().unwrap() > 0, "{benchmark}");
        assert!(benchmark["ns_per_op"].as_f64().unwrap() > 0.0, "{benchmark}");
    }
}

#[test]
fn as_many_samples_as_asked_for_are_taken_and_told_of() {
    let words = ["check", "-p", "elvis", "--bench-time", "0.1", "--samples", "5", "--verbose"];
    let formats = ["--format", "human", "--format", "json"];
    let run = Project::repository().noalloc(words.into_iter().chain(formats)).run().exits(100);
    let report = run.json();
    let benches = report["benchmarks"].as_array().unwrap();
    let taken = benches.iter().map(|bench| bench["ns_samples"].as_array().unwrap().len());
    // Fewer where the machine gave no time; and three have no quartiles.
    assert!(taken.clone().all(|samples| (1..=5).contains(&samples)), "{report:#}");
    let said = run.stderr.lines().filter(|line| line.contains(" samples, ") && line.contains(" outliers"));
    // What was interrupted may be said behind it.
    let is_one = |line: &&str| line.ends_with(" 1 outlier") || line.contains(" 1 outlier; ");
    let ones = run.stderr.lines().filter(is_one);
    assert_eq!(said.count() + ones.count(), taken.filter(|samples| *samples >= 4).count(), "{}", run.stderr);
}

#[test]
fn a_machine_format_is_the_only_thing_on_standard_output() {
    let run = check("--format human --format json");
    assert_eq!(run.json()["schema"], "noalloc-report/1");
    assert!(run.stderr.contains("error[heap-in-hot-path]"), "{}", run.stderr);
}

#[test]
fn a_report_goes_to_a_file_beside_the_human_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    let run = check(&format!("--format human --format json={}", path.display()));
    assert!(run.stdout.contains("error[heap-in-hot-path]"), "{}", run.stdout);
    let report: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(report["schema"], "noalloc-report/1");
}

#[test]
fn same_input_gives_the_same_bytes() {
    assert_eq!(check("--format json").stdout, check("--format json").stdout);
    assert_eq!(check("").stdout, check("").stdout);
}

/// The example in a workspace of its own, for a test that changes it. Its version is its own, too: cargo would take the
/// example's binary for the copy's.
fn copy_of_the_example() -> Project {
    let project = Project::empty();
    copy(&repository().join("examples/elvis"), &project.root.join("examples/elvis"));
    let manifest = std::fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let line = |start: &str| manifest.lines().find(|line| line.starts_with(start)).unwrap();
    let no_heap = repository().join("no_heap");
    let manifest = manifest
        .replace(line("members ="), "members = [\"examples/elvis\"]")
        .replace(line("default-members ="), "")
        .replacen(line("version ="), "version = \"0.1.1\"", 1)
        .replace("path = \"no_heap\"", &format!("path = {no_heap:?}"));
    // No other fixture has the workspace's profiles.
    let (manifest, _) = manifest.split_once("[profile.").unwrap();
    project.write("Cargo.toml", manifest);
    add_lock_file(&project.root);
    project
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// From the brace that opens `function` to the one that closes it.
fn body<'a>(source: &'a str, function: &str) -> &'a str {
    let start = source.find(&format!("pub fn {function}(")).unwrap();
    let open = start + source[start..].find(") {\n").unwrap() + 2;
    &source[open..open + source[open..].find("\n}\n").unwrap() + 2]
}

#[test]
fn a_saved_check_shows_what_an_edit_has_changed() {
    let project = copy_of_the_example();
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept/edited");
    let run = |words: &str| project.noalloc(words.split_whitespace()).kept_in(&kept).run();
    run("check -p elvis --save before --bench-time 0.05").exits(100);
    let source = std::fs::read_to_string(project.root.join(SOURCE)).unwrap();
    let (old, new) = (body(&source, "algo_one"), body(&source, "algo_two"));
    let edited = source.replacen(old, new, 1);
    assert_ne!(source, edited);
    project.write(SOURCE, &edited);

    let compared = run("compare before").exits(0);
    let text = without_times(&compared.stdout);
    assert!(text.starts_with("before → working tree\n"), "{text}");
    // Old and new time, the change and its p were there to be masked; the counts are exact.
    for row in
        ["algo_one - 29 → 5 2 → 1 2 → 1", "algo_two - 5 1 1", "algo_three - 0 0 0", "algo_four - 0 0 0"]
    {
        assert!(text.lines().any(|line| line == row), "no row `{row}`:\n{text}");
    }
    assert!(text.contains("\ngeometric mean "), "{text}");
    let vanished: Vec<&str> = text.lines().filter(|line| line.starts_with("vanished: alloc")).collect();
    let (line, column) = place("pub fn algo_one", "Box::new(");
    let expected = format!(
        "vanished: alloc of `Box::new` in `elvis::algo_one` (heap-in-hot-path), {SOURCE}:{line}:{column}"
    );
    assert_eq!(vanished, [expected], "{text}");
    assert!(text.ends_with("pass: 4 benchmarks compared, none is worse"), "{text}");
    assert!(compared.stderr.contains("in turns, 80 rounds"), "{}", compared.stderr);
}
