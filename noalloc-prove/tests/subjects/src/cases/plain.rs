//! Arithmetic, slices, strings, sorting, parsing, jump tables, recursion: nothing here takes memory.

use std::hint::black_box;

use crate::data::Data;
use crate::{Case, case};

// Free: a loop over a slice.
fn sum(d: &mut Data) -> u64 {
    d.numbers.iter().map(|n| u64::from(*n)).sum()
}

// Free: the only other path panics.
fn checked_index(d: &mut Data) -> u64 {
    u64::from(d.numbers[d.n as usize % 8])
}

// Free: `unwrap` and `expect` only panic.
fn unwraps(d: &mut Data) -> u64 {
    u64::from(*d.numbers.first().unwrap()) + u64::from(*d.numbers.last().expect("not empty"))
}

// Free: division by zero and overflow panic, with formatted messages.
fn panics_only(d: &mut Data) -> u64 {
    assert!(d.n != 12345, "n is {}", d.n);
    u64::from(1000 / (d.n + 1))
}

// Free: an unstable sort works in place.
fn sort_unstable(d: &mut Data) -> u64 {
    d.numbers.sort_unstable();
    u64::from(d.numbers[0])
}

// Free: by key, in place.
fn sort_unstable_by(d: &mut Data) -> u64 {
    d.numbers.sort_unstable_by_key(|n| std::cmp::Reverse(*n));
    u64::from(d.numbers[0])
}

// Conditional: a stable sort takes a buffer for long slices; this one is short.
fn sort_stable(d: &mut Data) -> u64 {
    d.numbers.sort();
    u64::from(d.numbers[0])
}

// Free: binary search.
fn search(d: &mut Data) -> u64 {
    d.numbers.binary_search(&d.n).map_or_else(|at| at, |at| at) as u64
}

// Free: selection in place.
fn select_nth(d: &mut Data) -> u64 {
    u64::from(*d.numbers.select_nth_unstable(3).1)
}

// Free: parsing a number.
fn parse_integer(d: &mut Data) -> u64 {
    d.text[..2].parse::<u64>().unwrap_or(0)
}

// Free: parsing a float.
fn parse_float(d: &mut Data) -> u64 {
    d.text[..2].parse::<f64>().map_or(0, f64::to_bits)
}

// Free: splitting borrows.
fn split_words(d: &mut Data) -> u64 {
    d.text.split(' ').map(str::len).sum::<usize>() as u64
}

// Free: a search for a substring.
fn find_text(d: &mut Data) -> u64 {
    d.text.find("Some").unwrap_or(0) as u64
}

// Free: characters and case without a new string.
fn characters(d: &mut Data) -> u64 {
    d.text.chars().rev().filter(|c| c.is_alphanumeric()).map(|c| u64::from(u32::from(c))).sum()
}

// Free: validation borrows.
fn utf8(d: &mut Data) -> u64 {
    std::str::from_utf8(&d.bytes).map_or(0, |text| text.len() as u64)
}

// Free: float functions, some in the C library.
fn float_math(d: &mut Data) -> u64 {
    (d.x.sin() + d.x.powf(1.5) + d.x.ln() + d.x.sqrt().floor() + d.x.rem_euclid(1.5)).to_bits()
}

// Free: a dense match becomes a jump table.
fn jump_table(d: &mut Data) -> u64 {
    let mut total = 0u64;
    for n in &d.numbers {
        total = match n {
            0 => total + 3,
            1 => total * 7,
            2 => total ^ 0x55,
            3 => total.rotate_left(3),
            4 => total.wrapping_sub(u64::from(d.n)),
            5 => total | 1,
            6 => total & 0xff,
            7 => !total,
            8 => total.swap_bytes(),
            9 => total.reverse_bits(),
            _ => total >> 1,
        };
    }
    total
}

// Conditional: one arm of a jump table takes memory, and no number here leads to it.
fn jump_table_with_a_noisy_arm(d: &mut Data) -> u64 {
    let mut total = 0u64;
    for n in &d.numbers {
        total = match n {
            0 => total + 3,
            1 => total * 7,
            2 => total ^ 0x55,
            3 => total.rotate_left(3),
            4 => black_box(vec![total; d.n as usize]).len() as u64,
            5 => total | 1,
            6 => total & 0xff,
            7 => !total,
            8 => total.swap_bytes(),
            _ => total >> 1,
        };
    }
    total
}

