//! What the loader writes before the program starts: the pointers in the GOT, in vtables, in statics.
//!
//! 68 % of direct-looking calls go through such a pointer; a reader that skips them misses two thirds of the
//! call graph.

use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, RelocationFlags, RelocationTarget};

use super::functions::Symbols;
use super::imports::{Import, Imports, Provider, Providers};
use super::sections::Sections;
use crate::refusal::{Corruption, Refusal};

const R_X86_64_64: u32 = 1;
const R_X86_64_COPY: u32 = 5;
const R_X86_64_GLOB_DAT: u32 = 6;
const R_X86_64_JUMP_SLOT: u32 = 7;
const R_X86_64_RELATIVE: u32 = 8;
const R_X86_64_IRELATIVE: u32 = 37;
const SHT_RELR: u32 = 19;

/// What a relocated word holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    /// An address inside this image, as linked.
    Address(u64),
    /// A function of another shared object, by index into the imports.
    Import(u32),
    /// Written by the loader, but not as a pointer that can be known here.
    Opaque,
}

/// How an address relates to the relocations.
pub(super) enum Found {
    Exactly(Pointer),
    Overlapping,
    Nothing,
}

/// Relocated words by ascending address.
#[derive(Default)]
pub(super) struct Relocations {
    words: Vec<(u64, Pointer)>,
    targets: Vec<u64>,
}

impl Relocations {
    pub(super) fn new(mut words: Vec<(u64, Pointer)>) -> Self {
        words.sort_by_key(|word| word.0);
        let mut targets: Vec<u64> = words
            .iter()
            .filter_map(|word| match word.1 {
                Pointer::Address(address) => Some(address),
                _ => None,
            })
            .collect();
        targets.sort_unstable();
        targets.dedup();
        Self { words, targets }
    }

    pub(super) fn at(&self, address: u64) -> Found {
        let from = self.words.partition_point(|word| word.0 < address.saturating_sub(7));
        let near = self.words.get(from..).unwrap_or(&[]);
        let mut near = near.iter().take_while(|word| word.0 <= address.saturating_add(7));
        match (near.next(), near.next()) {
            (None, _) => Found::Nothing,
            (Some(word), None) if word.0 == address => Found::Exactly(word.1),
            _ => Found::Overlapping,
        }
    }

    pub(super) fn points_into(&self, start: u64, end: u64) -> bool {
        let from = self.targets.partition_point(|target| *target < start);
        self.targets.get(from).is_some_and(|target| *target < end)
    }
}

/// Reads every dynamic relocation. `length` of the file bounds their number.
pub(super) fn load(
    file: &object::File<'_>,
    sections: &Sections<'_>,
    symbols: &Symbols<'_>,
    length: usize,
) -> Result<(Relocations, Vec<Import>), Refusal> {
    let mut reader = Reader { file, symbols, providers: Providers::of(file), imports: Imports::default() };
    let mut words = Vec::new();
    let limit = length / 8;
    for (offset, relocation) in file.dynamic_relocations().into_iter().flatten() {
        words.push((offset, reader.pointer(&relocation)));
        let copied = reader.copied(&relocation).div_ceil(8).min(limit as u64);
        words.extend((1..copied).map(|word| (offset.wrapping_add(8 * word), Pointer::Opaque)));
        if words.len() > limit {
            return Err(Refusal::Corrupt(Corruption::TooManyRelocations));
        }
    }
    packed(file, sections, limit, &mut words)?;
    reader.allocator(&mut words);
    Ok((Relocations::new(words), reader.imports.imports))
}

/// Where the runtime keeps the addresses of the C library's allocator. It looks them up by name when the first one is
/// asked for, and nothing else writes there.
const ALLOCATOR: &str = ".noheap.real";

/// What the words of that section are the addresses of, in their order.
const ALLOCATOR_FUNCTIONS: [&str; 9] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
];

/// The words of that section; empty where there is none.
pub(super) fn allocator(file: &object::File<'_>) -> Range<u64> {
    let length = 8 * ALLOCATOR_FUNCTIONS.len() as u64;
    let section = file.section_by_name(ALLOCATOR).filter(|section| section.size() == length);
    section.map_or(0..0, |section| section.address()..section.address().saturating_add(length))
}

/// Reads relocations one by one.
struct Reader<'r, 'f> {
    file: &'r object::File<'f>,
    symbols: &'r Symbols<'f>,
    providers: Providers<'f>,
    imports: Imports,
}

