//! `algo_four` by divan.

#[divan::bench(max_time = 0.05, sample_count = 2_000)]
fn algo_four(bencher: divan::Bencher<'_, '_>) {
    let mut out = [0; elvis::INPUT.len()];
    bencher.bench_local(|| noalloc_benchmarks::algo_four(&mut out));
}

fn main() {
    divan::main();
}
