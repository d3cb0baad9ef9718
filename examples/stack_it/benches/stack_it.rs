//! The article's benchmarks.

use std::hint::black_box;

use no_heap::Bencher;

#[no_heap::bench]
fn stack_it(b: &mut Bencher) {
    b.iter(|| stack_it::stack_it(black_box(2)));
}

#[no_heap::bench]
fn stack_it2(b: &mut Bencher) {
    b.iter(|| stack_it::stack_it2(black_box(2)));
}

#[no_heap::bench]
fn stack_it3(b: &mut Bencher) {
    b.iter(|| stack_it::stack_it3(&black_box(2)));
}

#[no_heap::bench]
fn create_copy(b: &mut Bencher) {
    b.iter(stack_it::create_copy);
}

#[no_heap::bench]
fn create_pointer(b: &mut Bencher) {
    b.iter(stack_it::create_pointer);
}

no_heap::main!();
