//! The debug info of one binary.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread;

use addr2line::{Context, LookupResult};
use gimli::{EndianSlice, RunTimeEndian, SectionId};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};

use super::blocks;
use super::origin::Origins;
use crate::model::{CodePlace, Frame, FunctionName, LinkedBlock, LookupAddress};

pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The sections, decompressed where they have to be. Lives as long as the process: one for each binary of a
/// check, and the borrowed context needs it at an address that does not move.
struct Sections<'a>(gimli::DwarfSections<Cow<'a, [u8]>>);

/// Addresses that are worth a thread: to open the debug info once more takes as long as a few hundred of them.
const LEAST_SHARE: usize = 500;

/// Looks addresses up.
pub(super) struct Symbols<'a> {
    bytes: &'a [u8],
    context: Context<Slice<'a>>,
    sections: &'a Sections<'a>,
    endian: RunTimeEndian,
    /// PERF: the chains of a proof pass the same few calls again and again.
    known: RefCell<BTreeMap<u64, Vec<Frame>>>,
}

impl<'a> Symbols<'a> {
    /// Opens the debug info of an object file.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Symbols<'a>, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let endian = if file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        let load = |id: SectionId| -> Result<Cow<'a, [u8]>, object::Error> {
            match file.section_by_name(id.name()) {
                Some(section) => section.uncompressed_data(),
                None => Ok(Cow::Borrowed(&[])),
            }
        };
        let sections = gimli::DwarfSections::load(load).map_err(|error| error.to_string())?;
        let sections: &'a Sections<'a> = Box::leak(Box::new(Sections(sections)));
        if file.section_by_name(".debug_info").is_none() {
            return Err("it was stripped".to_owned());
        }
        let context = sections.context(endian).map_err(|error| error.to_string())?;
        Ok(Symbols { bytes, context, sections, endian, known: RefCell::default() })
    }

    /// The calls of `no_heap::guard` and `no_heap::permit` that user code has.
    pub(super) fn blocks(&self, origins: &Origins) -> Vec<LinkedBlock> {
        blocks::linked(&self.sections.dwarf(self.endian), origins)
    }

    /// The variable at an address, by its symbol.
    pub(super) fn variable(&self, address: LookupAddress) -> Option<String> {
        let file = object::File::parse(self.bytes).ok()?;
        let covers = |symbol: &object::Symbol<'_, '_>| {
            symbol.kind() == SymbolKind::Data
                && (symbol.address()..symbol.address() + symbol.size().max(1)).contains(&address.0)
        };
        let name = file.symbols().find(covers)?.name().ok()?.to_owned();
        Some(FunctionName::new(&format!("{:#}", rustc_demangle::demangle(&name))).as_str().to_owned())
    }

    /// Looks up what [`frames`](Self::frames) is going to be asked, on all processors.
    pub(super) fn look_up_all(&self, mut addresses: Vec<u64>, origins: &Origins) {
        addresses.sort_unstable();
        addresses.dedup();
        let threads =
            thread::available_parallelism().map_or(1, usize::from).min(addresses.len() / LEAST_SHARE);
        if threads < 2 {
            return;
        }
        // Neighbours are of one unit, which is read once for all of them.
        let mut shares = addresses.chunks(addresses.len().div_ceil(threads));
        let own = shares.next().unwrap_or_default();
        let (sections, endian) = (self.sections, self.endian);
        let look_up = |context: &Context<Slice<'a>>, share: &[u64]| -> Vec<(u64, Vec<Frame>)> {
            share
                .iter()
                .map(|address| (*address, look_up(context, LookupAddress(*address), origins)))
                .collect()
        };
        let known = thread::scope(|scope| {
            // What no thread looks up is looked up when it is asked for.
            let start = |share| {
                let work = move || {
                    sections.context(endian).map_or_else(|_| Vec::new(), |context| look_up(&context, share))
                };
                thread::Builder::new().spawn_scoped(scope, work).ok()
            };
            let others: Vec<_> = shares.filter_map(start).collect();
            let mut known = look_up(&self.context, own);
            known.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_default()));
            known
        });
        self.known.borrow_mut().extend(known);
    }

    /// The file, as the compiler was given it, and the line of an address in the function that has the code, whatever was
    /// inlined there.
    pub(super) fn outermost_line(&self, address: LookupAddress) -> Option<(&str, u32)> {
        let LookupResult::Output(Ok(mut frames)) = self.context.find_frames(address.0) else { return None };
        let mut outermost = None;
        while let Ok(Some(frame)) = frames.next() {
            outermost = frame.location;
        }
        let location = outermost?;
        Some((location.file?, location.line.filter(|line| *line > 0)?))
    }

    /// Frames at an address, innermost first; the last one is the function that has the code.
    pub(super) fn frames(&self, address: LookupAddress, origins: &Origins) -> Vec<Frame> {
        let mut known = self.known.borrow_mut();
        known.entry(address.0).or_insert_with(|| look_up(&self.context, address, origins)).clone()
    }
}

