//! The few questions that symbols cannot answer: where a function was inlined, by the debug information.
//!
//! A range of inlined code may cast doubt, never prove: merging of tails drops locations, and four of four
//! adversarial cases were wrong when such ranges were trusted.

use std::borrow::Cow;
use std::collections::HashMap;

use gimli::{AttributeValue, EndianSlice, LittleEndian, Section as _};
use memchr::{memchr, memmem, memrchr};
use object::{Object, ObjectSection};

use crate::parts;

type Bytes<'b> = EndianSlice<'b, LittleEndian>;

/// Larger debug sections than this are not decompressed.
const LARGEST_SECTION: u64 = 1 << 30;
/// So many texts are looked at before the entries are; with more of them, one is probably wanted.
const MOST_TEXTS: usize = 256;
/// Nor are ends of a longer name tried, one by one.
const LONGEST_NAME: usize = 1024;
/// Parts of the debug information that are read at the same time.
const MOST_PARTS: usize = 64;

/// Which functions are asked about, by linkage name or plain name.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'w> {
    /// What every wanted name contains.
    pub(crate) part: &'w str,
    /// Whether a name that contains it is wanted.
    pub(crate) is: &'w (dyn Fn(&str) -> bool + Sync),
}

/// An inlined copy of a function: the first address of its code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InlinedCopy {
    pub(crate) address: u64,
    pub(crate) name: String,
}

/// Inlined copies of the wanted functions; `None` without debug information.
pub(crate) fn inlined_copies(file: &object::File<'_>, wanted: Wanted<'_>) -> Option<Vec<InlinedCopy>> {
    file.section_by_name(".debug_info")?;
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, ()> { Ok(section(file, id.name())) };
    let sections = gimli::DwarfSections::load(load).ok()?;
    Some(copies(&sections.borrow(|section| EndianSlice::new(section, LittleEndian)), wanted))
}

fn copies(dwarf: &gimli::Dwarf<Bytes<'_>>, wanted: Wanted<'_>) -> Vec<InlinedCopy> {
    // PERF: texts are a search over bytes, entries are read one by one: that was a third of all the time of a proof.
    let texts = [dwarf.debug_str.reader(), dwarf.debug_line_str.reader(), dwarf.debug_info.reader()];
    if !texts.iter().any(|section| is_named_in(section.slice(), wanted)) {
        return Vec::new();
    }
    let shared = Texts::of(dwarf.debug_str.reader().slice(), wanted.part);
    let nothing = HashMap::new();
    let scan = Scan { dwarf, wanted, shared: &shared, names: &nothing };
    let names: HashMap<usize, String> =
        scan.units(gimli::DW_TAG_subprogram, Scan::name).into_iter().flatten().collect();
    if names.is_empty() {
        return Vec::new();
    }
    let scan = Scan { names: &names, ..scan };
    let copies = scan.units(gimli::DW_TAG_inlined_subroutine, Scan::copy);
    let mut copies: Vec<InlinedCopy> = copies.into_iter().flatten().collect();
    copies.sort_unstable();
    copies.dedup();
    copies
}

/// Whether some text that ends with a zero, or the end of one, may be a wanted name. The linker lets a name share the
/// end of a longer one.
fn is_named_in(texts: &[u8], wanted: Wanted<'_>) -> bool {
    let found = memmem::find_iter(texts, wanted.part);
    found.take(MOST_TEXTS + 1).enumerate().any(|(count, at)| {
        let start = memrchr(0, texts.get(..at).unwrap_or(&[])).map_or(0, |zero| zero + 1);
        let rest = texts.get(at..).unwrap_or(&[]);
        let end = at + memchr(0, rest).unwrap_or(rest.len());
        let is_wanted = |from: usize| {
            let text = texts.get(from..end).and_then(|text| std::str::from_utf8(text).ok());
            text.is_some_and(wanted.is)
        };
        count == MOST_TEXTS || end - start > LONGEST_NAME || (start..=at).any(is_wanted)
    })
}

