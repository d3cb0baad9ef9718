//! The record file: what one audited process saw, in a memory map that outlives it.
//!
//! `layout` is the wire form that both sides share, `write` creates and maps the file inside the audited
//! process, `read` is the tool's side and trusts nothing it finds.
//!
//! ```text
//! Head | Hello (text) | BenchResult × benchmarks | Block × 128 | thread × 256
//!                                                               ThreadHead | FnCounts × (hot functions + 128) | SiteSlot × 1024
//! ```
//!
//! The file grows: a thread that ran no hot function takes no disk space.

mod layout;
#[cfg(feature = "read-record")]
mod read;
#[cfg(any(noalloc_audit, feature = "read-record"))]
mod streams;
#[cfg(noalloc_audit)]
mod write;

pub use layout::{
    AllocatorPass, BLOCK_TEXT, BLOCKS, BenchResult, BenchState, Block, BlockKind, C_FUNCTIONS, C_HEAP,
    FRAMES, FnCounts, Head, OP, SAMPLES, SITES, Site, SiteFlag, StreamTrait, THREADS, ThreadHead, VERSION,
    c_op, hello_flag,
};
#[cfg(noalloc_audit)]
pub(crate) use layout::{SiteSlot, repeat_sum, site_hash};
#[cfg(feature = "read-record")]
pub use read::{BadRecord, BenchEntry, Hello, HotEntry, Module, PermitEntry, Record, SiteEntry, Underway};
#[cfg(noalloc_audit)]
pub(crate) use streams::Streams;
#[cfg(all(noalloc_audit, feature = "bench"))]
pub(crate) use write::BenchCells;
#[cfg(noalloc_audit)]
pub(crate) use write::{Map, Thread};
