//! The one table of names: which functions allocate, free, are harmless or never return, and why.
//!
//! An import that is not here makes a verdict unknown and is named in it. A function with a body in the image is
//! judged by its body: what a name promises is believed there only as far as [`bodies`](self::bodies) says.

mod bodies;
mod imports;
mod table;

use crate::image::demangle;
pub(crate) use bodies::Classes;
use table::{Row, TABLE};

/// What a call to a function means for the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Takes memory from the heap.
    Allocates,
    /// Resizes a block of the heap.
    Reallocates,
    /// Gives memory back.
    Frees,
    /// Neither takes nor gives back memory, and calls nothing of ours back.
    Harmless,
    /// Control does not come back from it in the ordinary way.
    NeverReturns,
}

impl Class {
    /// Takes memory, fresh or more of it.
    pub(crate) fn takes(self) -> bool {
        matches!(self, Self::Allocates | Self::Reallocates)
    }

    /// A call to the C library or a fellow that takes or gives back memory.
    pub(crate) fn is_sink(self) -> bool {
        matches!(self, Self::Allocates | Self::Reallocates | Self::Frees)
    }
}

/// Rust's own entry points to the allocator, by the last part of their path.
const RUST_ENTRIES: &[(&str, Class)] = &[
    ("__rust_alloc", Class::Allocates),
    ("__rust_alloc_zeroed", Class::Allocates),
    ("__rust_realloc", Class::Reallocates),
    ("__rust_dealloc", Class::Frees),
    ("__rdl_alloc", Class::Allocates),
    ("__rdl_alloc_zeroed", Class::Allocates),
    ("__rdl_realloc", Class::Reallocates),
    ("__rdl_dealloc", Class::Frees),
    ("__rg_alloc", Class::Allocates),
    ("__rg_alloc_zeroed", Class::Allocates),
    ("__rg_realloc", Class::Reallocates),
    ("__rg_dealloc", Class::Frees),
];

/// Methods of `GlobalAlloc` as `no_heap::Allocator` has them, and what it keeps out of line of each of them when they
/// dissolve in their callers.
const METHODS: &[(&str, &str, Class)] = &[
    ("alloc", "alloc_recorded", Class::Allocates),
    ("alloc_zeroed", "alloc_zeroed_recorded", Class::Allocates),
    ("realloc", "realloc_recorded", Class::Reallocates),
    ("dealloc", "dealloc_recorded", Class::Frees),
];

/// Begins the second names of the definitions that the runtime puts in front of the C library's allocator.
const INTERPOSED: &str = "no_heap_";

/// C functions that end the program. With a body in the image they are held to do so when their code agrees.
const ENDINGS: &[&str] = &["abort", "exit", "_exit", "_Exit", "_Unwind_Resume"];

/// The row of the table in which a name stands.
fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.names().any(|known| known == name))
}

/// Whether a C function that takes memory may also give some back before it returns: all but the allocators' own entries.
pub(crate) fn may_free(name: &str) -> bool {
    row(name).is_some_and(|row| row.class == Class::Allocates && !row.is_allocator)
}

/// What one of its symbols promises of a function with a body: an allocator's entry, or an end of the program.
pub(crate) fn body(symbol: &str) -> Option<Class> {
    if symbol.starts_with("_ZN") || symbol.starts_with("_R") {
        return rust_body(symbol);
    }
    if ENDINGS.contains(&symbol) {
        return Some(Class::NeverReturns);
    }
    let symbol = symbol.strip_prefix(INTERPOSED).unwrap_or(symbol);
    entry(symbol).or_else(|| row(symbol).filter(|row| row.is_allocator).map(|row| row.class))
}

/// Whether a symbol is a compiler's thunk that jumps through a register by `ret`, so that its body looks harmless.
pub(crate) fn is_indirect_thunk(symbol: &str) -> bool {
    let prefixes = ["__llvm_retpoline_", "__x86_indirect_thunk", "__llvm_lvi_thunk", "__x86_return_thunk"];
    prefixes.iter().any(|prefix| symbol.starts_with(prefix))
}

fn rust_body(symbol: &str) -> Option<Class> {
    let is_candidate = ["__rust_", "__rdl_", "__rg_", "no_heap"].iter().any(|part| symbol.contains(part));
    if !is_candidate {
        return None;
    }
    let path = demangle(symbol);
    if let Some(tail) = path.strip_prefix("__rustc::") {
        return entry(tail);
    }
    let name = path.rsplit("::").next().filter(|_| path.starts_with("<no_heap::"))?;
    let known = match path.contains(" as core::alloc::global::GlobalAlloc>::") {
        true => METHODS.iter().find(|known| known.0 == name),
        // What another trait calls so is somebody else's.
        false if path.contains(" as ") => None,
        false => METHODS.iter().find(|known| known.1 == name),
    };
    known.map(|known| known.2)
}

fn entry(name: &str) -> Option<Class> {
    RUST_ENTRIES.iter().find(|known| known.0 == name).map(|known| known.1)
}

/// Whether a symbol is the shim that stands between `alloc` and the global allocator, which proves nothing.
pub(crate) fn is_shim(symbol: &str) -> bool {
    let path = demangle(symbol);
    let name = path.strip_prefix("__rustc::").unwrap_or(&path);
    name.starts_with("__rust_") || name.starts_with("__rg_")
}

/// Whether a symbol is `__rust_alloc` itself.
pub(crate) fn is_rust_alloc(symbol: &str) -> bool {
    symbol.contains("__rust_alloc") && demangle(symbol).trim_start_matches("__rustc::") == "__rust_alloc"
}

#[cfg(test)]
mod tests {
    use super::{Class, TABLE, body, is_rust_alloc};

    #[test]
    fn every_row_has_a_reason_and_no_name_stands_twice() {
        let mut names: Vec<&str> = TABLE.iter().flat_map(super::table::Row::names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(TABLE.iter().all(|row| !row.reason.is_empty()));
    }

    #[test]
    fn allocators_are_known_by_every_mangling() {
        let check = |symbol, class| assert_eq!(body(symbol), class, "{symbol}");
        check("_RNvCsgGR9yzm7JLW_7___rustc12___rust_alloc", Some(Class::Allocates));
        check("_RNvCsgGR9yzm7JLW_7___rustc14___rust_dealloc", Some(Class::Frees));
        check("__rust_realloc", Some(Class::Reallocates));
        check("_RNvCsgGR9yzm7JLW_7___rustc35___rust_no_alloc_shim_is_unstable_v2", None);
        let legacy = "_ZN91_$LT$no_heap..allocator..Allocator$LT$A$GT$$u20$as$u20$core..alloc..global..GlobalAlloc$GT$7realloc17h0123456789abcdefE";
        check(legacy, Some(Class::Reallocates));
        check("_RNvMCs6_7no_heapNtB2_9Allocator14alloc_recorded", Some(Class::Allocates));
        check("_RNvMCs6_7no_heapNtB2_9Allocator5alloc", None);
        let foreign = "_ZN60_$LT$no_heap..allocator..Allocator$u20$as$u20$app..Trait$GT$16dealloc_recorded17h0123456789abcdefE";
        check(foreign, None);
        check("_ZN4user12my__rust_alloc17h0123456789abcdefE", None);
        check("memcpy", None);
        check("errx", None);
        check("abort", Some(Class::NeverReturns));
        check("_rjem_mallocx", Some(Class::Allocates));
        check("fclose", None);
        check("tzset", None);
        assert!(is_rust_alloc("_RNvCsgGR9yzm7JLW_7___rustc12___rust_alloc"));
    }
}
