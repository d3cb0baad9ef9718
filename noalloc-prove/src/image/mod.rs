//! The executable as the passes see it: sections, relocated pointers, imports, functions, landing pads.
//!
//! First step of the flow: everything after it asks this module and never the file's bytes. Here is the only
//! place that knows the `object` crate. It must not decide anything about allocation.

mod cursor;
mod functions;
mod imports;
mod landing;
#[cfg(test)]
mod made;
mod objects;
mod relocations;
mod sections;

use std::ops::Range;

use object::{Object, ObjectSymbol, SymbolKind};

pub(crate) use functions::Function;
pub(crate) use imports::{Import, Provider};
pub(crate) use landing::{LandingSite, landing_sites};
pub(crate) use relocations::Pointer;
pub(crate) use sections::Memory;

use crate::refusal::{Corruption, Refusal};

/// One executable, digested.
pub(crate) struct Image<'a> {
    sections: sections::Sections<'a>,
    relocations: relocations::Relocations,
    /// Where the runtime keeps the addresses of the C library's allocator.
    allocator: Range<u64>,
    objects: objects::Objects,
    /// Functions that the loader finds.
    pub imports: Vec<Import>,
    /// Functions by ascending address; they never overlap.
    pub functions: Vec<Function>,
    names: Vec<&'a str>,
    /// Linked to fixed addresses: pointers inside the image carry no relocation.
    pub fixed: bool,
    /// There is no symbol of any function of its own.
    pub is_stripped: bool,
}

impl<'a> Image<'a> {
    /// Reads an ELF x86-64 executable.
    pub(crate) fn load(bytes: &'a [u8]) -> Result<(Self, object::File<'a>), Refusal> {
        let file = recognise(bytes)?;
        let sections = sections::Sections::load(&file);
        if sections.bytes() > bytes.len().saturating_mul(2) {
            return Err(Refusal::Corrupt(Corruption::OverlappingSections));
        }
        let symbols = functions::Symbols::load(&file, &sections);
        let (relocations, imports) = relocations::load(&file, &sections, &symbols, bytes.len())?;
        let allocator = relocations::allocator(&file);
        let objects = objects::Objects::load(&file);
        let fixed = file.kind() == object::ObjectKind::Executable;
        let is_function =
            |symbol: &object::Symbol<'_, '_>| symbol.kind() == SymbolKind::Text && !symbol.is_undefined();
        let is_stripped = !file.symbols().any(|symbol| is_function(&symbol));
        let (functions, names) = functions::build(symbols, &sections);
        Ok((
            Self { sections, relocations, allocator, objects, imports, functions, names, fixed, is_stripped },
            file,
        ))
    }

    /// Mangled names of a function, in symbol table order.
    pub(crate) fn names(&self, function: &Function) -> &[&'a str] {
        self.names.get(function.names.start as usize..function.names.end as usize).unwrap_or(&[])
    }

    /// What kind of memory an address lies in.
    pub(crate) fn memory(&self, address: u64) -> Option<Memory> {
        self.sections.at(address).map(|section| section.memory)
    }

    /// Bytes of one section, starting at an address, as far as the section's data go.
    pub(crate) fn tail(&self, address: u64) -> Option<&'a [u8]> {
        let section = self.sections.at(address)?;
        section.data.get(usize::try_from(address - section.address).ok()?..)
    }

    /// Exactly `length` bytes at an address.
    pub(crate) fn bytes(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        self.tail(address)?.get(..length)
    }

    /// A little-endian word as the file holds it, before relocation.
    pub(crate) fn word(&self, address: u64) -> Option<u64> {
        let bytes = self.bytes(address, 8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    /// A pointer-sized load from memory that nothing changes after relocation; `None` when it may change.
    pub(crate) fn constant(&self, address: u64) -> Option<Pointer> {
        match self.memory(address)? {
            Memory::Writable if !self.allocator.contains(&address) => None,
            _ => self.initial(address),
        }
    }

    /// The pointer that a word holds when the program starts, also in writable memory.
    pub(crate) fn initial(&self, address: u64) -> Option<Pointer> {
        match self.relocations.at(address) {
            relocations::Found::Exactly(pointer) => Some(pointer),
            relocations::Found::Overlapping => None,
            relocations::Found::Nothing => self.word(address).map(Pointer::Address),
        }
    }

    /// Whether a word is in memory that starts as zeros.
    pub(crate) fn is_zeroed(&self, address: u64) -> bool {
        self.memory(address).is_some() && self.bytes(address, 8).is_none() && !self.is_relocated(address)
    }

    /// Whether the loader writes a pointer at exactly this address.
    pub(crate) fn is_relocated(&self, address: u64) -> bool {
        !matches!(self.relocations.at(address), relocations::Found::Nothing)
    }

    /// Addresses of all aligned words of read-only memory, ascending.
    pub(crate) fn constant_words(&self) -> impl Iterator<Item = u64> {
        self.sections.constant_ranges().flat_map(|(start, end)| (start.next_multiple_of(8)..end).step_by(8))
    }

    /// Whether any relocated word holds an address within the range.
    pub(crate) fn is_pointed_into(&self, start: u64, end: u64) -> bool {
        self.relocations.points_into(start, end)
    }

    /// The data object (a `static`, a constant) that a symbol describes around an address.
    pub(crate) fn object_at(&self, address: u64) -> Option<(u64, u64)> {
        self.objects.at(address)
    }

    /// The function that starts at an address.
    pub(crate) fn function_at(&self, address: u64) -> Option<u32> {
        let index = self.functions.binary_search_by_key(&address, |function| function.start).ok()?;
        u32::try_from(index).ok()
    }

    /// The function whose bytes contain an address.
    pub(crate) fn function_around(&self, address: u64) -> Option<u32> {
        let after = self.functions.partition_point(|function| function.start <= address);
        let index = after.checked_sub(1)?;
        (address < self.functions.get(index)?.end).then_some(u32::try_from(index).ok()?)
    }

    /// The name of a function that the loader finds.
    pub(crate) fn import_name(&self, import: u32) -> &str {
        self.imports.get(import as usize).map_or("", Import::name)
    }

    /// A readable name: demangled without the hash, or the address when no symbol is there.
    pub(crate) fn readable_name(&self, function: u32) -> String {
        let Some(function) = self.functions.get(function as usize) else { return "?".to_owned() };
        match self.names(function).first() {
            Some(name) => demangle(name),
            None => format!("function at {:#x}", function.start),
        }
    }
}

/// Demangled without the crate hash; a suffix that LLVM added is cut off first.
pub(crate) fn demangle(name: &str) -> String {
    let name = name.split_once(".llvm.").map_or(name, |(head, _)| head);
    format!("{:#}", rustc_demangle::demangle(name))
}

fn recognise(bytes: &[u8]) -> Result<object::File<'_>, Refusal> {
    if !bytes.starts_with(b"\x7fELF") {
        return Err(Refusal::NotElf);
    }
    let file = object::File::parse(bytes).map_err(|_| Refusal::Corrupt(Corruption::Header))?;
    let is_64_bit = file.is_64() && file.is_little_endian();
    if file.architecture() != object::Architecture::X86_64 || !is_64_bit {
        return Err(Refusal::NotX86_64);
    }
    match file.kind() {
        object::ObjectKind::Executable | object::ObjectKind::Dynamic => {}
        _ => return Err(Refusal::NotLinked),
    }
    Ok(file)
}
