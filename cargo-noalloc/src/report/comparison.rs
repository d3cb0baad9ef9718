//! Two checks side by side: a table for people, and `noalloc-compare/1`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::Document;
use super::printable::Printable;
use crate::model::{BenchChange, Change, Comparison, Figure, MeasuredSite, TimeChange};
use crate::numbers::{bytes_per_op, per_op, plural};
use crate::quoting::code;

/// Name and version of the format.
const SCHEMA: &str = "noalloc-compare/1";

/// The table, the sites, and whether anything is worse.
pub(super) fn human(comparison: &Printable<'_, Comparison>) -> String {
    let [old, new] = &comparison.names;
    let mut out = format!("{old} → {new}\n\n");
    if !comparison.benches.is_empty() {
        table(&mut out, comparison);
        out.push('\n');
    }
    // Writing to a String cannot fail.
    for (names, side) in comparison.only.iter().zip(&comparison.names) {
        for name in names {
            let _ = writeln!(out, "only in {side}: {name}");
        }
    }
    for (word, sites) in [("appeared", &comparison.appeared), ("vanished", &comparison.vanished)] {
        for site in sites {
            let _ = writeln!(out, "{word}: {}, {}", thing(site), place(site));
        }
    }
    for line in moved(&comparison.moved) {
        let _ = writeln!(out, "moved: {line}");
    }
    for note in &comparison.notes {
        let _ = writeln!(out, "note: {note}");
    }
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", last_line(comparison));
    out
}

fn thing(site: &MeasuredSite) -> String {
    let what =
        site.construct.as_deref().map(|construct| format!(" of {}", code(construct))).unwrap_or_default();
    let possible = if site.rule == "may-allocate" { "possible " } else { "" };
    format!("{possible}{}{what} in `{}` ({})", site.op, site.function, site.rule)
}

/// What moved together is one line: a comment at the top of a file moves every site below it.
fn moved(pairs: &[(MeasuredSite, MeasuredSite)]) -> Vec<String> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for pair in pairs {
        let (from, to) = pair;
        let down = i64::from(to.line) - i64::from(from.line);
        groups.entry((from.file.as_str(), to.file.as_str(), down)).or_default().push(pair);
    }
    let groups = groups.into_iter().map(|((old, new, down), group)| match group.as_slice() {
        [(from, to)] => format!("{}, {} → {}", thing(to), place(from), place(to)),
        several => {
            let sites = plural(several.len() as u64, "site");
            let files = if old == new { format!(" in {new}") } else { format!(", {old} → {new}") };
            let lines = plural(down.unsigned_abs(), "line");
            let way = match down.signum() {
                1 => format!(", {lines} down"),
                -1 => format!(", {lines} up"),
                _ if old == new => ", within their lines".to_owned(),
                _ => String::new(),
            };
            sites + &files + &way
        }
    });
    groups.collect()
}

fn place(site: &MeasuredSite) -> String {
    format!("{}:{}:{}", site.file, site.line, site.column)
}

fn last_line(comparison: &Comparison) -> String {
    let worse = comparison.benches.iter().filter(|bench| !bench.worse.is_empty()).count();
    let all = plural(comparison.benches.len() as u64, "benchmark");
    let [old, new] = &comparison.names;
    let of = |unknown: bool| -> Vec<String> {
        let known = |function: &&String| comparison.unknown.contains(function) == unknown;
        comparison.began.iter().filter(known).map(|function| format!("`{function}`")).collect()
    };
    let mut said = Vec::new();
    if worse > 0 {
        said.push(format!("{worse} of {all} got worse"));
    }
    for (functions, what) in [
        (of(false), ["kept off the heap before"; 2]),
        (of(true), ["uses the heap, and is new", "use the heap, and are new"]),
    ] {
        if !functions.is_empty() {
            said.push(format!("{} {}", functions.join(", "), what[usize::from(functions.len() > 1)]));
        }
    }
    if !said.is_empty() {
        return format!("error: {}", said.join(", and "));
    }
    if comparison.incomplete {
        return format!("error: `{new}` did not come to its end: nothing is certain");
    }
    if comparison.is_nothing() {
        return format!("error: no benchmark of `{old}` is in `{new}`: nothing was compared");
    }
    match comparison.benches.len() {
        0 => "pass: no benchmark to compare".to_owned(),
        _ => format!("pass: {all} compared, none is worse"),
    }
}

const HEAD: [&str; 8] = ["benchmark", "old ns/op", "new ns/op", "Δ", "p", "B/op", "allocs/op", "frees/op"];

fn table(out: &mut String, comparison: &Comparison) {
    let mut rows = vec![HEAD.map(str::to_owned)];
    let one_target = comparison.benches.windows(2).all(|pair| pair[0].target == pair[1].target);
    rows.extend(comparison.benches.iter().map(|bench| {
        let name = if one_target { bench.name.clone() } else { format!("{}: {}", bench.target, bench.name) };
        row(bench, name)
    }));
    if let Some(mean) = comparison.geometric_mean.filter(|_| comparison.benches.len() > 1) {
        let mut row = [const { String::new() }; 8];
        row[0] = "geometric mean".to_owned();
        row[3] = percent(mean);
        rows.push(row);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            0 => format!(" {cell:<width$}"),
            // The width of what a format counts are characters, which `Δ` and `→` are one of each.
            _ => format!("  {cell:>width$}"),
        });
        let line: String = cells.collect();
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn row(bench: &BenchChange, name: String) -> [String; 8] {
    let [old, new, delta, p] = bench.time.as_ref().map_or_else(|| ["-"; 4].map(str::to_owned), time);
    let mark = |what: &str| if bench.worse.contains(&what) { " !" } else { "" };
    [
        name,
        old,
        new,
        format!("{delta}{}", mark("time")),
        p,
        format!("{}{}", exact(bench.bytes, bytes_per_op), mark("bytes")),
        format!("{}{}", exact(bench.allocs, per_op), mark("allocs")),
        exact(bench.frees, per_op),
    ]
}

