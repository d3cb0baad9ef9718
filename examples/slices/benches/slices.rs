//! One benchmark for each function; what a benchmark prepares is neither timed nor counted.

use std::hint::black_box;

use no_heap::Bencher;

const LEN: i32 = 1000;
const TEXT: &str = "a string of thirty-one letters.";

#[no_heap::bench]
fn grow(b: &mut Bencher) {
    b.iter_with_setup(Vec::new, |mut numbers| {
        slices::grow(&mut numbers, black_box(LEN));
        numbers
    });
}

#[no_heap::bench]
fn reserve(b: &mut Bencher) {
    b.iter_with_setup(Vec::new, |mut numbers| {
        slices::reserve(&mut numbers, black_box(LEN));
        numbers
    });
}

#[no_heap::bench]
fn any_values(b: &mut Bencher) {
    b.iter(|| slices::any_values(black_box(LEN)));
}

#[no_heap::bench]
fn int_values(b: &mut Bencher) {
    b.iter(|| slices::int_values(black_box(LEN)));
}

#[no_heap::bench]
fn constant_capacity(b: &mut Bencher) {
    b.iter(|| slices::constant_capacity(black_box(TEXT.as_bytes())));
}

#[no_heap::bench]
fn run_time_capacity(b: &mut Bencher) {
    b.iter(|| slices::run_time_capacity(black_box(TEXT.as_bytes())));
}

#[no_heap::bench]
fn large_on_the_stack(b: &mut Bencher) {
    b.iter(|| slices::large_on_the_stack(black_box(1)));
}

#[no_heap::bench]
fn large_on_the_heap(b: &mut Bencher) {
    b.iter(|| slices::large_on_the_heap(black_box(1)));
}

#[no_heap::bench]
fn bytes_borrowed(b: &mut Bencher) {
    b.iter(|| slices::bytes_borrowed(black_box(TEXT)));
}

#[no_heap::bench]
fn bytes_copied(b: &mut Bencher) {
    b.iter(|| slices::bytes_copied(black_box(TEXT)));
}

#[no_heap::bench]
fn bytes_consumed(b: &mut Bencher) {
    b.iter_with_setup(|| TEXT.to_owned(), slices::bytes_consumed);
}

#[no_heap::bench]
fn delete_middle(b: &mut Bencher) {
    b.iter_with_setup(
        || (0..LEN).collect::<Vec<i32>>(),
        |mut numbers| {
            slices::delete_middle(&mut numbers);
            numbers
        },
    );
}

#[no_heap::bench]
fn reverse(b: &mut Bencher) {
    let mut numbers: Vec<i32> = (0..LEN).collect();
    b.iter(|| slices::reverse(&mut numbers));
}

#[no_heap::bench]
fn formatted(b: &mut Bencher) {
    b.iter(|| slices::formatted(black_box(42)));
}

#[no_heap::bench]
fn formatted_into(b: &mut Bencher) {
    let mut out = String::with_capacity(32);
    b.iter(|| slices::formatted_into(black_box(42), &mut out));
}

no_heap::main!();
