//! The sentences of a finding. Fixed words; the figures come from the run.

use no_heap::record::FRAMES;

use crate::model::{
    Candidate, Cut, Escape, Finding, Ignored, IgnoredCode, Op, Pattern, ProofState, Rule, Standing, Verdict,
    implementation,
};
use crate::numbers::{affected, bytes, count, plural, range, requests, sizes};

/// More candidates than these say no more to a reader; the JSON report has all.
const MOST_CANDIDATES: usize = 8;

/// `` `algo_one` allocates 24 bytes on every call ``
pub(in crate::report) fn title(finding: &Finding, function: &str) -> String {
    let size = finding.sizes.map(range).unwrap_or_default();
    let does = match (finding.rule, finding.op) {
        (Rule::Unexercised, _) => return format!("`{function}` was called by no audited target"),
        (Rule::OutsideHotFunctions, _) => {
            let name = finding.function.as_deref().unwrap_or_default();
            return format!("benchmark `{name}` uses the heap outside of its hot functions");
        }
        (Rule::StalePermit, _) => {
            let reason =
                finding.construct.as_ref().map(|reason| format!(" \"{reason}\"")).unwrap_or_default();
            return format!("the permit{reason} is not needed");
        }
        (Rule::MayAllocate, _) => return format!("`{function}` may allocate here"),
        (Rule::Unproved, Some(Op::Free)) => return format!("`{function}` may free here"),
        (Rule::Unproved, _) => return format!("`{function}` is not proved"),
        (Rule::OverBudget, _) => return format!("`{function}` goes beyond its budget: {}", finding.reason),
        (_, Some(Op::Alloc)) => "allocates",
        (_, Some(Op::Realloc)) => "resizes memory to",
        (_, Some(Op::Free)) => "frees",
        (_, None) => return format!("`{function}`: {}", finding.reason),
    };
    format!("`{function}` {does} {size} {}", when(finding))
}

/// `on every call`, `in 322 of 10,000 calls`
fn when(finding: &Finding) -> String {
    match finding.pattern {
        Some(Pattern::EveryCall) | None => "on every call".to_owned(),
        Some(Pattern::FirstCall) => "on the first call only".to_owned(),
        Some(Pattern::WarmUp) => "while warming up".to_owned(),
        Some(Pattern::Growth) => {
            format!("while growing: {} in {} calls", plural(finding.count, "time"), count(finding.calls))
        }
        Some(Pattern::Sporadic) => {
            format!("in {} of {} calls", affected(finding.affected), count(finding.calls))
        }
    }
}

/// What the baseline lets pass, as the end of the last line.
pub(in crate::report) fn accepted(verdict: &Verdict) -> String {
    match &verdict.compared {
        Some(compared) if compared.accepted > 0 => {
            format!("; {} accepted by the baseline", plural(compared.accepted as u64, "finding"))
        }
        _ => String::new(),
    }
}

/// What the baseline accepted where it is now more.
pub(in crate::report) fn worse(finding: &Finding) -> Option<String> {
    let Some(Standing::Worse { accepted }) = &finding.standing else { return None };
    let when = accepted.pattern.map(|pattern| format!(", {}", pattern.name().replace('-', " ")));
    let (times, when) = (plural(accepted.per_call, "time"), when.unwrap_or_default());
    Some(format!("the baseline accepts less: {times} a call, up to {}{when}", bytes(accepted.bytes)))
}

/// `` 1,000 uses of the heap by `app::log` are ignored in the crate `tracing`: a switch turns it on ``
pub(in crate::report) fn ignored(ignored: &Ignored) -> String {
    let code = match &ignored.by.code {
        IgnoredCode::Crate(name) => format!("the crate `{name}`"),
        IgnoredCode::Path(path) => format!("`{path}`"),
    };
    let (uses, size) = (plural(ignored.count, "use"), bytes(ignored.bytes));
    let are = if ignored.count == 1 { "is" } else { "are" };
    let Ignored { by, function, .. } = ignored;
    format!("{uses} of the heap by `{function}` ({size}) {are} ignored in {code}: {}", by.reason)
}

