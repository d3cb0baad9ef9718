//! Opens the record before `main`.
//!
//! A program that is audited and calls no hot function at all must say so: without this, its silence could not
//! be told from that of a program whose environment was taken away. It also means that a missing record is
//! always a fault of the set-up. Does nothing when nobody asks for a record.

/// Run by the C library's start code, after its own initialisation and that of the libraries.
#[cfg(all(target_os = "linux", not(miri)))]
#[used]
// SAFETY: the section is an array of pointers to C functions, and this is one.
#[unsafe(link_section = ".init_array")]
static BOOT: extern "C" fn() = boot;

/// `extern "C"`: should something panic in here, the process ends with a message instead of unwinding into C.
#[cfg(all(target_os = "linux", not(miri)))]
extern "C" fn boot() {
    if std::env::var_os(crate::env::RECORD_DIR).is_some() {
        super::start();
    }
}
