//! `over-budget`: a call took more than the function's options allow.

use super::Case;
use super::group::Group;
use crate::model::{Finding, Label, Op, Rule, Span};
use crate::numbers::{affected, bytes, plural, requests, sizes};

/// A finding at the function's name: which call it was is not known, only that there was one.
pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    let promise = &case.hot.promise;
    if !promise.has_budget() {
        return None;
    }
    let counts = case.counts;
    let requests = promise.allocs.filter(|allowed| counts.max_requests > *allowed);
    let size = promise.bytes.filter(|allowed| counts.max_bytes > *allowed);
    let mut over = Vec::new();
    if let Some(allowed) = requests {
        over.push(format!("{} in one call, {allowed} allowed", plural(counts.max_requests, "allocation")));
    }
    if let Some(allowed) = size {
        over.push(format!("{} in one call, {} allowed", bytes(counts.max_bytes), bytes(allowed)));
    }
    (!over.is_empty()).then(|| Finding {
        count: counts.allocs + counts.reallocs,
        reallocs: counts.reallocs,
        bytes: counts.bytes,
        reason: over.join("; "),
        labels: case.groups_beyond_warmup().filter(|group| group.op != Op::Free).map(label).collect(),
        help: Some(format!("see where they come from: `cargo noalloc explain {}`", case.hot.name)),
        ..case.finding(Rule::OverBudget, Span::point(case.hot.place.clone()))
    })
}

/// What the budget was spent on: `33 allocations in 33 calls, always 760 bytes`
fn label(group: &Group) -> Label {
    let what = requests(group.count, group.reallocs);
    let calls = if group.affected.at_least == 1 { "call" } else { "calls" };
    Label {
        span: group.span.clone(),
        text: format!("{what} in {} {calls}, {}", affected(group.affected), sizes(group.sizes)),
    }
}
