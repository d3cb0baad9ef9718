//! A hot function as its source declares it, whether or not any binary has it.

use super::{NoSource, Place};

/// A function with `#[no_heap]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredFn {
    /// Path inside the crate: `fir::Filter::process`.
    pub name: String,
    /// Of its name.
    pub place: Place,
    /// Between the attribute's parentheses, as written; empty without any.
    pub options: String,
}

/// All hot functions of some crates.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Crate and function, in the order of crates and of the source.
    pub functions: Vec<(String, DeclaredFn)>,
    /// Files that could not be read.
    pub problems: Vec<NoSource>,
}
