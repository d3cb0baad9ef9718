//! The nouns that travel: what the steps before `source` have found.

use serde_json::Value;

use super::wire::{Wire, travels, variants_travel};
use crate::exit::{Exit, Failure};
use crate::model::{
    Audited, Bench, BlockKind, CHeap, Calls, Candidate, CodePlace, Counts, Cut, Doubt, Environment, Frame,
    FunctionName, HotFn, HotId, InAllocator, Level, LinkedBlock, Obstacle, ObstacleKind, Op, Origin,
    Overhead, Part, Partition, Permit, Place, Policy, Problem, Promise, ProofReport, ProofState, Reachable,
    Rule, Site, Sizes, Slices, Status, Step, Streams, Target, TargetKind, Whose,
};

travels! {
    Part { partition, selected, asked }
    Partition { index, count }
    Environment { rustc, target, profile, rustflags }
    // The manifests are those of the whole.
    Policy { require_exercised, require_proof, command_line, deny_warnings, proof_only, filtered, selected; configured = Default::default(), partial = false }
    Audited {
        target, executable, position, status, functions, proofs, sites, permits, linked_blocks, benches, c_uncounted, problems;
        // The text of the sources is compared instead.
        built = None, unentered = Vec::new(), gap = None
    }
    Target { package, kind, name, source }
    HotFn { id, name, place, attributed, by_code, promise }
    Promise { allocs, bytes, warmup, allow_free, prove }
    Counts {
        calls, allocs, reallocs, frees, bytes, max_allocs, max_requests, max_bytes, unsited, unsited_bytes,
        unsited_foreign, unfollowed, doubtful_frees, unwinding, permitted, c_allocs,
        c_reallocs, c_frees, c_bytes;
        // Of calls that run, and of one thread.
        doubtful = 0, apart = 0, whole_sites = 0, cut_sites = 0, before_thread = 0, before_stream = 0
    }
    Place { file, line, column }
    CodePlace { file, line, byte_column }
    Site {
        hot, op, c_function, process, chain, count, bytes, sizes, calls, freed, escaped, untracked, whose, freed_by, cut;
        source = None
    }
    Sizes { min, max }
    Calls { affected, exact, first, last, streams }
    Streams { repeated, latest, quiet, without_gaps, whole, rare, rising, bench }
    Frame { function, place, inlined, origin }
    ProofReport { state, assumption, may_free, reachable, doubts, truncated, inevitable, inlined_into }
    Reachable { site, always, allocator }
    Doubt { site, obstacle, candidates, in_slot; called = None }
    Candidate { name, state }
    Obstacle { kind, text, receiver, import }
    Permit { place, reason, function, entered, allocs, reallocs, frees, bytes }
    LinkedBlock { kind, place, function }
    Bench { name, target, place, iterations, samples, slices, overhead, recorded, allocs, reallocs, frees, bytes, c_heap, processed_bytes, processed_items, allocator, hot, outside }
    CHeap { allocs, reallocs, frees, bytes }
    Slices { taken, left_out }
    Overhead { each_loop, guard, guarded_calls }
    InAllocator { share, error, overhead }
    Problem { step, message }
    Failure { exit, message, quoted, place, notes, help }
}

variants_travel! {
    TargetKind { Lib, Bin, Example, Test, Bench }
    Status {
        Ok, Failed { code }, Crashed { signal }, TimedOut { after }, Unrecorded { reason }, Skipped { reason },
        Interrupted, NotRun
    }
    Op { Alloc, Realloc, Free }
    Whose { Own, Foreign, Unknown }
    Cut { Deep, Crowded, Broken }
    ProofState { Proved, MayAllocate, Unknown, Absent, NotAnalysed }
    ObstacleKind {
        DynamicCall, FunctionPointer, Import, CaughtPanic, JumpTable, Jump, Code, NeverReturns, Other
    }
    BlockKind { Guard, Permit }
    Step { Discover, Compile, Run, Symbolise, Source, Prove, Judge }
    Rule {
        HeapInHotPath, FreeInHotPath, OverBudget, OutsideHotFunctions, MayAllocate, Unproved, Unexercised, StalePermit
    }
    Level { Note, Warning, Error }
    Exit { Pass, Usage, NothingToCheck, SetUp, Findings, BuildFailed, MetadataFailed, TargetFailed }
}

impl Wire for HotId {
    fn send(&self) -> Value {
        self.0.send()
    }

    fn receive(value: Value) -> Option<HotId> {
        u64::receive(value).map(HotId)
    }
}

impl Wire for FunctionName {
    fn send(&self) -> Value {
        self.demangled().to_owned().send()
    }

    fn receive(value: Value) -> Option<FunctionName> {
        Some(FunctionName::new(value.as_str()?))
    }
}

impl Wire for Origin {
    fn send(&self) -> Value {
        match self {
            Origin::User => "user".into(),
            Origin::Derived => "derived".into(),
            Origin::OnTheWay => "on the way".into(),
            Origin::Std => "std".into(),
            Origin::NoHeap => "no_heap".into(),
            Origin::System => "system".into(),
            Origin::Dependency(name) => Value::Array(vec![name.send()]),
        }
    }

    fn receive(value: Value) -> Option<Origin> {
        match &value {
            Value::Array(name) => Some(Origin::Dependency(name.first()?.as_str()?.to_owned())),
            value => match value.as_str()? {
                "user" => Some(Origin::User),
                "derived" => Some(Origin::Derived),
                "on the way" => Some(Origin::OnTheWay),
                "std" => Some(Origin::Std),
                "no_heap" => Some(Origin::NoHeap),
                "system" => Some(Origin::System),
                _ => None,
            },
        }
    }
}
