//! Feature `enforce`: under plain `cargo test` and nextest the right test fails, after the guarded call, and says why.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::Output;

use crate::support::{Build, cargo, fixtures};

/// Runs the fixture's tests with these words after `cargo`.
fn run(words: &str, no_heap: Option<&str>) -> Output {
    let mut cargo = cargo(Build::Plain);
    cargo.args(words.split_whitespace()).current_dir(fixtures().join("enforced"));
    cargo.env_remove("NO_HEAP").envs(no_heap.map(|value| ("NO_HEAP", value)));
    cargo.output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const TESTS: &str = "test --locked --test enforced --";

/// What a test said, by its name: `None` when it passed.
fn failures(said: &str) -> BTreeMap<String, Option<String>> {
    let mut tests = BTreeMap::new();
    for line in said.lines() {
        let Some((name, end)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) else {
            continue;
        };
        let head = format!("---- {name} stdout ----\n");
        let message =
            said.split_once(&head).map(|(_, rest)| rest.split("\n\n----").next().unwrap_or(rest).to_owned());
        let name = name.trim_end_matches(" - should panic").to_owned();
        tests.insert(name, (end == "FAILED").then(|| message.unwrap_or_default()));
    }
    tests
}

/// Line of the fixture's library in which `words` stand.
fn line(words: &str) -> usize {
    let source = include_str!("fixtures/enforced/src/lib.rs");
    source.lines().position(|line| line.contains(words)).unwrap() + 1
}

#[test]
fn the_right_tests_fail_and_name_every_place() {
    for threads in [1, 8] {
        let output = run(&format!("{TESTS} --test-threads {threads}"), None);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(101), "{said}");
        let tests = failures(&said);
        assert_eq!(tests.len(), 24, "{said}");
        for (name, message) in &tests {
            assert_eq!(name.starts_with("fails"), message.is_some(), "{name}\n{said}");
        }
        let says = |name: &str, words: &[String]| {
            let message = tests[name].as_deref().unwrap();
            words
                .iter()
                .for_each(|words| assert!(message.contains(words), "`{words}` of {name}:\n{message}"));
            assert!(!message.contains("not return"), "{message}");
        };
        says(
            "fails_allocating",
            &[
                "`enforced::allocates` used the heap, which `#[no_heap]` forbids at ".to_owned(),
                format!("src/lib.rs:{}:", line("// first place")),
                "  1 allocation of 8 bytes".to_owned(),
                format!("src/lib.rs:{}:", line("// second place")),
            ],
        );
        says("fails_freeing", &[format!("src/lib.rs:{}:", line("// the free")), "  1 free".to_owned()]);
        says("fails_budget", &["1 allocation of 65 bytes, where `#[no_heap]` allows 1 of 64".to_owned()]);
        says(
            "fails_freeing_what_a_permit_left",
            &[format!("src/lib.rs:{}:", line("// the free of what a permit left")), "  1 free".to_owned()],
        );
        says("fails_inside_a_permit", &["`enforced::allocates` used the heap".to_owned()]);
        says("fails_by_what_it_calls", &["`enforced::calls_a_budgeted_one` used the heap".to_owned()]);
        says(
            "fails_block",
            &["`a block of the test` used the heap".to_owned(), "tests/enforced.rs:".to_owned()],
        );
        says(
            "fails_in_the_second_poll",
            &[
                "`enforced::allocates_in_its_second_poll` used".to_owned(),
                format!("src/lib.rs:{}:", line("// in the second poll")),
            ],
        );
    }
}

/// What nextest does, also where it is not installed: it asks for a list, and each test has a process of its own.
#[test]
fn tests_that_run_apart_say_the_same() {
    let built = run("test --locked --test enforced --no-run --message-format json", None);
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    let executable = messages.rsplit_once("\"executable\":\"").and_then(|(_, rest)| rest.split('"').next());
    let executable = executable.unwrap_or_else(|| panic!("{}", text(&built)));
    let alone = |words: &[&str]| {
        let mut test = std::process::Command::new(executable);
        test.args(words).current_dir(fixtures().join("enforced")).env_remove("NO_HEAP");
        test.output().unwrap()
    };
    let list = text(&alone(&["--list", "--format", "terse"]));
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
    assert_eq!(names.len(), 24, "{list}");
    for name in names {
        let output = alone(&[name, "--exact", "--nocapture"]);
        let said = text(&output);
        assert_eq!(
            output.status.code(),
            Some(if name.starts_with("fails") { 101 } else { 0 }),
            "{name}: {said}"
        );
        let used = said.contains("` used the heap, which ") || said.contains("` went beyond its budget: ");
        assert!(!name.starts_with("fails") || used, "{name}: {said}");
        if name == "fails_allocating" {
            assert!(said.contains(&format!("src/lib.rs:{}:", line("// second place"))), "{said}");
        }
    }
}

#[test]
fn nextest_says_the_same() {
    let version = cargo(Build::Plain).args(["nextest", "--version"]).output().unwrap();
    if !version.status.success() {
        // No package manager has it, and to build it takes longer than all tests: the test above stands in for it.
        eprintln!(
            "cargo-nextest is not installed: its way with test binaries has been tried, not nextest itself"
        );
        return;
    }
    let output = run("nextest run --locked --test enforced --no-fail-fast --color never", None);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(100), "{said}");
    let ended = |how: &str| -> Vec<&str> {
        let lines = said.lines().filter(|line| line.trim_start().starts_with(how));
        let mut names: Vec<&str> = lines.filter_map(|line| line.rsplit(' ').next()).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let (passed, failed) = (ended("PASS"), ended("FAIL"));
    assert!(passed.iter().all(|name| name.starts_with("keeps")) && passed.len() == 12, "{said}");
    assert!(failed.iter().all(|name| name.starts_with("fails")) && failed.len() == 12, "{said}");
    assert!(said.contains(&format!("src/lib.rs:{}:", line("// second place"))), "{said}");
}

#[test]
fn the_variable_chooses_what_happens() {
    let one = format!("{TESTS} --exact fails_by_what_it_calls");
    let aborted = run(&one, Some("abort"));
    let said = text(&aborted);
    assert!(!aborted.status.success() && said.contains("SIGABRT"), "{said}");
    assert!(aborted.status.signal().is_none(), "cargo itself lives");
    assert!(said.contains("error: `enforced::calls_a_budgeted_one` used the heap"), "{said}");

    let warned = run(&one, Some("warn"));
    let said = text(&warned);
    assert!(warned.status.success(), "{said}");
    assert!(said.contains("warning: `enforced::calls_a_budgeted_one` used the heap"), "{said}");

    let off = run(&one, Some("off"));
    let said = text(&off);
    assert!(off.status.success() && !said.contains("used the heap"), "{said}");

    let odd = run(&one, Some("sometimes"));
    let said = text(&odd);
    assert!(!odd.status.success() && said.contains("it takes: panic, abort, warn, off"), "{said}");
}

#[test]
fn a_missing_allocator_is_said_clearly() {
    let tests = "test --locked --test uninstalled -- --test-threads 1";
    let output = run(tests, None);
    let said = text(&output);
    let failed = failures(&said);
    assert!(failed.len() == 2 && failed.values().all(Option::is_some), "{said}");
    assert_eq!(said.matches("is not installed in this program").count(), 2, "{said}");
    assert_eq!(said.matches("#[global_allocator]").count(), 1, "how to do it is said once:\n{said}");

    let warned = run(tests, Some("warn"));
    let said = text(&warned);
    assert!(warned.status.success(), "{said}");
    assert_eq!(said.matches("is not installed in this program").count(), 1, "{said}");
}
