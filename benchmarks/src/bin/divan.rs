//! Divan's counting allocator: totals for each thread.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    serve(&[("churn", churn), ("growth", growth)]);
}
