//! In how many calls something happened.

/// Each stack knows its number of calls. Where several lead to one place, they may have been the same calls, or not:
/// then there are two bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// If they were the same calls, as far as that is possible.
    pub at_least: u64,
    /// If no two of them were the same.
    pub at_most: u64,
}

impl Affected {
    /// Of two stacks at one place, in the calls of one process.
    pub(crate) fn or(self, other: Affected) -> Affected {
        Affected { at_least: self.at_least.max(other.at_least), at_most: self.at_most + other.at_most }
    }

    /// Of `calls` calls, more cannot have been affected.
    pub(crate) fn among(self, calls: u64) -> Affected {
        Affected { at_least: self.at_least.min(calls), at_most: self.at_most.min(calls) }
    }

    /// Calls of different processes.
    pub(crate) fn plus(self, other: Affected) -> Affected {
        Affected { at_least: self.at_least + other.at_least, at_most: self.at_most + other.at_most }
    }

    /// Whether the bounds are one number.
    pub fn is_exact(self) -> bool {
        self.at_least == self.at_most
    }
}