impl<'a> Sections<'a> {
    fn dwarf(&self, endian: RunTimeEndian) -> gimli::Dwarf<Slice<'_>> {
        self.0.borrow(|section| EndianSlice::new(section, endian))
    }

    fn context(&'a self, endian: RunTimeEndian) -> gimli::Result<Context<Slice<'a>>> {
        Context::from_dwarf(self.dwarf(endian))
    }
}

fn look_up(context: &Context<Slice<'_>>, address: LookupAddress, origins: &Origins) -> Vec<Frame> {
    let mut found = Vec::new();
    if let LookupResult::Output(Ok(mut frames)) = context.find_frames(address.0) {
        while let Ok(Some(frame)) = frames.next() {
            found.push(self::frame(&frame, origins));
        }
    }
    if let Some(last) = found.last_mut() {
        last.inlined = false;
    }
    found
}

/// Where the linker puts the descriptors of hot functions: one array for the whole program.
const DESCRIPTORS: &str = "linkme_HOT_FUNCTIONS";

/// Whether a binary has hot functions, called or not; also of a stripped one.
pub(super) fn holds_hot_functions(bytes: &[u8]) -> bool {
    let file = object::File::parse(bytes).ok();
    file.and_then(|file| file.section_by_name(DESCRIPTORS).map(|section| section.size() > 0)).unwrap_or(false)
}

fn frame(frame: &addr2line::Frame<'_, Slice<'_>>, origins: &Origins) -> Frame {
    let raw = frame.function.as_ref().and_then(|name| name.raw_name().ok()).unwrap_or_default();
    let function = FunctionName::new(&format!("{:#}", rustc_demangle::demangle(&raw)));
    let location = frame.location.as_ref();
    let path = location.and_then(|location| location.file);
    let place = location.and_then(|location| {
        Some(CodePlace {
            file: origins.file(location.file?, &raw),
            line: location.line.filter(|line| *line > 0)?,
            byte_column: location.column.unwrap_or(0),
        })
    });
    Frame { origin: origins.of(path, &function, &raw), function, place, inlined: true }
}

#[cfg(test)]
mod tests {
    use object::{Object as _, ObjectSymbol as _, SymbolKind};

    use super::{LEAST_SHARE, Symbols};
    use crate::model::{LookupAddress, Workspace};
    use crate::symbolise::origin::Origins;

    /// Of this test itself: its functions that come first.
    #[test]
    fn what_all_processors_look_up_is_what_one_does() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let functions =
            file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
        let mut addresses: Vec<u64> = functions.map(|symbol| symbol.address()).collect();
        addresses.sort_unstable();
        addresses.truncate(3 * LEAST_SHARE);
        let origins = Origins::new(&Workspace::default());
        let [one, all] = [Symbols::open(&bytes).unwrap(), Symbols::open(&bytes).unwrap()];
        all.look_up_all(addresses.clone(), &origins);
        let frames = |symbols: &Symbols<'_>| -> Vec<_> {
            addresses.iter().map(|address| symbols.frames(LookupAddress(*address), &origins)).collect()
        };
        let found = frames(&all);
        assert_eq!(found, frames(&one));
        assert!(found.iter().filter(|frames| !frames.is_empty()).count() > 2 * LEAST_SHARE);
    }
}
