//! Can this function ever reach the allocator? Bytes of a linked binary in, proofs out.

mod analysis;
mod code;
mod graph;
mod image;
mod refusal;
mod symbols;
mod x86_64;

pub use refusal::{Corruption, Refusal};
