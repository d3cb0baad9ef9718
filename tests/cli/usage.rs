//! What can be refused before anything is built, and builds that fail: the words, and the exit code.

use crate::support::Project;

#[test]
fn no_manifest_is_said_with_what_to_do() {
    insta::assert_snapshot!(Project::empty().check("").run().exits(102).errors());
}

#[test]
fn a_manifest_path_that_leads_nowhere() {
    insta::assert_snapshot!(
        Project::empty().check("--manifest-path not/Cargo.toml").run().exits(102).errors()
    );
}

#[test]
fn a_manifest_that_does_not_parse_is_shown_by_cargo() {
    let project = Project::empty();
    project.write("Cargo.toml", "[package]\nname = app\n");
    insta::assert_snapshot!(project.check("").run().exits(102).errors());
}

#[test]
fn an_unknown_package_is_answered_with_the_nearest() {
    let project = Project::shared("endings");
    insta::assert_snapshot!(project.check("-p endigns").run().exits(2).errors());
}

#[test]
fn an_unknown_package_is_answered_with_the_list() {
    let project = Project::shared("own-allocator");
    insta::assert_snapshot!(project.check("-p serde").run().exits(2).errors());
}

#[test]
fn an_unknown_bench_is_answered_with_the_nearest() {
    insta::assert_snapshot!(Project::shared("endings").check("--bench hang").run().exits(2).errors());
}

#[test]
fn an_unknown_test_where_there_are_none() {
    insta::assert_snapshot!(Project::shared("endings").check("--test unit").run().exits(2).errors());
}

#[test]
fn a_package_without_benches_has_nothing_to_check() {
    insta::assert_snapshot!(Project::shared("bare").check("").run().exits(4).errors());
}

#[test]
fn a_selection_that_matches_nothing_is_not_told_to_add_a_benchmark() {
    let errors = Project::shared("cold").check("--examples").run().exits(4).errors();
    assert!(errors.contains("select kinds of targets that are not there"), "{errors}");
    assert!(!errors.contains("there is none"), "{errors}");
}

#[test]
fn benches_without_a_hot_function_have_nothing_to_check() {
    insta::assert_snapshot!(Project::shared("cold").check("").run().exits(4).errors());
}

#[test]
fn a_build_error_is_cargos_own_and_stands_there_once() {
    let run = Project::shared("broken").check("").run().exits(101);
    assert_eq!(run.stderr.matches("error[E0308]").count(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("function `unused_here` is never used").count(), 1, "{}", run.stderr);
    let last = run.errors();
    let last = last.rfind("\nerror: the audit").map(|at| last[at + 1..].to_owned());
    insta::assert_snapshot!(last.expect("the tool says how it ended"));
}

#[test]
fn wrong_words_are_wrong_usage() {
    let project = Project::empty();
    let said = |words: &str| {
        // Of clap's answers the first line is about the mistake, the rest about the whole command line.
        let said = project.check(words).run().exits(2).errors();
        said.split("\n\n").next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!("unknown_flag", said("--frobnicate"));
    insta::assert_snapshot!("unknown_format", said("--format xml"));
    insta::assert_snapshot!("format_without_path", said("--format json="));
    insta::assert_snapshot!("two_machine_formats", said("--format json --format json=-"));
    insta::assert_snapshot!("no_time", said("--bench-time=-1"));
    insta::assert_snapshot!("too_many_samples", said("--samples 65"));
    insta::assert_snapshot!("no_timeout", said("--timeout 0"));
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_the_build() {
    let project = Project::shared("endings");
    let run = project.check("--bench exits --format json=not/there/report.json").run().exits(2);
    assert!(!run.stderr.contains("Compiling"), "{}", run.stderr);
    insta::assert_snapshot!(run.errors());
}

#[test]
fn help_is_no_error() {
    let run = Project::empty().noalloc(["check", "--help"]).run().exits(0);
    assert!(run.stdout.contains("--require-exercised"), "{}", run.stdout);
}

#[test]
fn clean_removes_what_checks_have_made_and_nothing_else() {
    let project = Project::shared("bare");
    let target = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(target.path().join("noalloc/records")).unwrap();
    std::fs::create_dir_all(target.path().join("release")).unwrap();
    project.noalloc(["clean", "--target-dir"]).arg(target.path()).run().exits(0);
    assert!(!target.path().join("noalloc").exists());
    assert!(target.path().join("release").exists());
}
