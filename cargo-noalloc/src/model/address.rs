//! Addresses of code, as types: where a call returns to is not where it stands.

/// Where a call returns to, in the file's own numbering (load address subtracted).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReturnAddress(pub u64);

/// An address inside an instruction, as DWARF knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupAddress(pub u64);

impl ReturnAddress {
    /// The call itself. The return address may already belong to the next line, or to the next function.
    pub fn lookup(self) -> LookupAddress {
        LookupAddress(self.0.saturating_sub(1))
    }
}
