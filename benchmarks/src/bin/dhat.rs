//! dhat's heap profiler: unwinds the stack of every request.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn main() {
    let _profiler = dhat::Profiler::builder().testing().build();
    serve(&[("churn", churn), ("growth", growth)]);
}
