//! What the user wants of the rules: levels, budgets and exceptions, from the command line and from the manifests.

use std::collections::BTreeMap;

use super::{Level, Rule};

/// What becomes of a rule's findings; `None` where they are allowed, and left out of the report.
pub type Setting = Option<Level>;

/// Everything that has been asked for.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// A hot function that no target called fails.
    pub require_exercised: bool,
    /// What is not proved fails.
    pub require_proof: bool,
    /// `-A`, `-W`, `-D` with a rule: the last word.
    pub command_line: BTreeMap<Rule, Setting>,
    /// `-D warnings`.
    pub deny_warnings: bool,
    /// Nothing was run: the proof is all there is to judge.
    pub proof_only: bool,
    /// Other targets are run elsewhere: what none of these did, another may have done.
    pub partial: bool,
    /// Only benchmarks and tests of certain names were run: what these did not do, others may.
    pub filtered: bool,
    /// Only some targets were asked for.
    pub selected: bool,
    /// What the manifests say.
    pub configured: Configured,
}

impl Policy {
    /// Whether a hot function that nobody called need not be one that nobody calls. A filter that left all out is a mistake.
    pub(crate) fn may_miss_calls(&self, any_was_called: impl FnOnce() -> bool) -> bool {
        self.proof_only || self.partial || (self.filtered && !self.require_exercised && any_was_called())
    }
}

/// What the manifests say.
#[derive(Clone, Debug, Default)]
pub struct Configured {
    /// `[workspace.metadata.noalloc]`.
    pub workspace: Settings,
    /// `[package.metadata.noalloc]` of every member, by its folder relative to the workspace; that of a package at
    /// the root is empty.
    pub packages: BTreeMap<String, Settings>,
}

/// One manifest's table.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By rule.
    pub levels: BTreeMap<Rule, Setting>,
    /// For single functions; a later entry outweighs an earlier one.
    pub functions: Vec<FunctionSettings>,
    /// Sites that do not count.
    pub ignores: Vec<Ignore>,
}

/// What holds for the functions that a pattern matches.
#[derive(Clone, Debug, Default)]
pub struct FunctionSettings {
    /// Whole path or its tail; `*` is any run of characters.
    pub pattern: String,
    /// By rule.
    pub levels: BTreeMap<Rule, Setting>,
    /// Replaces the attribute's budget.
    pub budget: Option<Budget>,
    /// Replaces the attribute's.
    pub warmup: Option<u64>,
    /// Replaces the attribute's.
    pub allow_free: Option<bool>,
}

/// What each call may take; `None` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Allocations and reallocations.
    pub allocs: Option<u64>,
    /// Requested bytes.
    pub bytes: Option<u64>,
}

/// Sites that do not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignore {
    /// Which.
    pub code: IgnoredCode,
    /// For these rules; for all where there are none.
    pub rules: Vec<Rule>,
    /// Why that is fine.
    pub reason: String,
}

/// Code whose use of the heap does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoredCode {
    /// A crate, by name.
    Crate(String),
    /// Files, by a path in which `*` is any run of characters.
    Path(String),
}

/// What an exception has taken out of the findings of one hot function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// The exception.
    pub by: Ignore,
    /// The hot function's name.
    pub function: String,
    /// Call stacks.
    pub sites: u64,
    /// Events.
    pub count: u64,
    /// Requested bytes; of frees, bytes given back.
    pub bytes: u64,
}
