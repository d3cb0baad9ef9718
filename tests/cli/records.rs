//! Records that are missing, damaged or without names: 96, with the reason, and never silence.

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
        .map(|child| crate::support::Outcome::new(child.wait_with_output().unwrap(), &root).exits(103));
    for outcome in &outcomes {
        assert_eq!(outcome.json()["functions"][0]["calls"], 7);
    }
    assert!(outcomes.iter().any(|outcome| outcome.stderr.contains("Blocking")), "{outcomes:#?}");
}
