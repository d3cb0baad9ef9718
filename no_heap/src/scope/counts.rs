//! Numbers of heap events.

/// Heap events of a thread. They wrap around: only differences mean something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) allocs: u64,
    pub(crate) reallocs: u64,
    pub(crate) frees: u64,
    pub(crate) bytes: u64,
}

impl Counts {
    pub(crate) const ZERO: Counts = Counts { allocs: 0, reallocs: 0, frees: 0, bytes: 0 };

    pub(crate) fn plus(self, more: Counts) -> Counts {
        Counts {
            allocs: self.allocs.wrapping_add(more.allocs),
            reallocs: self.reallocs.wrapping_add(more.reallocs),
            frees: self.frees.wrapping_add(more.frees),
            bytes: self.bytes.wrapping_add(more.bytes),
        }
    }

    pub(crate) fn since(self, before: Counts) -> Counts {
        Counts {
            allocs: self.allocs.wrapping_sub(before.allocs),
            reallocs: self.reallocs.wrapping_sub(before.reallocs),
            frees: self.frees.wrapping_sub(before.frees),
            bytes: self.bytes.wrapping_sub(before.bytes),
        }
    }

    pub(crate) fn is_none(self) -> bool {
        self.allocs | self.reallocs | self.frees == 0
    }
}
