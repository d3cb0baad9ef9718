//! For a person at a terminal: findings worst first, the table, and one last line that says how it ended.

mod diagnostic;
mod last_line;
mod permits;
pub(super) mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::naming::short_names;
use super::{Format, Input, allocating, clock, ending, growth, overhead, proved, table};
pub(super) use diagnostic::{range, render as finding};
pub(super) use words::{again, cut};

use crate::model::{Finding, HotId, Level, Rule, Status};

/// How the text may look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) color: bool,
    /// Whole chains, std's frames included.
    pub(crate) verbose: bool,
    /// Rules are links.
    pub(crate) links: bool,
    /// Columns.
    pub(crate) width: usize,
}

pub(super) static FORMAT: Format = Format::text("human", render);

/// The whole report.
/// Whether there is more than the harness's own drop of what a benchmark returns, which takes nothing and stands nowhere.
fn explains_table(finding: &Finding) -> bool {
    finding.rule == Rule::OutsideHotFunctions && (finding.bytes > 0 || !finding.labels.is_empty())
}

fn render(input: &Input<'_>) -> String {
    let Input { verdict, texts, style, .. } = *input;
    let mut out = String::new();
    // Notes are for who asks: the table says how many places there are, `explain` and `-v` show them. What it shows of a
    // benchmark and of none of its functions has to be explained.
    let shown = |finding: &&Finding| style.verbose || finding.level > Level::Note || explains_table(finding);
    let names = short_names(verdict);
    let name = |finding: &Finding| names.get(&finding.hot).map_or("", String::as_str);
    for finding in worst_first(&verdict.findings).into_iter().filter(shown) {
        out.push('\n');
        out.push_str(&diagnostic::render(finding, name(finding), verdict, texts, style));
        out.push('\n');
    }
    for problem in &verdict.problems {
        let _ = writeln!(out, "\n{}: {}", paint("warning", Level::Warning, style), problem.message);
    }
    for tighter in verdict.compared.iter().flat_map(|compared| &compared.tighter) {
        let level = if verdict.compared.as_ref().is_some_and(|compared| compared.strict) {
            Level::Error
        } else {
            Level::Note
        };
        let word = paint(&level.to_string(), level, style);
        let _ = writeln!(
            out,
            "\n{word}: {tighter}\n  = help: tighten the baseline: `cargo noalloc check --bless`"
        );
    }
    for ignored in &verdict.ignored {
        let _ = writeln!(out, "\n{}: {}", paint("note", Level::Note, style), words::ignored(ignored));
    }
    for (target, status) in &verdict.targets {
        // Why nothing was seen is said at length after the report.
        if !matches!(status, Status::Ok | Status::NotRun | Status::Unrecorded { .. }) {
            let level = if matches!(status, Status::Skipped { .. }) { Level::Warning } else { Level::Error };
            let what = format!("{} `{}` {}", target.kind, target.name, ending(status));
            let _ = writeln!(out, "\n{}: {what}", paint(&level.to_string(), level, style));
        }
    }
    if !verdict.functions.is_empty() {
        let rows = if verdict.proof_only { proved::table } else { table::render };
        let _ = write!(out, "\n{}", rows(verdict, style.color));
        out.push_str(&growth::render(verdict));
        out.push_str(&allocating::render(verdict, style.verbose));
        out.push_str(&permits::render(verdict));
        out.push_str(&overhead::dominated(verdict));
        if style.verbose {
            out.push_str(&clock::samples(verdict));
            out.push_str(&overhead::subtracted(verdict));
        }
    }
    let _ = writeln!(out, "\n{}{}", last_line::render(verdict, style), words::accepted(verdict));
    out
}

/// By level, then by hot function in the order of their worst finding, then by events.
pub(super) fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut worst: BTreeMap<HotId, (Level, u64)> = BTreeMap::new();
    for finding in findings {
        let now = (finding.level, finding.bytes);
        worst.entry(finding.hot).and_modify(|worst| *worst = now.max(*worst)).or_insert(now);
    }
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.level, worst[&finding.hot], finding.bytes, finding.count);
        key(b).cmp(&key(a)).then_with(|| a.span.cmp(&b.span))
    });
    // One function's findings stand together.
    let mut first = BTreeMap::new();
    for (index, finding) in sorted.iter().enumerate() {
        first.entry((finding.hot, finding.level)).or_insert(index);
    }
    sorted.sort_by_key(|finding| first[&(finding.hot, finding.level)]);
    sorted
}

fn paint_pass(style: Style) -> String {
    painted("pass", AnsiColor::Green.on_default().bold(), style)
}

fn paint(text: &str, level: Level, style: Style) -> String {
    let color = match level {
        Level::Error => AnsiColor::Red,
        Level::Warning => AnsiColor::Yellow,
        Level::Note => AnsiColor::Green,
    };
    painted(text, color.on_default().bold(), style)
}

fn painted(text: &str, ansi: Ansi, style: Style) -> String {
    if style.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
}
