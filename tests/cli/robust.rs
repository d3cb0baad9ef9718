//! Every exit code by the situation that it stands for, and places where output cannot go.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

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

/// Runs the tool where no file can grow: as on a full disk, but for the tool alone.
fn on_a_full_disk(project: &Project, words: &[&str]) -> Outcome {
    let mut tool = project.noalloc(words).env("COLUMNS", "100");
    let mut full = Command::new("sh");
    full.current_dir(&project.root);
    full.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]);
    tool.inside(full);
    tool.run()
}

#[test]
fn a_baseline_that_cannot_be_written_stays_as_it_was() {
    let project = Project::own("gate", "full");
    let dir = project.root.join("target").to_str().unwrap().to_owned();
    project.check(&format!("--bench other --bless --target-dir {dir}")).run().exits(0);
    let file = project.root.join("noalloc-baseline.toml");
    let before = fs::read_to_string(&file).unwrap();
    let smaller = before.replace("per-call = 1", "per-call = 0");
    assert_ne!(smaller, before);
    fs::write(&file, &smaller).unwrap();
    let run = on_a_full_disk(&project, &["report", "--bless", "--target-dir", &dir]).exits(96);
    assert!(run.stderr.contains("noalloc-baseline.toml` could not be written: "), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), smaller);
    let names = fs::read_dir(&project.root).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().ends_with(".new")), "nothing is left over");
}

#[test]
fn a_target_whose_record_finds_no_room_is_no_pass() {
    let project = Project::own("quiet", "cramped");
    let runner = |blocks: u32| {
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec $0 $@");
        project.write(
            ".cargo/config.toml",
            &format!("[target.'cfg(all())']\nrunner = [\"sh\", \"-c\", \"{line}\"]\n"),
        );
        project.check("--lib --format json").run()
    };
    for blocks in [0, 1, 8] {
        let run = runner(blocks).exits(96);
        assert_eq!(run.json()["verdict"], "fail", "{blocks}: {}", run.stdout);
        assert!(run.stderr.contains("error: "), "{}", run.stderr);
    }
}

#[test]
fn a_check_that_cannot_be_kept_is_reported_all_the_same() {
    let project = Project::own("quiet", "unkept");
    let dir = project.root.join("target");
    fs::create_dir_all(dir.join("noalloc/last-check.json/in-the-way")).unwrap();
    let run = project.check_json(&format!("--lib --target-dir {}", dir.display())).run().exits(96);
    assert_eq!(run.json()["verdict"], "pass");
    assert!(run.stderr.contains("last-check.json` could not be written: "), "{}", run.stderr);
}

#[test]
fn a_home_that_cannot_be_written_is_no_obstacle() {
    let home = |variable: &str, folder: &str| {
        let below = || Path::new(&std::env::var_os("HOME").unwrap()).join(folder);
        std::env::var_os(variable).map_or_else(below, Into::into)
    };
    let tool = Project::shared("quiet").check("--lib");
    let tool = tool.env("CARGO_HOME", home("CARGO_HOME", ".cargo"));
    // Nothing can be made below a file.
    let run = tool.env("RUSTUP_HOME", home("RUSTUP_HOME", ".rustup")).env("HOME", "/dev/null").run().exits(0);
    assert!(run.stdout.contains("unexercised"), "{}", run.stdout);
}

#[test]
fn a_clock_that_jumps_changes_nothing_of_the_report() {
    let project = Project::own("gate", "jumps");
    let check = || project.check_json("--bench other").run().exits(100).stdout;
    let before = check();
    for day in [SystemTime::UNIX_EPOCH, SystemTime::now() + Duration::from_secs(86_400)] {
        let file = fs::File::options().write(true).open(project.root.join("src/lib.rs")).unwrap();
        file.set_modified(day).unwrap();
        assert_eq!(check(), before);
    }
}

#[test]
fn a_report_shows_the_code_as_it_was_checked() {
    let project = Project::own("gate", "edited");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("edited-target");
    let checked = project.check_json("--bench hot").kept_in(&dir).run().exits(100).json();
    let report = || project.noalloc(["report", "--format", "json"]).kept_in(&dir).run().exits(100).json();
    let explained = || project.noalloc(["explain", "boxes"]).kept_in(&dir).run().exits(0);
    let before = explained();
    assert!(before.stdout.contains("Box::new("), "{}", before.stdout);
    let file = project.root.join("src/lib.rs");
    let text = fs::read_to_string(&file).unwrap();
    // The same again, later.
    fs::write(&file, &text).unwrap();
    let touched = report();
    assert_eq!((&touched["findings"], &touched["problems"]), (&checked["findings"], &checked["problems"]));
    assert_eq!(explained().stdout, before.stdout);
    // Others, elsewhere.
    fs::write(&file, format!("\n\n\n{}", text.replace("Box::new", "drop"))).unwrap();
    let edited = report();
    assert_eq!(edited["findings"], checked["findings"]);
    let problems = edited["problems"].as_array().unwrap();
    let messages: Vec<&str> = problems.iter().filter_map(|problem| problem["message"].as_str()).collect();
    let said = messages.iter().filter(|message| message.contains("changed since: `src/lib.rs`"));
    assert_eq!(said.count(), 1, "{messages:?}");
    let after = explained();
    assert!(after.stdout.contains("Box::new("), "{}", after.stdout);
    assert!(after.stderr.contains("changed since: `src/lib.rs`"), "{}", after.stderr);
}

#[test]
fn two_checks_say_the_same() {
    let check = |jobs: u32| {
        Project::shared("parts")
            .check_json(&format!("--tests --benches --bins -j {jobs}"))
            .run()
            .exits(100)
            .stdout
    };
    assert_eq!(check(1), check(4));
}
