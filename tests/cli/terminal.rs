//! In a terminal one line says what runs; without one, and under `--quiet`, nothing but plain lines is written.

use std::io::Read as _;
use std::time::Duration;

use crate::support::terminal::{Session, Shown};
use crate::support::{Project, Tool};

/// Targets that run until the test lets them go on.
struct Targets {
    folder: tempfile::TempDir,
}

impl Targets {
    fn new() -> Targets {
        Targets { folder: tempfile::tempdir().unwrap() }
    }

    fn tool(&self, words: &str) -> Tool {
        let tool = Project::shared("jobs").noalloc(words.split_whitespace());
        tool.env("JOBS_FOLDER", self.folder.path()).env("JOBS_WAIT", "1")
    }

    fn let_go(&self, name: &str) {
        std::fs::write(self.folder.path().join(name), "").unwrap();
    }
}

const ONE: &str = "check --no-timing --bench c";

/// The live line, with so much done and this running.
fn is_bar<'a>(count: &'a str, what: &'a [&'a str]) -> impl Fn(&str) -> bool + use<'a> {
    move |row| {
        let line =
            row.trim_start().split_once(" [").and_then(|(verb, rest)| Some((verb, rest.split_once("] ")?.1)));
        line.is_some_and(|(verb, said)| {
            matches!(verb, "Counting" | "Running")
                && said.starts_with(&format!("{count}: "))
                && what.iter().all(|what| said.contains(what))
        })
    }
}

/// Nothing is left of the live line, and the cursor is where it was.
#[track_caller]
fn assert_tidy(shown: &Shown) {
    assert!(!shown.hides_cursor);
    let left =
        |row: &&String| ["Building", "Counting", "Running", "^C"].iter().any(|word| row.contains(word));
    assert_eq!(shown.rows.iter().find(left), None, "{:#?}", shown.rows);
}

#[test]
fn a_live_line_says_which_benchmark_runs_and_how_many_are_done() {
    let targets = Targets::new();
    let mut session = targets.tool(ONE).in_terminal();
    session.until(is_bar("0/2", &["visits (jobs::c)"]));
    targets.let_go("c");
    session.until(is_bar("1/2", &["leaves (jobs::c)"]));
    targets.let_go("c2");
    let shown = session.end();
    assert_eq!(shown.code, Some(100));
    assert_tidy(&shown);
    // What the target says stands above, whole.
    for said in ["    Auditing benches/c.rs", "c on standard output", "c2 on standard error"] {
        assert!(shown.rows.iter().any(|row| row == said), "{:#?}", shown.rows);
    }
}

#[test]
fn all_that_run_at_the_same_time_are_named() {
    let targets = Targets::new();
    let mut session = targets.tool("check --no-timing --tests --benches -j 4").in_terminal();
    session.until(is_bar("0/4", &["jobs::a", "jobs::b", "jobs::c", "jobs::d"]));
    ["a", "b", "c", "c2"].iter().for_each(|name| targets.let_go(name));
    session.until(is_bar("3/4", &["(jobs::d, 0/1)"]));
    targets.let_go("d");
    assert_tidy(&session.end());
}

#[test]
fn ctrl_c_leaves_the_terminal_as_it_was() {
    let targets = Targets::new();
    let mut session = targets.tool(ONE).in_terminal();
    session.until(is_bar("0/2", &["visits"]));
    session.press(b"\x03");
    let shown = session.end();
    assert_eq!(shown.code, Some(103), "{:#?}", shown.rows);
    assert_tidy(&shown);
}

#[test]
fn ctrl_c_ends_a_build_and_what_it_has_started() {
    let mut session = Project::shared("waits").check("--bins").in_terminal();
    session.until(|row| row == "the build script waits");
    session.press(b"\x03");
    let shown = session.end();
    assert_eq!(shown.code, Some(101), "{:#?}", shown.rows);
    assert_tidy(&shown);
    assert!(!shown.written.contains("left alone"), "{:#?}", shown.rows);
    assert!(shown.rows.iter().any(|row| row == "error: interrupted while building"), "{:#?}", shown.rows);
    // Nothing was run.
    assert!(!shown.written.contains("Auditing"), "{:#?}", shown.rows);
}

#[test]
fn a_comparison_counts_its_rounds_and_says_how_long_the_rest_takes() {
    let targets = Targets::new();
    ["c", "c2"].iter().for_each(|name| targets.let_go(name));
    targets.tool("check --bench c --bench-time 0.01 --samples 1 --save live-line").run().exits(100);
    // Each turn takes a fifth of a second, so there are turns long after the line is there.
    let mut session = targets.tool("compare live-line --rounds 8 --bench-time 0.05").in_terminal();
    for side in ["(live-line)", "(working tree)"] {
        let words = ["      Timing [", "/8: c ", side, " s left"];
        session.until(|row| words.iter().all(|word| row.contains(word)));
    }
    let shown = session.end();
    assert!(matches!(shown.code, Some(0 | 100)), "{:#?}", shown.rows);
    assert!(!shown.rows.iter().any(|row| row.contains("/8: c ")), "{:#?}", shown.rows);
}

