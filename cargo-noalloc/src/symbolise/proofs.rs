//! Names the addresses of proofs.

use noalloc_prove::{Assumption, CallAddress, Cause, Frees, Operation, Origin, Proof, Slot, State};

use super::origin::Origins;
use super::symbols::Symbols;
use super::{HotId, LookupAddress, chain};
use crate::model::{Calls, Doubt, Frame, Op, ProofReport, ProofState, Reachable, Site, Sizes};

/// The report on one function from the proofs of its instances; `absent` without any.
pub(super) fn report(
    hot: HotId,
    proofs: &[Proof],
    symbols: Option<&Symbols<'_>>,
    origins: &Origins,
) -> ProofReport {
    let named = proofs.iter().map(|proof| one(hot, proof, symbols, origins));
    let absent = ProofReport { state: ProofState::Absent, ..ProofReport::not_analysed() };
    named.reduce(ProofReport::and).unwrap_or(absent)
}

fn one(hot: HotId, proof: &Proof, symbols: Option<&Symbols<'_>>, origins: &Origins) -> ProofReport {
    let name = |calls: &[CallAddress]| frames(calls, symbols, origins);
    let reachable = proof.sites.iter().map(|site| {
        let op = match site.operation {
            Operation::Allocate => Op::Alloc,
            Operation::Reallocate => Op::Realloc,
            Operation::Free => Op::Free,
        };
        // The chain goes on below the call that the site is about: std's way down is part of what is shown, but
        // the reader is pointed at the deepest line of their own above it.
        let about = name(site.chain.get(..=site.depth).unwrap_or(&site.chain));
        let whole = name(&site.chain);
        let below = whole.get(about.len()..).unwrap_or_default();
        let below = below.iter().filter(|frame| !frame.is_user()).cloned();
        let chain = about.iter().cloned().chain(below).collect();
        let always = site.certainty == noalloc_prove::Certainty::Always;
        Reachable { site: never_hit(hot, op, chain), always }
    });
    let doubts = proof.unknowns.iter().map(|unknown| Doubt {
        site: never_hit(hot, Op::Alloc, name(&unknown.chain)),
        cause: cause(&unknown.cause),
        candidates: unknown
            .candidates
            .iter()
            .map(|candidate| (candidate.name.clone(), state(candidate.state)))
            .collect(),
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
        doubts: doubts.collect(),
        truncated: proof.sites_truncated,
    }
}

/// From the hot function down, inlined frames included.
fn frames(calls: &[CallAddress], symbols: Option<&Symbols<'_>>, origins: &Origins) -> Vec<Frame> {
    let Some(symbols) = symbols else { return Vec::new() };
    let innermost_first =
        calls.iter().rev().flat_map(|call| symbols.frames(LookupAddress(call.lookup()), origins)).collect();
    chain::from_innermost(innermost_first)
}

fn never_hit(hot: HotId, op: Op, chain: Vec<Frame>) -> Site {
    Site {
        hot,
        op,
        chain,
        count: 0,
        bytes: 0,
        sizes: Sizes { min: 0, max: 0 },
        calls: Calls { affected: 0, first: 0, last: 0 },
        freed: 0,
        escaped: 0,
        untracked: 0,
        own: 0,
        freed_by: None,
        source: None,
        incomplete: false,
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

/// As the end of "the proof stops at …".
fn cause(cause: &Cause) -> String {
    match cause {
        Cause::DynamicCall { slot, receiver } => {
            let what = match slot {
                Slot::First => "the destructor of a `dyn` value".to_owned(),
                Slot::Method(number) => format!("a call of method {number} of a `dyn` value"),
                Slot::Field(offset) => {
                    format!("a call of the function pointer at offset {offset} of an object")
                }
            };
            format!("{what} {}", origin(*receiver))
        }
        Cause::FunctionPointer { origin: from } => {
            format!("a call through a function pointer {}", origin(*from))
        }
        Cause::Import { name } => format!("a call of `{name}`, a library's function that is in no table"),
        Cause::CaughtPanic => "a panic that may be caught: what panicking allocates would count".to_owned(),
        Cause::JumpTable => "a jump whose table of targets could not be read completely".to_owned(),
        Cause::JumpInto { address } => format!("a jump to {address:#x}, where no function starts"),
        Cause::Undecodable => "bytes that are no instruction".to_owned(),
        Cause::Unreached => "a call on a path that the values of registers say cannot be".to_owned(),
        Cause::ExceptionTable => "an exception table that cannot be read".to_owned(),
        Cause::MissingCode => "code that is not in the file".to_owned(),
        Cause::TooComplex => "code that takes too many steps to follow".to_owned(),
        Cause::NeverReturns => {
            "a function that never returns: there is no returning path to judge".to_owned()
        }
        _ => "something that this version of the tool has no words for".to_owned(),
    }
}

fn origin(origin: Origin) -> String {
    match origin {
        Origin::Argument(number) => format!("that came in as argument {}", number + 1),
        Origin::Field { argument, .. } => {
            format!("that was read from what argument {} points to", argument + 1)
        }
        Origin::Static(address) => format!("that was read from the variable at {address:#x}"),
        _ => "that was read from memory".to_owned(),
    }
}
