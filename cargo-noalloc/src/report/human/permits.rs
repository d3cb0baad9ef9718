//! What permits excused: an exception that nobody sees becomes the rule.

use std::fmt::Write as _;

use crate::model::{Permit, Verdict};
use crate::numbers::{bytes, plural};

/// A line for each permit that was needed; the others are findings.
pub(super) fn render(verdict: &Verdict) -> String {
    let mut out = String::new();
    for permit in verdict.permits.iter().filter(|permit| !permit.is_stale()) {
        let Permit { place, reason, entered, .. } = permit;
        let reason = reason.as_deref().unwrap_or("(no reason found)");
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            " permitted  {} in {}: {reason}  {}:{}",
            excused(permit),
            plural(*entered, "use"),
            place.file,
            place.line
        );
    }
    out
}

/// `2 allocations of 64 bytes, 2 frees`
fn excused(permit: &Permit) -> String {
    let requests = permit.allocs.saturating_add(permit.reallocs);
    let mut parts = Vec::new();
    if requests > 0 {
        parts.push(format!("{} of {}", plural(requests, "allocation"), bytes(permit.bytes)));
    }
    if permit.frees > 0 {
        parts.push(plural(permit.frees, "free"));
    }
    parts.join(", ")
}
