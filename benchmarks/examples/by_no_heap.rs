//! `algo_four` by this project's own harness.

use no_heap::Bencher;

#[no_heap::bench]
fn algo_four(b: &mut Bencher) {
    let mut out = [0; elvis::INPUT.len()];
    b.iter(|| noalloc_benchmarks::algo_four(&mut out));
}

no_heap::main!();
