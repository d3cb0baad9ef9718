//! `free-in-hot-path`: a hot function gave memory back that it had not taken itself.
//!
//! A temporary is one mistake, not two: its free belongs to the finding about its allocation.

use super::advice::advise;
use super::{Case, pattern};
use crate::model::{Finding, Op, Rule};

/// One finding for each place.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    if case.hot.promise.allow_free {
        return Vec::new();
    }
    let foreign = case.groups.iter().filter(|group| group.op == Op::Free && group.count > group.own);
    let beyond_warmup = foreign.filter(|group| group.calls.last > case.hot.promise.warmup);
    beyond_warmup
        .map(|group| {
            let pattern = pattern::of(group, case.counts.calls);
            let advice = advise(group, pattern, case.counts.calls);
            Finding {
                construct: group.construct(),
                op: Some(Op::Free),
                count: group.count - group.own,
                calls_affected: group.calls.affected.min(case.counts.calls),
                bytes: group.bytes,
                sizes: Some(group.sizes),
                pattern: Some(pattern),
                chain: group.chain.clone(),
                reason: advice.reason,
                help: advice.help,
                labels: advice.labels,
                ..case.finding(Rule::FreeInHotPath, group.span.clone())
            }
        })
        .collect()
}
