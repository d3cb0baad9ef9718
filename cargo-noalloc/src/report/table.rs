//! The table at a terminal: columns of text and numbers.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::rows;
use crate::model::{FunctionVerdict, Verdict};

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
    let rows: Vec<(Row, Option<Ansi>)> = rows::of(verdict)
        .into_iter()
        .map(|row| {
            let style = row.of.filter(|_| color).map(|report| style(report.verdict));
            (cells(row), style)
        })
        .collect();

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

fn cells(row: rows::Row<'_>) -> Row {
    let (verdict, more) = row.verdict();
    let rows::Row { name, calls, ns, throughput, bytes, allocs, frees, .. } = row;
    [name, calls, ns, throughput, bytes, allocs, frees, verdict.to_owned(), more]
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
