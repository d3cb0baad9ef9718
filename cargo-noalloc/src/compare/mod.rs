//! Two reports become a comparison: times with a test of significance, counts exactly, sites by what they are.

mod saved;
mod significance;
mod source;
mod turns;

pub(crate) use saved::{Made, keep, made, parse, read_file, read_saved, refuse_name, save};
pub(crate) use source::Source;
pub(crate) use turns::take_turns;

use crate::model::{
    BenchChange, Change, Comparison, Figure, Measured, MeasuredBench, MeasuredSite, TimeChange,
};

/// Compares; `threshold` is the increase of a time in per cent that is worse. With `rounds`, a benchmark's samples
/// are the medians of that many, in which the two sides took turns.
pub(crate) fn compare(old: Measured, new: Measured, threshold: f64, rounds: Option<u32>) -> Comparison {
    let (pairs, only) = pair(&old.benches, &new.benches);
    let benches: Vec<BenchChange> =
        pairs.iter().map(|(old, new)| bench(old, new, threshold, rounds.is_some())).collect();
    let mut notes = notes(&old, &new);
    if rounds.is_none() && pairs.iter().any(|(old, new)| old.ns.is_some() && new.ns.is_some()) {
        notes.push(
            "the two were measured at two times: what the machine did then is part of the differences in time"
                .to_owned(),
        );
    }
    notes.extend(benches.iter().filter_map(|bench| {
        let which = match bench.time?.figure {
            Figure::Median => return None,
            Figure::Quartile => "that a quarter of the samples of each round stay below",
            Figure::Fastest => "of the fastest sample of each round",
        };
        Some(format!(
            "`{}`: its times are those {which}, which differ: the medians are too scattered",
            bench.name
        ))
    }));
    let uneven = pairs.iter().filter(|(old, new)| !steady(old, new) && counts_differ(old, new));
    notes.extend(uneven.map(|(old, new)| {
        format!(
            "`{}` was counted over {} and {} iterations, and its figures are no whole numbers: what is rare \
             weighs less in more iterations",
            new.name,
            old.recorded.unwrap_or_default(),
            new.recorded.unwrap_or_default()
        )
    }));
    let began = began(&old.sites, &new.sites);
    let unknown = began.iter().filter(|function| !old.functions.contains(function)).cloned().collect();
    let (appeared, vanished, moved) = sites(old.sites, new.sites);
    Comparison {
        geometric_mean: geometric_mean(&benches),
        names: [old.name, new.name],
        threshold,
        rounds,
        benches,
        only,
        appeared,
        vanished,
        moved,
        began,
        unknown,
        notes,
        incomplete: !new.unfinished.is_empty(),
    }
}

/// Targets with a benchmark that both sides have.
pub(crate) fn common_targets([old, new]: &[Measured; 2]) -> Vec<String> {
    pair(&old.benches, &new.benches).0.into_iter().map(|(_, new)| new.target.clone()).collect()
}

/// Benchmarks of one target and name, in order; and what is left of each side.
fn pair<'a>(
    old: &'a [MeasuredBench],
    new: &'a [MeasuredBench],
) -> (Vec<(&'a MeasuredBench, &'a MeasuredBench)>, [Vec<String>; 2]) {
    let mut left: Vec<&MeasuredBench> = old.iter().collect();
    let (mut pairs, mut only_new) = (Vec::new(), Vec::new());
    for new in new {
        match left.iter().position(|old| (&old.target, &old.name) == (&new.target, &new.name)) {
            Some(at) => pairs.push((left.remove(at), new)),
            None => only_new.push(label(new)),
        }
    }
    (pairs, [left.into_iter().map(label).collect(), only_new])
}

fn label(bench: &MeasuredBench) -> String {
    format!("{}: {}", bench.target, bench.name)
}

fn bench(old: &MeasuredBench, new: &MeasuredBench, threshold: f64, in_turns: bool) -> BenchChange {
    let change = |figure: fn(&MeasuredBench) -> f64| Change { old: figure(old), new: figure(new) };
    let time = significance::judge(old, new, in_turns);
    let slower =
        |time: &TimeChange| time.significant && time.ns.percent().is_none_or(|percent| percent > threshold);
    let (bytes, allocs) = (change(|bench| bench.bytes), change(|bench| bench.allocs));
    let comparable = steady(old, new);
    let more = |change: Change| {
        let rare = change.old.fract() != 0.0 && change.new.fract() != 0.0;
        change.new > change.old && (comparable || !rare)
    };
    let worse =
        [("time", time.as_ref().is_some_and(slower)), ("allocs", more(allocs)), ("bytes", more(bytes))];
    BenchChange {
        target: new.target.clone(),
        name: new.name.clone(),
        time,
        bytes,
        allocs,
        frees: change(|bench| bench.frees),
        worse: worse.into_iter().filter(|(_, worse)| *worse).map(|(what, _)| what).collect(),
    }
}

/// Whether both were counted over equally many iterations, so that even what is rare can be compared.
fn steady(old: &MeasuredBench, new: &MeasuredBench) -> bool {
    old.recorded == new.recorded
}

