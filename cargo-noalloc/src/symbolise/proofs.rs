//! Names the addresses of proofs.

use noalloc_prove::{Assumption, CallAddress, Cause, Frees, Operation, Proof, Slot, State, Unknown};

use super::obstacle;
use super::origin::Origins;
use super::symbols::Symbols;
use super::{HotId, LookupAddress, chain};
use crate::model::{
    Calls, Candidate, Doubt, Found, Frame, HotFn, Obstacle, Op, Origin, Place, ProofReport, ProofState,
    Proofs, Reachable, Site, Sizes, Streams, accounting, always_takes,
};

/// Bytes of a function in which some instruction of its own must stand.
const FIRST_CODE: u64 = 256;

/// Copies of one function, enough to name what they were inlined into.
const MOST_COPIES: usize = 256;

/// What can be asked about one binary.
pub(super) struct Names<'a> {
    pub(super) proofs: &'a Proofs,
    pub(super) symbols: Option<&'a Symbols<'a>>,
    pub(super) origins: &'a Origins,
}

impl Names<'_> {
    /// Looks up every call of the proofs, for those that follow.
    pub(super) fn look_up(&self) {
        let Some(symbols) = self.symbols else { return };
        let proofs = || self.proofs.by_function.values().flatten();
        let sites = proofs().flat_map(|proof| &proof.sites).flat_map(|site| &site.chain);
        let unknowns = proofs().flat_map(|proof| &proof.unknowns).flat_map(|unknown| &unknown.chain);
        symbols.look_up_all(sites.chain(unknowns).map(|call| call.lookup()).collect(), self.origins);
    }

    /// The report on one function from the proofs of its instances; `absent` without any.
    pub(super) fn report(&self, hot: HotId, proofs: &[Proof]) -> ProofReport {
        let absent = ProofReport { state: ProofState::Absent, ..ProofReport::not_analysed() };
        let mut report =
            proofs.iter().map(|proof| self.one(hot, proof)).reduce(ProofReport::and).unwrap_or(absent);
        let instances = self.proofs.found.iter().filter(|found| found.entry.id == hot.0);
        report.inlined_into = instances.flat_map(|found| self.inlined_into(found)).collect();
        report.inlined_into.sort_unstable();
        report.inlined_into.dedup();
        report
    }

    /// The functions that copies were inlined into: of each the innermost that the reader knows, or else the one that
    /// has the code.
    fn inlined_into(&self, found: &Found) -> Vec<String> {
        let around = |copy: &u64| {
            let frames = self.symbols?.frames(LookupAddress(*copy), self.origins);
            let own = frames.iter().rposition(|frame| frame.function.as_str() == found.entry.path)?;
            let outside = frames.get(own + 1..)?;
            let of = |known: fn(&Origin) -> bool| outside.iter().find(|frame| known(&frame.origin));
            let known = of(|origin| *origin == Origin::User)
                .or_else(|| of(|origin| matches!(origin, Origin::Dependency(_))))
                .or_else(|| outside.last())?;
            Some(known.function.enclosing().to_owned())
        };
        found.copies.iter().take(MOST_COPIES).filter_map(around).collect()
    }

    /// A function that the binary names, at the place that its descriptor or its code says, or else at `nearest`.
    pub(super) fn found(&self, found: &Found, nearest: Place) -> HotFn {
        let mut hot = super::hot(&found.entry, self.origins);
        hot.attributed = !found.plain;
        if hot.by_code {
            let place = found.address.and_then(|address| self.first_place(found, address));
            hot.by_code = place.is_some();
            hot.place = place.unwrap_or(nearest);
        }
        hot
    }

    /// The first line of a function's own code. Debug info of the level that the audit asks for has the columns of
    /// instructions, not of names: the source step finds the name.
    fn first_place(&self, found: &Found, address: u64) -> Option<Place> {
        let own = |at: u64| {
            let frames = self.symbols?.frames(LookupAddress(at), self.origins);
            if found.plain {
                let own = |frame: &&Frame| frame.function.as_str() == found.entry.path;
                return frames.iter().rfind(own)?.place.clone();
            }
            chain::from_innermost(frames).into_iter().next()?.place
        };
        let code = (address..address + FIRST_CODE).find_map(own)?;
        Some(Place { file: code.file, line: code.line, column: code.byte_column.max(1) })
    }

    fn one(&self, hot: HotId, proof: &Proof) -> ProofReport {
        let reachable = proof.sites.iter().filter_map(|site| {
            let op = match site.operation {
                Operation::Allocate => Op::Alloc,
                Operation::Reallocate => Op::Realloc,
                Operation::Free => Op::Free,
            };
            // The chain goes on below the call that the site is about: std's way down is part of what is shown,
            // but the reader is pointed at the deepest line of their own above it.
            let about = self.frames(hot, site.chain.get(..=site.depth).unwrap_or(&site.chain));
            let whole = self.frames(hot, &site.chain);
            let below = whole.get(about.len()..).unwrap_or_default();
            // What the reader's own function calls has sites of its own, at the lines in question.
            if below.first().is_some_and(Frame::is_user) {
                return None;
            }
            let below = below.iter().filter(|frame| !frame.is_user()).cloned();
            let chain = about.iter().cloned().chain(below).collect();
            let always = site.certainty == noalloc_prove::Certainty::Always;
            Some(Reachable { site: never_hit(hot, op, chain), always, allocator: site.sink.clone() })
        });
        ProofReport {
            state: state(proof.state),
            assumption: proof.assumption.as_ref().map(assumption),
            may_free: match proof.may_free {
                Frees::Never => Some(false),
                Frees::May => Some(true),
                Frees::Unknown => None,
            },
            reachable: reachable.collect(),
            doubts: proof.unknowns.iter().map(|unknown| self.doubt(hot, unknown)).collect(),
            truncated: proof.sites_truncated,
            inevitable: inevitable(proof),
            inlined_into: Vec::new(),
        }
    }

    fn doubt(&self, hot: HotId, unknown: &Unknown) -> Doubt {
        let in_slot = match unknown.cause {
            Cause::DynamicCall { slot: Slot::Method(method), .. } => {
                self.proofs.implementations.get(&method).map(|functions| candidates(functions))
            }
            _ => None,
        };
        let chain = self.frames(hot, &unknown.chain);
        Doubt {
            obstacle: self.obstacle(&unknown.cause, &chain),
            site: never_hit(hot, Op::Alloc, chain),
            candidates: candidates(&unknown.candidates),
            in_slot: in_slot.unwrap_or_default(),
            called: None,
        }
    }

    /// From the function down, inlined frames included. Of a hot function it begins inside the guard.
    fn frames(&self, hot: HotId, calls: &[CallAddress]) -> Vec<Frame> {
        let Some(symbols) = self.symbols else { return Vec::new() };
        let innermost_first = calls
            .iter()
            .rev()
            .flat_map(|call| symbols.frames(LookupAddress(call.lookup()), self.origins))
            .collect();
        if self.proofs.found.iter().any(|found| found.plain && found.entry.id == hot.0) {
            return chain::of_plain(innermost_first);
        }
        chain::from_innermost(innermost_first)
    }

    fn obstacle(&self, cause: &Cause, chain: &[Frame]) -> Obstacle {
        let variable =
            |address: u64| self.symbols.and_then(|symbols| symbols.variable(LookupAddress(address)));
        obstacle::of(cause, chain, &variable)
    }
}

