//! Benchmarks of the JSON report: times, counts for each iteration, and how those follow the argument.

use serde::Serialize;

use super::c_heap::{self, CHeap};
use crate::model;
use crate::report::growth;

#[derive(Serialize)]
pub(super) struct Benchmark<'a> {
    name: &'a str,
    target: &'a str,
    iterations: u64,
    ns_per_op: Option<f64>,
    ns_samples: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    slices: Option<Slices>,
    recorded_iterations: u64,
    bytes_per_op: f64,
    allocs_per_op: f64,
    frees_per_op: f64,
    reallocs_per_op: f64,
    c_heap: Option<CHeap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    throughput: Option<Throughput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overhead: Option<Overhead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allocator: Option<InAllocator>,
}

/// What the samples were made of; left out without the clock.
#[derive(Serialize)]
struct Slices {
    taken: u64,
    left_out: u64,
}

/// What the benchmark says that an iteration works through; left out where it says nothing.
#[derive(Serialize)]
struct Throughput {
    bytes_per_op: Option<u64>,
    items_per_op: Option<u64>,
    bytes_per_second: Option<f64>,
    items_per_second: Option<f64>,
}

/// How the counts of a benchmark follow its argument; `null` where the points support nothing.
#[derive(Serialize)]
pub(super) struct Grown<'a> {
    name: &'a str,
    target: &'a str,
    arguments: Vec<u64>,
    allocs_per_op: Option<Curve>,
    bytes_per_op: Option<Curve>,
}

#[derive(Serialize)]
struct Curve {
    order: &'static str,
    first: f64,
    last: f64,
}

/// What `ns_per_op` and `ns_samples` are without; left out without the clock.
#[derive(Serialize)]
struct Overhead {
    ns_per_op: f64,
    loop_ns: f64,
    guard_ns: f64,
    guarded_calls_per_op: f64,
}

/// Left out where it was not measured.
#[derive(Serialize)]
struct InAllocator {
    ns_per_op: Option<f64>,
    share: Option<f64>,
    share_error: f64,
    overhead_ns: f64,
}

pub(super) fn benchmark(bench: &model::Bench) -> Benchmark<'_> {
    Benchmark {
        name: &bench.name,
        target: &bench.target,
        iterations: bench.iterations,
        ns_per_op: bench.ns_per_op(),
        ns_samples: &bench.samples,
        slices: bench
            .ns_per_op()
            .map(|_| Slices { taken: bench.slices.taken, left_out: bench.slices.left_out }),
        recorded_iterations: bench.recorded,
        bytes_per_op: bench.per_op(bench.bytes),
        allocs_per_op: bench.per_op(bench.allocs),
        frees_per_op: bench.per_op(bench.frees),
        reallocs_per_op: bench.per_op(bench.reallocs),
        c_heap: bench.c_heap.map(c_heap::part),
        throughput: throughput(bench),
        overhead: bench.ns_per_op().map(|_| Overhead {
            ns_per_op: bench.overhead.ns(),
            loop_ns: bench.overhead.each_loop,
            guard_ns: bench.overhead.guard,
            guarded_calls_per_op: bench.overhead.guarded_calls,
        }),
        allocator: bench.allocator.map(|inside| InAllocator {
            ns_per_op: bench.in_allocator().map(|(_, ns)| ns),
            share: bench.in_allocator().map(|(share, _)| share),
            share_error: inside.error,
            overhead_ns: inside.overhead,
        }),
    }
}

fn throughput(bench: &model::Bench) -> Option<Throughput> {
    let (bytes_per_op, items_per_op) = (bench.processed_bytes, bench.processed_items);
    let [bytes_per_second, items_per_second] = bench.throughput();
    let said = bytes_per_op.or(items_per_op).is_some();
    said.then_some(Throughput { bytes_per_op, items_per_op, bytes_per_second, items_per_second })
}

pub(super) fn grown<'a>(grown: &growth::Grown<'a>) -> Grown<'a> {
    let growth::Grown { target, name, arguments, allocs, bytes } = grown;
    let curve = |curve: growth::Curve| Curve { order: curve.name(), first: curve.first, last: curve.last };
    let (allocs_per_op, bytes_per_op) = (allocs.map(curve), bytes.map(curve));
    Grown { name, target, arguments: arguments.clone(), allocs_per_op, bytes_per_op }
}
