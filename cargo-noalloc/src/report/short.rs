//! One line a finding, `file:line:column: error[rule]: …`: what editors' error lists understand.

use std::fmt::Write as _;

use super::human::words;
use super::naming::short_names;
use super::{Format, Input};

pub(super) static FORMAT: Format = Format::text("short", render);

/// Findings in the order of their places.
fn render(input: &Input<'_>) -> String {
    let names = short_names(input.verdict);
    let mut out = String::new();
    for finding in &input.verdict.findings {
        let title = words::title(finding, names.get(&finding.hot).map_or("", String::as_str));
        let place = &finding.span.start;
        let (level, rule) = (finding.level, finding.rule);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}:{}:{}: {level}[{rule}]: {title}", place.file, place.line, place.column);
    }
    out
}
