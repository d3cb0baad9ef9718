//! Oracle: what the linker knew. Every call and every jump table entry agrees with `--emit-relocs`.

use std::collections::BTreeMap;

use noalloc_prove::{Branch, JumpTable, Program};
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolFlags, elf};

use crate::subjects::{Options, build_with};

/// Where a kept relocation points.
enum Pointed {
    Address(u64),
    Import(String),
}

/// Relocations of a section by the address that they patch.
fn relocations(file: &object::File<'_>, of: &str) -> BTreeMap<u64, (Pointed, i64)> {
    let mut found = BTreeMap::new();
    for section in file.sections().filter(|section| section.name().is_ok_and(|name| name.starts_with(of))) {
        for (offset, relocation) in section.relocations() {
            // The marker's patches nothing.
            if matches!(relocation.flags(), RelocationFlags::Elf { r_type: elf::R_X86_64_NONE }) {
                continue;
            }
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            let Ok(symbol) = file.symbol_by_index(index) else { continue };
            // What the loader chooses is known by its name alone, as what it finds elsewhere.
            let is_chosen = matches!(symbol.flags(), SymbolFlags::Elf { st_info, .. }
                if st_info.st_type() == elf::STT_GNU_IFUNC);
            let pointed = if symbol.is_undefined() || is_chosen {
                let name = symbol.name().unwrap_or("");
                Pointed::Import(name.split('@').next().unwrap_or(name).to_owned())
            } else {
                Pointed::Address(symbol.address())
            };
            found.insert(offset, (pointed, relocation.addend()));
        }
    }
    found
}

fn check_calls(branches: &[Branch], text: &BTreeMap<u64, (Pointed, i64)>) -> usize {
    let mut checked = 0;
    for branch in branches.iter().filter(|branch| branch.leaves) {
        let Some((_, (pointed, addend))) = text.range(branch.at..branch.next).next() else { continue };
        let agrees = match pointed {
            Pointed::Import(name) => branch.imports.contains(name),
            Pointed::Address(address) => {
                let target = address.wrapping_add_signed(addend + 4);
                branch.functions.contains(&target) || branch.functions.contains(address)
            }
        };
        assert!(agrees || branch.is_open, "{branch:x?}");
        checked += usize::from(agrees);
    }
    checked
}

fn check_tables(
    tables: &[JumpTable],
    data: &BTreeMap<u64, (Pointed, i64)>,
    is_code: impl Fn(u64) -> bool,
) -> usize {
    let mut checked = 0;
    for (at, (pointed, addend)) in data {
        let Pointed::Address(address) = pointed else { continue };
        let Some(table) = tables.iter().rfind(|table| table.base <= *at) else { continue };
        let value = address.wrapping_add_signed(*addend).wrapping_sub(*at);
        let target = value.wrapping_add(table.base);
        let is_entry = is_code(*address) && *at - table.base < 4096 * 4;
        if is_entry && !table.is_open {
            assert!(table.targets.binary_search(&target).is_ok(), "entry {at:#x} to {target:#x}: {table:x?}");
            checked += 1;
        }
    }
    checked
}

#[test]
fn calls_and_jump_tables_agree_with_the_linker() {
    for profile in ["release", "size"] {
        let built =
            build_with(profile, Options { flags: "-Clink-arg=-Wl,--emit-relocs", ..Options::default() });
        let program = Program::parse(&built.bytes).expect("a subject");
        let file = object::File::parse(&*built.bytes).expect("a subject");
        let text = relocations(&file, ".text");
        let data = relocations(&file, ".rodata");
        let calls = check_calls(&program.branches(), &text);
        let section = file.section_by_name(".text").expect("code");
        let is_code = |address| (section.address()..section.address() + section.size()).contains(&address);
        let tables = program.jump_tables();
        let entries = check_tables(&tables, &data, is_code);
        let open = tables.iter().filter(|table| table.is_open).count();
        println!(
            "{profile}: {calls} calls and {entries} entries of {} tables agree, {open} tables open",
            tables.len()
        );
        assert!(calls > 3_000 && entries > 500, "{calls} {entries}");
        assert!(open * 20 <= tables.len());
    }
}
