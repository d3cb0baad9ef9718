//! What the static proof says, before and after its addresses have names.

use std::collections::BTreeMap;

use super::{HotId, ProofState, Site};

/// Proofs of one binary, as the prover gives them.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// One proof for each instance of each hot function in the binary; none for a function without code.
    pub by_function: BTreeMap<HotId, Vec<noalloc_prove::Proof>>,
    /// Why the binary could not be judged at all.
    pub refusal: Option<String>,
}

/// What is known of one hot function: the weakest of its instances' proofs, with everybody's evidence.
#[derive(Clone, Debug)]
pub struct ProofReport {
    /// How far it came.
    pub state: ProofState,
    /// What a proof takes for granted beyond the claim itself.
    pub assumption: Option<String>,
    /// Whether it gives memory back; `None` where that is not known.
    pub may_free: Option<bool>,
    /// Calls from which an allocator can be reached.
    pub reachable: Vec<Reachable>,
    /// What stopped the analysis.
    pub doubts: Vec<Doubt>,
    /// There are more places than are listed.
    pub truncated: bool,
}

impl ProofReport {
    /// No proof was tried, or it was refused.
    pub fn not_analysed() -> ProofReport {
        ProofReport {
            state: ProofState::NotAnalysed,
            assumption: None,
            may_free: None,
            reachable: Vec::new(),
            doubts: Vec::new(),
            truncated: false,
        }
    }

    /// What holds for this binary and for `other`: the weaker of both, with everybody's evidence.
    pub fn and(mut self, other: ProofReport) -> ProofReport {
        if strength(other.state) < strength(self.state) || self.assumption.is_none() {
            self.assumption = other.assumption.or(self.assumption);
        }
        if strength(other.state) < strength(self.state) {
            self.state = other.state;
        }
        self.may_free = match (self.may_free, other.may_free) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        self.reachable.extend(other.reachable);
        self.doubts.extend(other.doubts);
        self.truncated |= other.truncated;
        self
    }
}

/// A function is only as good as its worst instance. Code that is absent says nothing about code that is there,
/// but it never makes a function proved.
fn strength(state: ProofState) -> u8 {
    match state {
        ProofState::MayAllocate => 0,
        ProofState::Unknown => 1,
        ProofState::NotAnalysed => 2,
        ProofState::Proved => 3,
        ProofState::Absent => 4,
    }
}

/// A call from which an allocator can be reached on a path that returns.
#[derive(Clone, Debug)]
pub struct Reachable {
    /// As a site that was never hit: its chain, operation and source.
    pub site: Site,
    /// Every call of the function passes it.
    pub always: bool,
}

/// Something that could not be followed.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// As a site that was never hit; the chain is empty when the function as a whole is in doubt.
    pub site: Site,
    /// What it is, as the end of "the proof stops at …".
    pub cause: String,
    /// Functions that may be called there, with what is known of each.
    pub candidates: Vec<(String, ProofState)>,
}
