//! What slices and vectors take from the heap, and the ways around: the cases of the article on Go's slices.
//!
//! Each pair does the same work, once on the heap and once without, or says why it cannot.

use std::any::Any;
use std::fmt::Write as _;

use no_heap::no_heap;

/// Appends to a vector that starts empty: it grows by doubling, and each growth is a new block.
#[no_heap]
pub fn grow(numbers: &mut Vec<i32>, len: i32) {
    for i in 0..len {
        numbers.push(i);
    }
}

/// Says beforehand how much will come: one block.
#[no_heap(allocs = 1)]
pub fn reserve(numbers: &mut Vec<i32>, len: i32) {
    numbers.reserve(len as usize);
    for i in 0..len {
        numbers.push(i);
    }
}

/// Go's `[]interface{}`: every element is a block of its own, beside the one of the vector.
#[no_heap]
pub fn any_values(len: i32) -> Vec<Box<dyn Any>> {
    (0..len).map(|i| Box::new(i) as Box<dyn Any>).collect()
}

/// Go's `[]int`: the elements stand in the vector's one block.
#[no_heap]
pub fn int_values(len: i32) -> Vec<i32> {
    (0..len).collect()
}

/// A capacity known when the program is compiled: an array on the stack.
#[no_heap]
pub fn constant_capacity(bytes: &[u8]) -> u32 {
    let mut window = [0u8; 64];
    let n = bytes.len().min(window.len());
    window[..n].copy_from_slice(&bytes[..n]);
    checksum(&window[..n])
}

/// A capacity known when the program runs: Rust has no stack for it.
#[no_heap]
pub fn run_time_capacity(bytes: &[u8]) -> u32 {
    let window = bytes.to_vec();
    checksum(&window)
}

/// 64 KiB on the stack: Go would put it on the heap by itself, Rust does what is written. The main thread has 8 MiB,
/// a spawned one 2 MiB; an array beyond that ends the program with a stack overflow.
#[no_heap]
pub fn large_on_the_stack(seed: u8) -> u32 {
    let table = [seed; 64 * 1024];
    checksum(std::hint::black_box(&table))
}

/// The same on the heap: the size no longer matters, the call of the allocator does.
#[no_heap]
pub fn large_on_the_heap(seed: u8) -> u32 {
    let table = vec![seed; 64 * 1024];
    checksum(std::hint::black_box(&table))
}

/// A string's bytes, borrowed: nothing is copied.
#[no_heap]
pub fn bytes_borrowed(text: &str) -> u32 {
    checksum(text.as_bytes())
}

/// A string's bytes, copied: Go's `[]byte(s)`.
#[no_heap]
pub fn bytes_copied(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// A string's bytes, taken over: the block changes its owner.
#[no_heap]
pub fn bytes_consumed(text: String) -> Vec<u8> {
    text.into_bytes()
}

/// Deletes from the middle: what lies behind moves up, in place.
#[no_heap]
pub fn delete_middle(numbers: &mut Vec<i32>) -> i32 {
    numbers.remove(numbers.len() / 2)
}

/// Reverses in place.
#[no_heap]
pub fn reverse(numbers: &mut [i32]) {
    numbers.reverse();
}

/// A value passed to formatting: in Go that alone moves it to the heap. Here the string does.
#[no_heap]
pub fn formatted(value: i32) -> String {
    format!("value {value}")
}

/// Formatting into a buffer that the caller keeps.
#[no_heap]
pub fn formatted_into(value: i32, out: &mut String) {
    out.clear();
    // Writing into a `String` cannot fail.
    let _ = write!(out, "value {value}");
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, byte| sum.rotate_left(1) ^ u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_does_the_same_work() {
        let (mut grown, mut reserved) = (Vec::new(), Vec::new());
        grow(&mut grown, 100);
        reserve(&mut reserved, 100);
        assert_eq!(grown, reserved);
        let boxed: Vec<i32> = any_values(9).iter().filter_map(|any| any.downcast_ref().copied()).collect();
        assert_eq!(boxed, int_values(9));
        assert_eq!(constant_capacity(b"elvis"), run_time_capacity(b"elvis"));
        assert_eq!(large_on_the_stack(7), large_on_the_heap(7));
        assert_eq!(bytes_copied("elvis"), bytes_consumed("elvis".to_owned()));
        assert_eq!(bytes_borrowed("elvis"), checksum(&bytes_copied("elvis")));
        let mut out = String::new();
        formatted_into(7, &mut out);
        assert_eq!(formatted(7), out);
    }

    #[test]
    fn the_middle_goes_and_the_rest_turns_round() {
        let mut numbers = int_values(5);
        assert_eq!(delete_middle(&mut numbers), 2);
        reverse(&mut numbers);
        assert_eq!(numbers, [4, 3, 1, 0]);
    }
}
