//! `may-allocate`: nothing happened there in the calls that were made, but the code can reach the allocator.

use std::collections::BTreeMap;

use super::Case;
use super::group::Group;
use crate::model::{Accounting, Escape, Finding, Level, Op, ProofState, Reachable, Rule, Span, accounting};
use crate::numbers::plural;
use crate::quoting::code;

/// One finding for each place that was not seen to allocate.
pub(super) fn find(case: &Case<'_>) -> Vec<Finding> {
    // Whoever allows some allocations is told of none, unless a proof is asked for: a budget is counted.
    let is_expected = case.hot.promise.has_budget() && case.level(Rule::MayAllocate) < Level::Error;
    if case.proof.state != ProofState::MayAllocate || is_expected {
        return Vec::new();
    }
    let mut places: BTreeMap<Span, Vec<&Reachable>> = BTreeMap::new();
    for reachable in &case.proof.reachable {
        let Some(source) = &reachable.site.source else { continue };
        if reachable.site.op != Op::Free && !was_seen(case.groups, &source.span, reachable) {
            places.entry(source.span.clone()).or_default().push(reachable);
        }
    }
    places.into_iter().map(|(span, reachable)| finding(case, span, &reachable)).collect()
}

/// What happened is said by `heap-in-hot-path` already: at this place, or at one further in that was reached through it.
fn was_seen(groups: &[Group], span: &Span, reachable: &Reachable) -> bool {
    let call = reachable.site.user_frame().and_then(|frame| frame.place.as_ref());
    let passed = |group: &Group| call.is_some_and(|call| group.passed.contains(call));
    groups.iter().any(|group| group.op != Op::Free && (group.span == *span || passed(group)))
}

/// What the calls say of it: nothing where they cannot know.
fn seen(case: &Case<'_>, reachable: &[&Reachable]) -> String {
    let counts = case.counts;
    let uncounted = reachable
        .iter()
        .find(|reachable| accounting(&reachable.allocator, case.is_c_counted) == Accounting::Nothing);
    match (counts.calls, uncounted) {
        _ if case.governing.is_proof_only() => String::new(),
        (0, _) => "; no target called the function".to_owned(),
        // Something happened at places that nobody knows, or that answer for themselves.
        _ if counts.unsited + counts.permitted + counts.unwinding > 0 => String::new(),
        (_, Some(Reachable { allocator, .. })) => format!("; what `{allocator}` takes is not counted"),
        (calls, None) => format!("; never taken in {}", plural(calls, "call")),
    }
}

fn finding(case: &Case<'_>, span: Span, reachable: &[&Reachable]) -> Finding {
    // The shortest way, and of those the first: the one that a reader understands soonest.
    let shown = reachable.iter().min_by_key(|reachable| reachable.site.chain.len());
    let source = shown.and_then(|shown| shown.site.source.as_ref());
    let always = reachable.iter().any(|reachable| reachable.always);
    let construct =
        source.and_then(|source| source.construct.as_ref()).map(|construct| construct.name.clone());
    let what = construct.clone().map_or_else(|| "this call".to_owned(), |name| code(&name));
    let when = if always { "on every path that returns" } else { "on some paths" };
    let seen = seen(case, reachable);
    let span = if span.start.line == 0 { Span::point(case.hot.place.clone()) } else { span };
    Finding {
        construct,
        dyn_trait: source.and_then(|source| source.object.as_ref()).map(|object| object.name.clone()),
        op: shown.map(|shown| shown.site.op),
        escape: Escape::Unknown,
        chain: shown.map(|shown| shown.site.chain.clone()).unwrap_or_default(),
        help: case
            .hot
            .promise
            .has_budget()
            .then(|| "its budget is counted, not proved: `cargo noalloc check` holds it to that".to_owned()),
        reason: format!("{what} can reach the allocator {when}{seen}"),
        ..case.finding(Rule::MayAllocate, span)
    }
}

#[cfg(test)]
mod tests {
    use super::was_seen;
    use crate::judge::group::by_place;
    use crate::model::{
        Calls, CodePlace, Frame, FunctionName, HotId, NoSource, Op, Origin, Place, Reachable, Site,
        SiteSource, Sizes, Span, Streams,
    };

    fn frame(function: &str, origin: Origin, line: u32) -> Frame {
        let place = Some(CodePlace { file: "src/lib.rs".to_owned(), line, byte_column: 5 });
        Frame { function: FunctionName::new(function), place, inlined: false, origin }
    }

    fn span(line: u32) -> Span {
        Span::point(Place { file: "src/lib.rs".to_owned(), line, column: 5 })
    }

    fn site(chain: Vec<Frame>, line: u32) -> Site {
        let expression = Err(NoSource::Nothing);
        let source = SiteSource {
            span: span(line),
            expression,
            construct: None,
            object: None,
            lazy: None,
            lending: Vec::new(),
        };
        Site {
            hot: HotId(1),
            op: Op::Alloc,
            c_function: None,
            process: 0,
            chain,
            count: 1,
            bytes: 8,
            sizes: Sizes { min: 8, max: 8 },
            calls: Calls { affected: 1, exact: true, first: 1, last: 1, streams: Streams::NONE },
            freed: 0,
            escaped: 1,
            untracked: 0,
            whose: None,
            freed_by: None,
            source: Some(source),
            cut: None,
        }
    }

    /// The proof ends at the call of `then`, the count inside of the closure.
    #[test]
    fn a_call_was_taken_when_memory_was_taken_through_it() {
        let then = frame("app::hot", Origin::User, 3);
        let closure = frame("app::hot::{closure#0}", Origin::User, 4);
        let std = |name: &str| frame(name, Origin::Std, 900);
        let counted = vec![then.clone(), std("core::bool::then"), closure, std("alloc::boxed::Box::new")];
        let groups = by_place(&[vec![site(counted, 4)]], |_| true).remove(&HotId(1)).unwrap_or_default();
        let check = |call: Frame, line, expected| {
            let chain = vec![call, std("core::bool::then"), std("alloc::alloc::alloc")];
            let allocator = "__rust_alloc".to_owned();
            let reachable = Reachable { site: site(chain, line), always: false, allocator };
            assert_eq!(was_seen(&groups, &span(line), &reachable), expected, "{line}");
        };
        check(then, 3, true);
        check(frame("app::hot", Origin::User, 7), 7, false);
    }
}
