//! The last line: whether the check passed, and if not, what failed in the words of what was asked.

use super::super::proved;
use super::{Style, paint, paint_pass};
use crate::model::{FunctionVerdict, HotId, Level, Rule, Verdict};
use crate::numbers::plural;

/// `error: 2 of 4 hot functions use the heap, 1 is not proved; 1 is proved`
pub(super) fn render(verdict: &Verdict, style: Style) -> String {
    let error = paint("error", Level::Error, style);
    if verdict.functions.is_empty() {
        return format!("{error}: no hot function was seen");
    }
    let unseen = verdict.targets.iter().filter(|(_, status)| !status.ended_well()).count();
    if verdict.proof_only {
        let word = if verdict.passes() && unseen == 0 { paint_pass(style) } else { error };
        return format!("{word}: {}", proved::last_line(verdict));
    }
    let all = plural(verdict.functions.len() as u64, "hot function");
    let good = good(verdict);
    let failed = failed(verdict);
    if failed.is_empty() && verdict.passes() {
        let good: Vec<String> = good.iter().map(|(count, word)| format!("{count} {word}")).collect();
        let good = good.join(", ");
        if unseen > 0 {
            let targets = plural(unseen as u64, "target");
            return format!("{error}: {targets} did not show everything; {all}, {good}");
        }
        let warned = verdict
            .findings
            .iter()
            .any(|finding| finding.rule == Rule::Unexercised && finding.level == Level::Warning);
        let word = if warned { paint("warning", Level::Warning, style) } else { paint_pass(style) };
        return format!("{word}: {all}, {good}");
    }
    let level = if verdict.passes() { Level::Warning } else { Level::Error };
    let good: Vec<String> = good
        .iter()
        .map(|(count, word)| format!("{count} {} {word}", if *count == 1 { "is" } else { "are" }))
        .collect();
    let good = if good.is_empty() { String::new() } else { format!("; {}", good.join(", ")) };
    let failed = if failed.is_empty() { otherwise(verdict, &all) } else { failed };
    format!("{}: {failed}{good}", paint(&level.to_string(), level, style))
}

/// What failed, where it was none of the promises.
fn otherwise(verdict: &Verdict, all: &str) -> String {
    match verdict.findings.iter().filter(|finding| finding.level == Level::Error).count() {
        0 => format!("the baseline accepts more than {all} need"),
        errors => format!("{} in {all}", plural(errors as u64, "error")),
    }
}

/// What went well, and how often.
fn good(verdict: &Verdict) -> Vec<(usize, &'static str)> {
    let of =
        |wanted: FunctionVerdict| verdict.functions.iter().filter(|report| report.verdict == wanted).count();
    let good = [
        (of(FunctionVerdict::Proved), "proved"),
        (of(FunctionVerdict::Clean), "clean"),
        (of(FunctionVerdict::WithinBudget), "within budget"),
        (of(FunctionVerdict::Unexercised), "not called"),
    ];
    good.into_iter().filter(|(count, _)| *count > 0).collect()
}

/// Of how many functions what failed: `2 of 4 hot functions use the heap, 1 is not proved`. Empty where nothing did.
fn failed(verdict: &Verdict) -> String {
    let heap = [FunctionVerdict::Allocates, FunctionVerdict::Frees];
    let heap = verdict.functions.iter().filter(|report| heap.contains(&report.verdict)).count();
    let with = |rules: &[Rule]| {
        let errors = verdict.findings.iter().filter(|finding| finding.level == Level::Error);
        let mut hot: Vec<HotId> =
            errors.filter(|finding| rules.contains(&finding.rule)).map(|finding| finding.hot).collect();
        hot.sort_unstable();
        hot.dedup();
        hot.len()
    };
    let groups = [
        (heap, "uses the heap", "use the heap"),
        (with(&[Rule::MayAllocate, Rule::Unproved]), "is not proved", "are not proved"),
        (with(&[Rule::Unexercised]), "was not called", "were not called"),
    ];
    let mut said: Vec<String> = Vec::new();
    for (count, one, several) in groups.into_iter().filter(|(count, ..)| *count > 0) {
        let verb = if count == 1 { one } else { several };
        // The first says of how many.
        let of = if said.is_empty() {
            let all = verdict.functions.len() as u64;
            format!(" of {}", plural(all, "hot function"))
        } else {
            String::new()
        };
        said.push(format!("{count}{of} {verb}"));
    }
    let stale = verdict
        .findings
        .iter()
        .filter(|finding| finding.rule == Rule::StalePermit && finding.level == Level::Error);
    let stale = stale.count();
    if stale > 0 {
        let are = if stale == 1 { "is" } else { "are" };
        said.push(format!("{} {are} not needed", plural(stale as u64, "permit")));
    }
    said.join(", ")
}