/// `1 allocation a call, always 24 bytes; freed before the call returns`
pub(in crate::report) fn label(finding: &Finding) -> String {
    if let Some((sum, _)) = outside(finding) {
        return sum.to_owned();
    }
    // Nothing happened there: the reason is all there is.
    let (Some(op), Some(size)) = (finding.op, finding.sizes) else { return finding.reason.clone() };
    let calls = finding.affected.at_least.max(1);
    let of_each = [finding.count, finding.reallocs].iter().all(|events| events.is_multiple_of(calls));
    let events = |each: u64| match op {
        Op::Free => plural(finding.count / each, "free"),
        _ => requests(finding.count / each, finding.reallocs / each),
    };
    let times = if finding.pattern == Some(Pattern::EveryCall) && of_each {
        format!("{} a call", events(calls))
    } else {
        events(1)
    };
    let size = sizes(size);
    match escape(finding) {
        Some(fate) => format!("{times}, {size}; {fate}"),
        None => format!("{times}, {size}"),
    }
}

/// Of `outside-hot-functions`, what the iterations do, and where.
fn outside(finding: &Finding) -> Option<(&str, &str)> {
    finding.reason.split_once(": ").filter(|_| finding.rule == Rule::OutsideHotFunctions)
}

/// The places of `outside-hot-functions`: those in other files have no label.
pub(super) fn places(finding: &Finding) -> Option<String> {
    outside(finding).map(|(_, places)| format!("in each iteration: {places}"))
}

/// Why a stack does not begin at the hot function.
pub(in crate::report) fn cut(cut: Cut) -> String {
    match cut {
        Cut::Deep => format!("the stack was cut at {FRAMES} frames: what lies further out is not known"),
        Cut::Crowded => {
            "only the innermost frames are known: there was no room for more whole stacks".to_owned()
        }
        Cut::Broken => "the stack could not be walked to its end: frames may be missing".to_owned(),
    }
}

/// `… 95 more frames like this one …`
pub(in crate::report) fn again(more: usize, of: usize) -> String {
    let like = if of == 1 { "this one".to_owned() } else { format!("these {of}") };
    format!("… {more} more frames like {like} …")
}

/// Nothing where it is not known.
fn escape(finding: &Finding) -> Option<&'static str> {
    match finding.escape {
        // The place says it better, where it is shown.
        Escape::Temporary if finding.freed_at.is_some() => None,
        Escape::Temporary => Some("freed before the call returns"),
        Escape::Escapes { all: true } => Some("escapes: still alive when the call returns"),
        Escape::Escapes { all: false } => Some("some of it escapes: still alive when the call returns"),
        Escape::Unknown => None,
    }
}

/// `1,000 of 1,000 calls; it never leaves the function`
pub(in crate::report) fn note(finding: &Finding, function: &str) -> Option<String> {
    finding.sizes?;
    // Of first calls the title says all there is to know.
    let calls = if finding.pattern == Some(Pattern::FirstCall) && !finding.affected.is_exact() {
        String::new()
    } else {
        format!("{} of {} calls, ", affected(finding.affected), count(finding.calls))
    };
    let total = format!("{} in all", bytes(finding.bytes));
    Some(match finding.escape {
        Escape::Temporary => format!("{calls}{total}; it never leaves `{function}`"),
        Escape::Escapes { all: true } => format!("{calls}{total}; it outlives the call"),
        Escape::Escapes { all: false } => format!("{calls}{total}; some of it outlives the call"),
        Escape::Unknown => format!("{calls}{total}"),
    })
}

/// The functions that a call in doubt may go to, one a line, with what is known of each.
pub(super) fn candidates(candidates: &[Candidate]) -> Option<String> {
    let names: Vec<String> = candidates.iter().map(|candidate| implementation(&candidate.name)).collect();
    let width = names.iter().take(MOST_CANDIDATES).map(|name| name.chars().count()).max()?;
    let known = |state| match state {
        ProofState::Proved => "cannot allocate",
        ProofState::MayAllocate => "may allocate",
        _ => "unknown",
    };
    let lines = names.iter().zip(candidates).take(MOST_CANDIDATES);
    let lines = lines.map(|(name, candidate)| format!("\n  {name:<width$}  {}", known(candidate.state)));
    let more = candidates.len().saturating_sub(MOST_CANDIDATES);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    let of = plural(candidates.len() as u64, "function");
    Some(format!("{of} of this binary may be called there:{}{more}", lines.collect::<String>()))
}