/// Old, new, Δ and p; `~` where chance explains the difference as well.
fn time(time: &TimeChange) -> [String; 4] {
    let delta = match time.ns.percent() {
        _ if !time.significant => "~".to_owned(),
        Some(change) => percent(change),
        None => "from 0".to_owned(),
    };
    let (old, new) = time.samples;
    let p = match time.p {
        None => "no samples".to_owned(),
        // With three on each side even the clearest order has p = 0.1.
        Some(_) if old.min(new) < 4 => format!("n={old}+{new}: too few"),
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    };
    [format!("{:.1}", time.ns.old), format!("{:.1}", time.ns.new), delta, p]
}

fn percent(value: f64) -> String {
    // No `-0.0`.
    let value = if value.abs() < 0.05 { 0.0 } else { value };
    format!("{value:+.1} %")
}

/// Two figures that differ look so, however few digits are `shown` of others.
fn exact(change: Change, shown: fn(f64) -> String) -> String {
    let Change { old, new } = change;
    if old == new {
        return shown(old);
    }
    let shown = if shown(old) == shown(new) { per_op } else { shown };
    format!("{} → {}", shown(old), shown(new))
}

#[derive(Serialize)]
struct Compared<'a> {
    schema: &'static str,
    old: &'a str,
    new: &'a str,
    threshold_percent: f64,
    /// `null` where the sides were measured at two times.
    rounds: Option<u32>,
    verdict: &'static str,
    geometric_mean_percent: Option<f64>,
    benchmarks: Vec<Benchmark<'a>>,
    only_old: &'a [String],
    only_new: &'a [String],
    appeared: Vec<Site<'a>>,
    vanished: Vec<Site<'a>>,
    moved: Vec<Moved<'a>>,
    began: &'a [String],
    notes: &'a [String],
}

#[derive(Serialize)]
struct Benchmark<'a> {
    name: &'a str,
    target: &'a str,
    time: Option<Time>,
    bytes_per_op: Pair,
    allocs_per_op: Pair,
    frees_per_op: Pair,
    worse: &'a [&'static str],
}

#[derive(Serialize)]
struct Time {
    old_ns_per_op: f64,
    new_ns_per_op: f64,
    /// Of each round, or of all samples: `median`, `quartile` or `fastest`.
    figure: &'static str,
    delta_percent: Option<f64>,
    p_value: Option<f64>,
    significant: bool,
    old_samples: usize,
    new_samples: usize,
}

#[derive(Serialize)]
struct Pair {
    old: f64,
    new: f64,
}

#[derive(Serialize)]
struct Site<'a> {
    rule: &'a str,
    error: bool,
    function: &'a str,
    construct: Option<&'a str>,
    op: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Moved<'a> {
    old: Site<'a>,
    new: Site<'a>,
}

pub(super) fn json(comparison: &Comparison) -> Document {
    let passes = !comparison.is_worse() && !comparison.incomplete && !comparison.is_nothing();
    let document = Compared {
        schema: SCHEMA,
        old: &comparison.names[0],
        new: &comparison.names[1],
        threshold_percent: comparison.threshold,
        rounds: comparison.rounds,
        verdict: if passes { "pass" } else { "fail" },
        geometric_mean_percent: comparison.geometric_mean,
        benchmarks: comparison.benches.iter().map(benchmark).collect(),
        only_old: &comparison.only[0],
        only_new: &comparison.only[1],
        appeared: comparison.appeared.iter().map(site).collect(),
        vanished: comparison.vanished.iter().map(site).collect(),
        moved: comparison.moved.iter().map(|(old, new)| Moved { old: site(old), new: site(new) }).collect(),
        began: &comparison.began,
        notes: &comparison.notes,
    };
    Document::of(&document)
}

fn benchmark(bench: &BenchChange) -> Benchmark<'_> {
    let pair = |change: Change| Pair { old: change.old, new: change.new };
    Benchmark {
        name: &bench.name,
        target: &bench.target,
        time: bench.time.as_ref().map(|time| Time {
            old_ns_per_op: time.ns.old,
            new_ns_per_op: time.ns.new,
            figure: match time.figure {
                Figure::Median => "median",
                Figure::Quartile => "quartile",
                Figure::Fastest => "fastest",
            },
            delta_percent: time.ns.percent(),
            p_value: time.p,
            significant: time.significant,
            old_samples: time.samples.0,
            new_samples: time.samples.1,
        }),
        bytes_per_op: pair(bench.bytes),
        allocs_per_op: pair(bench.allocs),
        frees_per_op: pair(bench.frees),
        worse: &bench.worse,
    }
}

fn site(site: &MeasuredSite) -> Site<'_> {
    let MeasuredSite { rule, is_error, function, construct, op, file, line, column } = site;
    let construct = construct.as_deref();
    Site { rule, error: *is_error, function, construct, op, file, line: *line, column: *column }
}
