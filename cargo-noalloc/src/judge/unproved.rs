//! `unproved`: the proof does not know, or it knows of a free that was promised away. Not known is not "no".

use std::collections::BTreeMap;

use super::Case;
use crate::model::{Doubt, Finding, Frame, Level, ObstacleKind, Op, ProofState, Reachable, Rule, Span};

/// More names than these say no more.
const MOST_NAMES: usize = 3;

/// One finding for each thing that stopped the analysis, and for each place that may free; one at the function's
/// name when nothing can be pointed at.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let at_the_name = |reason: &str| {
        let here = Span::point(case.hot.place.clone());
        vec![Finding { reason: reason.to_owned(), ..case.finding(Rule::Unproved, here) }]
    };
    match case.proof.state {
        ProofState::Unknown if case.proof.doubts.is_empty() => {
            at_the_name("the proof does not know, and not why")
        }
        ProofState::Unknown => doubts(case),
        // Silence about these is fine for who asked for no proof.
        ProofState::Absent | ProofState::NotAnalysed if case.level(Rule::Unproved) < Level::Error => {
            Vec::new()
        }
        // Another part may have its code.
        ProofState::Absent if case.governing.is_partial() => Vec::new(),
        ProofState::Absent if !case.proof.inlined_into.is_empty() => inlined_only(case),
        ProofState::Absent => at_the_name("it has no code in the audited binaries: nothing calls it there"),
        ProofState::NotAnalysed => at_the_name(
            "there is no proof of it: a block of `no_heap::guard` is counted only, and why a binary was not analysed \
             is among the problems",
        ),
        ProofState::Proved if case.keeps_its_promise() => Vec::new(),
        ProofState::Proved if case.proof.may_free == Some(true) => frees(case),
        ProofState::Proved => at_the_name("it cannot allocate, but whether it frees is not known"),
        ProofState::MayAllocate => Vec::new(),
    }
}

fn inlined_only(case: &Case<'_>) -> Vec<Finding> {
    let into = &case.proof.inlined_into;
    let names: Vec<String> = into.iter().take(MOST_NAMES).map(|name| format!("`{name}`")).collect();
    let more = into.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    vec![Finding {
        reason: format!("it has no code of its own: it was inlined into {}{more}", names.join(", ")),
        help: into.first().map(|name| format!("prove the function around it: `--fn '{name}'`")),
        ..case.finding(Rule::Unproved, Span::point(case.hot.place.clone()))
    }]
}

/// Instances of a generic function stop at the same place for the same reason: that is said once.
fn doubts(case: &Case<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for doubt in &case.proof.doubts {
        let finding = doubtful(case, doubt);
        let is_same = |other: &Finding| other.span == finding.span && other.obstacle == finding.obstacle;
        match findings.iter_mut().find(|other| is_same(other)) {
            Some(known) => {
                let new = finding.candidates.into_iter();
                let new: Vec<_> = new.filter(|candidate| !known.candidates.contains(candidate)).collect();
                known.candidates.extend(new);
            }
            None => findings.push(finding),
        }
    }
    findings
}

fn doubtful(case: &Case<'_>, doubt: &Doubt) -> Finding {
    let source = doubt.site.source.as_ref();
    let span = source.map(|source| source.span.clone()).filter(|span| span.start.line > 0);
    let at = match &doubt.called {
        Some(call) => {
            let object =
                call.of_trait.as_ref().map_or("a `dyn` value".to_owned(), |name| format!("a `dyn {name}`"));
            let from = doubt.obstacle.receiver.as_deref().unwrap_or_default();
            format!("`{}.{}()`: `{}` is {object} {from}", call.receiver, call.method, call.receiver)
        }
        None => doubt.obstacle.text.clone(),
    };
    Finding {
        chain: doubt.site.chain.clone(),
        dyn_trait: doubt.called.as_ref().and_then(|call| Some(format!("dyn {}", call.of_trait.as_ref()?))),
        obstacle: Some(doubt.obstacle.clone()),
        candidates: doubt.candidates.clone(),
        reason: format!("the proof stops at {}", at.trim_end()),
        help: help(doubt),
        ..case.finding(Rule::Unproved, span.unwrap_or_else(|| Span::point(case.hot.place.clone())))
    }
}

fn help(doubt: &Doubt) -> Option<String> {
    let Some(call) = &doubt.called else { return without_trait(doubt) };
    let bound = call.of_trait.as_ref()?;
    let all_proved = !doubt.candidates.is_empty()
        && doubt.candidates.iter().all(|candidate| candidate.state == ProofState::Proved);
    let known = if all_proved { "none of them can allocate, but another could be passed in; " } else { "" };
    Some(format!("{known}take `impl {bound}`: each type then has an instance of its own, and its own proof"))
}

/// What lets the proof go on where no trait's method is called.
fn without_trait(doubt: &Doubt) -> Option<String> {
    let obstacle = &doubt.obstacle;
    // What a library calls is not the reader's to change.
    let is_own = doubt.site.chain.last().is_some_and(Frame::is_user);
    let help = match obstacle.kind {
        ObstacleKind::DynamicCall if obstacle.text.starts_with("the destructor") => {
            "hand the value back to the caller instead of dropping it here"
        }
        ObstacleKind::FunctionPointer if is_own => {
            "a function that is known when it is compiled can be followed: a `const`, or a parameter `impl Fn(…)`"
        }
        ObstacleKind::DynamicCall if is_own => {
            "a function that is known when it is compiled can be followed: a `const`, or a generic parameter"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

/// One finding for each place that was not seen to free: that is `free-in-hot-path`'s.
fn frees(case: &Case<'_>) -> Vec<Finding> {
    let mut places: BTreeMap<Span, Vec<&Reachable>> = BTreeMap::new();
    for reachable in case.proof.reachable.iter().filter(|reachable| reachable.site.op == Op::Free) {
        let span = reachable.site.source.as_ref().map(|source| source.span.clone());
        let span = span.filter(|span| span.start.line > 0);
        let span = span.unwrap_or_else(|| Span::point(case.hot.place.clone()));
        if !case.groups.iter().any(|group| group.op == Op::Free && group.span == span) {
            places.entry(span).or_default().push(reachable);
        }
    }
    places.into_iter().map(|(span, reachable)| may_free(case, span, &reachable)).collect()
}

fn may_free(case: &Case<'_>, span: Span, reachable: &[&Reachable]) -> Finding {
    let always = reachable.iter().any(|reachable| reachable.always);
    let when = if always { "on every path that returns" } else { "on some paths" };
    let shown = reachable.iter().min_by_key(|reachable| reachable.site.chain.len());
    let chain: Vec<Frame> = shown.map(|shown| shown.site.chain.clone()).unwrap_or_default();
    let source = shown.and_then(|shown| shown.site.source.as_ref());
    Finding {
        op: Some(Op::Free),
        construct: source
            .and_then(|source| source.construct.as_ref())
            .map(|construct| construct.name.clone()),
        chain,
        reason: format!("it cannot allocate, but {when} memory may be freed here"),
        help: Some("where that is fine, say so: `#[no_heap(allow(free))]`".to_owned()),
        ..case.finding(Rule::Unproved, span)
    }
}
