//! `--jobs`: targets that nobody times run at the same time, those that are timed never beside another.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::support::{Outcome, Project, Tool};

/// A folder in which the targets tell when they run.
struct Events {
    folder: tempfile::TempDir,
}

impl Events {
    fn new() -> Events {
        Events { folder: tempfile::tempdir().unwrap() }
    }

    fn tool(&self, words: &str) -> Tool {
        let words = format!("check --tests --benches {words}");
        Project::shared("jobs").noalloc(words.split_whitespace()).env("JOBS_FOLDER", self.folder.path())
    }

    /// Event, target and process, in the order in which they came.
    fn all(&self) -> Vec<(String, String, i32)> {
        let file: PathBuf = self.folder.path().join("events");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let event = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0].to_owned(), words[1].to_owned(), words[2].parse().unwrap())
        };
        whole.lines().map(event).collect()
    }
}

/// Who said something, in the order in which it stands on standard error.
fn said(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stderr.lines().map(str::trim);
    let ours = lines.filter(|line| line.starts_with("Auditing") || line.contains(" on standard "));
    ours.map(str::to_owned).collect()
}

#[test]
fn targets_that_nobody_times_run_at_the_same_time_and_speak_in_order() {
    let events = Events::new();
    // Each waits for the three others.
    let run =
        events.tool("--no-timing -j 4 --format json -- --nocapture").env("JOBS_MEET", "4").run().exits(100);
    assert_eq!(run.json()["functions"][0]["verdict"], "allocates");
    let expected = ["tests/a.rs", "tests/b.rs", "benches/c.rs", "benches/d.rs"].map(|file| {
        let name = &file[file.len() - 4..file.len() - 3];
        let streams = ["output", "error"].map(|stream| format!("{name} on standard {stream}"));
        [vec![format!("Auditing {file}")], streams.to_vec()].concat()
    });
    let mut said = said(&run);
    said.dedup();
    // The harness of a benchmark calls it more than once.
    let at: Vec<usize> =
        expected.iter().map(|lines| said.windows(3).position(|window| window == lines).unwrap()).collect();
    assert!(at.is_sorted(), "{said:#?}");
    let headings = said.iter().filter(|line| line.starts_with("Auditing")).count();
    assert_eq!(headings, 4, "{said:#?}");
}

#[test]
fn with_one_job_they_run_one_after_another() {
    let events = Events::new();
    events.tool("--no-timing -j 1").run().exits(100);
    let events = events.all();
    assert!(events.len() >= 8, "{events:?}");
    assert!(events.chunks(2).all(|pair| (&*pair[0].0, &*pair[1].0) == ("begin", "end")), "{events:?}");
}

#[test]
fn a_target_that_is_timed_runs_alone_and_after_the_others() {
    let events = Events::new();
    events.tool("-j 4 --bench-time 0.001 --samples 1").run().exits(100);
    let events = events.all();
    let timed = events.iter().position(|(_, name, _)| name == "c" || name == "d").unwrap();
    let (before, after) = events.split_at(timed);
    assert_eq!(before.len(), 4, "the two tests have begun and ended: {events:?}");
    assert!(after.chunks(2).all(|pair| (&*pair[0].0, &*pair[1].0) == ("begin", "end")), "{events:?}");
}

#[test]
fn who_ends_the_check_ends_all_that_run() {
    for signal in [Signal::INT, Signal::TERM] {
        let events = Events::new();
        let (mut child, root) = events.tool("--no-timing -j 4 --format json").env("JOBS_HANG", "1").start();
        while events.all().len() < 4 {
            assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
            std::thread::sleep(Duration::from_millis(20));
        }
        kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), signal).unwrap();
        let outcome = Outcome::new(&child.wait_with_output().unwrap(), &root).exits(103);
        for (_, name, process) in events.all() {
            assert!(test_kill_process(Pid::from_raw(process).unwrap()).is_err(), "`{name}` still runs");
        }
        // What they had recorded is reported: one call each.
        assert_eq!(outcome.json()["functions"][0]["calls"], 4, "{}", outcome.stdout);
    }
}

#[test]
fn what_is_no_number_of_jobs_is_refused() {
    for wrong in ["0", "many", "1.5"] {
        let run = Project::empty().check(&format!("-j {wrong}")).run().exits(2);
        assert!(run.stderr.contains("is no number of jobs"), "{}", run.stderr);
    }
}
