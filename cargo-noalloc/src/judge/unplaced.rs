//! Events whose call stack was not kept: nobody knows where, and they break the promise all the same.

use super::Case;
use crate::model::{Finding, Op, Rule, Site, Span};
use crate::numbers::{bytes, plural};

/// Requests of one hot function that have a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placed(u64);

impl Placed {
    pub(super) fn add(&mut self, site: &Site) {
        if site.op != Op::Free {
            self.0 += site.count;
        }
    }
}

/// A finding at the function's name, under the rule that the places would come under. A budget is held against what
/// was counted, wherever it was.
pub(super) fn find(case: &Case<'_>, placed: Placed) -> Option<Finding> {
    let (counts, promise) = (case.counts, &case.hot.promise);
    if counts.unsited == 0 {
        return None;
    }
    let taken = (counts.allocs + counts.reallocs).saturating_sub(placed.0);
    let freed = counts.unsited_foreign;
    let (rule, count, size, what) = if taken > 0 && case.forbids_requests() {
        let what = format!("{}, {} in all", plural(taken, "request"), bytes(counts.unsited_bytes));
        (Rule::HeapInHotPath, taken, counts.unsited_bytes, what)
    } else if freed > 0 && !promise.allow_free {
        (Rule::FreeInHotPath, freed, 0, plural(freed, "free"))
    } else {
        return None;
    };
    Some(Finding {
        count,
        bytes: size,
        reason: format!("{what}, at places that are not known"),
        help: Some(
            "its thread had no room for more call stacks: check fewer benchmarks or tests at a time, by their names"
                .to_owned(),
        ),
        ..case.finding(rule, Span::point(case.hot.place.clone()))
    })
}
