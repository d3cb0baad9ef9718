//! `noalloc-report/1`, described by `schema/noalloc-report-1.schema.json`.
//!
//! These structs are the wire form and nothing else: a change that a reader could notice changes the schema's
//! name.

mod benchmarks;
mod c_heap;

use serde::Serialize;

use super::{Document, Format, Input, Raw, growth};
use crate::model::{self, Environment, IgnoredCode, Op, Origin, Rule, Standing, Status, Verdict};
use benchmarks::{Benchmark, Grown, benchmark, grown};
use c_heap::CHeap;

/// Name and version of the format.
pub(crate) const SCHEMA: &str = "noalloc-report/1";

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    tool: Tool,
    command: &'static str,
    environment: Built<'a>,
    /// What `merge` needs of a part; left out of a whole check.
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<&'a serde_json::Value>,
    verdict: &'static str,
    targets: Vec<Target<'a>>,
    benchmarks: Vec<Benchmark<'a>>,
    /// Left out where nothing is said of any benchmark.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    growth: Vec<Grown<'a>>,
    functions: Vec<Function<'a>>,
    findings: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<Baseline<'a>>,
    ignored: Vec<Ignored<'a>>,
    permits: Vec<Permit<'a>>,
    problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Built<'a> {
    rustc: &'a str,
    target: &'a str,
    profile: &'a str,
    rustflags: &'a [String],
}

#[derive(Serialize)]
struct Target<'a> {
    package: &'a str,
    kind: String,
    name: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Point<'a> {
    file: &'a str,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Stretch<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    place: Point<'a>,
    calls: u64,
    allocs: u64,
    reallocs: u64,
    frees: u64,
    bytes: u64,
    c_heap: Option<CHeap>,
    max_allocs_per_call: u64,
    max_bytes_per_call: u64,
    budget: Budget,
    verdict: &'static str,
    proof: Proof<'a>,
}

/// `null` is any number.
#[derive(Serialize)]
struct Budget {
    allocs: Option<u64>,
    bytes: Option<u64>,
}

#[derive(Serialize)]
struct Proof<'a> {
    state: &'static str,
    assumption: Option<String>,
    may_free: Option<bool>,
    inlined_into: &'a [String],
}

#[derive(Serialize)]
struct Finding<'a> {
    rule: &'static str,
    level: String,
    /// What the baseline says of an error; left out without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
    function: &'a str,
    place: Stretch<'a>,
    construct: Option<&'a str>,
    dyn_trait: Option<&'a str>,
    op: Option<&'static str>,
    heap: Option<&'static str>,
    count: u64,
    reallocs: u64,
    calls_affected: u64,
    calls_affected_exact: bool,
    calls: u64,
    bytes: u64,
    size_min: Option<u64>,
    size_max: Option<u64>,
    pattern: Option<&'static str>,
    escapes: Option<bool>,
    chain: Vec<Frame<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_cut: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    obstacle: Option<Obstacle<'a>>,
    reason: &'a str,
    help: Option<&'a str>,
}

/// What a proof stops at.
#[derive(Serialize)]
struct Obstacle<'a> {
    kind: &'static str,
    receiver: Option<&'a str>,
    import: Option<&'a str>,
    candidates: Vec<Candidate<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    function: &'a str,
    state: &'static str,
}

#[derive(Serialize)]
struct Frame<'a> {
    function: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    column: Option<u32>,
    inlined: bool,
    user: bool,
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    dependency: Option<&'a str>,
}

/// What comparing with `noalloc-baseline.toml` came to; left out without one.
#[derive(Serialize)]
struct Baseline<'a> {
    accepted: usize,
    tighter: &'a [String],
}

/// Left out by an `ignore` in a manifest, which names a crate or a path.
#[derive(Serialize)]
struct Ignored<'a> {
    #[serde(rename = "crate", skip_serializing_if = "Option::is_none")]
    krate: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    reason: &'a str,
    function: &'a str,
    sites: u64,
    count: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Permit<'a> {
    reason: Option<&'a str>,
    function: Option<&'a str>,
    place: Point<'a>,
    entered: u64,
    allocs: u64,
    reallocs: u64,
    frees: u64,
    bytes: u64,
    stale: bool,
}

#[derive(Serialize)]
struct Problem<'a> {
    step: String,
    message: &'a str,
}

pub(super) static FORMAT: Format = Format::data("json", render);

fn render(input: &Raw<'_>, _: &Input<'_>) -> Document {
    let verdict = input.verdict;
    let Environment { rustc, target, profile, rustflags } = input.environment;
    let report = Report {
        schema: SCHEMA,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        command: if verdict.proof_only { "prove" } else { "check" },
        environment: Built { rustc, target, profile, rustflags },
        partition: input.part,
        verdict: if verdict.passes() && ended_well(verdict) { "pass" } else { "fail" },
        targets: verdict.targets.iter().map(target_of).collect(),
        benchmarks: verdict.benches.iter().map(benchmark).collect(),
        growth: growth::all(verdict).iter().map(grown).collect(),
        functions: verdict.functions.iter().map(function).collect(),
        findings: verdict.findings.iter().map(|finding| self::finding(finding, verdict)).collect(),
        baseline: verdict
            .compared
            .as_ref()
            .map(|compared| Baseline { accepted: compared.accepted, tighter: &compared.tighter }),
        ignored: verdict.ignored.iter().map(ignored).collect(),
        permits: verdict.permits.iter().map(permit).collect(),
        problems: verdict
            .problems
            .iter()
            .map(|problem| Problem { step: problem.step.to_string(), message: &problem.message })
            .collect(),
    };
    Document::of(&report)
}

