//! Tools that a test needs beside Rust, and that a machine may lack.

use std::process::Command;

/// Says that a test has not been done for want of `what`, or fails it where everything has to be there.
#[expect(clippy::print_stderr, reason = "who runs the tests has to hear of it")]
#[track_caller]
pub(crate) fn absent(what: &str) {
    assert!(std::env::var_os("NOALLOC_TOOLS").is_none_or(|value| value != "required"), "there is no {what}");
    eprintln!("not tried, because there is no {what}");
}

/// Whether the C compiler, which links for rustc, finds the linker that it knows by this name.
pub(crate) fn has_linker(name: &str) -> bool {
    let asked = Command::new("cc").args([&format!("-fuse-ld={name}"), "-Wl,--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}
