//! C's part of the counts, in the JSON report.

use serde::Serialize;

use crate::model;

/// `null` where C's memory was not counted.
#[derive(Serialize)]
pub(super) struct CHeap {
    allocs: u64,
    reallocs: u64,
    frees: u64,
    bytes: u64,
}

pub(super) fn part(part: model::CHeap) -> CHeap {
    let model::CHeap { allocs, reallocs, frees, bytes } = part;
    CHeap { allocs, reallocs, frees, bytes }
}
