//! One frame of a call stack, inlined ones included.

use super::{CodePlace, FunctionName};

/// Whose code a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A package of the workspace, or a path dependency: code its reader can change.
    User,
    /// What a `derive` in such a package expands to. Only the source tells it from the user's.
    Derived,
    /// A function of such a package that is only on the way to memory which is not its own: a `Display` that writes into
    /// the `String` of whoever formats. Only the source step tells it from the user's.
    OnTheWay,
    /// A package from a registry or a git repository, by name.
    Dependency(String),
    /// The standard library.
    Std,
    /// The guard, the recorder, the harness.
    NoHeap,
    /// A library without source.
    System,
}

/// One frame, from the outside in: the caller stands before the callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The function that runs.
    pub function: FunctionName,
    /// Where in it the next call is made; unknown without debug info.
    pub place: Option<CodePlace>,
    /// It has no stack frame of its own.
    pub inlined: bool,
    /// Whose code it is.
    pub origin: Origin,
}

impl Frame {
    /// Whether this is code that the reader of the report can change, and that answers for what it does.
    pub fn is_user(&self) -> bool {
        self.origin == Origin::User
    }

    /// Whether it is a library's: of a package from a registry or a git repository.
    pub fn is_of_a_dependency(&self) -> bool {
        matches!(self.origin, Origin::Dependency(_))
    }

    /// Whether somebody wrote it in a package of the user's.
    pub fn is_written(&self) -> bool {
        matches!(self.origin, Origin::User | Origin::OnTheWay)
    }

    /// The package or crate whose code this is; `None` for the standard library and what has no source.
    pub fn krate(&self) -> Option<&str> {
        match &self.origin {
            Origin::User | Origin::Derived | Origin::OnTheWay => Some(self.function.krate()),
            Origin::Dependency(name) => Some(name),
            Origin::Std | Origin::NoHeap | Origin::System => None,
        }
    }
}