fn counts_differ(old: &MeasuredBench, new: &MeasuredBench) -> bool {
    let rare = |old: f64, new: f64| old != new && old.fract() != 0.0 && new.fract() != 0.0;
    rare(old.allocs, new.allocs) || rare(old.bytes, new.bytes)
}

/// Of the times' ratios, in per cent.
fn geometric_mean(benches: &[BenchChange]) -> Option<f64> {
    let times = benches.iter().filter_map(|bench| bench.time.as_ref());
    let logs: Vec<f64> = times
        .filter(|time| time.ns.old > 0.0 && time.ns.new > 0.0)
        .map(|time| (time.ns.new / time.ns.old).ln())
        .collect();
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    (!logs.is_empty()).then(|| (mean.exp() - 1.0) * 100.0)
}

/// Functions with an error in the new check and none in the old one.
fn began(old: &[MeasuredSite], new: &[MeasuredSite]) -> Vec<String> {
    let failed = |site: &&MeasuredSite| site.is_error;
    let mut began: Vec<String> = new.iter().filter(failed).map(|site| site.function.clone()).collect();
    began.retain(|function| !old.iter().filter(failed).any(|site| site.function == *function));
    began.sort();
    began.dedup();
    began
}

/// Appeared, vanished and moved.
type Sites = (Vec<MeasuredSite>, Vec<MeasuredSite>, Vec<(MeasuredSite, MeasuredSite)>);

/// The same place first; then the same thing in the same function, wherever it stands now.
fn sites(mut vanished: Vec<MeasuredSite>, new: Vec<MeasuredSite>) -> Sites {
    let place = |site: &MeasuredSite| (site.file.clone(), site.line, site.column);
    let mut left = Vec::new();
    for site in new {
        match vanished.iter().position(|old| same_thing(old, &site) && place(old) == place(&site)) {
            Some(at) => drop(vanished.remove(at)),
            None => left.push(site),
        }
    }
    let (mut appeared, mut moved) = (Vec::new(), Vec::new());
    for site in left {
        match vanished.iter().position(|old| same_thing(old, &site)) {
            Some(at) => moved.push((vanished.remove(at), site)),
            None => appeared.push(site),
        }
    }
    (appeared, vanished, moved)
}

fn same_thing(a: &MeasuredSite, b: &MeasuredSite) -> bool {
    // Which of the allocator's functions a possible call would end in is the compiler's choice of today.
    let op = |site: &MeasuredSite| (site.rule != "may-allocate").then(|| site.op.clone());
    (&a.rule, &a.function, &a.construct, op(a)) == (&b.rule, &b.function, &b.construct, op(b))
}

/// What else could explain a difference, and what is missing.
fn notes(old: &Measured, new: &Measured) -> Vec<String> {
    let what = ["compiler", "target", "profile"];
    let built = what.iter().zip(old.built_with.iter().zip(&new.built_with));
    let built = built.filter(|(_, (old, new))| old != new);
    let built = built.map(|(what, (old, new))| format!("the {what} is another one: {old}, then {new}"));
    let is_timed = |side: &Measured| side.benches.iter().any(|bench| bench.ns.is_some());
    let untimed = [(old, new), (new, old)]
        .into_iter()
        .filter(|(side, other)| !side.benches.is_empty() && !is_timed(side) && is_timed(other));
    let untimed =
        untimed.map(|(side, _)| format!("`{}` has no times: it was checked without the clock", side.name));
    let unfinished = [old, new].into_iter().flat_map(|side| {
        side.unfinished.iter().map(|target| format!("in `{}` {target}: its figures are not all", side.name))
    });
    built.chain(untimed).chain(unfinished).collect()
}

#[cfg(test)]
mod tests {
    use super::{began, compare, sites};
    use crate::model::{Comparison, Measured, MeasuredBench, MeasuredSite};

    fn bench(name: &str, samples: &[f64], allocs: f64, bytes: f64) -> MeasuredBench {
        MeasuredBench {
            target: "hot".to_owned(),
            name: name.to_owned(),
            samples: samples.to_vec(),
            quartiles: Vec::new(),
            fastest: Vec::new(),
            ns: samples.get(samples.len() / 2).copied(),
            recorded: Some(1_000),
            allocs,
            bytes,
            frees: allocs,
        }
    }

