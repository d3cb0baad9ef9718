//! What was asked of the C library's allocator, by anything but the program's global allocator.

use super::Counts;

/// C's part of the counts of a function or a benchmark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CHeap {
    /// Of its allocs.
    pub allocs: u64,
    /// Of its reallocs.
    pub reallocs: u64,
    /// Of its frees.
    pub frees: u64,
    /// Of its requested bytes.
    pub bytes: u64,
}

impl CHeap {
    /// C's part of what was counted for a function.
    pub fn of(counts: &Counts) -> CHeap {
        CHeap {
            allocs: counts.c_allocs,
            reallocs: counts.c_reallocs,
            frees: counts.c_frees,
            bytes: counts.c_bytes,
        }
    }
}
