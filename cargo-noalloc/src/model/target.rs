//! What cargo builds and the tool runs.

use std::fmt;

/// Kinds of targets that can be audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// The library's unit tests.
    Lib,
    /// A program.
    Bin,
    /// An example.
    Example,
    /// An integration test.
    Test,
    /// A benchmark.
    Bench,
}

impl fmt::Display for TargetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TargetKind::Lib => "lib",
            TargetKind::Bin => "bin",
            TargetKind::Example => "example",
            TargetKind::Test => "test",
            TargetKind::Bench => "bench",
        })
    }
}

/// One target of one package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The package's name.
    pub package: String,
    /// What it is.
    pub kind: TargetKind,
    /// Its name.
    pub name: String,
    /// Its main source file, relative to the workspace where it lies inside.
    pub source: String,
}

/// How a target's run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It exited with 0.
    Ok,
    /// It exited with another code.
    Failed {
        /// The code.
        code: i32,
    },
    /// A signal ended it.
    Crashed {
        /// The signal's number.
        signal: i32,
    },
    /// It ran longer than allowed and was killed.
    TimedOut {
        /// The allowance in seconds.
        after: u64,
    },
    /// It ran, and what it did is not known.
    Unrecorded {
        /// Why.
        reason: String,
    },
    /// It was not run.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It was not run, because the user had stopped the check.
    Interrupted,
    /// It was built, and proved without being run.
    NotRun,
}

impl Status {
    /// Whether nothing went wrong: what the target could show is all there.
    pub fn ended_well(&self) -> bool {
        matches!(self, Status::Ok | Status::NotRun | Status::Skipped { .. })
    }
}
