//! `free-in-hot-path`: a hot function gave memory back that it had not taken itself.
//!
//! A temporary is one mistake, not two: its free belongs to the finding about its allocation.

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
            Finding {
            construct: group.construct(),
            dyn_trait: group.dyn_trait(),
            op: Some(Op::Free),
            count: group.count - group.own,
            calls_affected: group.calls.affected.min(case.counts.calls),
            bytes: group.bytes,
            sizes: Some(group.sizes),
            pattern: Some(pattern::of(group, case.counts.calls)),
            chain: group.chain.clone(),
            reason: "memory that was taken elsewhere is given back here".to_owned(),
            help: Some(
                "hand it back to the caller instead of dropping it, or allow frees: `#[no_heap(allow(free))]`"
                    .to_owned(),
            ),
            ..case.finding(Rule::FreeInHotPath, group.span.clone())
        }
        })
        .collect()
}
