//! Data symbols: where a `static` starts and ends. Without one, nothing is concluded about writable memory.
//!
//! Nor where another name leads to it that no instruction shows: a symbol that is exported (`dlsym`, a plugin, a shared
//! object that is linked), or a section that the linker brackets with `__start_` and `__stop_`.

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

/// Data objects that have a symbol with a size, by ascending address.
#[derive(Default)]
pub(super) struct Objects {
    ranges: Vec<(u64, u64)>,
    /// What can be found by name at run time, in any order.
    public: Vec<(u64, u64)>,
}

impl Objects {
    pub(super) fn load(file: &object::File<'_>) -> Self {
        let ranges = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Data && !symbol.is_undefined())
            .filter(|symbol| symbol.size() > 0)
            .map(|symbol| (symbol.address(), symbol.address().saturating_add(symbol.size())));
        let exported = file
            .dynamic_symbols()
            .filter(|symbol| symbol.kind() != SymbolKind::Text && !symbol.is_undefined())
            .map(|symbol| (symbol.address(), symbol.address().saturating_add(symbol.size().max(1))));
        let bracketed = file
            .sections()
            .filter(|section| section.name().is_ok_and(is_identifier))
            .map(|section| (section.address(), section.address().saturating_add(section.size())));
        Self { public: exported.chain(bracketed).collect(), ..Self::new(ranges.collect()) }
    }

    /// Objects from (start, end).
    pub(super) fn new(mut ranges: Vec<(u64, u64)>) -> Self {
        ranges.sort_unstable();
        ranges.dedup();
        Self { ranges, public: Vec::new() }
    }

    /// The object around an address; nothing when two symbols disagree about it, or when it can be found by name.
    pub(super) fn at(&self, address: u64) -> Option<(u64, u64)> {
        let after = self.ranges.partition_point(|range| range.0 <= address);
        let found = *self.ranges.get(after.checked_sub(1)?)?;
        let before = after.checked_sub(2).and_then(|index| self.ranges.get(index));
        let is_ambiguous = before.is_some_and(|range| range.1 > found.0);
        let is_public = || self.public.iter().any(|range| range.0 < found.1 && found.0 < range.1);
        (address < found.1 && !is_ambiguous && !is_public()).then_some(found)
    }
}

/// Whether the linker makes `__start_` and `__stop_` symbols for a section of this name.
fn is_identifier(name: &str) -> bool {
    let is_letter = |letter: char| letter == '_' || letter.is_ascii_alphanumeric();
    !name.is_empty() && name.chars().all(is_letter) && !name.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Objects, is_identifier};

    #[test]
    fn an_object_ends_where_its_symbol_says_and_overlapping_ones_are_not_believed() {
        let objects = Objects::new(vec![(0x4000, 0x4008), (0x4010, 0x4020), (0x4018, 0x4028)]);
        assert_eq!(objects.at(0x4007), Some((0x4000, 0x4008)));
        assert_eq!(objects.at(0x4008), None);
        assert_eq!(objects.at(0x4010), Some((0x4010, 0x4020)));
        assert_eq!(objects.at(0x4018), None, "two symbols disagree");
    }

    #[test]
    fn what_can_be_found_by_name_is_not_believed() {
        let objects = Objects {
            public: vec![(0x4018, 0x4019)],
            ..Objects::new(vec![(0x4000, 0x4008), (0x4010, 0x4020)])
        };
        assert_eq!(objects.at(0x4000), Some((0x4000, 0x4008)));
        assert_eq!(objects.at(0x4010), None);
    }

    #[test]
    fn sections_that_are_bracketed_are_told_by_name() {
        assert!(is_identifier("hooks") && is_identifier("_hooks2"));
        assert!(!is_identifier(".data") && !is_identifier("2hooks") && !is_identifier(""));
    }
}
