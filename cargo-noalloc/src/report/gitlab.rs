//! GitLab's code quality report: findings beside the changed lines of a merge request.
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde::Serialize;

use super::human::words;
use super::naming::{in_repository, short_names};
use super::sarif::fingerprint::Fingerprints;
use super::{Document, Format, Input, Raw};
use crate::model::{Finding, Level, Standing};

pub(super) static FORMAT: Format = Format::data("gitlab", render);

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// One list. Places outside of the repository cannot be shown and are left out.
fn render(input: &Raw<'_>, shown: &Input<'_>) -> Document {
    let names = short_names(input.verdict);
    let shown_names = short_names(shown.verdict);
    let mut fingerprints = Fingerprints::new(input.texts);
    let mut issue = |(finding, shown): (&Finding, &Finding)| {
        let path = in_repository(&finding.span.start.file, &input.workspace.root)?;
        let name = names.get(&finding.hot).map_or("", String::as_str);
        let line = fingerprints.of(&finding.span.start).unwrap_or_default();
        // The same line may hold several findings, which must not share one.
        let fingerprint = format!("{}:{}:{}:{line}", finding.rule, name, finding.span.start.column);
        Some(Issue {
            description: words::title(shown, shown_names.get(&finding.hot).map_or("", String::as_str)),
            check_name: finding.rule.name(),
            fingerprint,
            severity: match finding.level {
                Level::Error => "major",
                Level::Warning => "minor",
                Level::Note => "info",
            },
            location: Location { path, lines: Lines { begin: finding.span.start.line.max(1) } },
        })
    };
    let findings = input.verdict.findings.iter().zip(&shown.verdict.findings);
    let open = findings.filter(|(finding, _)| finding.standing != Some(Standing::Accepted));
    let issues: Vec<Issue> = open.filter_map(&mut issue).collect();
    Document::of(&issues)
}
