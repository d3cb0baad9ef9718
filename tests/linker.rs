//! Linkers that a test needs beside the toolchain's own, and that a machine may lack.

use std::process::Command;

/// Whether the C compiler, which links for rustc, finds the linker that it knows by this name.
pub(crate) fn has_linker(name: &str) -> bool {
    let asked = Command::new("cc").args([&format!("-fuse-ld={name}"), "-Wl,--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}
