//! Ours: idle outside of hot functions, recording inside, and the guard around nothing beside the one it is built
//! on.

use std::hint::black_box;

use assert_no_alloc::assert_no_alloc;
use no_heap::no_heap;
use noalloc_benchmarks::{churn, deep_churn, growth, serve};

#[global_allocator]
static ALLOCATOR: no_heap::Allocator = no_heap::Allocator::new(std::alloc::System);

#[no_heap]
fn hot_churn(iterations: u64) {
    churn(iterations);
}

#[no_heap]
fn hot_growth(iterations: u64) {
    growth(iterations);
}

#[no_heap]
fn hot_deep_churn(iterations: u64) {
    deep_churn(iterations);
}

#[no_heap]
fn outer_churn(iterations: u64) {
    hot_churn(iterations);
}

/// A new call for each pair.
#[inline(never)]
#[no_heap]
fn hot_pair() {
    churn(1);
}

#[inline(never)]
fn called() {
    black_box(());
}

#[inline(never)]
#[no_heap]
fn guarded() {
    called();
}

#[inline(never)]
fn asserted() {
    assert_no_alloc(called);
}

fn repeat(iterations: u64, work: fn()) {
    for _ in 0..iterations {
        black_box(work)();
    }
}

fn main() {
    serve(&[
        ("churn", churn),
        ("growth", growth),
        ("hot-churn", hot_churn),
        ("hot-growth", hot_growth),
        ("deep-churn", hot_deep_churn),
        ("nested-churn", outer_churn),
        ("call-churn", |n| repeat(n, hot_pair)),
        ("call", |n| repeat(n, called)),
        ("guard", |n| repeat(n, guarded)),
        ("assert", |n| repeat(n, asserted)),
    ]);
}
