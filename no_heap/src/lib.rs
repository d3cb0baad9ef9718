//! `#[no_heap]`: promise that a function stays off the heap.
