//! Allocators' functions, by the names that the proof has for them: what a count would say of a call.

/// What is counted of the calls of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Accounting {
    /// Each is an event, whatever comes of it.
    EachCall,
    /// Those that ask for memory, as not all of them do.
    Requests,
    /// None: nobody is told of them.
    Nothing,
}

/// Functions of C that ask their allocator each time.
const ASKING: [&str; 12] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
    "strdup",
    "strndup",
    "__strdup",
];

/// Allocators beside Rust's and C's, and what takes pages from the kernel: how their names begin.
const OTHERS: [&str; 11] = [
    "mi_",
    "_rjem_",
    "mallocx",
    "rallocx",
    "xallocx",
    "__libc_",
    "mmap",
    "mremap",
    "brk",
    "sbrk",
    "__tls_get_addr",
];

/// Of the function that is called `name`.
pub fn accounting(name: &str, is_c_counted: bool) -> Accounting {
    if is_of_rust(name) {
        Accounting::EachCall
    } else if OTHERS.iter().any(|other| name.starts_with(other)) || !is_c_counted {
        Accounting::Nothing
    } else if ASKING.contains(&name) {
        Accounting::EachCall
    } else {
        Accounting::Requests
    }
}

/// Whether each call of it takes memory, counted or not.
pub fn always_takes(name: &str) -> bool {
    let is_other = name.starts_with("mi_") || name.starts_with("_rjem_") || name.starts_with("__libc_");
    is_of_rust(name) || ASKING.contains(&name) || is_other
}

fn is_of_rust(name: &str) -> bool {
    name.contains("::")
        || name.starts_with("__rust_")
        || name.starts_with("__rdl_")
        || name.starts_with("__rg_")
}

#[cfg(test)]
mod tests {
    use super::{Accounting, accounting, always_takes};

    #[test]
    fn what_nobody_is_told_of_is_never_taken_for_nothing() {
        let check = |name, expected| assert_eq!(accounting(name, true), expected, "{name}");
        check("__rustc::__rust_alloc", Accounting::EachCall);
        check(
            "<no_heap::allocator::Allocator as core::alloc::global::GlobalAlloc>::alloc",
            Accounting::EachCall,
        );
        check("malloc", Accounting::EachCall);
        check("strdup", Accounting::EachCall);
        check("getline", Accounting::Requests);
        check("mi_malloc", Accounting::Nothing);
        check("__libc_malloc", Accounting::Nothing);
        check("mmap64", Accounting::Nothing);
        assert_eq!(accounting("malloc", false), Accounting::Nothing);
        assert_eq!(accounting("__rust_realloc", false), Accounting::EachCall);
    }

    #[test]
    fn what_only_may_take_memory_is_no_proof_that_it_did() {
        assert!(always_takes("__rustc::__rust_alloc") && always_takes("mi_malloc") && always_takes("calloc"));
        assert!(!always_takes("fputs") && !always_takes("getline") && !always_takes("mmap"));
    }
}
