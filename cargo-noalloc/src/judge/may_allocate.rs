//! `may-allocate`: nothing happened there in the calls that were made, but the code can reach the allocator.

use std::collections::BTreeMap;

use super::Case;
use crate::model::{Escape, Finding, Level, Op, ProofState, Reachable, Rule, Span};
use crate::numbers::plural;
use crate::quoting::code;

/// One finding for each place that was not seen to allocate.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    // Whoever allows some allocations is told of none, unless a proof is asked for: a budget is counted.
    let is_expected = case.hot.promise.has_budget() && case.level(Rule::MayAllocate) < Level::Error;
    if case.proof.state != ProofState::MayAllocate || is_expected {
        return Vec::new();
    }
    let mut places: BTreeMap<Span, Vec<&Reachable>> = BTreeMap::new();
    for reachable in &case.proof.reachable {
        let Some(source) = &reachable.site.source else { continue };
        if reachable.site.op != Op::Free && !was_seen(case, &source.span) {
            places.entry(source.span.clone()).or_default().push(reachable);
        }
    }
    places.into_iter().map(|(span, reachable)| finding(case, span, &reachable)).collect()
}

/// What happened is said by `heap-in-hot-path` already.
fn was_seen(case: &Case<'_>, span: &Span) -> bool {
    case.groups.iter().any(|group| group.op != Op::Free && group.span == *span)
}

fn finding(case: &Case<'_>, span: Span, reachable: &[&Reachable]) -> Finding {
    // The shortest way, and of those the first: the one that a reader understands soonest.
    let shown = reachable.iter().min_by_key(|reachable| reachable.site.chain.len());
    let source = shown.and_then(|shown| shown.site.source.as_ref());
    let always = reachable.iter().any(|reachable| reachable.always);
    let construct =
        source.and_then(|source| source.construct.as_ref()).map(|construct| construct.name.clone());
    let what = construct.clone().map_or_else(|| "this call".to_owned(), |name| code(&name));
    let when = if always { "on every path that returns" } else { "on some paths" };
    let seen = match case.counts.calls {
        _ if case.governing.is_proof_only() => String::new(),
        0 => "; no target called the function".to_owned(),
        // Something happened at places that nobody knows.
        _ if case.counts.unsited > 0 => String::new(),
        calls => format!("; never taken in {}", plural(calls, "call")),
    };
    let span = if span.start.line == 0 { Span::point(case.hot.place.clone()) } else { span };
    Finding {
        construct,
        dyn_trait: source.and_then(|source| source.object.as_ref()).map(|object| object.name.clone()),
        op: shown.map(|shown| shown.site.op),
        escape: Escape::Unknown,
        chain: shown.map(|shown| shown.site.chain.clone()).unwrap_or_default(),
        help: case
            .hot
            .promise
            .has_budget()
            .then(|| "its budget is counted, not proved: `cargo noalloc check` holds it to that".to_owned()),
        reason: format!("{what} can reach the allocator {when}{seen}"),
        ..case.finding(Rule::MayAllocate, span)
    }
}
