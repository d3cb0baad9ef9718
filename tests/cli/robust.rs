//! Every exit code by the situation that it stands for, and places where output cannot go.

use std::fs;
use std::process::Child;

use serde_json::Value;

use crate::gate::report;
use crate::support::{Outcome, Project, repository};

#[test]
fn every_exit_code_is_reached_and_documented() {
    let quiet = || Project::shared("quiet");
    let reached: [(i32, Outcome); 8] = [
        (0, quiet().check("--lib").run()),
        (2, quiet().check("--frobnicate").run()),
        (4, Project::shared("bare").check("").run()),
        (96, Project::shared("own-allocator").check("--bench unwrapped").run()),
        (100, report(&Project::shared("gate"), "").run()),
        (101, Project::shared("broken").check("").run()),
        (102, Project::empty().check("").run()),
        (103, Project::shared("endings").check("--bench exits").run()),
    ];
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let rows = readme
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()));
    let mut documented: Vec<i32> =
        rows.map(|row| row[2..].split(' ').next().unwrap().parse().unwrap()).collect();
    documented.sort_unstable();
    assert_eq!(documented, reached.each_ref().map(|(code, _)| *code));
    for (code, outcome) in reached {
        outcome.exits(code);
    }
}

#[test]
fn a_full_disk_is_said_and_is_no_pass() {
    for format in ["json", "human", "sarif"] {
        let run = report(&Project::shared("gate"), &format!("--format {format}"))
            .stdout_to("/dev/full")
            .run()
            .exits(96);
        assert!(
            run.stderr.contains("error: standard output could not be written: No space left"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    }
    let run = report(&Project::shared("gate"), "--format json=/dev/full").run().exits(2);
    assert!(run.stderr.contains("could not be written to `/dev/full`"), "{}", run.stderr);
    let help = Project::empty().noalloc(["check", "--help"]).stdout_to("/dev/full").run();
    assert!(!help.stderr.contains("panicked"), "{}", help.stderr);
}

#[test]
fn without_a_terminal_there_is_no_colour() {
    let gate = Project::shared("gate");
    let plain = report(&gate, "").run().exits(100);
    assert!(!plain.stdout.contains('\u{1b}') && !plain.stderr.contains('\u{1b}'), "{}", plain.stdout);
    let asked = report(&gate, "").env("CARGO_TERM_COLOR", "always").env("NO_COLOR", "1").run().exits(100);
    assert!(asked.stdout.contains('\u{1b}'), "cargo's own variable is the stronger one");
    let never = report(&gate, "").env("CARGO_TERM_COLOR", "never").run().exits(100);
    assert_eq!(never.stdout, plain.stdout);
}

#[test]
fn checks_that_share_a_target_directory_wait_for_each_other() {
    let project = Project::shared("quiet");
    let start = || project.check_json("--lib").start().0;
    let running: Vec<Child> = (0..3).map(|_| start()).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["verdict"], "pass");
    }
}
