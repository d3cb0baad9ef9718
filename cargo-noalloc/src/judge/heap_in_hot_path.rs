//! `heap-in-hot-path`: a hot function allocated, or had memory resized.

use super::advice::advise;
use super::{Case, pattern};
use crate::model::{Finding, Op, Rule};

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
            let advice = advise(group, pattern, case.counts.calls);
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
                reason: advice.reason,
                help: advice.help,
                labels: advice.labels,
                ..case.finding(Rule::HeapInHotPath, group.span.clone())
            }
        })
        .collect()
}
