//! `free-in-hot-path`: a hot function gave memory back that it had not taken itself.
//!
//! A temporary is one mistake, not two: its free belongs to the finding about its allocation.

use super::Case;
use crate::model::{Finding, Op, Rule};

/// One finding for each place.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    if case.hot.promise.allow_free {
        return Vec::new();
    }
    let frees = case.groups_beyond_warmup().filter(|group| group.op == Op::Free && group.count > group.own);
    let findings = frees.map(|group| Finding {
        count: group.count - group.own,
        ..case.finding_of(Rule::FreeInHotPath, group)
    });
    findings.collect()
}
