//! What a proof says: the verdict, every place from which an allocator can be reached, every reason for doubt.
//!
//! Results only; how they are found is in `walk`. Addresses are as linked; who wants lines asks the debug
//! information with [`CallAddress::lookup`].

/// The verdict on one function instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No path through the function that returns normally reaches a recognised allocator.
    Proved,
    /// The code is not in the binary: there is nothing to judge.
    Absent,
    /// Something on a path could not be followed; [`Proof::unknowns`] says what.
    Unknown,
    /// A path that returns normally reaches an allocator; [`Proof::sites`] says where.
    MayAllocate,
}

/// Whether paths that return normally give memory back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frees {
    /// None does.
    Never,
    /// Some does.
    May,
    /// None was found, but something could not be followed.
    Unknown,
}

/// What a conditional proof takes for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Assumption {
    /// The writers and formatting functions that `core::fmt` calls are those that the code reachable from the
    /// function creates itself: they were not handed in from outside.
    FormattingStaysInside {
        /// Functions that may be called so, by address, ascending.
        candidates: Vec<u64>,
    },
}

/// What a site does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Takes memory.
    Allocate,
    /// Resizes a block.
    Reallocate,
    /// Gives memory back.
    Free,
}

/// Whether a site is passed by every call of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// Every path that returns normally passes it.
    Always,
    /// Some path passes it.
    Conditional,
}

/// A call (or jump) instruction of the binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallAddress {
    pub(crate) instruction: u64,
    pub(crate) length: u8,
}

impl CallAddress {
    /// The address to ask debug information about: it lies within the call instruction.
    #[must_use]
    pub fn lookup(self) -> u64 {
        self.instruction
    }

    /// The address that the call pushes, as a stack trace of the running program shows it. Behind a jump (a tail
    /// call) nothing is pushed; the address is then only the next instruction's.
    #[must_use]
    pub fn return_address(self) -> u64 {
        self.instruction.wrapping_add(u64::from(self.length))
    }
}

/// One call instruction from which an allocator can be reached.
///
/// There is one for each such call in each reachable function, so that one run yields every line of the user's
/// code: group them by the deepest user frame of [`ReachableSite::call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachableSite {
    /// Calls from the root to the sink, in this order; a shortest way.
    pub chain: Vec<CallAddress>,
    /// Which of the chain's calls this site is about.
    pub depth: usize,
    /// Address of the function that contains the call.
    pub function: u64,
    /// Address of the function that is called, 0 for one of another shared object.
    pub callee: u64,
    /// The allocator's function at the end of the chain, readable.
    pub sink: String,
    /// What the sink does.
    pub operation: Operation,
    /// Whether every call of the root passes here and then reaches a sink.
    pub certainty: Certainty,
}

impl ReachableSite {
    /// The call that this site is about.
    #[must_use]
    pub fn call(&self) -> CallAddress {
        let last = CallAddress { instruction: 0, length: 0 };
        self.chain.get(self.depth).or(self.chain.last()).copied().unwrap_or(last)
    }
}

/// Where the receiver of a dynamic call, or a function pointer, comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Origin {
    /// Passed to the function that contains the call, as this integer argument (from 0).
    Argument(u8),
    /// Read from the object that an argument points to, at this offset in bytes.
    Field {
        /// Which argument (from 0).
        argument: u8,
        /// Offset in bytes.
        offset: i32,
    },
    /// Read from writable memory at this address.
    Static(u64),
    /// Computed or loaded in a way that was not followed.
    Memory,
}

/// Which entry of a vtable a dynamic call uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The first word: the destructor of a `dyn` value, or the first field of an object.
    First,
    /// A method, counted from 0 in the order of the vtable (supertraits first).
    Method(u32),
    /// A function pointer in an object, at this offset in bytes: no vtable is laid out like that.
    Field(i32),
}

