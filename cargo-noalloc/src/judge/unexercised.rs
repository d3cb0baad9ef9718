//! `unexercised`: a hot function that is in an audited binary, but that no target called.

use super::Case;
use crate::model::{Finding, Rule, Span};

/// A finding at the function's name.
pub(super) fn find(case: &Case<'_>) -> Option<Finding> {
    (case.counts.calls == 0).then(|| Finding {
        reason: "no audited target called it, so nothing is known of what it does".to_owned(),
        help: Some(format!(
            "call it from a benchmark, or select a target that does: `cargo noalloc check --tests`; it is `{}`",
            case.hot.name
        )),
        ..case.finding(Rule::Unexercised, Span::point(case.hot.place.clone()))
    })
}
