//! The debug info of one binary.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use addr2line::{Context, LookupResult};
use gimli::{EndianSlice, RunTimeEndian, SectionId};
use object::{Object as _, ObjectSection as _};

use super::blocks;
use super::origin::Origins;
use crate::model::{CodePlace, Frame, FunctionName, LinkedBlock, LookupAddress};

pub(super) type Slice<'a> = EndianSlice<'a, RunTimeEndian>;

/// The sections, decompressed where they have to be. Lives as long as the process: one for each binary of a
/// check, and the borrowed context needs it at an address that does not move.
struct Sections<'a>(gimli::DwarfSections<Cow<'a, [u8]>>);

/// Looks addresses up.
pub(super) struct Symbols<'a> {
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
        let dwarf = sections.0.borrow(|section| EndianSlice::new(section, endian));
        let context = Context::from_dwarf(dwarf).map_err(|error| error.to_string())?;
        Ok(Symbols { context, sections, endian, known: RefCell::default() })
    }

    /// The calls of `no_heap::guard` and `no_heap::permit` that user code has.
    pub(super) fn blocks(&self, origins: &Origins) -> Vec<LinkedBlock> {
        let dwarf = self.sections.0.borrow(|section| EndianSlice::new(section, self.endian));
        blocks::linked(&dwarf, origins)
    }

    /// Frames at an address, innermost first; the last one is the function that has the code.
    pub(super) fn frames(&self, address: LookupAddress, origins: &Origins) -> Vec<Frame> {
        let mut known = self.known.borrow_mut();
        known.entry(address.0).or_insert_with(|| self.look_up(address, origins)).clone()
    }

    fn look_up(&self, address: LookupAddress, origins: &Origins) -> Vec<Frame> {
        let mut found = Vec::new();
        if let LookupResult::Output(Ok(mut frames)) = self.context.find_frames(address.0) {
            while let Ok(Some(frame)) = frames.next() {
                found.push(self::frame(&frame, origins));
            }
        }
        if let Some(last) = found.last_mut() {
            last.inlined = false;
        }
        found
    }
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
            file: origins.file(location.file?),
            line: location.line.filter(|line| *line > 0)?,
            byte_column: location.column.unwrap_or(0),
        })
    });
    Frame { origin: origins.of(path, &function), function, place, inlined: true }
}