fn fibonacci(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

// Free: recursion.
fn recursion(d: &mut Data) -> u64 {
    fibonacci(d.n)
}

#[inline(never)]
fn even(n: u32) -> bool {
    n == 0 || odd(n - 1)
}

#[inline(never)]
fn odd(n: u32) -> bool {
    n != 0 && even(n - 1)
}

// Free: mutual recursion by tail calls.
fn tail_calls(d: &mut Data) -> u64 {
    u64::from(even(d.n))
}

#[inline(never)]
fn deep(n: u32) -> u64 {
    if n == 0 { black_box(Box::new(1u64)).wrapping_add(1) } else { deep(n - 1) + 1 }
}

// Allocates: at the bottom of a recursion.
fn recursion_to_the_heap(d: &mut Data) -> u64 {
    deep(d.n)
}

// Free: iterators with adapters.
fn adapters(d: &mut Data) -> u64 {
    let pairs = d.numbers.iter().zip(d.bytes.iter()).skip(1).step_by(2).rev();
    pairs.map(|(a, b)| u64::from(*a) * u64::from(*b)).fold(0, u64::wrapping_add)
}

// Free: chunks and windows.
fn windows(d: &mut Data) -> u64 {
    let rises = d.numbers.windows(2).filter(|pair| pair[0] < pair[1]).count();
    (rises + d.numbers.chunks(3).len() + d.numbers.chunks_exact(2).len()) as u64
}

// Free: arrays on the stack.
fn stack_array(d: &mut Data) -> u64 {
    let mut table = [0u64; 32];
    for n in &d.numbers {
        table[*n as usize % 32] += 1;
    }
    table.iter().max().copied().unwrap_or(0)
}

// Free: an endless loop that a counter leaves.
fn collatz(d: &mut Data) -> u64 {
    let (mut n, mut steps) = (u64::from(d.n) + 20, 0);
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}

// Free: wide integers, whose division is a function call.
fn wide_division(d: &mut Data) -> u64 {
    let n = black_box(u128::from(d.n) << 70);
    (n / u128::from(d.n + 3) % 1_000_003) as u64
}

// Free: copies and comparisons of memory.
fn memory_functions(d: &mut Data) -> u64 {
    let copy = d.bytes;
    d.bytes.copy_within(3..40, 7);
    d.bytes[d.n as usize..].fill(9);
    u64::from(copy < d.bytes) + u64::from(copy.starts_with(&d.bytes[..d.n as usize]))
}

// Free: results and options.
fn question_marks(d: &mut Data) -> u64 {
    fn inner(text: &str) -> Result<u64, std::num::ParseIntError> {
        let first: u64 = text[..2].parse()?;
        let second: u64 = text[4..6].parse()?;
        Ok(first + second)
    }
    inner(&d.text).unwrap_or(1)
}

pub fn cases() -> Vec<Case> {
    vec![
        case!(sum, Free),
        case!(checked_index, Free),
        case!(unwraps, Free),
        case!(panics_only, Free),
        case!(sort_unstable, Free),
        case!(sort_unstable_by, Free),
        case!(sort_stable, Conditional),
        case!(search, Free),
        case!(select_nth, Free),
        case!(parse_integer, Free),
        case!(parse_float, Free),
        case!(split_words, Free),
        case!(find_text, Free),
        case!(characters, Free),
        case!(utf8, Free),
        case!(float_math, Free),
        case!(jump_table, Free),
        case!(jump_table_with_a_noisy_arm, Conditional),
        case!(recursion, Free),
        case!(tail_calls, Free),
        case!(recursion_to_the_heap, Allocates, frees),
        case!(adapters, Free),
        case!(windows, Free),
        case!(stack_array, Free),
        case!(collatz, Free),
        case!(wide_division, Free),
        case!(memory_functions, Free),
        case!(question_marks, Free),
    ]
}
