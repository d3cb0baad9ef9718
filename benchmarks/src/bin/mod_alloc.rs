//! mod-alloc with call sites: frame pointers and a table of stacks, like ours.

use noalloc_benchmarks::{churn, growth, serve};

#[global_allocator]
static ALLOCATOR: mod_alloc::ModAlloc = mod_alloc::ModAlloc::new();

fn main() {
    serve(&[("churn", churn), ("growth", growth)]);
}
