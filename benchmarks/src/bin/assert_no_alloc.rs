//! The guard's own crate: its allocator, outside of its guard.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

fn main() {
    serve(&[("churn", churn), ("growth", growth)]);
}
