//! What the static proof says, before and after its addresses have names.

use std::collections::BTreeMap;

use no_heap::record::HotEntry;

use super::{HotId, ProofState, Site};

/// What `cargo noalloc prove` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Patterns of `--fn`: a path or its tail. Without any, all hot functions.
    pub functions: Vec<String>,
}

/// A function that the binary itself names, so that nothing has to run for it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the attribute says of it; at line 0 where only its code tells where it stands.
    pub entry: HotEntry,
    /// Found by its own name, and not by the marker: no guard is around its code.
    pub plain: bool,
    /// Of its code, or of a copy that was inlined, where that has to tell its place.
    pub address: Option<u64>,
    /// Addresses of copies of it that were inlined into other functions; the proof does not speak about those.
    pub copies: Vec<u64>,
}

/// Proofs of one binary, as the prover gives them.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// One proof for each instance of each hot function in the binary; none for a function without code.
    pub by_function: BTreeMap<HotId, Vec<noalloc_prove::Proof>>,
    /// By number of the method: every function of the binary in that slot of a vtable. Only for methods that some
    /// proof stops at.
    pub implementations: BTreeMap<u32, Vec<noalloc_prove::Candidate>>,
    /// The functions' names; only where no record has them.
    pub found: Vec<Found>,
    /// Patterns that name something in this binary.
    pub matched: Vec<String>,
    /// Paths of all functions; only where a pattern names none of them.
    pub names: Vec<String>,
    /// Why the binary could not be judged at all.
    pub refusal: Option<String>,
    /// What could not be read of it.
    pub problems: Vec<String>,
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
    /// What takes memory each time it is called, and is called on every path of each instance that returns: one such
    /// function of an allocator.
    pub inevitable: Option<String>,
    /// Functions that copies of it were inlined into; the proof does not speak about those.
    pub inlined_into: Vec<String>,
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
            inevitable: None,
            inlined_into: Vec::new(),
        }
    }

    /// As a report shows it.
    pub(crate) fn without_syntax(self) -> ProofReport {
        let reachable = self.reachable.into_iter();
        let reachable = reachable.map(|way| Reachable { site: way.site.without_syntax(), ..way });
        let doubts = self.doubts.into_iter();
        let doubts = doubts.map(|doubt| Doubt { site: doubt.site.without_syntax(), ..doubt });
        ProofReport { reachable: reachable.collect(), doubts: doubts.collect(), ..self }
    }

    /// What holds for this binary and for `other`: the weaker of both, with everybody's evidence.
    pub fn and(mut self, other: ProofReport) -> ProofReport {
        let (is_absent, other_is_absent) =
            (self.state == ProofState::Absent, other.state == ProofState::Absent);
        if strength(other.state) < strength(self.state) || self.assumption.is_none() {
            self.assumption = other.assumption.or(self.assumption);
        }
        if strength(other.state) < strength(self.state) {
            self.state = other.state;
        }
        self.may_free = match (self.may_free, other.may_free) {
            // Code that is absent frees nothing.
            (known, _) if other_is_absent => known,
            (_, known) if is_absent => known,
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        self.inevitable = match (self.inevitable, other.inevitable) {
            (known, _) if other_is_absent => known,
            (_, known) if is_absent => known,
            (Some(one), Some(_)) => Some(one),
            _ => None,
        };
        self.reachable.extend(other.reachable);
        self.doubts.extend(other.doubts);
        self.truncated |= other.truncated;
        let new = other.inlined_into.into_iter().filter(|name| !self.inlined_into.contains(name));
        let new: Vec<String> = new.collect();
        self.inlined_into.extend(new);
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
    /// The allocator's function at the end of the way.
    pub allocator: String,
}

/// Something that could not be followed.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// As a site that was never hit; the chain is empty when the function as a whole is in doubt.
    pub site: Site,
    /// What it is.
    pub obstacle: Obstacle,
    /// Functions that may be called there: first those that the function's own code creates, and, once the source
    /// has said which method is called, its implementations in the binary.
    pub candidates: Vec<Candidate>,
    /// Every function of the binary in the slot of a vtable that is called.
    pub in_slot: Vec<Candidate>,
    /// The call as the source has it.
    pub called: Option<DynCall>,
}

/// What stops an analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Of what kind.
    pub kind: ObstacleKind,
    /// As the end of "the proof stops at …".
    pub text: String,
    /// Where the receiver or the pointer comes from: `argument 1`.
    pub receiver: Option<String>,
    /// The library's function that is in no table.
    pub import: Option<String>,
}

/// Kinds of obstacles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObstacleKind {
    /// A method of a `dyn` value.
    DynamicCall,
    /// A function pointer.
    FunctionPointer,
    /// A library's function that is in no table.
    Import,
    /// A panic that may be caught.
    CaughtPanic,
    /// A jump whose targets could not be read.
    JumpTable,
    /// A jump to where no function starts.
    Jump,
    /// Code that could not be followed.
    Code,
    /// There is no returning path.
    NeverReturns,
    /// Something without words of its own.
    Other,
}

impl ObstacleKind {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            ObstacleKind::DynamicCall => "dynamic-call",
            ObstacleKind::FunctionPointer => "function-pointer",
            ObstacleKind::Import => "import",
            ObstacleKind::CaughtPanic => "caught-panic",
            ObstacleKind::JumpTable => "jump-table",
            ObstacleKind::Jump => "jump",
            ObstacleKind::Code => "code",
            ObstacleKind::NeverReturns => "never-returns",
            ObstacleKind::Other => "other",
        }
    }
}

/// A function that a call in doubt may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its readable name.
    pub name: String,
    /// What is known of it.
    pub state: ProofState,
}

/// A call of a trait object's method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynCall {
    /// As it is written: `source`.
    pub receiver: String,
    /// Without its path: `Read`; where the receiver's type could be read.
    pub of_trait: Option<String>,
    /// `read`.
    pub method: String,
}

#[cfg(test)]
mod tests {
    use super::{ProofReport, ProofState};

    #[test]
    fn a_binary_without_the_code_takes_nothing_from_what_is_known_of_another() {
        let of = |state, may_free| ProofReport { state, may_free, ..ProofReport::not_analysed() };
        let (proved, absent) = (of(ProofState::Proved, Some(false)), of(ProofState::Absent, None));
        for joined in [proved.clone().and(absent.clone()), absent.clone().and(proved.clone())] {
            assert_eq!((joined.state, joined.may_free), (ProofState::Proved, Some(false)));
        }
        let frees = of(ProofState::Proved, Some(true));
        assert_eq!(frees.clone().and(absent.clone()).may_free, Some(true));
        assert_eq!(frees.and(proved).may_free, Some(true));
        assert_eq!(absent.clone().and(absent).may_free, None);
    }
}
