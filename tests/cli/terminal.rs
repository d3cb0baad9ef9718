//! How much is said, and in which colours.

use crate::support::Project;

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
fn quiet_is_about_progress_and_about_nothing_else() {
    let check = || Project::shared("endings").check("--bench thread");
    let (usual, quiet) = (check().run().exits(100), check().arg("-q").run().exits(100));
    assert!(usual.stderr.contains("Auditing"), "{}", usual.stderr);
    assert_eq!(quiet.stderr, "");
    assert_eq!(quiet.stdout, usual.stdout);
    assert_eq!(check().env("CARGO_TERM_QUIET", "true").run().exits(100).stderr, "");
}
