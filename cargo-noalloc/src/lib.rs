//! The pipeline of `cargo noalloc`, one call a step.
