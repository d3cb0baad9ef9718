//! The runtime's integration tests: fixture programs are built as `cargo noalloc` builds them, run, and their
//! records read.

#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod awkward;
mod blocks;
mod c_memory;
mod counts;
mod enforce;
mod harness;
mod kinds;
mod limits;
mod lints;
mod permits;
mod plain;
mod random;
mod reader;
mod refusals;
mod repeats;
mod sites;
mod stacks;
mod streams;
mod support;
mod survival;
#[path = "../tools.rs"]
mod tools;
mod workers;
mod wrapped;
