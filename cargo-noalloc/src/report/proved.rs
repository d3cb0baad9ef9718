//! What `prove` puts in the place of the table of counts: one verdict for each function, and one last line.

use std::fmt::Write as _;

use super::table::style;
use crate::model::{FunctionVerdict, HotReport, Rule, Verdict, shorten};
use crate::numbers::plural;

/// A row for each function: its name, its verdict, and what the verdict rests on.
pub(super) fn table(verdict: &Verdict, color: bool) -> String {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let names = shorten(&names);
    let width = |longest: Option<usize>, head: &str| longest.unwrap_or(0).max(head.len());
    let name_width = width(names.iter().map(|name| name.chars().count()).max(), "function");
    let verdicts = verdict.functions.iter().map(|report| said(report.verdict));
    let verdict_width = width(verdicts.map(str::len).max(), "verdict");
    let mut out = format!(" {:<name_width$}  verdict\n", "function");
    for (report, name) in verdict.functions.iter().zip(&names) {
        let cell = format!("{:<verdict_width$}", said(report.verdict));
        let cell = if color { format!("{0}{cell}{0:#}", style(report.verdict)) } else { cell };
        let line = format!(" {name:<name_width$}  {cell}  {}", basis(report, verdict));
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for (report, name) in verdict.functions.iter().zip(&names) {
        if let Some(assumption) = report.proof.assumption.as_ref().filter(|_| is_proved(report)) {
            let _ = writeln!(out, "\n `{name}` is proved on the condition that {assumption}.");
        }
        if has_copies(report) {
            let into: Vec<String> =
                report.proof.inlined_into.iter().take(3).map(|name| format!("`{name}`")).collect();
            let more = if report.proof.inlined_into.len() > into.len() { " and others" } else { "" };
            let into = into.join(", ");
            let _ = writeln!(
                out,
                "\n `{name}` is also inlined into {into}{more}; its proof does not speak about that."
            );
        }
    }
    if verdict.functions.iter().any(|report| !report.hot.attributed && is_proved(report)) {
        out.push_str("\n Without `#[no_heap]`, a function is proved as it was compiled for this binary's own calls of it.\n");
    }
    out
}

/// `pass: 4 functions, all proved`; the word in front is the caller's, who knows how to paint it.
pub(super) fn last_line(verdict: &Verdict) -> String {
    let of = |wanted: FunctionVerdict| {
        verdict.functions.iter().filter(|report| report.verdict == wanted).count() as u64
    };
    let all = verdict.functions.len() as u64;
    let proved = of(FunctionVerdict::Proved);
    let open = [
        FunctionVerdict::MayAllocate,
        FunctionVerdict::MayFree,
        FunctionVerdict::Unknown,
        FunctionVerdict::Absent,
    ];
    if proved == all {
        return format!("{}, {}proved", plural(all, "function"), if all == 1 { "" } else { "all " });
    }
    let open = open.iter().map(|verdict| (of(*verdict), said(*verdict))).filter(|(count, _)| *count > 0);
    let open: Vec<String> = open
        .map(|(count, word)| match word {
            "unknown" | "absent" => format!("{count} {} {word}", if count == 1 { "is" } else { "are" }),
            _ => format!("{count} {word}"),
        })
        .collect();
    let proved = match proved {
        0 => String::new(),
        1 => "; 1 is proved".to_owned(),
        count => format!("; {count} are proved"),
    };
    let are = if all - of(FunctionVerdict::Proved) == 1 { "is" } else { "are" };
    let open_count = all - of(FunctionVerdict::Proved);
    format!("{open_count} of {} {are} not proved: {}{proved}", plural(all, "function"), open.join(", "))
}

fn has_copies(report: &HotReport) -> bool {
    report.verdict != FunctionVerdict::Absent && !report.proof.inlined_into.is_empty()
}

fn is_proved(report: &HotReport) -> bool {
    matches!(report.verdict, FunctionVerdict::Proved | FunctionVerdict::MayFree)
}

fn said(verdict: FunctionVerdict) -> &'static str {
    match verdict {
        FunctionVerdict::MayAllocate => "may allocate",
        FunctionVerdict::MayFree => "may free",
        verdict => verdict.name(),
    }
}

/// How many places, or on what condition.
pub(super) fn basis(report: &HotReport, verdict: &Verdict) -> String {
    let own = verdict.findings.iter().filter(|finding| finding.hot == report.hot.id);
    let count = |rule: Rule| own.clone().filter(|finding| finding.rule == rule).count() as u64;
    // What the proof could not follow may allocate as well.
    let all = !report.proof.truncated && report.proof.doubts.is_empty();
    let more = if all { "" } else { " or more" };
    match report.verdict {
        FunctionVerdict::MayAllocate => format!("at {}{more}", plural(count(Rule::MayAllocate), "place")),
        FunctionVerdict::MayFree => format!("at {}{more}", plural(count(Rule::Unproved), "place")),
        FunctionVerdict::Unknown => format!("stopped at {}", plural(count(Rule::Unproved), "place")),
        FunctionVerdict::Proved if report.proof.assumption.is_some() => "on a condition".to_owned(),
        FunctionVerdict::Proved if report.proof.may_free == Some(true) => {
            "may free, as it is allowed to".to_owned()
        }
        _ => String::new(),
    }
}
