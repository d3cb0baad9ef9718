//! The few questions that symbols cannot answer: where a function was inlined, by the debug information.
//!
//! A range of inlined code may cast doubt, never prove: merging of tails drops locations, and four of four
//! adversarial cases were wrong when such ranges were trusted.

use std::borrow::Cow;
use std::collections::HashMap;

use gimli::{AttributeValue, EndianSlice, LittleEndian};
use object::{Object, ObjectSection};

type Bytes<'b> = EndianSlice<'b, LittleEndian>;

/// Larger debug sections than this are not decompressed.
const LARGEST_SECTION: u64 = 1 << 30;

/// An inlined copy of a function: the first address of its code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InlinedCopy {
    pub(crate) address: u64,
    /// What `wanted` answered for the function.
    pub(crate) name: String,
}

/// Inlined copies of the functions whose linkage name (or plain name) `wanted` accepts; `None` without debug
/// information.
pub(crate) fn inlined_copies(
    file: &object::File<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Option<Vec<InlinedCopy>> {
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, ()> { Ok(section(file, id.name())) };
    let sections = gimli::DwarfSections::load(load).ok()?;
    file.section_by_name(".debug_info")?;
    Some(copies(&sections.borrow(|section| EndianSlice::new(section, LittleEndian)), wanted))
}

fn copies(dwarf: &gimli::Dwarf<Bytes<'_>>, wanted: &dyn Fn(&str) -> bool) -> Vec<InlinedCopy> {
    let mut scan = Scan { names: HashMap::new(), copies: Vec::new() };
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        if let Ok(unit) = dwarf.unit(header) {
            scan.unit(dwarf, &unit, wanted);
        }
    }
    scan.finish()
}

fn section<'d>(file: &object::File<'d>, name: &str) -> Cow<'d, [u8]> {
    let Some(section) = file.section_by_name(name) else { return Cow::Borrowed(&[]) };
    let is_sane =
        section.compressed_file_range().is_ok_and(|range| range.uncompressed_size < LARGEST_SECTION);
    if !is_sane {
        return Cow::Borrowed(&[]);
    }
    section.uncompressed_data().unwrap_or(Cow::Borrowed(&[]))
}

struct Scan {
    /// By offset in `.debug_info`: names of wanted functions.
    names: HashMap<usize, String>,
    /// (offset of the function's entry, address).
    copies: Vec<(usize, u64)>,
}

/// What is read of one entry.
#[derive(Default)]
struct Entry<'b> {
    linkage_name: Option<AttributeValue<Bytes<'b>>>,
    name: Option<AttributeValue<Bytes<'b>>>,
    low: Option<u64>,
    ranges: Option<gimli::RangeListsOffset>,
    origin: Option<usize>,
}

impl Scan {
    fn unit(
        &mut self,
        dwarf: &gimli::Dwarf<Bytes<'_>>,
        unit: &gimli::Unit<Bytes<'_>>,
        wanted: &dyn Fn(&str) -> bool,
    ) {
        let Some(start) = unit.header.debug_info_offset().map(|offset| offset.0) else { return };
        let Ok(mut entries) = unit.entries_raw(None) else { return };
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let abbreviation = match entries.read_abbreviation() {
                Ok(Some(abbreviation)) => abbreviation,
                Ok(None) => continue,
                Err(_) => return,
            };
            let tag = abbreviation.tag();
            let is_function = tag == gimli::DW_TAG_subprogram;
            if !is_function && tag != gimli::DW_TAG_inlined_subroutine {
                if entries.skip_attributes(abbreviation.attributes()).is_err() {
                    return;
                }
                continue;
            }
            let mut entry = Entry::default();
            for attribute in abbreviation.attributes() {
                let Ok(attribute) = entries.read_attribute(*attribute) else { return };
                entry.read(dwarf, unit, start, &attribute);
            }
            if is_function {
                self.function(dwarf, unit, start + offset.0, &entry, wanted);
            } else if let (Some(origin), Some(address)) = (entry.origin, entry.address(dwarf, unit)) {
                self.copies.push((origin, address));
            }
        }
    }

    fn function(
        &mut self,
        dwarf: &gimli::Dwarf<Bytes<'_>>,
        unit: &gimli::Unit<Bytes<'_>>,
        offset: usize,
        entry: &Entry<'_>,
        wanted: &dyn Fn(&str) -> bool,
    ) {
        let Some(value) = entry.linkage_name.or(entry.name) else { return };
        let Ok(name) = dwarf.attr_string(unit, value) else { return };
        let Ok(name) = std::str::from_utf8(name.slice()) else { return };
        if wanted(name) {
            self.names.insert(offset, name.to_owned());
        }
    }

    fn finish(self) -> Vec<InlinedCopy> {
        let named = |(origin, address): &(usize, u64)| {
            Some(InlinedCopy { address: *address, name: self.names.get(origin)?.clone() })
        };
        let mut copies: Vec<InlinedCopy> = self.copies.iter().filter_map(named).collect();
        copies.sort_unstable();
        copies.dedup();
        copies
    }
}

