//! `malloc` and its family, defined in the program itself.
//!
//! The loader binds a name to the first definition in its search order, and the program comes before its libraries. So
//! the definitions in [`entry`] serve C code that was linked in, shared libraries, those that are loaded later, and the C
//! library's own functions, such as `strdup`. [`real`] holds the next definitions in that order: what would have been called
//! without these. [`Direct`] calls them for the program's global allocator, so that a request of Rust code, which is counted
//! by [`Allocator`](crate::Allocator), is not counted a second time.
//!
//! The definitions are weak: a program that brings a `malloc` of its own keeps it, and the probe does not arrive.

mod direct;
mod entry;
mod real;

pub(crate) use direct::Direct;
pub(crate) use entry::find_scope;

/// Takes and frees a block in the C library's own code, which arrives in the recorder if C's memory can be counted.
pub(crate) fn call_probe() {
    entry::link();
    // SAFETY: the argument ends with a nul; the copy is null or a block of the C library's, which is freed once.
    unsafe {
        let copy = libc::strdup(c"probe".as_ptr());
        libc::free(std::hint::black_box(copy).cast());
    }
}
