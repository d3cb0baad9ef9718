//! The measure of all: the system's allocator.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

fn main() {
    serve(&[("churn", churn), ("growth", growth)]);
}
