//! Everything that the last check or proof knows about one function or place.

use std::fmt::Write as _;

use anstyle::Style as Ansi;

use super::folded::{Line, folded};
use super::human::{self, Style};
use super::naming::{short_file, short_names};
use super::printable::Printable;
use crate::exit::{Exit, Failure};
use crate::model::{Frame, HotReport, Op, Origin, Site, Texts, Verdict, is_called};
use crate::numbers::{bytes, count, plural, range};
use crate::options::What;

const DIM: Ansi = Ansi::new().dimmed();
const BOLD: Ansi = Ansi::new().bold();

/// All that matches `what`.
pub(super) fn render(
    verdict: &Printable<'_, Verdict>,
    texts: &Printable<'_, Texts>,
    what: &What,
    style: Style,
) -> Result<String, Failure> {
    let functions: Vec<&HotReport> =
        verdict.functions.iter().filter(|report| concerns(report, verdict, what)).collect();
    if functions.is_empty() {
        return Err(unknown(verdict, what));
    }
    let names = short_names(verdict);
    let mut out = String::new();
    for report in functions {
        head(&mut out, report, !verdict.proof_only, style);
        for finding in verdict.findings.iter().filter(|finding| finding.hot == report.hot.id) {
            if is_at(what, &finding.span.start.file, finding.span.start.line) {
                let name = names.get(&finding.hot).map_or("", String::as_str);
                let _ = writeln!(out, "\n{}", human::finding(finding, name, verdict, texts, style));
            }
        }
        for site in verdict.sites.iter().filter(|site| site.hot == report.hot.id) {
            if site.source.as_ref().is_some_and(|s| is_at(what, &s.span.start.file, s.span.start.line)) {
                self::site(&mut out, site, style);
            }
        }
    }
    Ok(out)
}

fn concerns(report: &HotReport, verdict: &Verdict, what: &What) -> bool {
    match what {
        What::Function(name) => is_called(&report.hot.name, name),
        What::Place { .. } => {
            let findings = verdict.findings.iter().filter(|finding| finding.hot == report.hot.id);
            let mut places = findings.map(|finding| &finding.span.start).chain([&report.hot.place]);
            places.any(|place| is_at(what, &place.file, place.line))
        }
    }
}

/// Whether a place is asked for; a function's name asks for all of its places.
fn is_at(what: &What, file: &str, line: u32) -> bool {
    match what {
        What::Function(_) => true,
        What::Place { file: wanted, line: at } => {
            let tail = file.strip_suffix(wanted.as_str());
            *at == line && tail.is_some_and(|front| front.is_empty() || front.ends_with('/'))
        }
    }
}

fn unknown(verdict: &Verdict, what: &What) -> Failure {
    let mut names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    names.truncate(10);
    let last = if verdict.proof_only { "proof" } else { "check" };
    let asked = match what {
        What::Function(name) => format!("the last {last} knows no hot function `{name}`"),
        What::Place { file, line } => format!("the last {last} found nothing at `{file}:{line}`"),
    };
    Failure::new(Exit::Usage, asked).help(format!("it knows: {}", names.join(", ")))
}

/// `ran`: counts are what was counted, and not zeros for want of a run.
fn head(out: &mut String, report: &HotReport, ran: bool, style: Style) {
    let place = &report.hot.place;
    let name = paint(&report.hot.name, BOLD, style);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{name}  {}:{}:{}", place.file, place.line, place.column);
    let _ = writeln!(out, "  promise   {}", promise(report));
    let _ = writeln!(out, "  verdict   {}", report.verdict.name());
    let _ = writeln!(out, "  proof     {}", proof(report));
    if !ran {
        let _ = writeln!(out, "  counted   nothing: the last thing done was a proof, which runs nothing");
        return;
    }
    let _ = writeln!(
        out,
        "  counted   {}: {}, {}, {}, {} requested",
        plural(report.calls, "call"),
        plural(report.allocs, "alloc"),
        plural(report.reallocs, "realloc"),
        plural(report.frees, "free"),
        bytes(report.bytes),
    );
    if report.calls > 0 {
        let (allocs, size) = (plural(report.max_allocs, "alloc"), bytes(report.max_bytes));
        let _ = writeln!(out, "  worst     {allocs}, {size} in one call");
    }
}