    fn measured(benches: Vec<MeasuredBench>) -> Measured {
        Measured {
            name: "any".to_owned(),
            built_with: [const { String::new() }; 3],
            benches,
            functions: Vec::new(),
            sites: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    fn compared(old: MeasuredBench, new: MeasuredBench) -> Comparison {
        compare(measured(vec![old]), measured(vec![new]), 5.0, None)
    }

    /// Ten samples around `ns`, a per mille apart.
    fn around(ns: f64) -> Vec<f64> {
        (0..10).map(|n| ns * (1.0 + f64::from(n) / 1_000.0)).collect()
    }

    #[test]
    fn a_time_is_worse_when_it_is_significant_and_above_the_threshold() {
        let worse = |from: f64, to: f64| {
            let both = compared(bench("a", &around(from), 0.0, 0.0), bench("a", &around(to), 0.0, 0.0));
            (both.benches[0].time.unwrap().significant, both.is_worse())
        };
        assert_eq!(worse(100.0, 100.0), (false, false));
        assert_eq!(worse(100.0, 103.0), (true, false));
        assert_eq!(worse(100.0, 106.0), (true, true));
        assert_eq!(worse(106.0, 100.0), (true, false));
        let few = compared(bench("a", &[1.0, 2.0], 0.0, 0.0), bench("a", &[8.0, 9.0], 0.0, 0.0));
        assert!(!few.is_worse(), "two samples prove nothing");
    }

    #[test]
    fn any_allocation_more_is_worse_and_a_free_is_not() {
        let worse = |old: (f64, f64), new: (f64, f64)| {
            compared(bench("a", &[], old.0, old.1), bench("a", &[], new.0, new.1)).benches[0].worse.clone()
        };
        assert_eq!(worse((1.0, 24.0), (1.0, 24.0)), Vec::<&str>::new());
        assert_eq!(worse((0.0, 0.0), (0.001, 0.5)), ["allocs", "bytes"]);
        assert_eq!(worse((2.0, 24.0), (1.0, 25.0)), ["bytes"]);
        let mut freeing = bench("a", &[], 0.0, 0.0);
        freeing.frees = 1.0;
        assert!(!compared(bench("a", &[], 0.0, 0.0), freeing).is_worse());
    }

    /// A vector that doubles costs 7 allocations in 100 iterations and 10 in 1,000.
    #[test]
    fn what_is_rare_is_not_judged_over_different_numbers_of_iterations() {
        let (old, mut new) = (bench("a", &[], 0.010, 1.02), bench("a", &[], 0.07, 2.5));
        assert!(compared(old.clone(), new.clone()).is_worse());
        new.recorded = Some(100);
        let both = compared(old.clone(), new.clone());
        assert!(!both.is_worse() && both.notes[0].contains("1000 and 100 iterations"), "{:?}", both.notes);
        new.allocs = 2.0;
        assert!(compared(old, new).is_worse(), "a whole number is no rarity");
    }

    #[test]
    fn benchmarks_that_only_one_side_has_are_named() {
        let side = |names: [&str; 2]| measured(names.map(|name| bench(name, &[1.0], 0.0, 0.0)).into());
        let both = compare(side(["a", "b"]), side(["b", "c"]), 5.0, None);
        assert_eq!(both.only, [vec!["hot: a".to_owned()], vec!["hot: c".to_owned()]]);
        assert_eq!(both.benches.len(), 1);
        assert_eq!(both.geometric_mean, Some(0.0));
    }

    #[test]
    fn the_geometric_mean_of_twice_and_half_is_nothing() {
        let side = |a: f64, b: f64| measured(vec![bench("a", &[a], 0.0, 0.0), bench("b", &[b], 0.0, 0.0)]);
        let mean = compare(side(100.0, 30.0), side(200.0, 15.0), 5.0, None).geometric_mean.unwrap();
        assert!(mean.abs() < 1e-9, "{mean}");
    }

    #[test]
    fn a_site_moves_with_the_lines_above_it() {
        let site = |function: &str, construct: &str, line: u32| MeasuredSite {
            rule: "heap-in-hot-path".to_owned(),
            is_error: true,
            function: function.to_owned(),
            construct: Some(construct.to_owned()),
            op: "alloc".to_owned(),
            file: "src/lib.rs".to_owned(),
            line,
            column: 5,
        };
        let old = vec![site("f", "Box::new", 10), site("f", "vec!", 12), site("g", "vec!", 30)];
        let new = vec![site("f", "Box::new", 14), site("f", "vec!", 12), site("g", "format!", 30)];
        assert_eq!(began(&old, &new), [""; 0], "each had a site before");
        assert_eq!(began(&old[..2], &new), ["g"]);
        let (appeared, vanished, moved) = sites(old, new);
        assert_eq!(appeared, [site("g", "format!", 30)]);
        assert_eq!(vanished, [site("g", "vec!", 30)]);
        assert_eq!(moved, [(site("f", "Box::new", 10), site("f", "Box::new", 14))]);
    }

    #[test]
    fn a_possible_call_stays_what_it_is_whichever_function_it_would_end_in() {
        let possible = |op: &str, line: u32| MeasuredSite {
            rule: "may-allocate".to_owned(),
            is_error: false,
            function: "f".to_owned(),
            construct: Some("Vec::push".to_owned()),
            op: op.to_owned(),
            file: "src/lib.rs".to_owned(),
            line,
            column: 5,
        };
        assert_eq!(sites(vec![possible("alloc", 7)], vec![possible("realloc", 7)]), (vec![], vec![], vec![]));
        let moved = vec![(possible("alloc", 7), possible("realloc", 8))];
        assert_eq!(sites(vec![possible("alloc", 7)], vec![possible("realloc", 8)]), (vec![], vec![], moved));
    }
}
