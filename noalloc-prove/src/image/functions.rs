//! Where functions start and end: the symbol table united with the frame table (`.eh_frame`).
//!
//! A stripped local function has no symbol but a frame entry; a hand-written one may have only a symbol. Two
//! never overlap here: a function ends where the next one starts at the latest.

use std::collections::BTreeMap;
use std::ops::Range;

use gimli::UnwindSection;
use object::{Object, ObjectSymbol, SymbolFlags, SymbolKind};

use super::sections::Sections;

const STT_GNU_IFUNC: u8 = 10;
/// More names of one function are not kept.
const MOST_NAMES: usize = 64;

/// One function's place.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub start: u64,
    /// First address behind the function.
    pub end: u64,
    /// Address of the exception table (LSDA), 0 when there is none.
    pub exceptions: u64,
    /// Has a frame entry that ends with it, so a compiler wrote it: it never runs over its end.
    pub framed: bool,
    pub(super) names: Range<u32>,
}

/// The function symbols of the file.
pub(super) struct Symbols<'a> {
    by_address: BTreeMap<u64, Found<'a>>,
    resolvers: BTreeMap<u64, Vec<&'a str>>,
}

#[derive(Default)]
struct Found<'a> {
    size: u64,
    names: Vec<&'a str>,
    exceptions: u64,
    framed: bool,
}

impl<'a> Symbols<'a> {
    pub(super) fn load(file: &object::File<'a>, sections: &Sections<'a>) -> Self {
        let mut loaded = Self { by_address: BTreeMap::new(), resolvers: BTreeMap::new() };
        for symbol in file.symbols().chain(file.dynamic_symbols()) {
            let is_resolver = is_resolver(&symbol);
            let is_function = symbol.kind() == SymbolKind::Text || is_resolver;
            if symbol.is_undefined() || !is_function || !sections.is_code(symbol.address()) {
                continue;
            }
            let found = loaded.by_address.entry(symbol.address()).or_default();
            found.size = found.size.max(symbol.size());
            let Ok(name) = symbol.name() else { continue };
            if is_resolver {
                let names = loaded.resolvers.entry(symbol.address()).or_default();
                if !names.contains(&name) && names.len() < MOST_NAMES {
                    names.push(name);
                }
            } else if !name.is_empty() && !found.names.contains(&name) && found.names.len() < MOST_NAMES {
                found.names.push(name);
            }
        }
        loaded
    }

    /// The names of the function whose body a loader-time resolver chooses.
    pub(super) fn resolver(&self, address: u64) -> Option<&[&'a str]> {
        self.resolvers.get(&address).map(Vec::as_slice)
    }
}

fn is_resolver(symbol: &object::Symbol<'_, '_>) -> bool {
    matches!(symbol.flags(), SymbolFlags::Elf { st_info, .. } if type_of(st_info) == STT_GNU_IFUNC)
}

/// Unites symbols and frame entries into functions; answers their names in one shared list.
pub(super) fn build<'a>(symbols: Symbols<'a>, sections: &Sections<'a>) -> (Vec<Function>, Vec<&'a str>) {
    let mut found = symbols.by_address;
    add_frames(&mut found, sections);
    let starts: Vec<u64> = found.keys().copied().collect();
    let mut functions = Vec::with_capacity(starts.len());
    let mut names = Vec::new();
    for (index, (start, found)) in found.into_iter().enumerate() {
        let Some(section) = sections.at(start) else { continue };
        let next = starts.get(index + 1).copied().unwrap_or(u64::MAX);
        let bound = next.min(section.address.saturating_add(section.data.len() as u64)).max(start);
        let stated = start.saturating_add(found.size);
        let end = if found.size > 0 { stated.min(bound) } else { bound };
        let first = count(names.len());
        names.extend(found.names);
        functions.push(Function {
            start,
            end,
            exceptions: found.exceptions,
            framed: found.framed && stated == end,
            names: first..count(names.len()),
        });
    }
    (functions, names)
}

fn add_frames<'a>(found: &mut BTreeMap<u64, Found<'a>>, sections: &Sections<'a>) {
    let Some((address, data)) = sections.eh_frame else { return };
    let frames = gimli::EhFrame::new(data, gimli::LittleEndian);
    let bases =
        gimli::BaseAddresses::default().set_eh_frame(address).set_text(sections.text).set_got(sections.got);
    let mut common = BTreeMap::new();
    let mut entries = frames.entries(&bases);
    while let Ok(Some(entry)) = entries.next() {
        let gimli::CieOrFde::Fde(partial) = entry else { continue };
        let parsed = partial.parse(|_, bases, offset| {
            let known = common.entry(offset.0).or_insert_with(|| frames.cie_from_offset(bases, offset));
            known.clone()
        });
        let Ok(frame) = parsed else { continue };
        let start = frame.initial_address();
        if !sections.is_code(start) {
            continue;
        }
        let found = found.entry(start).or_default();
        found.size = found.size.max(frame.len());
        found.framed = true;
        if let Some(gimli::Pointer::Direct(table)) = frame.lsda() {
            found.exceptions = table;
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn type_of(info: object::elf::SymbolInfo) -> u8 {
    info.0 & 0xf
}
