//! Programs with an allocator of their own: recorded exactly, or refused. Never a silent zero.

use serde_json::Value;

use crate::support::seed::plant;
use crate::support::{Outcome, Project, named};

fn check(words: &str) -> Outcome {
    Project::shared("own-allocator").check(words).run()
}

/// 7 calls, 4 bytes each.
#[track_caller]
fn assert_exact(report: &Value, name: &str) {
    let function = named(&report["functions"], "name", name);
    let count = |key: &str| function[key].as_u64().unwrap();
    assert_eq!(
        [count("calls"), count("allocs"), count("frees"), count("bytes")],
        [7, 7, 7, 28],
        "{function:#}"
    );
}

#[test]
fn an_unwrapped_allocator_is_refused_with_the_line_to_write() {
    let run = check("--bench unwrapped").exits(96);
    insta::assert_snapshot!(run.errors());
    assert!(!run.stdout.contains("clean"), "{}", run.stdout);
}

#[test]
fn an_unwrapped_allocator_is_a_failed_target_in_the_report() {
    let report = check("--bench unwrapped --format json").exits(96).json();
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["targets"][0]["status"], "failed");
    assert_eq!(report["functions"], Value::Array(Vec::new()));
}

#[test]
fn a_wrapped_allocator_is_recorded_exactly() {
    assert_exact(&check("--bench wrapped --format json").exits(100).json(), "own_allocator::hot");
}

#[test]
fn an_allocator_that_audits_leave_out_is_no_obstacle() {
    assert_exact(&check("--bench configured --format json").exits(100).json(), "own_allocator::hot");
}

/// Whatever lines the attributes stand in, it is the compiler that heeds them.
#[test]
fn every_spelling_that_leaves_an_allocator_out_of_audits_is_heeded() {
    let spellings = [
        "left_out_module",
        "left_out_below",
        "left_out_above_a_comment",
        "left_out_over_lines",
        "left_out_by_cfg_attr",
        "left_out_macro",
        "left_out_file",
        "feature",
        "only_mentioned",
        "wrapped_by_a_macro",
        "wrapped_by_cfg_attr",
        "wrapped_in_audits",
    ];
    let words: String = spellings.iter().map(|name| format!(" --example {name}")).collect();
    let report = check(&format!("-p spellings --format json{words}")).exits(100).json();
    for name in spellings {
        assert_eq!(named(&report["targets"], "name", name)["status"], "ok", "{name}");
    }
    let function = named(&report["functions"], "name", "spellings::hot");
    let calls = 7 * spellings.len();
    let counts = ["calls", "allocs", "frees"].map(|key| function[key].as_u64().unwrap());
    assert_eq!(counts, [calls as u64; 3], "{function:#}");
}

#[test]
fn every_spelling_of_an_allocator_is_refused_at_its_place() {
    let places = [
        ("own_in_one_line", "spellings/examples/own_in_one_line.rs:3:35"),
        ("own_by_cfg_attr", "spellings/examples/own_by_cfg_attr.rs:3:1"),
        ("own_by_a_macro", "allocator-macros/src/lib.rs:7:9"),
        ("own_by_its_own_macro", "spellings/examples/own_by_its_own_macro.rs:5:9"),
        ("own_by_a_path", "spellings/examples/own_by_a_path.rs:3:1"),
        ("feature", "spellings/examples/feature.rs:4:1"),
    ];
    let words: String = places.iter().map(|(name, _)| format!(" --example {name}")).collect();
    let errors = check(&format!("-p spellings --features own{words}")).exits(96).errors();
    for (name, place) in places {
        let place = format!(
            "spellings/examples/{name}.rs installs its own global allocator, so nothing would be recorded\n  --> {place}\n"
        );
        assert!(errors.contains(&place), "{place}\n{errors}");
    }
    let wrap = "static GLOBAL: no_heap::Allocator<std::alloc::System> = no_heap::Allocator::new(std::alloc::System);";
    let wraps = errors.matches(&format!("wrap it: `{wrap}`")).count();
    assert_eq!(wraps, 3, "as it stands in three of them:\n{errors}");
}

#[test]
fn an_allocator_in_another_module_is_found() {
    insta::assert_snapshot!(check("--bench in_module").exits(96).errors());
}

