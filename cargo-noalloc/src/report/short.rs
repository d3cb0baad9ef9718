//! One line a finding, `file:line:column: error[rule]: …`: what editors' error lists understand.

use std::fmt::Write as _;

use super::human::words;
use crate::model::{Verdict, shorten};

/// Findings in the order of their places.
pub(super) fn render(verdict: &Verdict) -> String {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let names = shorten(&names);
    let mut out = String::new();
    for finding in &verdict.findings {
        let index = verdict.functions.iter().position(|report| report.hot.id == finding.hot);
        let title = words::title(finding, index.map_or("", |index| &names[index]));
        let place = &finding.span.start;
        let (level, rule) = (finding.level, finding.rule);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}:{}:{}: {level}[{rule}]: {title}", place.file, place.line, place.column);
    }
    out
}
