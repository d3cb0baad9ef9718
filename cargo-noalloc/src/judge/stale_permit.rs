//! `stale-permit`: a permit that excused nothing in any run.

use super::policy::Governing;
use crate::model::{Finding, HotFn, HotId, HotReport, Permit, Policy, Rule, Span};

/// A finding at the call of a permit that nobody needed.
pub(super) fn find(permit: &Permit, functions: &[HotReport], policy: &Policy) -> Option<Finding> {
    // Another part may have used it, or what a filter left out.
    if !permit.is_stale() || policy.partial || policy.filtered {
        return None;
    }
    let (reason, help) = if permit.entered == 0 {
        (
            "no run entered it inside a hot function",
            "remove it, or run what needs it: another target or input",
        )
    } else {
        ("whenever it was entered, the heap was left alone", "remove it: the code inside does without")
    };
    let place = &permit.place;
    let own = functions.iter().find(|report| Some(&report.hot.name) == permit.function.as_ref());
    let name = permit.function.clone().unwrap_or_else(|| format!("{}:{}", place.file, place.line));
    // Settings are asked for as if the function around it were hot, which it often is.
    let around = HotFn::unpromised(own.map_or(HotId(0), |report| report.hot.id), name, place.clone());
    let level = Governing::new(policy, &around).level(&around, Rule::StalePermit)?;
    Some(Finding {
        function: Some(around.name),
        construct: permit.reason.clone(),
        calls: permit.entered,
        reason: reason.to_owned(),
        help: Some(help.to_owned()),
        ..Finding::new(Rule::StalePermit, level, around.id, Span::point(place.clone()))
    })
}
