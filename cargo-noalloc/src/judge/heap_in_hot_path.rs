//! `heap-in-hot-path`: a hot function allocated, or had memory resized.

use super::{Case, pattern};
use crate::model::{Escape, Finding, Op, Pattern, Rule, Sizes};

/// One finding for each place.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let promise = &case.hot.promise;
    if promise.has_budget() || promise.bytes != Some(0) {
        return Vec::new();
    }
    let taking = case.groups.iter().filter(|group| group.op != Op::Free);
    let beyond_warmup = taking.filter(|group| group.calls.last > promise.warmup);
    beyond_warmup
        .map(|group| {
            let pattern = pattern::of(group, case.counts.calls);
            Finding {
                construct: group.construct(),
                dyn_trait: group.dyn_trait(),
                op: Some(group.op),
                count: group.count,
                calls_affected: group.calls.affected.min(case.counts.calls),
                bytes: group.bytes,
                sizes: Some(group.sizes),
                pattern: Some(pattern),
                escape: group.escape,
                freed_at: group.freed_at.clone(),
                chain: group.chain.clone(),
                reason: reason(group.sizes, pattern, group.escape),
                ..case.finding(Rule::HeapInHotPath, group.span.clone())
            }
        })
        .collect()
}

fn reason(sizes: Sizes, pattern: Pattern, escape: Escape) -> String {
    let size = if sizes.min == sizes.max { "its size is always the same" } else { "its size varies" };
    let fate = match escape {
        Escape::Temporary => "it is freed before the call returns",
        Escape::Escapes => "it is still alive when the call returns",
        Escape::Unknown => "whether it outlives the call is not known",
    };
    let when = match pattern {
        Pattern::EveryCall => "every call",
        Pattern::FirstCall => "the first call only",
        Pattern::WarmUp => "the first calls only",
        Pattern::Growth => "growth",
        Pattern::Sporadic => "some calls",
    };
    format!("{when}; {size}; {fate}")
}
