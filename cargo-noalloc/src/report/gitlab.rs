//! GitLab's code quality report: findings beside the changed lines of a merge request.
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use serde::Serialize;

use super::human::words;
use super::naming::{in_repository, short_names};
use super::sarif::fingerprint::Fingerprints;
use super::{Format, Input};
use crate::model::{Finding, Level, Standing};

pub(super) static FORMAT: Format = Format { name: "gitlab", render };

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

/// One list, with a line break at its end. Places outside of the repository cannot be shown and are left out.
fn render(input: &Input<'_>) -> String {
    let names = short_names(input.verdict);
    let mut fingerprints = Fingerprints::new(input.texts);
    let mut issue = |finding: &Finding| {
        let path = in_repository(&finding.span.start.file, &input.workspace.root)?;
        let name = names.get(&finding.hot).map_or("", String::as_str);
        let line = fingerprints.of(&finding.span.start).unwrap_or_default();
        // The same line may hold several findings, which must not share one.
        let fingerprint = format!("{}:{}:{}:{line}", finding.rule, name, finding.span.start.column);
        Some(Issue {
            description: words::title(finding, name),
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
    let open = |finding: &&Finding| finding.standing != Some(Standing::Accepted);
    let issues: Vec<Issue> = input.verdict.findings.iter().filter(open).filter_map(&mut issue).collect();
    let mut text = serde_json::to_string_pretty(&issues).expect("texts and numbers are JSON");
    text.push('\n');
    text
}
