//! A hot function as its source declares it, whether or not any binary has it.

use super::{NoSource, Place};

/// A function with `#[no_heap]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredFn {
    /// Path inside the crate: `fir::Filter::process`.
    pub name: String,
    /// Of its name.
    pub place: Place,
    /// Between the attribute's parentheses, as written; empty without any.
    pub options: String,
}

/// All hot functions of some crates.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Crate and function, in the order of crates and of the source.
    pub functions: Vec<(String, DeclaredFn)>,
    /// Where others may be.
    pub problems: Vec<Unlisted>,
}

/// Source in which a hot function may be that is not listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unlisted {
    /// A whole file.
    File(NoSource),
    /// A part of a file that does not parse.
    Item {
        /// The file.
        file: String,
        /// What the parser says, and where.
        why: String,
    },
    /// The definition of a macro that makes hot functions.
    Macro {
        /// Where it stands.
        file: String,
        /// The line.
        line: u32,
        /// The macro.
        name: String,
    },
    /// An `include!` of what the build makes.
    Included {
        /// Where it stands.
        file: String,
        /// The line.
        line: u32,
    },
}

impl std::fmt::Display for Unlisted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unlisted::File(why) => why.fmt(f),
            Unlisted::Item { file, why } => {
                write!(
                    f,
                    "a part of `{file}` does not parse ({why}): hot functions in it may be missing here"
                )
            }
            Unlisted::Macro { file, line, name } => write!(
                f,
                "{file}:{line}: `{name}!` makes hot functions, which are not listed: `cargo noalloc check` finds them"
            ),
            Unlisted::Included { file, line } => write!(
                f,
                "{file}:{line}: what this `include!` names is made by the build: hot functions in it are not listed"
            ),
        }
    }
}
