//! What a table says of each hot function and of each benchmark, whatever the format: one row each, one population a row.
//!
//! A benchmark of a function's own name that made all of its calls is that function's row, with its time in it. Every
//! other benchmark has a row of its own.

use std::collections::BTreeMap;

use crate::model::{Bench, FunctionVerdict, HotId, HotReport, ProofState, Verdict, shorten};
use crate::numbers::{bytes_per_op, count, per_op, plural};

/// One row.
pub(super) struct Row<'a> {
    pub(super) name: String,
    /// Calls, or iterations of a benchmark.
    pub(super) calls: String,
    pub(super) ns: String,
    /// Empty where the benchmark does not say what it works through.
    pub(super) throughput: String,
    pub(super) bytes: String,
    pub(super) allocs: String,
    pub(super) frees: String,
    /// The function that it is about.
    pub(super) of: Option<&'a HotReport>,
}

impl Row<'_> {
    /// `allocates`, and what the proof adds.
    pub(super) fn verdict(&self) -> (&'static str, String) {
        self.of.map_or(("(whole benchmark)", String::new()), |report| (report.verdict.name(), more(report)))
    }
}

/// Those of the functions, then those of the benchmarks that no function's row stands for.
pub(super) fn of(verdict: &Verdict) -> Vec<Row<'_>> {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let reports: BTreeMap<HotId, &HotReport> =
        verdict.functions.iter().map(|report| (report.hot.id, report)).collect();
    let (own, others): (Vec<&Bench>, Vec<&Bench>) = verdict
        .benches
        .iter()
        .partition(|bench| bench.hot.and_then(|hot| reports.get(&hot)).is_some_and(|of| is_of(bench, of)));
    let own: BTreeMap<Option<HotId>, &Bench> = own.into_iter().map(|bench| (bench.hot, bench)).collect();
    let functions = verdict.functions.iter().zip(shorten(&names));
    let functions =
        functions.map(|(report, name)| function(report, name, own.get(&Some(report.hot.id)).copied()));
    functions.chain(others.into_iter().map(benchmark)).collect()
}

/// Whether a benchmark made every call of a function, one in each iteration, and is called like it.
fn is_of(bench: &Bench, report: &HotReport) -> bool {
    let last = |name: &str| name.rsplit("::").next().map(str::to_owned);
    // The first iteration is recorded by itself.
    bench.recorded + 1 == report.calls && last(&bench.name) == last(&report.hot.name)
}

fn function<'a>(report: &'a HotReport, name: String, bench: Option<&Bench>) -> Row<'a> {
    let each = |total: u64, shown: fn(f64) -> String| match report.calls {
        0 => "-".to_owned(),
        calls => shown(total as f64 / calls as f64),
    };
    Row {
        name,
        calls: count(report.calls),
        ns: bench.and_then(Bench::ns_per_op).map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        throughput: bench.map(throughput).unwrap_or_default(),
        bytes: each(report.bytes, bytes_per_op),
        allocs: each(report.allocs + report.reallocs, per_op),
        frees: each(report.frees, per_op),
        of: Some(report),
    }
}

fn benchmark(bench: &Bench) -> Row<'_> {
    let each = |total: u64| per_op(bench.per_op(total));
    Row {
        name: bench.name.clone(),
        calls: count(bench.recorded),
        ns: bench.ns_per_op().map_or_else(|| "-".to_owned(), |ns| format!("{ns:.1}")),
        throughput: throughput(bench),
        bytes: bytes_per_op(bench.per_op(bench.bytes)),
        allocs: each(bench.allocs + bench.reallocs),
        frees: each(bench.frees),
        of: None,
    }
}

/// What the verdict leaves open: memory that was not counted, and what the proof adds.
fn more(report: &HotReport) -> String {
    let uncounted = (report.calls > 0 && report.c_heap.is_none()).then(|| "C not counted".to_owned());
    let proof = Some(of_proof(report)).filter(|text| !text.is_empty());
    uncounted.into_iter().chain(proof).collect::<Vec<_>>().join(", ")
}

fn of_proof(report: &HotReport) -> String {
    match report.proof.state {
        ProofState::MayAllocate if report.may_allocate_at > 0 => {
            format!("may allocate at {}", plural(report.may_allocate_at as u64, "more place"))
        }
        ProofState::Unknown if report.verdict == FunctionVerdict::Clean => "unproved".to_owned(),
        ProofState::Proved if report.verdict == FunctionVerdict::Clean => match report.proof.may_free {
            Some(_) => "may free".to_owned(),
            None => "unproved".to_owned(),
        },
        ProofState::Proved if report.proof.assumption.is_some() => "on a condition".to_owned(),
        _ => String::new(),
    }
}

/// `412.3 MB/s`, `2.4 M items/s`, or both; empty where the benchmark does not say what it works through.
fn throughput(bench: &Bench) -> String {
    let [bytes, items] = bench.throughput();
    let bytes = bytes.map(|bytes| {
        let (value, prefix) = scaled(bytes);
        format!("{value} {prefix}B/s")
    });
    let items = items.map(|items| match scaled(items) {
        (value, "") => format!("{value} items/s"),
        (value, prefix) => format!("{value} {prefix} items/s"),
    });
    bytes.into_iter().chain(items).collect::<Vec<_>>().join(", ")
}

/// A tenth where there are fewer than a thousand, and the prefix for thousands of thousands.
fn scaled(value: f64) -> (String, &'static str) {
    let (mut value, mut prefixes) = (value, ["", "k", "M", "G"].into_iter());
    let mut prefix = prefixes.next().unwrap_or_default();
    while value >= 999.95
        && let Some(next) = prefixes.next()
    {
        (value, prefix) = (value / 1e3, next);
    }
    (format!("{value:.1}"), prefix)
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn large_figures_have_a_prefix() {
        let shown = [0.0, 999.9, 999.96, 412_345_678.0, 2.5e12].map(scaled);
        let shown = shown.map(|(value, prefix)| format!("{value} {prefix}"));
        assert_eq!(shown, ["0.0 ", "999.9 ", "1.0 k", "412.3 M", "2500.0 G"]);
    }
}
