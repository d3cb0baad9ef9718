//! A place where the heap is allowed inside hot functions, for a reason.

use super::Place;

/// One `no_heap::permit`, summed over targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// Of the call.
    pub place: Place,
    /// As it was given; `None` when it never ran and its source could not be read.
    pub reason: Option<String>,
    /// The function that it stands in; `None` where the debug info does not say.
    pub function: Option<String>,
    /// Times it was entered inside a hot function.
    pub entered: u64,
    /// Calls of `alloc` and `alloc_zeroed` that it excused.
    pub allocs: u64,
    /// Calls of `realloc` that it excused.
    pub reallocs: u64,
    /// Calls of `dealloc` that it excused.
    pub frees: u64,
    /// Requested bytes of those allocs and reallocs.
    pub bytes: u64,
}

impl Permit {
    /// Whether it excused nothing.
    pub fn is_stale(&self) -> bool {
        self.allocs == 0 && self.reallocs == 0 && self.frees == 0
    }

    /// Adds what the same permit did in another process or target.
    pub fn add(&mut self, more: &Permit) {
        self.reason = self.reason.take().or_else(|| more.reason.clone());
        self.function = self.function.take().or_else(|| more.function.clone());
        for (total, more) in [
            (&mut self.entered, more.entered),
            (&mut self.allocs, more.allocs),
            (&mut self.reallocs, more.reallocs),
            (&mut self.frees, more.frees),
            (&mut self.bytes, more.bytes),
        ] {
            *total = total.saturating_add(more);
        }
    }
}

/// What a block of code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// `no_heap::guard`.
    Guard,
    /// `no_heap::permit`.
    Permit,
}

/// A call of `no_heap::guard` or `no_heap::permit` in a binary, whether it ran or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkedBlock {
    /// Which of the two.
    pub kind: BlockKind,
    /// Of the call.
    pub place: super::CodePlace,
    /// The function that it stands in.
    pub function: Option<String>,
}
