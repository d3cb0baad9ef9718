//! Accepted debt: findings that are known, and let pass as long as they do not grow.

use super::{Op, Pattern, Rule};

/// What a finding is recognised by when code moves: no file, no line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The hot function's whole path.
    pub function: String,
    /// Which rule.
    pub rule: Rule,
    /// What was done with the heap.
    pub op: Option<Op>,
    /// `Box::new`, `vec!`.
    pub construct: Option<String>,
    /// The function that it stands in, where that is not the hot function itself.
    pub within: Option<String>,
    /// The expression as it is written, blanks folded.
    pub code: Option<String>,
}

impl Identity {
    /// Whether both are the same but for what the expression says.
    pub fn is_like(&self, other: &Identity) -> bool {
        let Identity { function, rule, op, construct, within, .. } = self;
        (function, rule, op, construct, within)
            == (&other.function, &other.rule, &other.op, &other.construct, &other.within)
    }
}

/// How much a finding takes; nothing in it depends on how often the function was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Events in a call in which it happens, rounded up.
    pub per_call: u64,
    /// The largest single request in bytes; of `over-budget`, the most bytes in one call.
    pub bytes: u64,
    /// When it happens.
    pub pattern: Option<Pattern>,
}

impl Weight {
    /// Whether anything of it is more than in `other`.
    pub fn exceeds(&self, other: &Weight) -> bool {
        // Growing memory is as large as the run is long.
        let sized = self.pattern != Some(Pattern::Growth);
        self.per_call > other.per_call
            || sized && self.bytes > other.bytes
            || self.pattern.map(Pattern::frequency) > other.pattern.map(Pattern::frequency)
    }

    /// The larger of both, each figure by itself.
    #[must_use]
    pub fn max(self, other: Weight) -> Weight {
        Weight {
            per_call: self.per_call.max(other.per_call),
            bytes: self.bytes.max(other.bytes),
            pattern: [self.pattern, other.pattern]
                .into_iter()
                .flatten()
                .max_by_key(|pattern| pattern.frequency()),
        }
    }
}

/// One accepted finding, or several that nothing tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// What it is recognised by.
    pub identity: Identity,
    /// How many places.
    pub places: u64,
    /// The most that one of them takes.
    pub weight: Weight,
}

/// What a baseline says of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is accepted, and fails nothing.
    Accepted,
    /// It is not in the baseline.
    New,
    /// It is accepted, but it was less.
    Worse {
        /// What was accepted.
        accepted: Weight,
    },
}

/// What comparing with a baseline came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Findings that are let pass.
    pub accepted: usize,
    /// Accepted debt that is gone or less, in words.
    pub tighter: Vec<String>,
    /// That fails, too.
    pub strict: bool,
}
