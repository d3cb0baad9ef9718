//! The exit codes, and the failures that lead to them.

use std::fmt;

/// What the process says to its caller. Documented in the README; nothing else is ever returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every hot function is within its promise.
    Pass = 0,
    /// Wrong usage.
    Usage = 2,
    /// No target was selected, or none has a hot function.
    NothingToCheck = 4,
    /// Recorder not installed, record missing or of another version, no debug info.
    SetUp = 96,
    /// Findings of level error.
    Findings = 100,
    /// The build failed; cargo's messages stand above.
    BuildFailed = 101,
    /// Cargo metadata failed.
    MetadataFailed = 102,
    /// A target crashed, was killed or timed out.
    TargetFailed = 103,
}

/// Something that ends the check before there is a verdict.
///
/// Says what was seen, why it matters, and what to type next.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the process returns.
    pub exit: Exit,
    /// What was seen; lower-case, no final dot.
    pub message: String,
    /// Further lines of what another program said.
    pub quoted: Option<Box<str>>,
    /// Where, as `file:line:column`.
    pub place: Option<String>,
    /// Why it matters.
    pub notes: Vec<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Failure {
    /// A failure that says what was seen.
    pub fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure { exit, message: message.into(), quoted: None, place: None, notes: Vec::new(), help: None }
    }

    /// A failure that begins with `before` and goes on with what another program `said`, over as many lines as it took.
    pub fn quoting(exit: Exit, before: &str, said: &str) -> Failure {
        let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
        let quoted = (!rest.trim().is_empty()).then(|| rest.into());
        Failure { quoted, ..Failure::new(exit, format!("{before}{}", first.trim_end())) }
    }

    /// All that was seen.
    pub fn text(&self) -> String {
        [Some(self.message.as_str()), self.quoted.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Adds where it was seen.
    pub fn at(mut self, place: impl Into<String>) -> Failure {
        self.place = Some(place.into());
        self
    }

    /// Adds why it matters.
    pub fn note(mut self, note: impl Into<String>) -> Failure {
        self.notes.push(note.into());
        self
    }

    /// Adds what to do next.
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
