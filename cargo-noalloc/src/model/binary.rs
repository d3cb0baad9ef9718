//! What cargo built.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{CodePlace, PlannedTarget};

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
    /// Another program of the package, which cargo builds beside this one, and whose `#[global_allocator]` keeps the
    /// audit's out of both.
    pub in_the_way: Option<PathBuf>,
    /// What the program lacks, because it does not use its library.
    pub unused_allocator: Option<UnusedAllocator>,
    /// Where build scripts put libraries that the program loads.
    pub library_paths: Vec<PathBuf>,
}

/// A `#[global_allocator]` of the package's library, which a program that does not use the library lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedAllocator {
    /// The library, as the program would name it.
    pub library: String,
    /// Of the attribute, as `file:line:column`.
    pub place: String,
}

/// The global allocator that a program was linked with, as its binary tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkedAllocator {
    /// The recorder hears of every request: it is the audit's, or the program's own in `no_heap::Allocator`.
    pub recorded: bool,
    /// Where its static stands; `None` for the standard library's, and where the binary does not tell.
    pub place: Option<CodePlace>,
    /// The user can change what stands there.
    pub by_user: bool,
}

/// A `#[global_allocator]` in a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredAllocator {
    /// Line of the attribute.
    pub line: u32,
    /// Column of the attribute, in characters from 1.
    pub column: u32,
    /// The last line of the item.
    pub last_line: u32,
    /// What its `cfg`s say of an audit, whatever the rest of the configuration is.
    pub in_audits: Certainty,
    /// The static's name, type and value, as they are written.
    pub item: Option<(String, String, String)>,
}

/// Whether something holds, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// In every configuration.
    Always,
    /// In some, perhaps.
    Perhaps,
    /// In none.
    Never,
}

impl Certainty {
    /// Whether both hold.
    #[must_use]
    pub fn and(self, other: Certainty) -> Certainty {
        match (self, other) {
            (Certainty::Never, _) | (_, Certainty::Never) => Certainty::Never,
            (Certainty::Always, Certainty::Always) => Certainty::Always,
            _ => Certainty::Perhaps,
        }
    }

    /// Whether one of them holds.
    #[must_use]
    pub fn or(self, other: Certainty) -> Certainty {
        self.negated().and(other.negated()).negated()
    }

    /// Whether it does not hold.
    #[must_use]
    pub fn negated(self) -> Certainty {
        match self {
            Certainty::Always => Certainty::Never,
            Certainty::Perhaps => Certainty::Perhaps,
            Certainty::Never => Certainty::Always,
        }
    }
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
