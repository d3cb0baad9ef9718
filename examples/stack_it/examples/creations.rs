//! The article's 20 million creations of each: `cargo run --release -p stack_it --example creations`.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stack_it::{create_copy, create_pointer};

const CREATIONS: u32 = 20_000_000;

fn main() {
    let copies = time(create_copy);
    let pointers = time(create_pointer);
    println!("| {CREATIONS} × | seconds | ns each |");
    println!("| --- | ---: | ---: |");
    for (name, took) in [("create_copy", copies), ("create_pointer", pointers)] {
        let each = took.as_nanos() / u128::from(CREATIONS);
        println!("| `{name}` | {:.2} | {each} |", took.as_secs_f64());
    }
}

fn time<R>(create: impl Fn() -> R) -> Duration {
    let start = Instant::now();
    for _ in 0..CREATIONS {
        black_box(create());
    }
    start.elapsed()
}
