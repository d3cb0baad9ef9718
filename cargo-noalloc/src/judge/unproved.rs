//! `unproved`: the proof does not know. That is not "no".

use super::Case;
use crate::model::{Doubt, Finding, Level, ProofState, Rule, Span};

/// One finding for each thing that stopped the analysis; one at the function's name when nothing can be pointed at.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    let here = || Span::point(case.hot.place.clone());
    let at_the_name =
        |reason: &str| vec![Finding { reason: reason.to_owned(), ..case.finding(Rule::Unproved, here()) }];
    match case.proof.state {
        ProofState::Unknown if case.proof.doubts.is_empty() => {
            at_the_name("the proof does not know, and not why")
        }
        ProofState::Unknown => case.proof.doubts.iter().map(|doubt| finding(case, doubt)).collect(),
        // Silence about these is fine for who asked for no proof.
        ProofState::Absent | ProofState::NotAnalysed if case.level(Rule::Unproved) < Level::Error => {
            Vec::new()
        }
        ProofState::Absent => at_the_name("it has no code in the audited binaries: nothing calls it there"),
        ProofState::NotAnalysed => at_the_name("its binary was not analysed: the problems say why"),
        ProofState::Proved | ProofState::MayAllocate => Vec::new(),
    }
}

fn finding(case: &Case<'_>, doubt: &Doubt) -> Finding {
    let source = doubt.site.source.as_ref();
    let span = source.map(|source| source.span.clone()).filter(|span| span.start.line > 0);
    let mut reason = format!("the proof stops at {}", doubt.cause);
    let candidates: Vec<String> =
        doubt.candidates.iter().take(4).map(|(name, state)| format!("`{name}` ({})", state.name())).collect();
    if !candidates.is_empty() {
        reason = format!("{reason}; it may be {}", candidates.join(", "));
    }
    Finding {
        chain: doubt.site.chain.clone(),
        reason,
        ..case.finding(Rule::Unproved, span.unwrap_or_else(|| Span::point(case.hot.place.clone())))
    }
}
