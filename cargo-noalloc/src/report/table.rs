//! The table: a row for each hot function, and for each benchmark that no one function stands for.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use crate::numbers::{count, per_op};
use crate::model::{Bench, FunctionVerdict, HotReport, Verdict, shorten};

const HEAD: [&str; 7] = ["function", "calls", "ns/op", "B/op", "allocs/op", "frees/op", "verdict"];

/// Cells of one line.
type Row = [String; 7];

/// The whole table; the verdicts coloured when `color` says so.
pub(super) fn render(verdict: &Verdict, color: bool) -> String {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let names = shorten(&names);
    let functions = verdict.functions.iter().zip(&names).map(|(report, name)| {
        let style = color.then(|| style(report.verdict));
        (function(report, name, &verdict.benches), style)
    });
    let stands_alone = |bench: &&Bench| bench.hot.is_none();
    let benches = verdict.benches.iter().filter(stands_alone).map(|bench| (benchmark(bench), None));
    let rows: Vec<(Row, Option<Ansi>)> = functions.chain(benches).collect();

    let head = HEAD.map(str::to_owned);
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            rows.iter().map(|(row, _)| row).chain([&head]).map(|row| row[column].chars().count()).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut out = String::new();
    line(&mut out, &head, &widths, None);
    for (row, style) in &rows {
        line(&mut out, row, &widths, *style);
    }
    out
}

fn function(report: &HotReport, name: &str, benches: &[Bench]) -> Row {
    let bench = benches.iter().find(|bench| bench.hot == Some(report.hot.id));
    let each = |total: u64| {
        if report.calls == 0 { "-".to_owned() } else { per_op(total as f64 / report.calls as f64) }
    };
    [
        name.to_owned(),
        count(report.calls),
        bench.and_then(Bench::ns_per_op).map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        each(report.bytes),
        each(report.allocs + report.reallocs),
        each(report.frees),
        report.verdict.name().to_owned(),
    ]
}

fn benchmark(bench: &Bench) -> Row {
    let each = |total: u64| per_op(bench.per_op(total));
    [
        bench.name.clone(),
        count(bench.recorded),
        bench.ns_per_op().map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        each(bench.bytes),
        each(bench.allocs + bench.reallocs),
        each(bench.frees),
        "(whole benchmark)".to_owned(),
    ]
}

/// Text to the left, numbers to the right.
fn line(out: &mut String, row: &Row, widths: &[usize], style: Option<Ansi>) {
    let last = row.len() - 1;
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let gap = if column == 0 { " " } else { "  " };
        // Writing to a String cannot fail.
        let _ = match (column, style) {
            (0, _) => write!(out, "{gap}{cell:<width$}"),
            (_, Some(style)) if column == last => write!(out, "{gap}{style}{cell}{style:#}"),
            _ if column == last => write!(out, "{gap}{cell}"),
            _ => write!(out, "{gap}{cell:>width$}"),
        };
    }
    out.push('\n');
}

fn style(verdict: FunctionVerdict) -> Ansi {
    match verdict {
        FunctionVerdict::Proved | FunctionVerdict::Clean | FunctionVerdict::WithinBudget => {
            AnsiColor::Green.on_default()
        }
        FunctionVerdict::Allocates | FunctionVerdict::Frees => AnsiColor::Red.on_default().bold(),
        FunctionVerdict::Unexercised => AnsiColor::Yellow.on_default(),
    }
}
