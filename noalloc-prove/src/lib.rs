//! Can this function ever reach the allocator? Bytes of a linked binary in, proofs out.

mod allocator;
mod analysis;
mod code;
mod debug_info;
mod dispatch;
mod graph;
mod image;
mod inspect;
mod memo;
mod names;
mod program;
mod proof;
mod refusal;
mod roots;
mod symbols;
mod walk;
mod x86_64;

#[doc(hidden)]
pub use inspect::{Branch, JumpTable};
pub use program::{FunctionRef, Program};
pub use proof::{
    Assumption, CallAddress, Candidate, Cause, Certainty, Frees, Operation, Origin, Proof, ReachableSite,
    Slot, State, Unknown,
};
pub use refusal::{Corruption, Refusal};
pub use roots::SiteRoots;
