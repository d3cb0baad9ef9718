//! `algo_four` by criterion.

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(20))
        .measurement_time(Duration::from_millis(100))
        .without_plots();
    let mut out = [0; elvis::INPUT.len()];
    criterion.bench_function("algo_four", |b| b.iter(|| noalloc_benchmarks::algo_four(&mut out)));
}