#[test]
fn progress_that_is_always_wanted_needs_no_terminal() {
    let targets = Targets::new();
    let tool = targets.tool(ONE).env("CARGO_TERM_PROGRESS_WHEN", "always");
    let (mut child, _) = tool.env("CARGO_TERM_PROGRESS_WIDTH", "100").start();
    let mut stderr = child.stderr.take().unwrap();
    let (mut said, mut buffer) = (String::new(), [0; 1024]);
    while !said.contains("0/2: visits (jobs::c)") {
        let count = stderr.read(&mut buffer).unwrap();
        assert!(count > 0, "it never came: {said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    ["c", "c2"].iter().for_each(|name| targets.let_go(name));
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(100), "{said}");
}

/// Long enough that a live line would have come.
fn waits_in_vain(targets: &Targets, mut session: Session) -> Shown {
    session.until(|row| row == "c on standard error");
    std::thread::sleep(Duration::from_secs(1));
    ["c", "c2"].iter().for_each(|name| targets.let_go(name));
    session.end()
}

#[test]
fn quiet_shows_no_progress_and_what_was_found() {
    let targets = Targets::new();
    let shown = waits_in_vain(&targets, targets.tool(ONE).arg("-q").in_terminal());
    assert_eq!(shown.code, Some(100));
    let progress = ["Auditing", "Counting", "Compiling", "Finished", "\x1b[K"];
    assert!(!progress.iter().any(|word| shown.written.contains(word)), "{:?}", shown.written);
    assert!(shown.written.contains("heap-in-hot-path"), "{:?}", shown.written);
}

#[test]
fn cargo_and_we_are_asked_for_progress_with_the_same_words() {
    for (name, value) in [("CARGO_TERM_PROGRESS_WHEN", "never"), ("CI", "true"), ("TERM", "dumb")] {
        let targets = Targets::new();
        let shown = waits_in_vain(&targets, targets.tool(ONE).env(name, value).in_terminal());
        assert!(!shown.written.contains("Counting"), "{name}: {:?}", shown.written);
        assert!(shown.written.contains("Auditing"), "{name}: {:?}", shown.written);
    }
}

#[test]
fn without_a_terminal_there_are_plain_lines_and_the_same_ones_every_time() {
    let targets = Targets::new();
    ["c", "c2"].iter().for_each(|name| targets.let_go(name));
    let said = || {
        let run = targets.tool(ONE).env("TERM", "xterm").run().exits(100);
        let control = |c: char| c.is_control() && c != '\n';
        assert!(!run.stderr.contains(control) && !run.stdout.contains(control), "{:?}", run.stderr);
        // All but what cargo has built, and how fast.
        let lines = run.stderr.lines().map(str::to_owned);
        lines.skip_while(|line| !line.contains("Auditing")).collect::<Vec<_>>()
    };
    let first = said();
    assert_eq!(first.len(), 5, "a line for the target, and two for each of its benchmarks: {first:#?}");
    assert_eq!(first, said());
    let quiet = targets.tool(ONE).arg("--quiet").run().exits(100);
    let of_target: String = first[1..].iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(quiet.stderr, of_target, "the target's words are its own");
}

#[test]
fn quiet_and_verbose_contradict_each_other() {
    for words in ["check -q -v", "prove --quiet --verbose", "report -qv"] {
        let run = Project::empty().noalloc(words.split(' ')).run().exits(2);
        assert!(run.stderr.contains("cannot be used with"), "{words}: {}", run.stderr);
    }
}

#[test]
fn colour_is_as_the_command_line_says() {
    let project = Project::empty();
    let colours = |words: &str, color: &str| {
        let tool = project.noalloc(words.split(' ')).env("CARGO_TERM_COLOR", color);
        tool.run().stderr.contains("\x1b[")
    };
    assert!(colours("check --color always", "never"));
    assert!(colours("--color always check", "never"));
    assert!(!colours("check --color never", "always"));
    assert!(!colours("check --color auto", "auto"));
}

#[test]
fn the_terminal_is_as_cargos_configuration_says_and_its_variables_outweigh_that() {
    let project = Project::own("quiet", "quiet");
    let says = |tool: Tool| {
        let said = tool.run().exits(0).stderr;
        (said.contains("Auditing"), said.contains("\x1b["))
    };
    assert_eq!(says(project.check("--tests")), (true, false));
    project.write(".cargo/config.toml", "[term]\ncolor = \"always\"\n");
    assert_eq!(says(project.check("--tests")), (true, true));
    assert_eq!(says(project.check("--tests").env("CARGO_TERM_COLOR", "never")), (true, false));
    assert_eq!(says(project.check("--tests --color never")), (true, false));
    project.write(".cargo/config.toml", "[term]\nquiet = true\n");
    assert_eq!(says(project.check("--tests")), (false, false));
    assert_eq!(says(project.check("--tests").env("CARGO_TERM_QUIET", "false")), (true, false));
}

#[test]
fn quiet_is_about_progress_and_about_nothing_else() {
    let check = || Project::shared("endings").check("--bench thread");
    let (usual, quiet) = (check().run().exits(100), check().arg("-q").run().exits(100));
    assert!(usual.stderr.contains("Auditing"), "{}", usual.stderr);
    assert_eq!(quiet.stderr, "");
    assert_eq!(quiet.stdout, usual.stdout);
    assert_eq!(check().env("CARGO_TERM_QUIET", "true").run().exits(100).stderr, "");
}
