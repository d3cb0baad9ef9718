//! The source of hot functions with what each line allocates, as `go tool pprof -list` prints it.
//!
//! *Flat* is what the line's own expression takes from the heap, *cum* adds what the functions called there take.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Format, Input};
use crate::model::{Frame, HotReport, Op, Site, Texts, Verdict};
use crate::numbers::{count, exact_bytes};

/// What one line takes.
#[derive(Clone, Copy, Default)]
struct Line {
    flat: u64,
    cum: u64,
    /// Allocations and reallocations, those of functions called there included.
    allocs: u64,
}

pub(super) static FORMAT: Format = Format::text("listing", render);

/// Every hot function whose name `pattern` finds; without a pattern, those that use the heap.
fn render(input: &Input<'_>) -> String {
    let Input { verdict, texts, pattern, .. } = *input;
    let total: u64 = verdict.functions.iter().map(|report| report.bytes).sum();
    let chosen = |report: &&HotReport| match pattern {
        Some(pattern) => pattern.is_match(&report.hot.name),
        None => report.allocs + report.reallocs > 0,
    };
    let listings: Vec<String> = verdict
        .functions
        .iter()
        .filter(chosen)
        .map(|report| function(report, verdict, texts, total))
        .collect();
    listings.join("\n")
}

fn function(report: &HotReport, verdict: &Verdict, texts: &Texts, total: u64) -> String {
    let place = &report.hot.place;
    let lines = lines(verdict.sites.iter().filter(|site| site.hot == report.hot.id), &place.file);
    let flat: u64 = lines.values().map(|line| line.flat).sum();
    let percent = if total == 0 { 0.0 } else { report.bytes as f64 / total as f64 * 100.0 };
    let mut out = format!("{}  {}:{}\n", report.hot.name, place.file, place.line);
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "   {} (flat) {} (cum)   {} allocs   {percent:.0} % of the total",
        exact_bytes(flat),
        exact_bytes(report.bytes),
        count(report.allocs + report.reallocs),
    );
    let _ = writeln!(out, "{:>12}{:>12}{:>9}", "flat", "cum", "allocs");
    let text = texts.get(&place.file).unwrap_or_default();
    let last = lines.keys().next_back().copied().unwrap_or(place.line);
    let known = texts.function(place).map(|function| function.end.start.line);
    let end = known.unwrap_or_else(|| body_end(text, place.line)).max(last);
    for (number, source) in
        (1..).zip(text.lines()).skip(place.line as usize - 1).take((end - place.line + 1) as usize)
    {
        let line = lines.get(&number).copied().unwrap_or_default();
        let (flat, cum, allocs) = (figure(line.flat), figure(line.cum), dot_or(line.allocs, count));
        let row = format!("{flat:>12}{cum:>12}{allocs:>9} {number:>5}  {source}");
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

fn figure(bytes: u64) -> String {
    dot_or(bytes, exact_bytes)
}

fn dot_or(value: u64, show: fn(u64) -> String) -> String {
    if value == 0 { ".".to_owned() } else { show(value) }
}

/// Of the function's own lines.
fn lines<'a>(sites: impl Iterator<Item = &'a Site>, file: &str) -> BTreeMap<u32, Line> {
    let mut lines: BTreeMap<u32, Line> = BTreeMap::new();
    for site in sites.filter(|site| site.op != Op::Free) {
        let Some(own) = site.chain.first().and_then(|frame| frame.place.as_ref()) else { continue };
        if own.file != file {
            continue;
        }
        let deeper = site.chain.iter().skip(1).any(Frame::is_written);
        let line = lines.entry(own.line).or_default();
        line.cum += site.bytes;
        line.allocs += site.count;
        if !deeper {
            line.flat += site.bytes;
        }
    }
    lines
}

/// The line of the brace that closes the function which starts at `start`, where the source could not be parsed. By
/// indentation, as rustfmt leaves it: the listing only has to end somewhere sensible.
fn body_end(text: &str, start: u32) -> u32 {
    let mut lines = (1..).zip(text.lines()).skip(start as usize - 1);
    let Some((_, first)) = lines.next() else { return start };
    let indent = first.len() - first.trim_start().len();
    let closes = |line: &str| {
        line.len() > indent && line[..indent].trim().is_empty() && line[indent..].starts_with('}')
    };
    lines.find(|(_, line)| closes(line)).map_or(start, |(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::body_end;

    #[test]
    fn a_function_ends_at_the_brace_under_its_first_line() {
        let text = "impl A {\n    fn f() {\n        if x {\n        }\n    }\n}\n";
        assert_eq!(body_end(text, 2), 5);
        assert_eq!(body_end(text, 1), 6);
        assert_eq!(body_end("fn f() {}", 1), 1);
    }
}
