//! Everything that may call a hot function: benchmarks of other harnesses, tests, programs of every kind.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Outcome, Project, Tool, named};

fn callers() -> Project {
    Project::shared("callers")
}

/// As often as it was called, `boxes` allocated and freed 4 bytes.
#[track_caller]
fn assert_calls(report: &Value, calls: u64) {
    let function = named(&report["functions"], "name", "callers::boxes");
    let count = |key: &str| function[key].as_u64().unwrap();
    assert_eq!(
        [count("calls"), count("allocs"), count("frees"), count("bytes")],
        [calls, calls, calls, 4 * calls],
        "{report:#}"
    );
    assert_eq!(named(&report["findings"], "function", "callers::boxes")["place"]["file"], "src/lib.rs");
}

fn program(words: &str) -> Outcome {
    callers().check_json(&format!("--bin program -- {words}")).run()
}

#[test]
fn benchmarks_of_criterion_and_divan_run_unchanged() {
    let report =
        callers().check_json("--bench of_criterion --bench of_divan -- --test").run().exits(100).json();
    assert_calls(&report, 2);
    let status = |name: &str| named(&report["targets"], "name", name)["status"].clone();
    assert_eq!([status("of_criterion"), status("of_divan")], ["ok", "ok"]);
    // What a harness prepares and drops around it is not the function's.
    let sum = named(&report["functions"], "name", "callers::sum");
    assert_eq!([&sum["allocs"], &sum["frees"]], [0, 0]);
    assert!(sum["calls"].as_u64().unwrap() >= 4, "{sum:#}");
}

#[test]
fn a_test_is_recorded_with_the_programs_that_it_starts() {
    let report = callers().check_json("--test of_libtest").run().exits(100).json();
    // One in the test's own thread, three in the program.
    assert_calls(&report, 4);
    assert_eq!(named(&report["targets"], "name", "other")["kind"], "bin");
    let one = callers().check_json("--test of_libtest -- --exact boxes_what_it_gets").run();
    assert_calls(&one.exits(100).json(), 1);
}

/// A test of a program, which starts it by another of its names.
const LINKS_AND_STARTS: &str = r#"
#[test]
fn a_program_ends_well() {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_other"));
    let link = program.with_file_name("another");
    drop(std::fs::remove_file(&link));
    std::fs::hard_link(program, &link).unwrap();
    assert!(std::process::Command::new(link).status().unwrap().success());
}
"#;

#[test]
fn a_program_that_is_selected_and_started_is_one_target() {
    let project = Project::own("callers", "app");
    // As cargo does it where what it builds is not in the target directory.
    project.write("tests/of_libtest.rs", LINKS_AND_STARTS);
    let target = tempfile::tempdir().unwrap();
    let tool = project.check_json("--bin other --test of_libtest").kept_in(target.path());
    let report = tool.run().exits(100).json();
    // Three by itself, three when the test starts it.
    assert_calls(&report, 6);
    let targets = report["targets"].as_array().unwrap();
    let names: Vec<&Value> = targets.iter().map(|target| &target["name"]).collect();
    assert_eq!(names, ["other", "of_libtest"]);
    let again = project.noalloc(["report", "--format", "json"]).kept_in(target.path()).run();
    assert_eq!(again.exits(100).json()["functions"], report["functions"]);
}

#[test]
fn an_example_is_a_program() {
    let report = callers().check_json("--example shows -- 5").run().exits(100).json();
    assert_calls(&report, 5);
    assert_eq!(report["targets"][0]["kind"], "example");
}

#[test]
fn a_program_gets_the_words_after_two_dashes() {
    assert_calls(&program("calls 3").exits(100).json(), 3);
}

#[test]
fn calls_of_all_threads_and_processes_are_added_up() {
    assert_calls(&program("threads").exits(100).json(), 20);
    assert_calls(&program("children").exits(100).json(), 3);
}

#[test]
fn a_program_finds_the_variables_that_cargo_sets() {
    let project = Project::own("callers", "app");
    project.write(".cargo/config.toml", "[env]\nFROM_CONFIG = \"of the file\"\n");
    let tool = project.check_json("--config env.FROM_COMMAND_LINE=\"there\" --bin program -- environment");
    let said = tool.run().exits(100).stderr;
    for line in ["CARGO_PKG_NAME=callers", "FROM_CONFIG=of the file", "FROM_COMMAND_LINE=there"] {
        assert!(said.contains(line), "{line} is not in\n{said}");
    }
    // Where criterion puts its results: never among those of another build.
    let home = |tool: Tool| {
        let said = tool.run().exits(100).stderr;
        let line = said.lines().find_map(|line| line.strip_prefix("CRITERION_HOME="));
        line.expect("the program prints it").to_owned()
    };
    let check = || project.check("--bin program -- environment");
    assert_eq!(home(check()), project.kept.join("noalloc/criterion").to_str().unwrap());
    assert_eq!(home(check().env("CRITERION_HOME", "/of/mine")), "/of/mine/noalloc");
    project.write(".cargo/config.toml", "[env]\nCRITERION_HOME = \"/of/the/file\"\n");
    assert_eq!(home(check()), "/of/the/file/noalloc");
}

/// A program that runs until it is stopped, and a signal that only the tool gets.
#[track_caller]
fn stopped_by(signal: Signal) -> Outcome {
    let mut tool = callers().check_json("--bin program -- serve");
    // Away from the terminal that the tests may have been started in.
    tool.command().process_group(0);
    let (mut child, root) = tool.start();
    let mut stderr = child.stderr.take().unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while !said.contains("serving now") {
        let n = stderr.read(&mut buffer).unwrap();
        assert!(n > 0, "the program never ran: {said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
    stderr.read_to_string(&mut said).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = said.into_bytes();
    Outcome::new(&output, &root)
}

#[test]
fn a_program_that_runs_for_ever_is_stopped_and_reported() {
    for signal in [Signal::INT, Signal::TERM] {
        let report = stopped_by(signal).exits(100).json();
        assert_calls(&report, 7);
        assert_eq!(report["targets"][0]["status"], "ok");
    }
}
