//! The article's benchmark, once for each step.

use elvis::INPUT;
use no_heap::Bencher;

const FIND: &[u8; 5] = b"elvis";
const REPL: &[u8; 5] = b"Elvis";

#[no_heap::bench]
fn algo_one(b: &mut Bencher) {
    let mut out = Vec::with_capacity(INPUT.len());
    b.iter(|| {
        out.clear();
        elvis::algo_one(INPUT, FIND, REPL, &mut out);
    });
}

#[no_heap::bench]
fn algo_two(b: &mut Bencher) {
    let mut out = Vec::with_capacity(INPUT.len());
    b.iter(|| {
        out.clear();
        elvis::algo_two(INPUT, FIND, REPL, &mut out);
    });
}

#[no_heap::bench]
fn algo_three(b: &mut Bencher) {
    let mut out = Vec::with_capacity(INPUT.len());
    b.iter(|| {
        out.clear();
        elvis::algo_three(INPUT, FIND, REPL, &mut out);
    });
}

#[no_heap::bench]
fn algo_four(b: &mut Bencher) {
    let mut out = [0; INPUT.len()];
    b.iter(|| elvis::algo_four(INPUT, FIND, REPL, &mut out));
}

no_heap::main!();
