//! From a finished walk to a proof: every call that leads to a sink with its chain, every doubt with its own.

use std::collections::{BTreeSet, HashSet};

use super::certainty::Certain;
use super::{Doubt, Step, Walk};
use crate::code::{OpenCall, Target, Value};
use crate::dispatch::{is_vtable, method};
use crate::proof::{
    Assumption, CallAddress, Candidate, Cause, Certainty, Frees, Operation, Proof, ReachableSite, Slot,
    State, Unknown,
};
use crate::symbols::{Class, may_free};

/// Sites and doubts of one proof; more say nothing more.
const MOST_SITES: usize = 4096;
/// Candidates of one unknown.
const MOST_CANDIDATES: usize = 32;
/// The end of a chain.
const NOWHERE: u32 = u32::MAX;

/// The proof that a walk yields.
pub(crate) fn proof(walk: &Walk<'_, '_>) -> Proof {
    let mut sites = Vec::new();
    let mut certain = Certain::of(walk);
    collect(walk, &mut certain, Kind::Takes, &mut sites);
    let allocates = !sites.is_empty();
    collect(walk, &mut certain, Kind::Frees, &mut sites);
    let frees = sites.iter().any(|site| site.operation == Operation::Free || may_free(&site.sink));
    let sites_truncated = sites.len() >= MOST_SITES;
    sites.sort_by_key(|site| (site.call(), site.operation));
    let unknowns = unknowns(walk);
    let is_open = !unknowns.is_empty();
    let state = match (allocates, is_open) {
        (true, _) => State::MayAllocate,
        (false, true) => State::Unknown,
        (false, false) => State::Proved,
    };
    // What only an assumed call reaches may free, or may not be called at all.
    let frees_assumed = walk.sinks.iter().any(|(node, _)| walk.is_assumed(*node));
    let may_free = match (frees, is_open || frees_assumed) {
        (true, _) => Frees::May,
        (false, true) => Frees::Unknown,
        (false, false) => Frees::Never,
    };
    let assumption = walk.assumed.clone().filter(|_| state == State::Proved);
    let assumption = assumption.map(|candidates| Assumption::FormattingStaysInside { candidates });
    Proof { state, assumption, may_free, sites, sites_truncated, unknowns, functions: walk.nodes.len() }
}

