//! Data symbols: where a `static` starts and ends. Without one, nothing is concluded about writable memory.

use object::{Object, ObjectSymbol, SymbolKind};

/// Data objects that have a symbol with a size, by ascending address.
#[derive(Default)]
pub(super) struct Objects {
    ranges: Vec<(u64, u64)>,
}

impl Objects {
    pub(super) fn load(file: &object::File<'_>) -> Self {
        let mut ranges: Vec<(u64, u64)> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data && !symbol.is_undefined())
            .filter(|symbol| symbol.size() > 0)
            .map(|symbol| (symbol.address(), symbol.address().saturating_add(symbol.size())))
            .collect();
        ranges.sort_unstable();
        ranges.dedup();
        Self { ranges }
    }

    /// The object around an address; nothing when two symbols disagree about it.
    pub(super) fn at(&self, address: u64) -> Option<(u64, u64)> {
        let after = self.ranges.partition_point(|range| range.0 <= address);
        let found = *self.ranges.get(after.checked_sub(1)?)?;
        let before = after.checked_sub(2).and_then(|index| self.ranges.get(index));
        let is_ambiguous = before.is_some_and(|range| range.1 > found.0);
        (address < found.1 && !is_ambiguous).then_some(found)
    }
}
