//! `stale-permit`: a permit that excused nothing in any run.

use super::policy::Governing;
use crate::model::{Affected, Escape, Finding, HotFn, HotId, HotReport, Permit, Policy, Promise, Rule, Span};

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
    let around = HotFn {
        id: own.map_or(HotId(0), |report| report.hot.id),
        name,
        place: place.clone(),
        attributed: false,
        by_code: false,
        promise: Promise::BARE,
    };
    let level = Governing::new(policy, &around).level(&around, Rule::StalePermit)?;
    Some(Finding {
        rule: Rule::StalePermit,
        level,
        hot: around.id,
        function: Some(around.name),
        span: Span::point(place.clone()),
        construct: permit.reason.clone(),
        dyn_trait: None,
        op: None,
        is_c: false,
        count: 0,
        reallocs: 0,
        affected: Affected::default(),
        calls: permit.entered,
        bytes: 0,
        sizes: None,
        pattern: None,
        escape: Escape::Unknown,
        freed_at: None,
        chain: Vec::new(),
        cut: None,
        candidates: Vec::new(),
        obstacle: None,
        labels: Vec::new(),
        standing: None,
        reason: reason.to_owned(),
        help: Some(help.to_owned()),
    })
}
