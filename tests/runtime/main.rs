//! The runtime's integration tests: fixture programs are built as `cargo noalloc` builds them, run, and their
//! records read.

mod counts;
mod permits;
mod sites;
mod stacks;
mod support;
mod survival;
