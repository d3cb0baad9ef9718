//! A function that promised to stay off the heap.

use super::Place;

/// Identifies a hot function in every binary built from the same source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HotId(pub u64);

/// A function with `#[no_heap]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotFn {
    /// Same in every binary.
    pub id: HotId,
    /// Whole path without generics: `app::Filter::process`.
    pub name: String,
    /// Of its name.
    pub place: Place,
    /// It has the attribute; `--fn` names functions that have not.
    pub attributed: bool,
    /// Only its code tells where it is: the place is its first instruction's, until the source is read.
    pub by_code: bool,
    /// What the options allow.
    pub promise: Promise,
}

impl HotFn {
    /// Of code that has no attribute, for what the settings say of it.
    pub(crate) fn unpromised(id: HotId, name: String, place: Place) -> HotFn {
        HotFn { id, name, place, attributed: false, by_code: false, promise: Promise::BARE }
    }
}

/// What the options of the attribute allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Allocations and reallocations in each call; `None` for any number.
    pub allocs: Option<u64>,
    /// Requested bytes in each call; `None` for any number.
    pub bytes: Option<u64>,
    /// So many first calls on each thread may use the heap.
    pub warmup: u64,
    /// Frees are fine.
    pub allow_free: bool,
    /// A clean run is not enough.
    pub prove: bool,
}

impl Promise {
    /// What the attribute promises without options.
    pub const BARE: Promise =
        Promise { allocs: Some(0), bytes: Some(0), warmup: 0, allow_free: false, prove: false };

    /// Whether any allocation at all is allowed in every call.
    pub fn has_budget(&self) -> bool {
        self.allocs != Some(0)
    }
}
