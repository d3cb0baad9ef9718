//! What went wrong on the way without ending the check.

use std::fmt;

/// The steps of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Packages and targets.
    Discover,
    /// Cargo builds.
    Compile,
    /// Targets run.
    Run,
    /// Addresses become lines.
    Symbolise,
    /// Lines become expressions.
    Source,
    /// Binaries become proofs.
    Prove,
    /// Everything becomes a verdict.
    Judge,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Discover => "discover",
            Step::Compile => "compile",
            Step::Run => "run",
            Step::Symbolise => "symbolise",
            Step::Source => "source",
            Step::Prove => "prove",
            Step::Judge => "judge",
        })
    }
}

/// Something the report has to admit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it was noticed.
    pub step: Step,
    /// What was seen and what it means for the report.
    pub message: String,
}

impl Problem {
    /// A problem noticed in `step`.
    pub fn new(step: Step, message: impl Into<String>) -> Problem {
        Problem { step, message: message.into() }
    }
}
