//! The table: a row for each hot function, and for each benchmark that no one function stands for or that shares its function.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use crate::model::{Bench, FunctionVerdict, HotId, HotReport, ProofState, Verdict, shorten};
use crate::numbers::{count, per_op, plural};

const HEAD: [&str; 9] =
    ["function", "calls", "ns/op", THROUGHPUT, "B/op", "allocs/op", "frees/op", "verdict", ""];

/// The column that is there when a benchmark says what it works through.
const THROUGHPUT: &str = "throughput";
const THROUGHPUT_AT: usize = 3;

/// The column that is coloured.
const VERDICT: usize = 7;

/// Cells of one line.
type Row = [String; 9];

/// The whole table; the verdicts coloured when `color` says so.
pub(super) fn render(verdict: &Verdict, color: bool) -> String {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let names = shorten(&names);
    let functions = verdict.functions.iter().zip(&names).map(|(report, name)| {
        let style = color.then(|| style(report.verdict));
        (function(report, name, &verdict.benches), style)
    });
    let stands_alone =
        |bench: &&Bench| bench.hot.is_none_or(|hot| only_bench(hot, &verdict.benches).is_none());
    let benches = verdict.benches.iter().filter(stands_alone).map(|bench| (benchmark(bench), None));
    let rows: Vec<(Row, Option<Ansi>)> = functions.chain(benches).collect();

    let head = HEAD.map(str::to_owned);
    let has_throughput = rows.iter().any(|(row, _)| !row[THROUGHPUT_AT].is_empty());
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            rows.iter().map(|(row, _)| row).chain([&head]).map(|row| row[column].chars().count()).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    // Without a width it is left out.
    let widths: Vec<Option<usize>> = widths
        .into_iter()
        .enumerate()
        .map(|(column, width)| (column != THROUGHPUT_AT || has_throughput).then_some(width))
        .collect();
    let mut out = String::new();
    line(&mut out, &head, &widths, None);
    for (row, style) in &rows {
        line(&mut out, row, &widths, *style);
    }
    out
}

fn function(report: &HotReport, name: &str, benches: &[Bench]) -> Row {
    let bench = only_bench(report.hot.id, benches);
    let each = |total: u64| {
        if report.calls == 0 { "-".to_owned() } else { per_op(total as f64 / report.calls as f64) }
    };
    [
        name.to_owned(),
        count(report.calls),
        bench.and_then(Bench::ns_per_op).map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        bench.map(throughput).unwrap_or_default(),
        each(report.bytes),
        each(report.allocs + report.reallocs),
        each(report.frees),
        report.verdict.name().to_owned(),
        more(report),
    ]
}

/// The benchmark that stands for the function; several take a row each, for none of them has the function's time.
fn only_bench(hot: HotId, benches: &[Bench]) -> Option<&Bench> {
    let mut own = benches.iter().filter(|bench| bench.hot == Some(hot));
    own.next().filter(|_| own.next().is_none())
}

/// What the verdict leaves open: memory that was not counted, and what the proof adds.
fn more(report: &HotReport) -> String {
    let uncounted = (report.calls > 0 && report.c_heap.is_none()).then(|| "C not counted".to_owned());
    let proof = Some(of_proof(report)).filter(|text| !text.is_empty());
    uncounted.into_iter().chain(proof).collect::<Vec<_>>().join(", ")
}

fn of_proof(report: &HotReport) -> String {
    match report.proof.state {
        ProofState::MayAllocate if report.may_allocate_at > 0 => {
            format!("may allocate at {}", plural(report.may_allocate_at as u64, "more place"))
        }
        ProofState::Unknown if report.verdict == FunctionVerdict::Clean => "unproved".to_owned(),
        ProofState::Proved if report.verdict == FunctionVerdict::Clean => match report.proof.may_free {
            Some(_) => "may free".to_owned(),
            None => "unproved".to_owned(),
        },
        ProofState::Proved if report.proof.assumption.is_some() => "on a condition".to_owned(),
        _ => String::new(),
    }
}

fn benchmark(bench: &Bench) -> Row {
    let each = |total: u64| per_op(bench.per_op(total));
    [
        bench.name.clone(),
        count(bench.recorded),
        bench.ns_per_op().map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        throughput(bench),
        each(bench.bytes),
        each(bench.allocs + bench.reallocs),
        each(bench.frees),
        "(whole benchmark)".to_owned(),
        String::new(),
    ]
}

/// `412.3 MB/s`, `2.4 M items/s`, or both; empty where the benchmark does not say what it works through.
fn throughput(bench: &Bench) -> String {
    let [bytes, items] = bench.throughput();
    let bytes = bytes.map(|bytes| {
        let (value, prefix) = scaled(bytes);
        format!("{value} {prefix}B/s")
    });
    let items = items.map(|items| match scaled(items) {
        (value, "") => format!("{value} items/s"),
        (value, prefix) => format!("{value} {prefix} items/s"),
    });
    bytes.into_iter().chain(items).collect::<Vec<_>>().join(", ")
}

/// A tenth where there are fewer than a thousand, and the prefix for thousands of thousands.
fn scaled(value: f64) -> (String, &'static str) {
    let (mut value, mut prefixes) = (value, ["", "k", "M", "G"].into_iter());
    let mut prefix = prefixes.next().unwrap_or_default();
    while value >= 999.95
        && let Some(next) = prefixes.next()
    {
        (value, prefix) = (value / 1e3, next);
    }
    (format!("{value:.1}"), prefix)
}

/// Text to the left, numbers to the right.
fn line(out: &mut String, row: &Row, widths: &[Option<usize>], style: Option<Ansi>) {
    let mut text = String::new();
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let Some(width) = width else { continue };
        let gap = if column == 0 { " " } else { "  " };
        let pad = " ".repeat(width - cell.chars().count());
        let cell = match style.filter(|_| column == VERDICT) {
            Some(style) => format!("{style}{cell}{style:#}"),
            None => cell.clone(),
        };
        let left = column == 0 || column >= VERDICT;
        let (before, after) = if left { ("", pad.as_str()) } else { (pad.as_str(), "") };
        // Writing to a String cannot fail.
        let _ = write!(text, "{gap}{before}{cell}{after}");
    }
    out.push_str(text.trim_end());
    out.push('\n');
}

/// The colour of a verdict.
pub(super) fn style(verdict: FunctionVerdict) -> Ansi {
    match verdict {
        FunctionVerdict::Proved | FunctionVerdict::Clean | FunctionVerdict::WithinBudget => {
            AnsiColor::Green.on_default()
        }
        FunctionVerdict::Allocates | FunctionVerdict::Frees => AnsiColor::Red.on_default().bold(),
        FunctionVerdict::MayAllocate | FunctionVerdict::MayFree => AnsiColor::Red.on_default().bold(),
        FunctionVerdict::Unexercised | FunctionVerdict::Unknown | FunctionVerdict::Absent => {
            AnsiColor::Yellow.on_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn large_figures_have_a_prefix() {
        let shown = [0.0, 999.9, 999.96, 412_345_678.0, 2.5e12].map(scaled);
        let shown = shown.map(|(value, prefix)| format!("{value} {prefix}"));
        assert_eq!(shown, ["0.0 ", "999.9 ", "1.0 k", "412.3 M", "2500.0 G"]);
    }
}
