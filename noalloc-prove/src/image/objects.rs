//! Data symbols: where a `static` starts and ends. Without one, nothing is concluded about writable memory.

use object::{Object, ObjectSymbol, SymbolKind};

/// Data objects that have a symbol with a size, by ascending address.
#[derive(Default)]
pub(super) struct Objects {
    ranges: Vec<(u64, u64)>,
}

impl Objects {
    pub(super) fn load(file: &object::File<'_>) -> Self {
        let ranges = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data && !symbol.is_undefined())
            .filter(|symbol| symbol.size() > 0)
            .map(|symbol| (symbol.address(), symbol.address().saturating_add(symbol.size())));
        Self::new(ranges.collect())
    }

    /// Objects from (start, end).
    pub(super) fn new(mut ranges: Vec<(u64, u64)>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::Objects;

    #[test]
    fn an_object_ends_where_its_symbol_says_and_overlapping_ones_are_not_believed() {
        let objects = Objects::new(vec![(0x4000, 0x4008), (0x4010, 0x4020), (0x4018, 0x4028)]);
        assert_eq!(objects.at(0x4007), Some((0x4000, 0x4008)));
        assert_eq!(objects.at(0x4008), None);
        assert_eq!(objects.at(0x4010), Some((0x4010, 0x4020)));
        assert_eq!(objects.at(0x4018), None, "two symbols disagree");
    }
}
