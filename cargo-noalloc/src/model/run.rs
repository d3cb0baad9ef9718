//! What running a target left behind, before and after its addresses have names.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use no_heap::record::Record;

use super::{
    Bench, Binary, HotFn, HotId, LinkedBlock, Permit, Problem, ProofReport, Proofs, Site, Status, Target,
};

/// What was counted for one hot function.
pub type Counts = no_heap::record::FnCounts;

/// A target that ran.
#[derive(Clone, Debug)]
pub struct Run {
    /// What ran.
    pub binary: Binary,
    /// How it ended.
    pub status: Status,
    /// The folders that its records are in: its own, and those of targets that have started it.
    pub folders: Vec<PathBuf>,
    /// One for each process that opened a record.
    pub records: Vec<Record>,
    /// What can be proved of its binary; filled in by the prove step.
    pub proofs: Proofs,
    /// Records that could not be read.
    pub problems: Vec<Problem>,
}

impl Run {
    /// Of which nothing has been read or proved yet.
    pub(crate) fn new(binary: Binary, status: Status, folders: Vec<PathBuf>) -> Run {
        let (records, proofs, problems) = (Vec::new(), Proofs::default(), Vec::new());
        Run { binary, status, folders, records, proofs, problems }
    }
}

/// A target whose addresses have names.
#[derive(Clone, Debug)]
pub struct Audited {
    /// The target.
    pub target: Target,
    /// Its file, relative to the folder that the audit builds into.
    pub executable: String,
    /// Among all selected targets, from 0; behind those, programs that only other targets have started.
    pub position: usize,
    /// How it ended.
    pub status: Status,
    /// When its executable was linked.
    pub built: Option<SystemTime>,
    /// Hot functions in the binary, with their counts over all processes.
    pub functions: BTreeMap<HotId, (HotFn, Counts)>,
    /// What is proved of each of them.
    pub proofs: BTreeMap<HotId, ProofReport>,
    /// Call stacks that reached the heap.
    pub sites: Vec<Site>,
    /// Permits; those that were never entered are filled in by the source step.
    pub permits: Vec<Permit>,
    /// Guarded blocks that were never entered; filled in by the source step.
    pub unentered: Vec<HotFn>,
    /// Calls of `no_heap::guard` and `no_heap::permit` in the binary.
    pub linked_blocks: Vec<LinkedBlock>,
    /// Benchmarks that finished.
    pub benches: Vec<Bench>,
    /// Why C's memory was not counted; `None` where it was.
    pub c_uncounted: Option<String>,
    /// Why what is here cannot be all there was to see.
    pub gap: Option<Gap>,
    /// What the report has to admit.
    pub problems: Vec<Problem>,
}

/// What keeps a target from being seen whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Its binary holds hot functions, but no process of it left a record.
    NoRecord,
    /// There was no room for all calls of hot functions.
    LostCalls {
        /// How many, at least.
        calls: u64,
    },
    /// Its binary cannot be read: addresses stay without names.
    NoDebugInfo {
        /// What was seen instead.
        reason: String,
    },
}