#[test]
fn an_allocator_in_a_dependency_is_found() {
    insta::assert_snapshot!(check("--bench in_dependency").exits(96).errors());
}

#[test]
fn an_allocator_in_the_library_is_found() {
    insta::assert_snapshot!(check("-p library").exits(96).errors());
}

#[test]
fn an_allocator_in_a_program_beside_a_benchmark_is_found() {
    insta::assert_snapshot!(check("-p program").exits(96).errors());
}

/// A copy for one test, in whose target directory nothing is built but what every fixture depends on.
fn alone() -> (Project, tempfile::TempDir) {
    let (project, target) = (Project::own("own-allocator", "app"), tempfile::tempdir().unwrap());
    plant(&target.path().join("noalloc"));
    (project, target)
}

/// How often each package was compiled, and whether the check went wrong on the way.
#[track_caller]
fn assert_compiled(outcome: &Outcome, expected: &[(&str, usize)]) {
    for (package, times) in expected {
        let line = format!("Compiling {package} v");
        assert_eq!(outcome.stderr.matches(&line).count(), *times, "{package}:\n{}", outcome.stderr);
    }
    for word in ["error", "warning"] {
        assert!(!outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

#[test]
fn a_wrapped_allocator_is_built_once_and_says_nothing_of_itself() {
    let (project, target) = alone();
    let names = ["wrapped_by_a_macro", "wrapped_by_cfg_attr"];
    let check = |name: &str| {
        let words = format!("-p spellings --example {name}");
        let run = project.check_json(&words).built_in(target.path()).run().exits(100);
        assert!(!run.stderr.contains("Rebuilding"), "{}", run.stderr);
        let report = run.json();
        assert_eq!(named(&report["functions"], "name", "spellings::hot")["allocs"], 7);
        run
    };
    assert_compiled(&check(names[0]), &[("allocator-macros", 1), ("no_heap", 1), ("spellings", 1)]);
    assert_compiled(&check(names[1]), &[("allocator-macros", 0), ("no_heap", 0), ("spellings", 1)]);
    assert_compiled(&check(names[0]), &[("no_heap", 0), ("spellings", 0)]);
}

/// The source does not show it, so the compiler is asked, once.
#[test]
fn an_allocator_that_nobody_sees_costs_one_build_of_what_uses_no_heap() {
    let (project, target) = alone();
    let check = || project.check_json("-p unseen --bin unseen").built_in(target.path()).run().exits(100);
    let again = "Rebuilding bin `unseen`";
    let first = check();
    assert_eq!(first.stderr.matches(again).count(), 1, "{}", first.stderr);
    // Once with the audit's allocator: that was planted.
    assert_compiled(&first, &[("beside", 1), ("no_heap", 1), ("unseen", 2)]);
    project.write("unseen/src/wrapped.in", "// Edited.\n#[global_allocator]\nstatic GLOBAL: no_heap::Allocator = no_heap::Allocator::new(std::alloc::System);\n");
    let edited = check();
    assert!(!edited.stderr.contains("Rebuilding"), "{}", edited.stderr);
    assert_compiled(&edited, &[("beside", 0), ("no_heap", 0), ("unseen", 1)]);
    // And when it has gone, nobody has to be told either.
    project.write("unseen/src/wrapped.in", "");
    let gone = check();
    assert_eq!(gone.stderr.matches(again).count(), 1, "{}", gone.stderr);
    assert_compiled(&gone, &[("beside", 0), ("no_heap", 0)]);
}

#[test]
fn a_program_that_does_not_use_its_library_is_counted_and_told_so() {
    let report = check("-p unlinked --bin unlinked --format json").exits(100).json();
    assert_exact(&report, "unlinked::hot");
    let message = &named(&report["problems"], "step", "compile")["message"];
    insta::assert_snapshot!(message.as_str().unwrap());
}

#[test]
fn one_target_with_and_one_without_are_checked_together() {
    let run = check("--bench usual --bench wrapped --bench unwrapped --format json").exits(96);
    let report = run.json();
    let status = |name: &str| named(&report["targets"], "name", name)["status"].clone();
    assert_eq!([status("usual"), status("wrapped"), status("unwrapped")], ["ok", "ok", "failed"]);
    let function = named(&report["functions"], "name", "own_allocator::hot");
    assert_eq!([&function["calls"], &function["allocs"]], [14, 14]);
}
