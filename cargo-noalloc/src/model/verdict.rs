//! What the whole check comes to.

use super::{
    Bench, CHeap, Compared, Finding, HotFn, Ignored, Level, Permit, Problem, ProofReport, Site, Status,
    Target,
};

/// What is said of one hot function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionVerdict {
    /// No returning path reaches the allocator, to allocate or, where that is not allowed, to free; and none was seen to.
    Proved,
    /// No heap use was seen, and nothing more is known.
    Clean,
    /// Within what its options allow.
    WithinBudget,
    /// It allocated.
    Allocates,
    /// It freed what it had not allocated.
    Frees,
    /// No target called it.
    Unexercised,
    /// Of a proof alone: some returning path reaches the allocator.
    MayAllocate,
    /// Of a proof alone: it cannot allocate, but may free, which it promised not to.
    MayFree,
    /// Of a proof alone: something stops the analysis.
    Unknown,
    /// Of a proof alone: it has no code in the binary.
    Absent,
}

impl FunctionVerdict {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            FunctionVerdict::Proved => "proved",
            FunctionVerdict::Clean => "clean",
            FunctionVerdict::WithinBudget => "within-budget",
            FunctionVerdict::Allocates => "allocates",
            FunctionVerdict::Frees => "frees",
            FunctionVerdict::Unexercised => "unexercised",
            FunctionVerdict::MayAllocate => "may-allocate",
            FunctionVerdict::MayFree => "may-free",
            FunctionVerdict::Unknown => "unknown",
            FunctionVerdict::Absent => "absent",
        }
    }
}

/// How far the static proof came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofState {
    /// No returning path reaches the allocator.
    Proved,
    /// Some path does.
    MayAllocate,
    /// Something stops the analysis.
    Unknown,
    /// The function has no code in the binary.
    Absent,
    /// No proof was tried.
    NotAnalysed,
}

impl ProofState {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            ProofState::Proved => "proved",
            ProofState::MayAllocate => "may-allocate",
            ProofState::Unknown => "unknown",
            ProofState::Absent => "absent",
            ProofState::NotAnalysed => "not-analysed",
        }
    }
}

/// One hot function with everything counted for it, over all targets.
#[derive(Clone, Debug)]
pub struct HotReport {
    /// The function.
    pub hot: HotFn,
    /// C's part of what was counted; `None` where C's memory was not counted in some target that called it.
    pub c_heap: Option<CHeap>,
    /// Calls begun.
    pub calls: u64,
    /// Calls of `alloc` and `alloc_zeroed`.
    pub allocs: u64,
    /// Calls of `realloc`.
    pub reallocs: u64,
    /// Calls of `dealloc`.
    pub frees: u64,
    /// Requested bytes of allocs and reallocs.
    pub bytes: u64,
    /// Most allocs in one call.
    pub max_allocs: u64,
    /// Most allocs and reallocs in one call.
    pub max_requests: u64,
    /// Most requested bytes in one call.
    pub max_bytes: u64,
    /// What is said of it.
    pub verdict: FunctionVerdict,
    /// What is proved of it.
    pub proof: ProofReport,
    /// Targets that called it; where none did, those whose binary has it.
    pub targets: Vec<Target>,
    /// Places that can reach the allocator but were not seen to.
    pub may_allocate_at: usize,
}

/// The result of a check.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Nothing was run: there are proofs, and no counts.
    pub proof_only: bool,
    /// Targets and how they ended.
    pub targets: Vec<(Target, Status)>,
    /// Benchmarks, as the harness ran them.
    pub benches: Vec<Bench>,
    /// Hot functions by file and line.
    pub functions: Vec<HotReport>,
    /// Findings by file, line, column and rule.
    pub findings: Vec<Finding>,
    /// Permits by file and line.
    pub permits: Vec<Permit>,
    /// Every call stack that reached the heap, by hot function and place.
    pub sites: Vec<Site>,
    /// What comparing with a baseline came to; `None` without one.
    pub compared: Option<Compared>,
    /// What exceptions have taken out, by exception and hot function.
    pub ignored: Vec<Ignored>,
    /// What the report has to admit.
    pub problems: Vec<Problem>,
}

impl Verdict {
    /// Whether every hot function keeps its promise, or breaks it no more than is accepted.
    pub fn passes(&self) -> bool {
        let loose =
            self.compared.as_ref().is_some_and(|compared| compared.strict && !compared.tighter.is_empty());
        !loose && !self.findings.iter().any(|finding| finding.level == Level::Error)
    }
}
