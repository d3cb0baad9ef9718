//! The proof against real binaries: one crate of small functions with known truths, built in seven profiles.

mod subjects;
mod truth;
