//! What the report must say of each function of the fixture. One row a finding; a function has the findings listed
//! here and no others.

mod boxes;
mod closures;
mod derived;
mod drops;
mod dyns;
mod eager;
mod maps;
mod others;
mod owners;
mod strings;
mod vectors;

/// One finding.
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) op: &'static str,
    pub(crate) construct: &'static str,
    pub(crate) dyn_trait: Option<&'static str>,
    pub(crate) pattern: &'static str,
    pub(crate) escapes: Option<bool>,
    /// What the finding underlines.
    pub(crate) text: &'static str,
}

const EVERY: &str = "every-call";
const FIRST: &str = "first-call";
const GROWTH: &str = "growth";
const SPORADIC: &str = "sporadic";

/// An allocation on every call, with no trait object in it.
const fn alloc(function: &'static str, construct: &'static str, escapes: bool, text: &'static str) -> Row {
    Row { function, op: "alloc", construct, dyn_trait: None, pattern: EVERY, escapes: Some(escapes), text }
}

/// The same with a trait object.
const fn object(
    function: &'static str,
    construct: &'static str,
    dyn_trait: &'static str,
    escapes: bool,
    text: &'static str,
) -> Row {
    Row { dyn_trait: Some(dyn_trait), ..alloc(function, construct, escapes, text) }
}

/// A free on every call, of memory that was taken elsewhere.
const fn free(function: &'static str, construct: &'static str, text: &'static str) -> Row {
    Row { function, op: "free", construct, dyn_trait: None, pattern: EVERY, escapes: None, text }
}

/// A reallocation on every call.
const fn realloc(function: &'static str, construct: &'static str, escapes: bool, text: &'static str) -> Row {
    Row { op: "realloc", ..alloc(function, construct, escapes, text) }
}

/// Every row, those of each module of the fixture together.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    let modules = [
        boxes::ROWS,
        closures::ROWS,
        derived::ROWS,
        drops::ROWS,
        dyns::ROWS,
        eager::ROWS,
        maps::ROWS,
        others::ROWS,
        owners::ROWS,
        strings::ROWS,
        vectors::ROWS,
    ];
    modules.into_iter().flatten()
}
