//! stats_alloc: totals of the process, in atomics.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

fn main() {
    serve(&[("churn", churn), ("growth", growth)]);
}
