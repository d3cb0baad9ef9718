//! Calls of `no_heap::guard` and `no_heap::permit` in a binary: one that never ran has left nothing in any record.
//!
//! Both are always inlined, so the debug info has an entry for each call, with its place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, Section as _, Unit};

use super::origin::Origins;
use super::symbols::Slice;
use crate::model::{BlockKind, CodePlace, FunctionName, LinkedBlock, Origin};

/// In the name of every instance: `no_heap::block::guard`, as v0 writes it.
const KINDS: [(&str, BlockKind); 2] =
    [("7no_heap5block5guard", BlockKind::Guard), ("7no_heap5block6permit", BlockKind::Permit)];

/// How the names of both begin.
const BLOCK: &str = "7no_heap5block";

type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// The calls in user code, by place, each once.
pub(super) fn linked(dwarf: &Dwarf<Slice<'_>>, origins: &Origins) -> Vec<LinkedBlock> {
    // Most programs have none, and to read all of the debug info takes its time.
    let names = dwarf.debug_str.reader().slice();
    if memchr::memmem::find(names, BLOCK.as_bytes()).is_none() {
        return Vec::new();
    }
    let units: Vec<Unit<Slice<'_>>> = units(dwarf);
    let mut instances = BTreeMap::new();
    for unit in &units {
        let _ = each(unit, |entry, _| {
            if entry.tag() == gimli::DW_TAG_subprogram
                && let Some(name) = name(dwarf, unit, entry)
                && let Some((_, kind)) = KINDS.iter().find(|(part, _)| name.contains(part))
            {
                instances.insert(unit.header.offset().0 + entry.offset().0, *kind);
            }
        });
    }
    let mut found = Vec::new();
    for unit in &units {
        let _ = each(unit, |entry, around| {
            if let Some(kind) = origin(unit, entry).and_then(|origin| instances.get(&origin)) {
                let call = call(dwarf, unit, entry, around, &units, origins);
                found.extend(call.map(|(place, function)| LinkedBlock { kind: *kind, place, function }));
            }
        });
    }
    found.sort();
    found.dedup_by(|a, b| a.kind == b.kind && a.place == b.place);
    found
}

/// What of it can be read: a block that is not found is only not reported as unused.
fn units<'a>(dwarf: &Dwarf<Slice<'a>>) -> Vec<Unit<Slice<'a>>> {
    let mut headers = dwarf.units();
    let mut units = Vec::new();
    while let Ok(Some(header)) = headers.next() {
        units.extend(dwarf.unit(header).ok());
    }
    units
}

/// Calls `visit` with each entry of functions and of what was inlined into them, and with the linkage origins of
/// the functions around it, outermost first.
fn each<'a>(
    unit: &Unit<Slice<'a>>,
    mut visit: impl FnMut(&Entry<'a>, &[(isize, usize)]),
) -> gimli::Result<()> {
    let mut around: Vec<(isize, usize)> = Vec::new();
    let mut entries = unit.entries();
    while let Some(entry) = entries.next_dfs()? {
        let depth = entry.depth();
        while around.last().is_some_and(|(outer, _)| *outer >= depth) {
            around.pop();
        }
        if !matches!(entry.tag(), gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine) {
            continue;
        }
        visit(entry, &around);
        let own = unit.header.offset().0 + entry.offset().0;
        around.push((depth, origin(unit, entry).unwrap_or(own)));
    }
    Ok(())
}

/// Offset of the function that an inlined or concrete instance is of.
fn origin(unit: &Unit<Slice<'_>>, entry: &Entry<'_>) -> Option<usize> {
    match entry
        .attr_value(gimli::DW_AT_abstract_origin)
        .or_else(|| entry.attr_value(gimli::DW_AT_specification))?
    {
        AttributeValue::UnitRef(offset) => Some(unit.header.offset().0 + offset.0),
        AttributeValue::DebugInfoRef(offset) => Some(offset.0),
        _ => None,
    }
}

fn name<'a>(dwarf: &Dwarf<Slice<'a>>, unit: &Unit<Slice<'a>>, entry: &Entry<'a>) -> Option<String> {
    let value = entry.attr_value(gimli::DW_AT_linkage_name)?;
    Some(dwarf.attr_string(unit, value).ok()?.to_string_lossy().into_owned())
}

fn call(
    dwarf: &Dwarf<Slice<'_>>,
    unit: &Unit<Slice<'_>>,
    entry: &Entry<'_>,
    around: &[(isize, usize)],
    units: &[Unit<Slice<'_>>],
    origins: &Origins,
) -> Option<(CodePlace, Option<String>)> {
    let number = |at| entry.attr_value(at).and_then(|value| value.udata_value());
    let AttributeValue::FileIndex(index) = entry.attr_value(gimli::DW_AT_call_file)? else { return None };
    let path = file(dwarf, unit, index)?;
    let path = path.to_string_lossy();
    let symbol = around.last().and_then(|(_, offset)| symbol(dwarf, units, *offset)).unwrap_or_default();
    let place = CodePlace {
        file: origins.file(&path, &symbol),
        line: u32::try_from(number(gimli::DW_AT_call_line)?).ok()?,
        byte_column: number(gimli::DW_AT_call_column)
            .and_then(|column| u32::try_from(column).ok())
            .unwrap_or(0),
    };
    let function = function(&symbol);
    let is_user = origins.of(Some(&path), &function, &symbol) == Origin::User;
    is_user.then(|| (place, (!symbol.is_empty()).then(|| function.as_str().to_owned())))
}

/// The symbol of the function whose entry is at this offset.
fn symbol(dwarf: &Dwarf<Slice<'_>>, units: &[Unit<Slice<'_>>], offset: usize) -> Option<String> {
    let unit = units.iter().rfind(|unit| unit.header.offset().0 <= offset)?;
    let entry = unit.entry(gimli::UnitOffset(offset - unit.header.offset().0)).ok()?;
    name(dwarf, unit, &entry)
}

/// Closures belong to the function that they stand in.
fn function(symbol: &str) -> FunctionName {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    let end = name.find("::{closure").unwrap_or(name.len());
    FunctionName::new(&name[..end])
}

fn file(dwarf: &Dwarf<Slice<'_>>, unit: &Unit<Slice<'_>>, index: u64) -> Option<PathBuf> {
    let text = |value| Some(dwarf.attr_string(unit, value).ok()?.to_string_lossy().into_owned());
    let header = unit.line_program.as_ref()?.header();
    let file = header.file(index)?;
    let mut path = unit.comp_dir.map(|folder| PathBuf::from(&*folder.to_string_lossy())).unwrap_or_default();
    if file.directory_index() != 0 {
        path.push(Path::new(&text(file.directory(header)?)?));
    }
    path.push(text(file.path_name())?);
    Some(path)
}
