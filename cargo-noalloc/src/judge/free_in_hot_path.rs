//! `free-in-hot-path`: a hot function gave memory back that it had not taken itself.
//!
//! A temporary is one mistake, not two: its free belongs to the finding about its allocation. So does that of a hash
//! table which moves to a larger one. Where it is not known whose the memory was, there is no finding: the report says how
//! many frees these are.

use super::Case;
use super::group::Group;
use crate::model::{Finding, Op, Rule, Whose};

/// One finding for each place.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    if case.hot.promise.allow_free {
        return Vec::new();
    }
    let frees = case.groups_beyond_warmup().filter(|group| group.whose == Some(Whose::Foreign));
    let frees = frees.filter(|group| !is_of_a_move(case, group));
    frees.map(|group| case.finding_of(Rule::FreeInHotPath, group)).collect()
}

/// Whether the finding about a table that grows stands at the same place.
fn is_of_a_move(case: &Case<'_>, freed: &Group) -> bool {
    let grows = |group: &Group| group.op != Op::Free && group.rehashes() && group.span == freed.span;
    case.forbids_requests() && freed.rehashes() && case.groups_beyond_warmup().any(grows)
}