/// Only the verdict.
pub(crate) fn verdict(walk: &Walk<'_, '_>) -> State {
    let takes = walk.sinks.iter().any(|(_, class)| Kind::Takes.includes(*class));
    match (takes, walk.doubts.is_empty()) {
        (true, _) => State::MayAllocate,
        (false, false) => State::Unknown,
        (false, true) => State::Proved,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Takes,
    Frees,
}

impl Kind {
    fn includes(self, class: Class) -> bool {
        match self {
            Self::Takes => class.takes(),
            Self::Frees => class == Class::Frees,
        }
    }
}

fn collect(walk: &Walk<'_, '_>, certain: &mut Certain, kind: Kind, sites: &mut Vec<ReachableSite>) {
    let onward = onward(walk, kind);
    let graph = &walk.ground.analysis.graph;
    let is_within = match kind {
        Kind::Takes => vec![false; walk.nodes.len()],
        Kind::Frees => within_frees(walk),
    };
    let mut seen = HashSet::new();
    for step in walk.steps.iter().filter(|step| !is_within[step.from as usize]) {
        let leads = onward.get(step.to as usize).is_some_and(Option::is_some);
        if !leads || walk.is_assumed(step.to) || sites.len() >= MOST_SITES {
            continue;
        }
        let Some(call) = walk.call_address(step.from, step.block) else { continue };
        if !seen.insert(call) {
            continue;
        }
        let must = match kind {
            Kind::Takes => walk.ground.memo.must_allocate(graph),
            Kind::Frees => walk.ground.memo.must_free(graph),
        };
        let certainty =
            if certain.always(walk, step, must) { Certainty::Always } else { Certainty::Conditional };
        sites.push(site(walk, &onward, step, call, certainty));
    }
}

/// By node: reached only through what frees by its name. That it frees is said once, where it is called.
fn within_frees(walk: &Walk<'_, '_>) -> Vec<bool> {
    let graph = &walk.ground.analysis.graph;
    let mut is_within = vec![true; walk.nodes.len()];
    let mut below: Vec<Vec<u32>> = vec![Vec::new(); walk.nodes.len()];
    for step in &walk.steps {
        below[step.from as usize].push(step.to);
    }
    let mut waiting = vec![0u32];
    while let Some(node) = waiting.pop() {
        let target = walk.nodes.get(node as usize).map(|node| node.place.target);
        let is_free = node > 0 && target.is_some_and(|target| graph.classes.looks_into(target));
        if !is_free && std::mem::replace(&mut is_within[node as usize], false) {
            waiting.extend(&below[node as usize]);
        }
    }
    is_within
}

fn site(
    walk: &Walk<'_, '_>,
    onward: &[Option<Step>],
    step: &Step,
    call: CallAddress,
    certainty: Certainty,
) -> ReachableSite {
    let mut chain = walk.chain(step.from);
    let depth = chain.len();
    chain.push(call);
    let mut node = step.to;
    while let Some(Some(next)) =
        onward.get(node as usize).filter(|next| next.is_some_and(|next| next.to != NOWHERE))
    {
        chain.extend(walk.call_address(next.from, next.block));
        node = next.to;
    }
    let class = walk.sinks.iter().find(|sink| sink.0 == node).map(|sink| sink.1);
    let operation = match class {
        Some(Class::Frees) => Operation::Free,
        Some(Class::Reallocates) => Operation::Reallocate,
        _ => Operation::Allocate,
    };
    ReachableSite {
        chain,
        depth,
        function: address(walk, step.from),
        callee: address(walk, step.to),
        sink: name(walk, node),
        operation,
        certainty,
    }
}

/// By node: the next step of a shortest way to a sink. A sink's own step goes nowhere.
fn onward(walk: &Walk<'_, '_>, kind: Kind) -> Vec<Option<Step>> {
    let mut before: Vec<Vec<Step>> = vec![Vec::new(); walk.nodes.len()];
    for step in walk.steps.iter().filter(|step| !walk.is_assumed(step.to)) {
        if let Some(list) = before.get_mut(step.to as usize) {
            list.push(*step);
        }
    }
    let mut onward: Vec<Option<Step>> = vec![None; walk.nodes.len()];
    let mut layer = Vec::new();
    for (node, _) in walk.sinks.iter().filter(|sink| kind.includes(sink.1) && !walk.is_assumed(sink.0)) {
        onward[*node as usize] = Some(Step { from: *node, block: 0, to: NOWHERE });
        layer.push(*node);
    }
    while !layer.is_empty() {
        let mut above = Vec::new();
        for node in layer {
            for step in before.get(node as usize).into_iter().flatten() {
                let Some(slot) = onward.get_mut(step.from as usize) else { continue };
                if slot.is_none() {
                    *slot = Some(*step);
                    above.push(step.from);
                }
            }
        }
        layer = above;
    }
    onward
}

fn address(walk: &Walk<'_, '_>, node: u32) -> u64 {
    match walk.nodes.get(node as usize).map(|node| node.place.target) {
        Some(Target::Function(function)) => {
            walk.ground.image.functions.get(function as usize).map_or(0, |function| function.start)
        }
        _ => 0,
    }
}

fn name(walk: &Walk<'_, '_>, node: u32) -> String {
    match walk.nodes.get(node as usize).map(|node| node.place.target) {
        Some(Target::Function(function)) => walk.ground.memo.name(walk.ground, function).to_owned(),
        Some(Target::Import(import)) => walk.ground.image.import_name(import).to_owned(),
        _ => String::new(),
    }
}

fn unknowns(walk: &Walk<'_, '_>) -> Vec<Unknown> {
    let is_dynamic = |doubt: &Doubt| doubt.open.is_some();
    let created = if walk.doubts.iter().any(is_dynamic) { walk.created() } else { BTreeSet::new() };
    let doubts = walk.doubts.iter().take(MOST_SITES);
    let mut unknowns: Vec<Unknown> = doubts.map(|doubt| unknown(walk, doubt, &created)).collect();
    unknowns.sort_by(|left, right| {
        let key = |unknown: &Unknown| (unknown.chain.last().copied(), unknown.cause.clone());
        key(left).cmp(&key(right)).then(left.chain.len().cmp(&right.chain.len()))
    });
    unknowns.dedup_by(|next, kept| next.chain.last() == kept.chain.last() && next.cause == kept.cause);
    unknowns
}

fn unknown(walk: &Walk<'_, '_>, doubt: &Doubt, created: &BTreeSet<u64>) -> Unknown {
    let mut chain = walk.chain(doubt.node);
    if let Some(block) = doubt.block {
        chain.extend(walk.call_address(doubt.node, block));
    }
    Unknown {
        chain,
        function: address(walk, doubt.node),
        cause: doubt.cause.clone(),
        candidates: candidates(walk, doubt, created),
    }
}

/// What the call may lead to among the functions and vtables that the reachable code creates.
fn candidates(walk: &Walk<'_, '_>, doubt: &Doubt, created: &BTreeSet<u64>) -> Vec<Candidate> {
    let image = walk.ground.image;
    let is_table = |at: &&u64| is_vtable(image, **at);
    let is_code = |at: &&u64| image.function_at(**at).is_some();
    let mut addresses: Vec<u64> = match doubt.cause {
        Cause::DynamicCall { slot: Slot::First | Slot::Method(_), .. } => {
            let offset = doubt.open.map_or(0, offset);
            created.iter().filter(is_table).filter_map(|at| method(image, *at, offset)).collect()
        }
        Cause::DynamicCall { .. } | Cause::FunctionPointer { .. } => {
            created.iter().filter(is_code).copied().collect()
        }
        _ => return Vec::new(),
    };
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(MOST_CANDIDATES);
    addresses.into_iter().filter_map(|address| candidate(walk, address)).collect()
}

fn offset(open: OpenCall) -> i32 {
    match open {
        OpenCall::Value(Value::Loaded { offset, .. }) => offset,
        _ => 0,
    }
}

fn candidate(walk: &Walk<'_, '_>, address: u64) -> Option<Candidate> {
    let function = walk.ground.image.function_at(address)?;
    let name = walk.ground.memo.name(walk.ground, function).to_owned();
    Some(Candidate { address, name, state: walk.ground.memo.verdict(walk.ground, function) })
}
