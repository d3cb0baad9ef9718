//! What one run of the tool said.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use super::{repository, shared_target_dir};

/// Exit code and both streams.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    root: PathBuf,
}

impl Outcome {
    pub(crate) fn new(output: Output, root: &Path) -> Outcome {
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            root: root.to_owned(),
        }
    }

    /// Fails the test with everything that was said when the exit code is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Outcome {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The JSON report, which must be all that stands on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("standard output is no JSON: {error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
        })
    }

    /// Our own last words on standard error, from the first `error` after cargo's and the targets' output on;
    /// paths redacted. What stands above differs from run to run.
    pub(crate) fn errors(&self) -> String {
        let text = self.redact(&self.stderr);
        let ran = text.rfind("    Auditing ").unwrap_or(0);
        let start = if text.starts_with("error") {
            Some(0)
        } else {
            text[ran..].find("\nerror").map(|at| ran + at + 1)
        };
        text[start.unwrap_or(text.len())..].to_owned()
    }

    /// Standard output with paths and versions redacted.
    pub(crate) fn report(&self) -> String {
        self.redact(&self.stdout)
    }

    fn redact(&self, text: &str) -> String {
        let path = |path: &Path| path.display().to_string();
        let canonical = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        text.replace(&path(&shared_target_dir()), "[TARGET]")
            .replace(&path(&canonical), "[ROOT]")
            .replace(&path(&self.root), "[ROOT]")
            .replace(&path(&repository()), "[REPOSITORY]")
    }
}

/// The one element of a list whose `key` is `value`.
#[track_caller]
pub(crate) fn named<'a>(list: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = list.as_array().and_then(|list| list.iter().find(|item| item[key] == value));
    found.unwrap_or_else(|| panic!("no {key} `{value}` in {list:#}"))
}
