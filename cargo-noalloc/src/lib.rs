//! The pipeline of `cargo noalloc`, one call a step.

pub mod model;
pub mod source;
