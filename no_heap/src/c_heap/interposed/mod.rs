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

/// Calls the functions of the C library's allocator that matter, the first one from the library's own code. Where all of them
/// arrive in the recorder, C's memory is counted: see [`is_probed`].
pub(crate) fn call_probe() {
    entry::link();
    // SAFETY: the argument of `strdup` ends with a nul. Each block is null or the C library's, is not used, and is freed once,
    // the zeroed one by being resized.
    unsafe {
        let copy = libc::strdup(c"probe".as_ptr());
        let resized = libc::realloc(libc::calloc(1, 8), 16);
        let mut aligned = std::ptr::null_mut();
        libc::posix_memalign(&raw mut aligned, 64, 64);
        for block in [copy.cast(), resized, aligned] {
            libc::free(std::hint::black_box(block));
        }
    }
}

/// Whether these functions, a bit for each of [`crate::record::C_FUNCTIONS`], are all that the probe calls.
pub(crate) fn is_probed(functions: u16) -> bool {
    functions == entry::PROBED
}