fn ended_well(verdict: &Verdict) -> bool {
    verdict.targets.iter().all(|(_, status)| status.ended_well())
}

fn target_of((target, status): &(model::Target, Status)) -> Target<'_> {
    let name = match status {
        Status::Ok => "ok",
        Status::Failed { .. } => "failed",
        Status::Crashed { .. } => "crashed",
        Status::TimedOut { .. } => "timed-out",
        Status::Unrecorded { .. } => "failed",
        Status::Skipped { .. } | Status::Interrupted | Status::NotRun => "skipped",
    };
    let reason = match status {
        Status::Ok => None,
        Status::Skipped { reason } | Status::Unrecorded { reason } => Some(reason.clone()),
        other => Some(super::ending(other)),
    };
    Target {
        package: &target.package,
        kind: target.kind.to_string(),
        name: &target.name,
        status: name,
        reason,
    }
}

fn function(report: &model::HotReport) -> Function<'_> {
    let place = &report.hot.place;
    Function {
        name: &report.hot.name,
        place: Point { file: &place.file, line: place.line, column: place.column },
        calls: report.calls,
        allocs: report.allocs,
        reallocs: report.reallocs,
        frees: report.frees,
        bytes: report.bytes,
        c_heap: report.c_heap.map(c_heap::part),
        max_allocs_per_call: report.max_allocs,
        max_bytes_per_call: report.max_bytes,
        budget: Budget { allocs: report.hot.promise.allocs, bytes: report.hot.promise.bytes },
        verdict: report.verdict.name(),
        proof: Proof {
            state: report.proof.state.name(),
            assumption: report.proof.assumption.clone(),
            may_free: report.proof.may_free,
            inlined_into: &report.proof.inlined_into,
        },
    }
}

fn finding<'a>(finding: &'a model::Finding, verdict: &'a Verdict) -> Finding<'a> {
    let hot = verdict.functions.iter().find(|report| report.hot.id == finding.hot);
    let start = &finding.span.start;
    Finding {
        rule: Rule::name(finding.rule),
        level: finding.level.to_string(),
        baseline: finding.standing.as_ref().map(|standing| match standing {
            Standing::Accepted => "accepted",
            Standing::New => "new",
            Standing::Worse { .. } => "worse",
        }),
        function: finding.function.as_deref().or(hot.map(|report| &*report.hot.name)).unwrap_or_default(),
        place: Stretch {
            file: &start.file,
            line: start.line,
            column: start.column,
            end_line: finding.span.end_line,
            end_column: finding.span.end_column,
        },
        construct: finding.construct.as_deref(),
        dyn_trait: finding.dyn_trait.as_deref(),
        op: finding.op.map(Op::name),
        heap: finding.op.map(|_| if finding.is_c { "c" } else { "rust" }),
        count: finding.count,
        reallocs: finding.reallocs,
        calls_affected: finding.affected.at_least,
        calls_affected_exact: finding.affected.is_exact(),
        calls: finding.calls,
        bytes: finding.bytes,
        size_min: finding.sizes.map(|sizes| sizes.min),
        size_max: finding.sizes.map(|sizes| sizes.max),
        pattern: finding.pattern.map(model::Pattern::name),
        escapes: finding.escape.outlives_the_call(),
        chain: finding.chain.iter().map(frame).collect(),
        chain_cut: finding.cut.map(model::Cut::name),
        obstacle: finding.obstacle.as_ref().map(|obstacle| Obstacle {
            kind: obstacle.kind.name(),
            receiver: obstacle.receiver.as_deref(),
            import: obstacle.import.as_deref(),
            candidates: finding.candidates.iter().map(candidate).collect(),
        }),
        reason: &finding.reason,
        help: finding.help.as_deref(),
    }
}

fn ignored(ignored: &model::Ignored) -> Ignored<'_> {
    let model::Ignored { by, function, sites, count, bytes } = ignored;
    let (krate, path) = match &by.code {
        IgnoredCode::Crate(name) => (Some(name.as_str()), None),
        IgnoredCode::Path(path) => (None, Some(path.as_str())),
    };
    Ignored { krate, path, reason: &by.reason, function, sites: *sites, count: *count, bytes: *bytes }
}

fn candidate(candidate: &model::Candidate) -> Candidate<'_> {
    Candidate { function: &candidate.name, state: candidate.state.name() }
}

fn permit(permit: &model::Permit) -> Permit<'_> {
    let place = &permit.place;
    Permit {
        reason: permit.reason.as_deref(),
        function: permit.function.as_deref(),
        place: Point { file: &place.file, line: place.line, column: place.column },
        entered: permit.entered,
        allocs: permit.allocs,
        reallocs: permit.reallocs,
        frees: permit.frees,
        bytes: permit.bytes,
        stale: permit.is_stale(),
    }
}

fn frame(frame: &model::Frame) -> Frame<'_> {
    let place = frame.place.as_ref();
    Frame {
        function: frame.function.as_str(),
        file: place.map(|place| place.file.as_str()),
        line: place.map(|place| place.line),
        // Known in bytes; in the standard library's and most other sources these are characters.
        column: place.map(|place| place.byte_column).filter(|column| *column > 0),
        inlined: frame.inlined,
        user: frame.is_written(),
        dependency: match &frame.origin {
            Origin::Dependency(name) => Some(name),
            _ => None,
        },
    }
}