/// Where in `.debug_str` a text may begin that contains what is looked for: ascending ranges, both ends included.
struct Texts(Vec<(usize, usize)>);

impl Texts {
    fn of(texts: &[u8], part: &str) -> Self {
        let mut found: Vec<(usize, usize)> = Vec::new();
        // An occurrence that overlaps the one before is not found.
        let Some(overlap) = part.len().checked_sub(1) else { return Self(vec![(0, texts.len())]) };
        for at in memmem::find_iter(texts, part) {
            let bound = found.last().map_or(0, |last| last.1);
            let between = texts.get(bound..at).unwrap_or(&[]);
            match (memrchr(0, between), found.last_mut()) {
                (None, Some(last)) => last.1 = at + overlap,
                (zero, _) => found.push((zero.map_or(0, |zero| bound + zero + 1), at + overlap)),
            }
        }
        Self(found)
    }

    fn may_begin_at(&self, offset: usize) -> bool {
        let after = self.0.partition_point(|range| range.0 <= offset);
        after.checked_sub(1).and_then(|index| self.0.get(index)).is_some_and(|range| offset <= range.1)
    }
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

#[derive(Clone, Copy)]
struct Scan<'s, 'b> {
    dwarf: &'s gimli::Dwarf<Bytes<'b>>,
    wanted: Wanted<'s>,
    shared: &'s Texts,
    /// By offset in `.debug_info`: names of wanted functions.
    names: &'s HashMap<usize, String>,
}

type Unit<'b> = gimli::Unit<Bytes<'b>>;

/// What is read of one entry.
#[derive(Default)]
struct Entry<'b> {
    /// Offset in `.debug_info`.
    offset: usize,
    linkage_name: Option<AttributeValue<Bytes<'b>>>,
    name: Option<AttributeValue<Bytes<'b>>>,
    low: Option<AttributeValue<Bytes<'b>>>,
    ranges: Option<AttributeValue<Bytes<'b>>>,
    origin: Option<usize>,
}

impl<'b> Scan<'_, 'b> {
    /// What `visit` makes of the entries of a kind, by parts of the units; these at the same time.
    ///
    /// PERF: whoever asks for functions by name waits for this, and it was done on one processor.
    fn units<A: Send>(
        self,
        tag: gimli::DwTag,
        visit: fn(Self, &Unit<'b>, &Entry<'b>) -> Option<A>,
    ) -> Vec<Vec<A>> {
        let (mut units, mut headers) = (self.dwarf.units(), Vec::new());
        while let Ok(Some(header)) = units.next() {
            headers.push(header);
        }
        let parts = headers.chunks(headers.len().div_ceil(MOST_PARTS).max(1)).collect();
        parts::each(parts, |headers: &[gimli::UnitHeader<Bytes<'b>>]| {
            let mut found = Vec::new();
            for unit in headers.iter().filter_map(|header| self.dwarf.unit(*header).ok()) {
                self.unit(&unit, tag, &mut |entry| found.extend(visit(self, &unit, entry)));
            }
            found
        })
    }

    /// An entry that cannot be read ends its unit.
    fn unit(self, unit: &Unit<'b>, tag: gimli::DwTag, visit: &mut impl FnMut(&Entry<'b>)) -> Option<()> {
        let start = unit.header.debug_info_offset()?.0;
        let mut entries = unit.entries_raw(None).ok()?;
        while !entries.is_empty() {
            let offset = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation().ok()? else { continue };
            if abbreviation.tag() != tag {
                entries.skip_attributes(abbreviation.attributes()).ok()?;
                continue;
            }
            let mut entry = Entry { offset: start + offset.0, ..Entry::default() };
            for attribute in abbreviation.attributes() {
                entry.note(start, &entries.read_attribute(*attribute).ok()?);
            }
            visit(&entry);
        }
        Some(())
    }

    /// The name of a function that is wanted, by its offset.
    fn name(self, unit: &Unit<'b>, entry: &Entry<'b>) -> Option<(usize, String)> {
        let value = entry.linkage_name.or(entry.name)?;
        if matches!(value, AttributeValue::DebugStrRef(text) if !self.shared.may_begin_at(text.0)) {
            return None;
        }
        let name = self.dwarf.attr_string(unit, value).ok()?;
        let name = std::str::from_utf8(name.slice()).ok()?;
        (self.wanted.is)(name).then(|| (entry.offset, name.to_owned()))
    }

    /// A copy of such a function.
    fn copy(self, unit: &Unit<'b>, entry: &Entry<'b>) -> Option<InlinedCopy> {
        let name = entry.origin.and_then(|origin| self.names.get(&origin))?;
        let address = entry.address(self.dwarf, unit)?;
        Some(InlinedCopy { address, name: name.clone() })
    }
}

