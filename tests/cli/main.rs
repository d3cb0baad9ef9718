//! The tool from outside: the built binary, real crates, what comes out.
//!
//! One integration binary, a `mod` for each subject. Fixtures are copied before use and share one target
//! directory, so that `no_heap` is built once for all of them.

#![expect(clippy::unwrap_used, reason = "in a test the panic is the report")]

mod allocators;
mod baseline;
mod c_memory;
mod callers;
mod compare;
mod configured;
mod contradictions;
mod crowded;
mod elvis;
mod endings;
mod examples;
mod exercised;
mod family;
mod flags;
mod formats;
mod gate;
mod go;
mod growth;
mod hostile;
mod init;
mod jobs;
mod nested;
mod outside;
mod pages;
mod parts;
mod permits;
mod promises;
mod prove;
mod readers;
mod records;
mod reference;
mod refused;
mod rendered;
mod revisions;
mod robust;
mod schema;
mod setups;
mod streams;
mod support;
mod terminal;
mod tidy;
mod untrusted;
mod usage;
mod workflows;
mod xsd;
