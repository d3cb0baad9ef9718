//! The proof against real binaries: one crate of small functions with known truths, built in seven profiles.
#![expect(clippy::print_stdout, reason = "what was proved and measured is for whoever reads the log")]

mod adversarial;
mod callgrind;
#[path = "../../../tests/linker.rs"]
mod linker;
mod linkers;
mod mutations;
mod refusals;
mod relocations;
mod subjects;
#[path = "../../../tests/tools.rs"]
mod tools;
mod truth;