impl<'b> Entry<'b> {
    fn note(&mut self, unit: usize, attribute: &gimli::Attribute<Bytes<'b>>) {
        match attribute.name() {
            gimli::DW_AT_linkage_name => self.linkage_name = Some(attribute.value()),
            gimli::DW_AT_name => self.name = Some(attribute.value()),
            gimli::DW_AT_low_pc => self.low = Some(attribute.value()),
            gimli::DW_AT_ranges => self.ranges = Some(attribute.value()),
            gimli::DW_AT_abstract_origin => {
                self.origin = match attribute.value() {
                    AttributeValue::UnitRef(offset) => unit.checked_add(offset.0),
                    AttributeValue::DebugInfoRef(offset) => Some(offset.0),
                    _ => None,
                };
            }
            _ => {}
        }
    }

    fn address(&self, dwarf: &gimli::Dwarf<Bytes<'b>>, unit: &Unit<'b>) -> Option<u64> {
        let ranges = self.ranges.and_then(|value| dwarf.attr_ranges_offset(unit, value).ok().flatten());
        match ranges {
            Some(ranges) => dwarf.ranges(unit, ranges).ok()?.next().ok()?.map(|range| range.begin),
            None => dwarf.attr_address(unit, self.low?).ok().flatten(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};

    use super::{InlinedCopy, Texts, Wanted, copies, is_named_in};

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
        let is = |name: &str| name == wanted;
        assert_eq!(copies(&dwarf, Wanted { part: wanted, is: &is }), expected, "{wanted}");
    }

    #[test]
    fn an_inlined_copy_is_found_under_the_linkage_name_of_its_function() {
        check("_R5inner", &[InlinedCopy { address: 0x1234, name: "_R5inner".to_owned() }]);
        check("inner", &[]);
        check("outer", &[]);
    }
    #[test]
    fn texts_are_looked_at_before_the_entries_are() {
        let named = |texts: &[u8], name: &str| {
            is_named_in(texts, Wanted { part: "alloc", is: &|found| found == name })
        };
        let texts = b"\0my_alloc\0alloc_zeroed\0__rust";
        assert!(named(texts, "my_alloc") && named(texts, "alloc_zeroed"));
        assert!(named(texts, "alloc"), "it may share the end of another one");
        assert!(!named(texts, "zeroed") && !named(texts, "__rust") && !named(texts, "my_"));
        let many = [b"alloc_zeroed\0".repeat(300), b"alloc\0".to_vec()].concat();
        assert!(named(&many, "alloc"), "with so many of them, the entries decide");
    }

    #[test]
    fn a_text_may_begin_up_to_the_last_occurrence_in_it() {
        let texts = Texts::of(b"none\0xalloc_alloc_y\0other\0alloc", "alloc");
        let found: Vec<usize> = (0..34).filter(|offset| texts.may_begin_at(*offset)).collect();
        let expected: Vec<usize> = (5..=16).chain(26..=30).collect();
        assert_eq!(found, expected);
        assert!(Texts::of(b"xaaa", "aa").may_begin_at(2), "occurrences may overlap");
        assert!(!Texts::of(b"xaaa", "b").may_begin_at(0));
        assert!(Texts::of(b"xaaa", "").may_begin_at(3));
    }
}
