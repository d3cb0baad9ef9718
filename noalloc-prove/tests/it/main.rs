//! The proof against real binaries: one crate of small functions with known truths, built in seven profiles.

mod adversarial;
mod callgrind;
mod mutations;
mod refusals;
mod relocations;
mod subjects;
mod truth;
