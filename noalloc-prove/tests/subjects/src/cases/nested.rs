//! Hot functions that call hot functions: the inner guard's own work is not the outer function's.

use std::hint::black_box;

use no_heap::guard::{around_and_drop, guarded};
use no_heap::registry::Site;

use crate::data::Data;
use crate::{Case, case};

struct Inner<const N: u64>;

impl<const N: u64> Site for Inner<N> {
    const ID: u64 = N;
}

fn clean(n: u32) -> u64 {
    guarded::<Inner<1>, _, _>(move || u64::from(black_box(n)) * 3)
}

fn noisy(n: u32) -> u64 {
    guarded::<Inner<2>, _, _>(move || black_box(Box::new(u64::from(n))).wrapping_add(1))
}

fn takes(list: Vec<u8>) -> u64 {
    guarded::<Inner<3>, _, _>(move || list.len() as u64)
}

fn deep(n: u32) -> u64 {
    guarded::<Inner<4>, _, _>(move || clean(n) + clean(n + 1))
}

fn deep_noisy(n: u32) -> u64 {
    guarded::<Inner<5>, _, _>(move || clean(n) + noisy(n))
}

fn fails(n: u32) -> Result<u64, String> {
    guarded::<Inner<6>, _, _>(move || if n < 4_000_000 { Ok(1) } else { Err(n.to_string()) })
}

// Free: the body inside does nothing.
fn nested_clean(d: &mut Data) -> u64 {
    clean(d.n) + clean(d.n + 1)
}

// Free: three deep.
fn nested_deep(d: &mut Data) -> u64 {
    deep(d.n)
}

// Allocates: the body inside does.
fn nested_noisy(d: &mut Data) -> u64 {
    clean(d.n) + noisy(d.n)
}

// Allocates: the innermost body does.
fn nested_deep_noisy(d: &mut Data) -> u64 {
    deep_noisy(d.n)
}

// Allocates: beside a clean inner function.
fn nested_beside_the_heap(d: &mut Data) -> u64 {
    clean(d.n) + black_box(Box::new(d.n)).wrapping_add(1) as u64
}

// Conditional: the body inside may, on a path that is not taken here.
fn nested_result(d: &mut Data) -> u64 {
    fails(d.n).unwrap_or(0)
}

// Free: a value dies in the outer function, after the call.
fn nested_drop(d: &mut Data) -> u64 {
    let text = std::mem::take(&mut d.text);
    clean(d.n) + text.len() as u64
}

// Free: an argument of the inner function dies in its body.
fn nested_argument(d: &mut Data) -> u64 {
    let text = std::mem::take(&mut d.text);
    takes(text.into_bytes())
}

/// Takes memory when it dies.
struct Loud<'l>(&'l mut u64, u32);

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        *self.0 += *black_box(Box::new(u64::from(self.1)));
    }
}

// Allocates: what dies inside of a guard is the user's, whoever is marked as one.
fn guard_that_drops(d: &mut Data) -> u64 {
    let (mut total, n) = (0, d.n);
    around_and_drop::<Inner<7>, _, _, _>(Loud(&mut total, n), move || black_box(n));
    total
}

pub fn cases() -> Vec<Case> {
    vec![
        case!(nested_clean, Free),
        case!(nested_deep, Free),
        case!(nested_noisy, Allocates, frees),
        case!(nested_deep_noisy, Allocates, frees),
        case!(nested_beside_the_heap, Allocates, frees),
        case!(nested_result, Conditional),
        case!(nested_drop, Free, frees),
        case!(nested_argument, Free, frees),
        case!(guard_that_drops, Allocates, frees),
    ]
}
