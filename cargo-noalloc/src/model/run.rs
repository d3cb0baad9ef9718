//! What running a target left behind, before and after its addresses have names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use no_heap::record::Record;

use super::{Bench, Binary, HotFn, HotId, Problem, Site, Status, Target};

/// What was counted for one hot function.
pub type Counts = no_heap::record::FnCounts;

/// A target that ran.
#[derive(Clone, Debug)]
pub struct Run {
    /// What ran.
    pub binary: Binary,
    /// How it ended.
    pub status: Status,
    /// The folder that its records are in.
    pub folder: PathBuf,
    /// One for each process that opened a record.
    pub records: Vec<Record>,
    /// Records that could not be read.
    pub problems: Vec<Problem>,
}

/// A target whose addresses have names.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The target.
    pub target: Target,
    /// How it ended.
    pub status: Status,
    /// When its executable was linked.
    pub built: Option<SystemTime>,
    /// Hot functions in the binary, with their counts over all processes.
    pub functions: BTreeMap<HotId, (HotFn, Counts)>,
    /// Call stacks that reached the heap.
    pub sites: Vec<Site>,
    /// Benchmarks that finished.
    pub benches: Vec<Bench>,
    /// What the report has to admit.
    pub problems: Vec<Problem>,
}
