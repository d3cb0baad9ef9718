//! A value that is returned, shared *up* the stack and shared *down*: the programs of the article *Understanding
//! Allocations in Go*.
//!
//! Go's compiler decides which of them is on the heap. In Rust the source says so: what is shared up needs a `Box`.

use no_heap::no_heap;

/// Returns a value: it is copied into the caller's frame.
#[no_heap]
pub fn stack_it(y: i64) -> i64 {
    y * 2
}

/// Shares the result up the stack: it has to outlive this frame, so it lives on the heap.
#[no_heap]
pub fn stack_it2(y: i64) -> Box<i64> {
    Box::new(y * 2)
}

/// Is given a reference down the stack: the value outlives this frame anyway.
#[no_heap]
pub fn stack_it3(y: &i64) -> i64 {
    *y * 2
}

/// The article's (somewhat) big struct: nine fields, 80 bytes in Go, and as many here.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "they stand for any fields")]
pub struct BigStruct {
    pub a: i64,
    pub b: i64,
    pub c: i64,
    pub d: &'static str,
    pub e: &'static str,
    pub f: &'static str,
    pub g: bool,
    pub h: bool,
    pub i: bool,
}

const BIG: BigStruct =
    BigStruct { a: 123, b: 456, c: 789, d: "ABC", e: "DEF", f: "HIJ", g: true, h: true, i: true };

/// Copies the struct into the caller's frame.
#[no_heap]
pub fn create_copy() -> BigStruct {
    BIG
}

/// Shares a struct up the stack.
#[no_heap]
pub fn create_pointer() -> Box<BigStruct> {
    Box::new(BIG)
}

#[cfg(test)]
mod tests {
    use super::{BigStruct, create_copy, create_pointer, stack_it, stack_it2, stack_it3};

    #[test]
    fn all_three_double_their_argument() {
        assert_eq!((stack_it(2), *stack_it2(2), stack_it3(&2)), (4, 4, 4));
    }

    #[test]
    fn both_structs_are_the_same_and_as_big_as_the_articles() {
        assert_eq!(create_copy(), *create_pointer());
        assert_eq!(size_of::<BigStruct>(), 80);
    }
}
