//! What cargo built.

use std::ffi::OsString;
use std::path::PathBuf;

use super::PlannedTarget;

/// Everything the build gave.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// What it was made with.
    pub toolchain: Toolchain,
    /// In the order of their targets.
    pub binaries: Vec<Binary>,
}

/// An executable and the target it is.
#[derive(Clone, Debug)]
pub struct Binary {
    /// The target.
    pub planned: PlannedTarget,
    /// The file.
    pub executable: PathBuf,
    /// Built without the audit's own `#[global_allocator]`, because the program has one.
    pub own_allocator: bool,
    /// The program's own `#[global_allocator]`, when it was found in the source.
    pub allocator: Option<OwnAllocator>,
    /// Where build scripts put libraries that the program loads.
    pub library_paths: Vec<PathBuf>,
}

/// A `#[global_allocator]` in a program's source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAllocator {
    /// Of the attribute, as `file:line:column`.
    pub place: String,
    /// The static's name, type and value, as they are written.
    pub item: Option<(String, String, String)>,
    /// It stands in a program that cargo builds beside this target, not in the target.
    pub of_another_program: bool,
}

/// What the build was made with, for the report and for running.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// `rustc`'s version.
    pub rustc: String,
    /// The triple that was built for.
    pub target: String,
    /// The flags that the audit added.
    pub rustflags: Vec<String>,
    /// `target.<triple>.runner`: program and arguments.
    pub runner: Option<(PathBuf, Vec<OsString>)>,
    /// Variables that cargo's `[env]` sets for programs.
    pub environment: Vec<(String, OsString)>,
}

/// What the figures were measured with.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `rustc`'s version.
    pub rustc: String,
    /// The triple that was built for.
    pub target: String,
    /// Cargo profile.
    pub profile: String,
    /// The flags that the audit added.
    pub rustflags: Vec<String>,
}