fn proof(report: &HotReport) -> String {
    let mut text = report.proof.state.name().to_owned();
    if let Some(assumption) = &report.proof.assumption {
        text = format!("{text}, taken for granted that {assumption}");
    }
    match report.proof.may_free {
        Some(true) => text.push_str("; it may free"),
        Some(false) => text.push_str("; it frees nothing"),
        None => {}
    }
    text
}

fn promise(report: &HotReport) -> String {
    let promise = &report.hot.promise;
    let mut parts = Vec::new();
    if promise.has_budget() || promise.bytes != Some(0) {
        parts.extend(promise.allocs.map(|allocs| format!("at most {} a call", plural(allocs, "allocation"))));
        parts.extend(promise.bytes.map(|size| format!("at most {} a call", bytes(size))));
    } else {
        parts.push("no heap".to_owned());
    }
    if promise.warmup > 0 {
        parts.push(format!("but for the first {}", plural(promise.warmup, "call")));
    }
    if promise.allow_free {
        parts.push("frees are fine".to_owned());
    }
    if promise.prove {
        parts.push("proved".to_owned());
    }
    parts.join(", ")
}

fn site(out: &mut String, site: &Site, style: Style) {
    let op = site.op.name();
    let calls = &site.calls;
    let _ = writeln!(
        out,
        "\n  {} {}, {} each; in {} ({} to {})",
        count(site.count),
        if site.count == 1 { op.to_owned() } else { format!("{op}s") },
        range(site.sizes),
        plural(calls.affected, "call"),
        count(calls.first),
        count(calls.last),
    );
    if site.op != Op::Free {
        let known = [
            (site.freed, "freed before the call returned"),
            (site.escaped, "alive when it returned"),
            (site.untracked, "not followed"),
        ];
        let fates = known
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(blocks, fate)| format!("{} {fate}", count(*blocks)));
        let fates: Vec<String> = fates.collect();
        if !fates.is_empty() {
            let _ = writeln!(out, "  of the blocks: {}", fates.join(", "));
        }
    }
    if let Some(cut) = site.cut {
        let _ = writeln!(out, "  {}", human::cut(cut));
    }
    chain(out, &site.chain, style);
}

/// One frame a line, deeper ones further in, the standard library's dimmed.
fn chain(out: &mut String, frames: &[Frame], style: Style) {
    let rows: Vec<(String, String, Option<&Frame>)> = folded(frames)
        .iter()
        .enumerate()
        .map(|(depth, line)| {
            let branch = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
            match line {
                Line::Frame(frame) => (format!("{branch}{}", frame.function), place(frame), Some(*frame)),
                Line::Again { more, of } => {
                    (format!("{branch}{}", human::again(*more, *of)), String::new(), None)
                }
            }
        })
        .collect();
    let width = rows.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    for (name, place, frame) in rows {
        let inlined = if frame.is_some_and(|frame| frame.inlined) { "  inlined" } else { "" };
        let line = format!("    {name:<width$}  {place}{inlined}");
        let line = line.trim_end();
        let is_dim = frame.is_none_or(|frame| frame.origin == Origin::Std);
        let shown = if is_dim { paint(line, DIM, style) } else { line.to_owned() };
        let _ = writeln!(out, "{shown}");
    }
}

/// Nothing where it is not known.
fn place(frame: &Frame) -> String {
    let place = frame.place.as_ref();
    let text = place.map(|place| format!("{}:{}:{}", short_file(&place.file), place.line, place.byte_column));
    text.unwrap_or_default()
}

fn paint(text: &str, ansi: Ansi, style: Style) -> String {
    if style.color { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
}