impl Reader<'_, '_> {
    fn pointer(&mut self, relocation: &object::Relocation) -> Pointer {
        let RelocationFlags::Elf { r_type } = relocation.flags() else { return Pointer::Opaque };
        let addend = relocation.addend().cast_unsigned();
        match (r_type.0, relocation.target()) {
            (R_X86_64_RELATIVE, _) => Pointer::Address(addend),
            // The loader calls this resolver and stores what it answers: one of several bodies of one function.
            (R_X86_64_IRELATIVE, _) => self.chosen(addend),
            (R_X86_64_64 | R_X86_64_GLOB_DAT | R_X86_64_JUMP_SLOT, RelocationTarget::Symbol(index)) => {
                let symbol = dynamic_symbol(self.file, index);
                symbol.map_or(Pointer::Opaque, |symbol| self.symbol(&symbol, addend))
            }
            _ => Pointer::Opaque,
        }
    }

    /// Takes each word of the runtime's table for the function that it will hold the address of.
    fn allocator(&mut self, words: &mut Vec<(u64, Pointer)>) {
        let table = allocator(self.file);
        words.retain(|(address, _)| !table.contains(address));
        for (address, name) in table.step_by(8).zip(ALLOCATOR_FUNCTIONS) {
            words.push((address, Pointer::Import(self.imports.foreign(name, Provider::System))));
        }
    }

    /// Bytes that the loader copies out of another shared object.
    fn copied(&self, relocation: &object::Relocation) -> u64 {
        match (relocation.flags(), relocation.target()) {
            (RelocationFlags::Elf { r_type }, RelocationTarget::Symbol(index))
                if r_type.0 == R_X86_64_COPY =>
            {
                dynamic_symbol(self.file, index).map_or(0, |symbol| symbol.size())
            }
            _ => 0,
        }
    }

    fn chosen(&mut self, resolver: u64) -> Pointer {
        self.imports.chosen(self.symbols, resolver).map_or(Pointer::Opaque, Pointer::Import)
    }

    fn symbol(&mut self, symbol: &object::Symbol<'_, '_>, addend: u64) -> Pointer {
        let address = symbol.address();
        match symbol.name() {
            Ok(name) if symbol.is_undefined() => {
                Pointer::Import(self.imports.foreign(name, self.providers.of_symbol(symbol)))
            }
            _ if symbol.is_undefined() => Pointer::Opaque,
            _ if self.symbols.resolver(address).is_some() => self.chosen(address),
            _ => Pointer::Address(address.wrapping_add(addend)),
        }
    }
}

fn dynamic_symbol<'s, 'f>(
    file: &'s object::File<'f>,
    index: object::SymbolIndex,
) -> Option<object::Symbol<'f, 's>> {
    file.dynamic_symbol_table()?.symbol_by_index(index).ok()
}

/// `SHT_RELR`: relative relocations as a bitmap; the word itself holds the linked address.
fn packed(
    file: &object::File<'_>,
    sections: &Sections<'_>,
    limit: usize,
    words: &mut Vec<(u64, Pointer)>,
) -> Result<(), Refusal> {
    let object::File::Elf64(elf) = file else { return Ok(()) };
    for table in elf.sections() {
        if table.elf_section_header().sh_type.get(object::Endianness::Little).0 != SHT_RELR {
            continue;
        }
        let (entries, _) = table.data().unwrap_or(&[]).as_chunks();
        let mut next = 0u64;
        for entry in entries.iter().copied().map(u64::from_le_bytes) {
            if entry & 1 == 0 {
                words.extend(in_place(sections, entry));
                next = entry.wrapping_add(8);
            } else {
                let set = (0..63).filter(|bit| entry >> (bit + 1) & 1 == 1);
                words.extend(set.filter_map(|bit| in_place(sections, next.wrapping_add(8 * bit))));
                next = next.wrapping_add(8 * 63);
            }
            if words.len() > limit {
                return Err(Refusal::Corrupt(Corruption::TooManyRelocations));
            }
        }
    }
    Ok(())
}

fn in_place(sections: &Sections<'_>, address: u64) -> Option<(u64, Pointer)> {
    let section = sections.at(address)?;
    let start = usize::try_from(address - section.address).ok()?;
    let bytes = section.data.get(start..start.checked_add(8)?)?;
    Some((address, Pointer::Address(u64::from_le_bytes(bytes.try_into().ok()?))))
}

#[cfg(test)]
mod tests {
    use super::{Found, Pointer, Relocations};

    #[test]
    fn a_load_across_two_relocated_words_is_not_a_pointer() {
        let words = Relocations::new(vec![(16, Pointer::Address(0x1000)), (24, Pointer::Import(3))]);
        assert!(matches!(words.at(16), Found::Exactly(Pointer::Address(0x1000))));
        assert!(matches!(words.at(24), Found::Exactly(Pointer::Import(3))));
        assert!(matches!(words.at(20), Found::Overlapping));
        assert!(matches!(words.at(8), Found::Nothing));
        assert!(words.points_into(0xff0, 0x1001) && !words.points_into(0x1001, 0x2000));
    }
}