/// Every path of one instance that returns takes memory: it passes a call from which an allocator is always reached, and
/// whatever can be reached takes memory each time. Of several such functions one that may be uncounted comes first.
fn inevitable(proof: &Proof) -> Option<String> {
    let takes = || proof.sites.iter().filter(|site| site.operation != Operation::Free);
    let is_certain = !proof.sites_truncated
        && takes().any(|site| site.certainty == noalloc_prove::Certainty::Always)
        && takes().all(|site| always_takes(&site.sink));
    let sinks = takes().map(|site| site.sink.as_str()).filter(|_| is_certain);
    sinks.max_by_key(|sink| accounting(sink, true)).map(str::to_owned)
}

fn candidates(functions: &[noalloc_prove::Candidate]) -> Vec<Candidate> {
    let candidate = |function: &noalloc_prove::Candidate| Candidate {
        name: function.name.clone(),
        state: state(function.state),
    };
    functions.iter().map(candidate).collect()
}

fn never_hit(hot: HotId, op: Op, chain: Vec<Frame>) -> Site {
    Site {
        hot,
        op,
        c_function: None,
        chain,
        count: 0,
        bytes: 0,
        sizes: Sizes { min: 0, max: 0 },
        calls: Calls { affected: 0, exact: true, first: 0, last: 0, streams: Streams::NONE },
        freed: 0,
        escaped: 0,
        untracked: 0,
        whose: None,
        process: 0,
        freed_by: None,
        source: None,
        cut: None,
    }
}

fn state(state: State) -> ProofState {
    match state {
        State::Proved => ProofState::Proved,
        State::Absent => ProofState::Absent,
        State::Unknown => ProofState::Unknown,
        State::MayAllocate => ProofState::MayAllocate,
    }
}

fn assumption(assumption: &Assumption) -> String {
    match assumption {
        Assumption::FormattingStaysInside { .. } => {
            "the writers and formatting functions that `core::fmt` calls are those that this function creates itself"
                .to_owned()
        }
        _ => "an assumption that this version of the tool has no words for".to_owned(),
    }
}