impl<'b> Entry<'b> {
    fn read(
        &mut self,
        dwarf: &gimli::Dwarf<Bytes<'b>>,
        unit: &gimli::Unit<Bytes<'b>>,
        start: usize,
        attribute: &gimli::Attribute<Bytes<'b>>,
    ) {
        let value = attribute.value();
        match attribute.name() {
            gimli::DW_AT_linkage_name => self.linkage_name = Some(value),
            gimli::DW_AT_name => self.name = Some(value),
            gimli::DW_AT_low_pc => self.low = dwarf.attr_address(unit, value).ok().flatten(),
            gimli::DW_AT_ranges => self.ranges = dwarf.attr_ranges_offset(unit, value).ok().flatten(),
            gimli::DW_AT_abstract_origin => {
                self.origin = match value {
                    AttributeValue::UnitRef(offset) => start.checked_add(offset.0),
                    AttributeValue::DebugInfoRef(offset) => Some(offset.0),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    fn address(&self, dwarf: &gimli::Dwarf<Bytes<'b>>, unit: &gimli::Unit<Bytes<'b>>) -> Option<u64> {
        match self.ranges {
            Some(ranges) => dwarf.ranges(unit, ranges).ok()?.next().ok()?.map(|range| range.begin),
            None => self.low,
        }
    }
}

#[cfg(test)]
mod tests {
    use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

    use super::{InlinedCopy, copies};

    /// A unit of DWARF 4: `inner` (plain name, linkage name) and `outer`, into which it was inlined at 0x1234.
    fn dwarf() -> (Vec<u8>, Vec<u8>) {
        // Code, tag, children, then (attribute, form).
        let abbreviations = [
            [1, 0x11, 1, 0, 0].as_slice(),
            // DW_TAG_subprogram: DW_AT_name string, DW_AT_linkage_name string.
            &[2, 0x2e, 0, 0x03, 0x08, 0x6e, 0x08, 0, 0],
            // DW_TAG_subprogram with children: DW_AT_name string.
            &[3, 0x2e, 1, 0x03, 0x08, 0, 0],
            // DW_TAG_inlined_subroutine: DW_AT_abstract_origin ref4, DW_AT_low_pc address.
            &[4, 0x1d, 0, 0x31, 0x13, 0x11, 0x01, 0, 0],
            &[0],
        ];
        let mut unit = vec![4, 0, 0, 0, 0, 0, 8, 1];
        // The offset counts from the unit's start, its length included.
        let inner = unit.len() as u32 + 4;
        unit.extend([2]);
        unit.extend(b"inner\0_R5inner\0");
        unit.extend([3]);
        unit.extend(b"outer\0");
        unit.extend([4]);
        unit.extend(inner.to_le_bytes());
        unit.extend(0x1234u64.to_le_bytes());
        unit.extend([0, 0]);
        let length = (unit.len() as u32).to_le_bytes();
        (abbreviations.concat(), [length.as_slice(), &unit].concat())
    }

    fn check(wanted: &str, expected: &[InlinedCopy]) {
        let (abbreviations, info) = dwarf();
        let load = |id: SectionId| -> Result<EndianSlice<'_, LittleEndian>, ()> {
            let bytes: &[u8] = match id {
                SectionId::DebugAbbrev => &abbreviations,
                SectionId::DebugInfo => &info,
                _ => &[],
            };
            Ok(EndianSlice::new(bytes, LittleEndian))
        };
        let dwarf = Dwarf::load(load).expect("made by hand");
        assert_eq!(copies(&dwarf, &|name| name == wanted), expected, "{wanted}");
    }

    #[test]
    fn an_inlined_copy_is_found_under_the_linkage_name_of_its_function() {
        check("_R5inner", &[InlinedCopy { address: 0x1234, name: "_R5inner".to_owned() }]);
        check("inner", &[]);
        check("outer", &[]);
    }
}
