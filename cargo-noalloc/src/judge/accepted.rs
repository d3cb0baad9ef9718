//! Findings against a baseline: what is accepted passes, what is new or worse fails, what is gone is said.

use std::collections::BTreeMap;

use crate::model::{
    Compared, Debt, Finding, HotReport, Identity, Level, Rule, Standing, Texts, Verdict, Weight,
};
use crate::numbers::plural;
use crate::quoting;

/// Characters of an expression that tell it from others.
const CODE: usize = 120;

/// The debt that the errors of a check come to, in the order of their identities.
pub(crate) fn debts(verdict: &Verdict, texts: &Texts) -> Vec<Debt> {
    let mut debts: BTreeMap<Identity, (u64, Weight)> = BTreeMap::new();
    for finding in verdict.findings.iter().filter(|finding| finding.level == Level::Error) {
        let Some(report) = report_of(finding, verdict) else { continue };
        let weight = weight(finding, report);
        let (places, heaviest) = debts.entry(identity(finding, report, texts)).or_insert((0, weight));
        *places += 1;
        *heaviest = heaviest.max(weight);
    }
    debts.into_iter().map(|(identity, (places, weight))| Debt { identity, places, weight }).collect()
}

/// Marks every error as accepted, new or worse, and makes notes of the accepted ones.
pub(crate) fn compare(verdict: &mut Verdict, texts: &Texts, baseline: &[Debt], strict: bool) {
    let mut open: Vec<Debt> = baseline.to_vec();
    let mut standings: Vec<Option<Standing>> = vec![None; verdict.findings.len()];
    let mut tighter = Vec::new();
    // First those whose expression is still the same, then those where only that has changed.
    let same: fn(&Identity, &Identity) -> bool = |a, b| a == b;
    for alike in [same, Identity::is_like] {
        for (finding, standing) in verdict.findings.iter().zip(&mut standings) {
            let report = report_of(finding, verdict).filter(|_| finding.level == Level::Error);
            let Some(report) = report.filter(|_| standing.is_none()) else { continue };
            let identity = identity(finding, report, texts);
            let Some(debt) = open.iter_mut().find(|debt| debt.places > 0 && alike(&debt.identity, &identity))
            else {
                continue;
            };
            debt.places -= 1;
            let now = weight(finding, report);
            *standing = Some(match now.exceeds(&debt.weight) {
                true => Standing::Worse { accepted: debt.weight },
                false => Standing::Accepted,
            });
            // Of several places the heaviest alone is kept: a lighter one is no progress.
            let alone = baseline.iter().any(|debt| debt.places == 1 && debt.identity == identity);
            if alone && debt.weight.exceeds(&now) {
                tighter.push(format!("{} takes less than is accepted", in_words(&identity)));
            }
        }
    }
    for debt in open.iter().filter(|debt| debt.places > 0 && was_looked_at(&debt.identity, verdict)) {
        let places =
            if debt.places == 1 { String::new() } else { format!(" at {}", plural(debt.places, "place")) };
        tighter.push(format!("{} is gone{places}", in_words(&debt.identity)));
    }
    tighter.sort();
    let mut accepted = 0;
    for (finding, standing) in verdict.findings.iter_mut().zip(standings) {
        if finding.level != Level::Error {
            continue;
        }
        if standing == Some(Standing::Accepted) {
            finding.level = Level::Note;
            accepted += 1;
        }
        finding.standing = Some(standing.unwrap_or(Standing::New));
    }
    verdict.compared = Some(Compared { accepted, tighter, strict });
}

/// `` `Box::new` in `app::run` (heap-in-hot-path) ``
pub(crate) fn in_words(identity: &Identity) -> String {
    let what = identity.code.as_ref().or(identity.construct.as_ref());
    let what = what.map(|what| format!("{} in ", quoting::code(what))).unwrap_or_default();
    format!("{what}`{}` ({})", identity.function, identity.rule)
}

/// Whether this check could have seen the finding: a function that nobody called shows nothing.
pub(crate) fn was_looked_at(identity: &Identity, verdict: &Verdict) -> bool {
    let counted = matches!(identity.rule, Rule::HeapInHotPath | Rule::FreeInHotPath | Rule::OverBudget);
    let known = verdict.functions.iter().find(|report| report.hot.name == identity.function);
    known.is_some_and(|report| report.calls > 0 || !counted)
}

fn report_of<'a>(finding: &Finding, verdict: &'a Verdict) -> Option<&'a HotReport> {
    verdict.functions.iter().find(|report| report.hot.id == finding.hot)
}

fn identity(finding: &Finding, report: &HotReport, texts: &Texts) -> Identity {
    let hot = &report.hot.name;
    let innermost = finding.chain.iter().rev().find(|frame| frame.is_user());
    let within = innermost.map(|frame| frame.function.as_str().to_owned()).filter(|within| within != hot);
    // What is said of the whole function stands at its name, and that is known already.
    let code = if finding.span.start == report.hot.place { None } else { code(finding, texts) };
    Identity {
        function: hot.clone(),
        rule: finding.rule,
        op: finding.op,
        construct: finding.construct.clone(),
        within,
        code,
    }
}

/// The expression on one line.
fn code(finding: &Finding, texts: &Texts) -> Option<String> {
    let span = &finding.span;
    let text = texts.get(&span.start.file)?;
    let first = span.start.line.checked_sub(1)? as usize;
    let count = span.end_line.checked_sub(span.start.line)? as usize;
    let mut code = String::new();
    for (number, line) in text.lines().enumerate().skip(first).take(count + 1) {
        let from = if number == first { span.start.column.saturating_sub(1) as usize } else { 0 };
        let to =
            if number == first + count { span.end_column.saturating_sub(1) as usize } else { usize::MAX };
        code.extend(line.chars().take(to).skip(from));
        code.push(' ');
    }
    let folded = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = folded.chars().take(CODE).collect();
    (!short.is_empty()).then_some(short)
}

fn weight(finding: &Finding, report: &HotReport) -> Weight {
    if finding.rule == Rule::OverBudget {
        return Weight { per_call: report.max_requests, bytes: report.max_bytes, pattern: None };
    }
    Weight {
        per_call: finding.count.div_ceil(finding.affected.at_least.max(1)),
        bytes: finding.sizes.map_or(0, |sizes| sizes.max),
        pattern: finding.pattern,
    }
}
