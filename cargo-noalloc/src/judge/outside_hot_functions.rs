//! `outside-hot-functions`: iterations of a benchmark used the heap outside of every hot function. The table shows that at the
//! benchmark and at none of its functions, so the report says where.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::policy::Governing;
use crate::model::{
    self, Affected, Bench, Finding, Frame, HotFn, HotId, Label, Op, Policy, Rule, Site, Span,
};
use crate::numbers::{per_op, plural};

/// Places that are named in one finding.
const MOST: usize = 5;

const DROP: &str = "the drop of what an iteration returns";

const HELP_FOR_DROP: &str = "`b.iter_with_setup(…)` drops what an iteration returns outside of the counts";

const HELP: &str = "make what an iteration needs before `b.iter(…)` or in the setup of `b.iter_with_setup(…)`; or put \
                    `#[no_heap]` on the function that does this, if it is part of the hot path";

/// One for each benchmark function; of its arguments the one that does most stands for all.
pub(super) fn find(benches: &[Bench], policy: &Policy) -> Vec<Finding> {
    let mut functions: BTreeMap<_, Vec<&Bench>> = BTreeMap::new();
    for bench in benches.iter().filter(|bench| bench.recorded > 0) {
        functions.entry((&bench.target, &bench.place)).or_default().push(bench);
    }
    functions.into_values().filter_map(|of_function| finding(&of_function, policy)).collect()
}

fn finding(of_function: &[&Bench], policy: &Policy) -> Option<Finding> {
    let first = of_function.first()?;
    // Settings are asked for as if the benchmark were hot.
    let name = first.name.split('/').next().unwrap_or_default();
    let around = HotFn::unpromised(HotId(0), name.to_owned(), first.place.clone());
    let governing = Governing::new(policy, &around);
    let level = governing.level(&around, Rule::OutsideHotFunctions)?;
    let counts = |site: &&Site| governing.ignores(Rule::OutsideHotFunctions, &site.chain).is_none();
    let all =
        of_function.iter().map(|bench| (*bench, bench.outside.iter().filter(counts).collect::<Vec<_>>()));
    let used: Vec<(&Bench, Vec<&Site>)> = all.filter(|(_, sites)| !sites.is_empty()).collect();
    let events = |(bench, sites): &&(&Bench, Vec<&Site>)| {
        // Compared in millionths of an event: what an iteration does is no whole number.
        let events: u64 = sites.iter().map(|site| site.count).sum();
        u128::from(events) * 1_000_000 / u128::from(bench.recorded)
    };
    // Of several that do as much, the first.
    let (bench, sites) = used.iter().rev().max_by_key(events)?;
    let places = places(sites);
    let is_drop = places.iter().all(|(place, _)| place.name == DROP);
    let label = |(place, count): &(Place, u64)| {
        let text = format!("{} in each iteration", times(bench, place.op, *count));
        Some(Label { span: place.span.clone()?, text })
    };
    Some(Finding {
        function: Some(bench.name.clone()),
        construct: places.first().and_then(|(place, _)| place.construct.clone()),
        count: sites.iter().map(|site| site.count).sum(),
        reallocs: sites.iter().filter(|site| site.op == Op::Realloc).map(|site| site.count).sum(),
        affected: Affected { at_least: 0, at_most: bench.recorded },
        calls: bench.recorded,
        bytes: sites.iter().filter(|site| site.op != Op::Free).map(|site| site.bytes).sum(),
        labels: places.iter().take(MOST).filter_map(label).collect(),
        reason: reason(bench, sites, &places, used.len() - 1),
        help: Some(if is_drop { HELP_FOR_DROP } else { HELP }.to_owned()),
        ..Finding::new(Rule::OutsideHotFunctions, level, around.id, Span::point(bench.place.clone()))
    })
}

/// One operation at one place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    op: Op,
    /// `None` outside of the reader's code.
    span: Option<Span>,
    construct: Option<String>,
    /// As the note calls it.
    name: String,
}

impl Place {
    fn of(site: &Site) -> Place {
        let source = site.source.as_ref().filter(|source| source.span.start.line > 0);
        let construct = source.and_then(|source| source.construct.as_ref());
        let construct = construct.map(|construct| construct.name.clone());
        let name = match source.map(|source| &source.span.start) {
            Some(model::Place { file, line, column }) => {
                let what = construct.as_ref().map(|construct| format!("`{construct}` at "));
                format!("{}{file}:{line}:{column}", what.unwrap_or_default())
            }
            None => outermost(site),
        };
        Place { op: site.op, span: source.map(|source| source.span.clone()), construct, name }
    }
}

/// What the harness calls that is no code of the reader's: a function that `b.iter` was given, or the drop of what such a
/// function, or one of the reader's, returns.
fn outermost(site: &Site) -> String {
    let is_shim = |frame: &&Frame| frame.function.as_str().contains("core::ops::function::Fn");
    let outermost = site.chain.iter().find(|frame| !is_shim(frame)).filter(|_| site.cut.is_none());
    match outermost {
        None => "at places that are not known".to_owned(),
        Some(frame) if frame.function.as_str() == "core::mem::drop" => DROP.to_owned(),
        Some(frame) => format!("inside `{}`", frame.function),
    }
}

/// Each with its events, the worst first.
fn places(sites: &[&Site]) -> Vec<(Place, u64)> {
    let mut places: BTreeMap<Place, u64> = BTreeMap::new();
    for site in sites {
        *places.entry(Place::of(site)).or_default() += site.count;
    }
    let mut places: Vec<(Place, u64)> = places.into_iter().collect();
    // Stable: places that do as much stay by operation and place.
    places.sort_by_key(|(_, count)| Reverse(*count));
    places
}

/// `2 allocations and 2 frees in each iteration: …, …; and 2 more places`
fn reason(bench: &Bench, sites: &[&Site], places: &[(Place, u64)], others: usize) -> String {
    let sum = |op: Op| sites.iter().filter(|site| site.op == op).map(|site| site.count).sum::<u64>();
    let each = [Op::Alloc, Op::Realloc, Op::Free].map(|op| (op, sum(op)));
    let each: Vec<String> =
        each.iter().filter(|(_, count)| *count > 0).map(|(op, count)| times(bench, *op, *count)).collect();
    let all = match &each[..] {
        [front @ .., last] if !front.is_empty() => format!("{} and {last}", front.join(", ")),
        _ => each.concat(),
    };
    let in_words =
        |(place, count): &(Place, u64)| format!("{} ({})", place.name, times(bench, place.op, *count));
    let named: Vec<String> = places.iter().take(MOST).map(in_words).collect();
    let mut text = format!("{all} in each iteration: {}", named.join(", "));
    if places.len() > MOST {
        text = format!("{text}; and {}", plural((places.len() - MOST) as u64, "more place"));
    }
    match others {
        0 => text,
        1 => format!("{text}; with another argument as well"),
        others => format!("{text}; with {others} other arguments as well"),
    }
}

/// `1 allocation`, `0.5 frees`
fn times(bench: &Bench, op: Op, count: u64) -> String {
    let one = match op {
        Op::Alloc => "allocation",
        Op::Realloc => "reallocation",
        Op::Free => "free",
    };
    let each = per_op(bench.per_op(count));
    if each == "1" { format!("1 {one}") } else { format!("{each} {one}s") }
}
