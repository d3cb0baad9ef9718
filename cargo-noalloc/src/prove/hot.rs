//! The hot functions of a binary, as it describes them itself: nothing has to run for their names.
//!
//! The attribute leaves a descriptor of each in one section, under the same number as in the marker. Its file, line
//! and options stand in it, whatever macro or crate the function comes from; its path is the name of the descriptor.

use std::collections::BTreeSet;
use std::mem::{offset_of, size_of};

use no_heap::descriptor::{HOT_FUNCTIONS_SECTION, HotFn, Promise, function};
use no_heap::record::HotEntry;
use noalloc_prove::{Program, SiteRoots};

use crate::model::{Found, Proofs};

/// What stands around the path in a descriptor's name, and in that of the guard's innermost function.
const DESCRIPTOR: (&str, &str) = ("<", " as no_heap::registry::Site>::hot");
const ROOT: (&str, &str) = ("no_heap::guard::root::<", "::__NoHeapSite, ");

/// Part of the symbols of the guard's innermost function, as compilers mangle its path.
const ROOT_SYMBOL: &str = "7no_heap5guard4root";

/// Why the marker cannot be relied on: some code of hot functions is not in it. A linker or a script took that out, or
/// moved the code. Functions that are described and that nothing calls have no code to mark.
pub(super) fn lost_marker(program: &Program<'_>) -> Option<String> {
    let sites = program.sites();
    let marked: BTreeSet<u64> = sites.iter().flatten().flat_map(|site| &site.instances).copied().collect();
    let (_, symbol) = program
        .functions_with(ROOT_SYMBOL)
        .find(|(address, name)| name.starts_with(ROOT.0) && !marked.contains(address))?;
    let name = between(&symbol, ROOT).map(function).unwrap_or(symbol);
    Some(match sites {
        Err(refusal) => refusal.to_string(),
        Ok(_) => format!(
            "code of `{name}` is in the binary and not in its `.noheap` section, so a proof could leave it out: link \
             with GNU ld, LLD or mold, and change nothing in what they made"
        ),
    })
}

/// Every hot function that is described or marked; one that is only marked has the name of its code.
pub(super) fn add(program: &Program<'_>, proofs: &mut Proofs) {
    for descriptor in descriptors(program) {
        match descriptor {
            Some(entry) => {
                proofs.found.push(Found { entry, plain: false, address: None, copies: Vec::new() });
            }
            None => proofs.problems.push(
                "the description of a hot function cannot be read: use the same version of `no_heap` and \
                 `cargo-noalloc`"
                    .to_owned(),
            ),
        }
    }
    for site in program.sites().unwrap_or_default() {
        if !proofs.found.iter().any(|found| found.entry.id == site.site) {
            proofs.found.push(marked_only(program, &site));
        }
    }
}

fn descriptors(program: &Program<'_>) -> Vec<Option<HotEntry>> {
    let Some(section) = program.section(HOT_FUNCTIONS_SECTION) else { return Vec::new() };
    let names = program.statics(&section);
    // The ends of sections have names, too, and may stand at the same address.
    let path = |at: u64| {
        let here = names.iter().filter(|(address, _)| *address == at);
        here.filter_map(|(_, name)| between(name, DESCRIPTOR)).map(function).next()
    };
    section.step_by(size_of::<HotFn>()).map(|at| Descriptor { program, at }.read(&path(at)?)).collect()
}

/// One descriptor in the data of the binary.
struct Descriptor<'a> {
    program: &'a Program<'a>,
    at: u64,
}

impl Descriptor<'_> {
    /// `None` where what stands there is no descriptor.
    fn read(&self, path: &str) -> Option<HotEntry> {
        let promise = offset_of!(HotFn, promise);
        let file = self.text(offset_of!(HotFn, file))?;
        Some(HotEntry {
            id: self.word(offset_of!(HotFn, id))?,
            path: path.to_owned(),
            written: self.text(offset_of!(HotFn, written))?,
            file,
            line: self.half(offset_of!(HotFn, line))?,
            column: self.half(offset_of!(HotFn, column))?,
            allocs: self.word(promise + offset_of!(Promise, allocs))?,
            bytes: self.word(promise + offset_of!(Promise, bytes))?,
            warmup: self.word(promise + offset_of!(Promise, warmup))?,
            allow_free: self.flag(promise + offset_of!(Promise, allow_free))?,
            prove: self.flag(promise + offset_of!(Promise, prove))?,
            block: false,
        })
    }

    fn bytes<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.program.bytes(self.at.checked_add(offset as u64)?, N)?.try_into().ok()
    }

    fn word(&self, offset: usize) -> Option<u64> {
        self.bytes(offset).map(u64::from_le_bytes)
    }

    fn half(&self, offset: usize) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes).filter(|number| *number > 0)
    }

    fn flag(&self, offset: usize) -> Option<bool> {
        match self.bytes(offset)? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    /// A `&'static str`: a pointer, which the loader may have to relocate, and the length.
    fn text(&self, offset: usize) -> Option<String> {
        let pointer = self.program.pointer(self.at.checked_add(offset as u64)?)?;
        let length = usize::try_from(self.word(offset + size_of::<usize>())?).ok()?;
        let bytes = self.program.bytes(pointer, length).filter(|bytes| !bytes.is_empty())?;
        String::from_utf8(bytes.to_vec()).ok()
    }
}

/// A function without a descriptor: the guard's innermost function has it among its generic arguments, and its
/// place is that of its code.
fn marked_only(program: &Program<'_>, site: &SiteRoots) -> Found {
    let address = site.instances.first().copied();
    let symbol = address.and_then(|address| program.function_name(address));
    let path = symbol.as_deref().and_then(|symbol| between(symbol, ROOT)).map(function);
    let path = path.or(symbol).unwrap_or_else(|| format!("hot function {:#018x}", site.site));
    let entry = HotEntry { id: site.site, path, ..HotEntry::default() };
    Found { entry, plain: false, address, copies: Vec::new() }
}

fn between<'n>(name: &'n str, (before, after): (&str, &str)) -> Option<&'n str> {
    let rest = name.strip_prefix(before)?;
    rest.find(after).map(|end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::{DESCRIPTOR, ROOT, between};

    #[test]
    fn the_path_stands_in_the_names_of_descriptor_and_code() {
        let name = "<<app::Filter>::process::__NoHeapSite as no_heap::registry::Site>::hot::HOT";
        assert_eq!(between(name, DESCRIPTOR), Some("<app::Filter>::process::__NoHeapSite"));
        let name = "no_heap::guard::root::<app::run::__NoHeapSite, (), app::run::{closure#0}>";
        assert_eq!(between(name, ROOT), Some("app::run"));
        assert_eq!(between("main", ROOT), None);
    }
}
