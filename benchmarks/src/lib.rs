//! The work that every allocator does, and the protocol in which `benches/runtime.rs` asks for it.
//!
//! A program has one global allocator, so each has a program of its own in `src/bin`. All of them wait at the same
//! time; the driver asks one after another for a short sample, again and again, so that whatever else the machine
//! does meets all of them alike.

#![expect(clippy::print_stdout, reason = "the samples go to the driver through a pipe")]

use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

/// Elements that [`growth`] pushes.
pub const GROWTH: u32 = 4096;

/// A benchmark's inner loop: runs the given number of times.
pub type Work = fn(u64);

/// `iterations` times a `Box` and its drop. Inside a hot function each has a stack of five frames.
pub fn churn(iterations: u64) {
    deep(3, iterations, boxes);
}

/// The same with a stack of ten frames.
pub fn deep_churn(iterations: u64) {
    deep(8, iterations, boxes);
}

fn boxes(iterations: u64) {
    for i in 0..iterations {
        drop(black_box(Box::new(black_box(i))));
    }
}

/// `iterations` times a `Vec` that grows push by push.
pub fn growth(iterations: u64) {
    deep(3, iterations, |iterations| {
        for _ in 0..iterations {
            let mut numbers = Vec::new();
            for i in 0..GROWTH {
                numbers.push(black_box(i));
            }
            drop(black_box(numbers));
        }
    });
}

/// What `benches/clock.rs` has three harnesses measure: one piece of code for all of them, with nothing in it that a
/// compiler could know.
#[inline(never)]
pub fn algo_four(out: &mut [u8]) -> Option<usize> {
    elvis::algo_four(black_box(elvis::INPUT), black_box(b"elvis"), black_box(b"Elvis"), out)
}

/// Frames that stay: no call of this is in tail position.
#[inline(never)]
fn deep(frames: u32, iterations: u64, work: Work) {
    if frames > 1 {
        deep(frames - 1, iterations, work);
    } else {
        work(iterations);
    }
    black_box(frames);
}

/// Answers `name iterations` lines on stdin with the nanoseconds that took, until there are no more.
pub fn serve(works: &[(&str, Work)]) {
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("the driver writes text");
        let (name, iterations) = line.split_once(' ').expect("`name iterations`");
        let iterations = iterations.parse().expect("a number of iterations");
        let (_, work) = works.iter().find(|(known, _)| *known == name).expect("a known benchmark");
        let start = Instant::now();
        work(iterations);
        println!("{}", start.elapsed().as_nanos());
    }
}
