//! Can this function ever reach the allocator? Bytes of a linked binary in, proofs out.
//!
//! ```no_run
//! use noalloc_prove::{Program, State};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bytes = std::fs::read("target/release/app")?;
//! let program = Program::parse(&bytes)?;
//! for site in program.sites()? {
//!     let proof = program.prove_site(&site);
//!     match proof.state {
//!         State::Proved => println!("{:#x} proved, if {:?}", site.site, proof.assumption),
//!         State::Absent => println!("{:#x} is not in the binary", site.site),
//!         State::MayAllocate => {
//!             for found in &proof.sites {
//!                 // `lookup()` is what to ask the debug information about.
//!                 println!("{:#x} reaches {} ({:?})", found.call().lookup(), found.sink, found.certainty);
//!             }
//!         }
//!         State::Unknown => {
//!             for unknown in &proof.unknowns {
//!                 println!("{:?} at {:?}", unknown.cause, unknown.chain.last());
//!             }
//!         }
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # What is claimed
//!
//! [`State::Proved`]: *in this binary, no path through this function that returns normally reaches a recognised
//! allocator.* Frees are judged in the same way and reported apart ([`Proof::may_free`]).
//!
//! Nothing is claimed about
//!
//! - paths that panic, abort or end the program, and functions that never return (those are [`State::Unknown`]);
//! - other builds of the same source: another profile is another binary. Unoptimised code allocates more;
//! - memory that the C library or the kernel takes inside functions that are listed as harmless;
//! - facts that need values: whether a `Vec` has room, whether a number is ever that large;
//! - the out-of-line code of a function that [`Program::functions_matching`] found, when it was called with other
//!   arguments or inlined elsewhere: the compiler may have specialised it. Only the marker's roots are safe from that;
//! - a shared object that is loaded at run time, or hand-written code that jumps by changing its return address.
//!
//! A *conditional* proof ([`Proof::assumption`]) takes one thing more for granted. There is one such assumption:
//! that `core::fmt` formats only with writers and functions which the reachable code makes itself. It is used only
//! where the argument array lies on the stack of that code, the writer's vtable is a constant (or comes with a
//! formatter that is known in this way), and nothing else enters these functions of `core::fmt`.
//!
//! Whatever cannot be followed makes the answer [`State::Unknown`], with the place and the [`Cause`].
//!
//! # The flow
//!
//! | step | module |
//! | --- | --- |
//! | ELF into sections, relocated pointers, functions (symbols and frame entries), landing pads | `image` |
//! | the marker's records | `roots` |
//! | tables that a runtime left in the binary, for who reads them | `data` |
//! | names into classes, each with a reason | `symbols` |
//! | instructions into blocks, values of registers, jump tables | `x86_64`, in the terms of `code` |
//! | what never comes back, what is alive, what must happen, function pointers in statics | `graph` |
//! | these passes in their order, once for all roots | `analysis`, in `parts` at the same time |
//! | is the program's allocator one that is recognised? | `allocator`, `debug_info` |
//! | calls that the caller's arguments decide; formatting | `dispatch` |
//! | from one root along live edges, then the evidence | `walk`, in the terms of `proof` |
//!
//! # What this crate must not do
//!
//! Read files, start processes, print, use `unsafe`. It may be given any bytes at all: it does not panic on them, and
//! its loops and memory are bounded by their number.
#![forbid(unsafe_code)]

mod allocator;
mod analysis;
mod code;
mod data;
mod debug_info;
mod dispatch;
mod graph;
mod image;
mod inspect;
mod memo;
mod names;
mod parts;
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
