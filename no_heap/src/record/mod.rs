//! The record file: what one audited process saw, in a memory map that outlives it.
//!
//! `layout` is the wire form that both sides share, `write` creates and maps the file inside the audited
//! process, `read` is the tool's side and trusts nothing it finds.
//!
//! ```text
//! Head | Hello (text) | BenchResult × benchmarks | Block × 128 | part × 1024
//!     of a thread:                                              ThreadHead | FnCounts × (hot functions + 128 + benchmarks) | SiteSlot × 256
//!     of a thread that has more sites:                          MoreSites | SiteSlot × as many as fit
//! ```
//!
//! The file grows part by part: a thread that ran no hot function takes no disk space.

mod layout;
mod operation;
#[cfg(feature = "read-record")]
mod read;
#[cfg(any(noalloc_audit, feature = "read-record"))]
mod streams;
#[cfg(noalloc_audit)]
mod write;

pub use layout::{
    AllocatorPass, BLOCK_TEXT, BLOCKS, BenchResult, BenchState, Block, BlockKind, FRAMES, FnCounts, Head,
    MoreSites, PARTS, PartState, SAMPLES, SITES, Site, SiteFlag, StreamTrait, THREADS, ThreadHead, VERSION,
    hello_flag,
};
#[cfg(noalloc_audit)]
pub(crate) use layout::{SiteSlot, repeat_sum, site_hash};
pub use operation::{C_FUNCTIONS, c_function, c_op, op_bit};
#[cfg(feature = "read-record")]
pub use read::{
    BadRecord, BenchEntry, Hello, HotEntry, Module, Outside, PermitEntry, Record, SiteEntry, Underway,
};
#[cfg(noalloc_audit)]
pub(crate) use streams::Streams;
#[cfg(all(noalloc_audit, feature = "bench"))]
pub(crate) use write::BenchCells;
#[cfg(noalloc_audit)]
pub(crate) use write::{Map, Thread};
