//! `heap-in-hot-path`: a hot function allocated, or had memory resized.

use super::Case;
use crate::model::{Finding, Op, Rule};

/// One finding for each place.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    if !case.forbids_requests() {
        return Vec::new();
    }
    let taking = case.groups_beyond_warmup().filter(|group| group.op != Op::Free);
    let findings = taking.map(|group| Finding {
        dyn_trait: group.dyn_trait(),
        escape: group.escape,
        freed_at: group.freed_at.clone(),
        ..case.finding_of(Rule::HeapInHotPath, group)
    });
    findings.collect()
}
