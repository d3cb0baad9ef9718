//! One check of the fixture `gate`, for tests that look at it through other settings, baselines and formats.

use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Project, Tool};

/// A target directory whose last check no other test replaces.
pub(crate) fn target_dir() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gate-target");
    folder.to_str().expect("the repository's path is text").to_owned()
}

/// The JSON report of the fixture as it stands.
pub(crate) fn checked() -> &'static Value {
    static CHECKED: OnceLock<Value> = OnceLock::new();
    CHECKED
        .get_or_init(|| Project::shared("gate").check_json("").kept_in(target_dir()).run().exits(100).json())
}

/// A copy of the fixture with `more` at the end of its manifest.
pub(crate) fn with_manifest(more: &str) -> Project {
    let project = Project::own("gate", "gate");
    let manifest = std::fs::read_to_string(project.root.join("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}\n{more}"));
    project
}

/// `cargo noalloc report` in `project`, about that check.
pub(crate) fn report(project: &Project, words: &str) -> Tool {
    checked();
    let dir = target_dir();
    let words: Vec<&str> =
        ["report", "--target-dir", &dir].into_iter().chain(words.split_whitespace()).collect();
    project.noalloc(words).env("COLUMNS", "100")
}