/// Why something could not be followed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// A call through a vtable, or through a function pointer in an object.
    DynamicCall {
        /// Which entry.
        slot: Slot,
        /// Where the vtable or object comes from.
        receiver: Origin,
    },
    /// A call through a function pointer.
    FunctionPointer {
        /// Where the pointer comes from.
        origin: Origin,
    },
    /// A function of another shared object that no table knows.
    Import {
        /// Its name.
        name: String,
    },
    /// A panic below this call may be caught and the path go on normally; what panicking allocates then counts.
    CaughtPanic,
    /// A jump whose table of targets could not be read completely.
    JumpTable,
    /// A jump or call to an address where no function starts.
    JumpInto {
        /// The address.
        address: u64,
    },
    /// Bytes that are no instruction.
    Undecodable,
    /// A call on a path that the values of registers say cannot be.
    Unreached,
    /// The exception table of the function cannot be read.
    ExceptionTable,
    /// The function's bytes are not in the file.
    MissingCode,
    /// The analysis gave up: too many steps or too many contexts.
    TooComplex,
    /// No path of the function returns normally, so a statement about such paths would say nothing.
    NeverReturns,
}

/// A function that an unknown call may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its address.
    pub address: u64,
    /// Its readable name.
    pub name: String,
    /// Its own verdict.
    pub state: State,
}

/// One thing that could not be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Calls from the root to the place in doubt, in this order. Empty when the root as a whole is in doubt.
    pub chain: Vec<CallAddress>,
    /// Address of the function in doubt, or that contains the call in doubt.
    pub function: u64,
    /// Why.
    pub cause: Cause,
    /// Functions that it may go to, where the reachable code itself creates some; see
    /// [`Program::implementations`](crate::Program::implementations) for those of the whole binary.
    pub candidates: Vec<Candidate>,
}

/// The answer to "can this function ever reach the allocator?"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The verdict.
    pub state: State,
    /// What a [`State::Proved`] takes for granted beyond the claim itself.
    pub assumption: Option<Assumption>,
    /// Whether it gives memory back.
    pub may_free: Frees,
    /// Every call from which an allocating or freeing sink can be reached, by address.
    pub sites: Vec<ReachableSite>,
    /// There were more sites than fit.
    pub sites_truncated: bool,
    /// Everything that could not be followed, by address.
    pub unknowns: Vec<Unknown>,
    /// Functions that were looked at.
    pub functions: usize,
}

impl Proof {
    /// The proof about code that is not in the binary.
    #[must_use]
    pub fn absent() -> Self {
        Self {
            state: State::Absent,
            assumption: None,
            may_free: Frees::Unknown,
            sites: Vec::new(),
            sites_truncated: false,
            unknowns: Vec::new(),
            functions: 0,
        }
    }

    /// The answer about an address at which no function starts.
    pub(crate) fn not_a_function(address: u64) -> Self {
        let cause = Cause::JumpInto { address };
        let unknown = Unknown { chain: Vec::new(), function: address, cause, candidates: Vec::new() };
        Self { state: State::Unknown, unknowns: vec![unknown], ..Self::absent() }
    }

    /// The proof of a function with several instances is the weakest of theirs: may allocate before unknown before
    /// absent before conditionally proved before proved. Nothing for no proof.
    #[must_use]
    pub fn weakest<'p>(proofs: impl IntoIterator<Item = &'p Self>) -> Option<&'p Self> {
        let strength = |proof: &&Self| (proof.state, proof.assumption.is_some());
        proofs.into_iter().max_by_key(strength)
    }
}

#[cfg(test)]
mod tests {
    use super::{Assumption, Proof, State};

    #[test]
    fn the_weakest_instance_speaks_for_the_function() {
        let proof = |state| Proof { state, ..Proof::absent() };
        let assumption = Some(Assumption::FormattingStaysInside { candidates: Vec::new() });
        let conditional = Proof { assumption, ..proof(State::Proved) };
        let check = |proofs: &[&Proof], expected: &Proof| {
            assert_eq!(Proof::weakest(proofs.iter().copied()), Some(expected));
        };
        check(&[&proof(State::Proved), &conditional], &conditional);
        check(&[&proof(State::Unknown), &conditional], &proof(State::Unknown));
        check(&[&proof(State::Unknown), &proof(State::MayAllocate)], &proof(State::MayAllocate));
        assert_eq!(Proof::weakest([]), None);
    }
}
