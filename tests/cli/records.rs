//! Records that are missing, damaged or without names: 96, with the reason, and never silence.

use crate::hostile::formats;
use crate::support::{Project, Tool};

fn check(words: &str) -> Tool {
    Project::shared("endings").check(words)
}

#[test]
fn a_record_that_was_cut_is_no_pass() {
    let run = check("--bench cuts-record").run().exits(96);
    insta::assert_snapshot!(redact(&run.errors()));
    assert!(!run.stdout.contains("pass"), "{}", run.stdout);
}

#[test]
fn a_record_that_was_damaged_is_no_pass() {
    insta::assert_snapshot!(check("--bench damages-record").run().exits(96).errors());
}

/// Formats of findings or functions alone, of which there are none.
const LINES: [&str; 2] = ["listing", "short"];

/// Nothing is known of it but that it died: every report that was asked for is there, and all that have room for it say so.
#[test]
fn a_target_that_dies_with_a_damaged_record_fails_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let words: Vec<String> = formats()
        .iter()
        .map(|format| format!("--format={format}={}", folder.path().join(format).display()))
        .collect();
    let run = check(&format!("--bench dies-damaged {}", words.join(" "))).run().exits(103);
    assert!(!run.stderr.contains("it has no hot function"), "{}", run.stderr);
    for format in formats() {
        let text = std::fs::read_to_string(folder.path().join(format));
        let text = text.unwrap_or_else(|error| panic!("{format} is missing: {error}\n{}", run.stderr));
        assert_eq!(text.trim().is_empty(), LINES.contains(&format.as_str()), "{format}: {text}");
    }
    let report = std::fs::read_to_string(folder.path().join("json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["verdict"], &report["targets"][0]["status"]), (&"fail".into(), &"crashed".into()));
}

#[test]
fn a_pipe_among_the_records_is_no_record_and_nobody_waits_for_it() {
    let run = check("--bench leaves-pipe").run().exits(96);
    assert!(run.stderr.contains("was left out: it is no regular file"), "{}", run.stderr);
}

/// The length of a record depends on its layout.
fn redact(text: &str) -> String {
    let number = |word: &str| word.len() > 3 && word.chars().all(|c| c.is_ascii_digit());
    text.split(' ').map(|word| if number(word) { "[BYTES]" } else { word }).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_the_build() {
    let target = tempfile::tempdir().unwrap();
    std::fs::create_dir(target.path().join("noalloc")).unwrap();
    std::fs::write(target.path().join("noalloc/records"), "in the way").unwrap();
    let run = check("--bench exits").env("CARGO_TARGET_DIR", target.path()).run().exits(96);
    assert!(!run.stderr.contains("Compiling"), "{}", run.stderr);
    let folder = target.path().display().to_string();
    insta::assert_snapshot!(run.errors().replace(&folder, "[TARGET]"));
}

#[test]
fn a_target_directory_that_cannot_be_written_is_said_before_the_build() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let run = check("--bench exits").env("CARGO_TARGET_DIR", file.path()).run().exits(96);
    insta::assert_snapshot!(run.errors().replace(&file.path().display().to_string(), "[TARGET]"));
}

#[test]
fn a_runner_that_clears_the_environment_is_no_silence() {
    let project = Project::own("endings", "app");
    project.write(".cargo/config.toml", "[target.'cfg(all())']\nrunner = [\"env\", \"-i\"]\n");
    insta::assert_snapshot!(project.check("--bench thread").run().exits(96).errors());
}

#[test]
fn a_binary_that_was_stripped_after_linking_is_no_silence() {
    let project = Project::own("endings", "app");
    // What a linker of another name would do to it, without building all that it depends on with that linker.
    let runner = "[target.'cfg(all())']\nrunner = [\"sh\", \"-c\", \"strip -s $1; exec $@\", \"sh\"]\n";
    project.write(".cargo/config.toml", runner);
    let run = project.check("--bench thread").run().exits(96);
    insta::assert_snapshot!(run.errors());
    // The counts are exact all the same, and they have a place.
    let report = project.check_json("--bench thread").run().exits(96).json();
    let finding = &report["findings"][0];
    assert_eq!((&finding["count"], &finding["place"]["file"]), (&1.into(), &"benches/thread.rs".into()));
}

#[test]
fn two_checks_at_once_wait_for_each_other() {
    let (first, root) = check("--bench hangs --timeout 1 --format json").start();
    let (second, _) = check("--bench hangs --timeout 1 --format json").start();
    let outcomes = [first, second]
        .map(|child| crate::support::Outcome::new(&child.wait_with_output().unwrap(), &root).exits(103));
    for outcome in &outcomes {
        assert_eq!(outcome.json()["functions"][0]["calls"], 7);
    }
    assert!(outcomes.iter().any(|outcome| outcome.stderr.contains("Blocking")), "{outcomes:#?}");
}
