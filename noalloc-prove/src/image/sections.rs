//! The loaded sections, by address, each with what may happen to its memory while the program runs.

use std::ops::Range;

use object::read::elf::ProgramHeader;
use object::{Object, ObjectSection, SectionFlags};

const SHF_WRITE: u64 = 1;
const SHF_EXECINSTR: u64 = 4;
const SHF_TLS: u64 = 0x400;

/// What kind of memory a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Machine code of the program.
    Code,
    /// The procedure linkage table: jumps through the table of imported addresses.
    Stubs,
    /// Constant once the loader has relocated it.
    ReadOnly,
    /// May change at any time.
    Writable,
}

/// One section that occupies memory.
pub(super) struct Section<'a> {
    pub(super) address: u64,
    pub(super) size: u64,
    pub(super) data: &'a [u8],
    pub(super) memory: Memory,
}

/// All sections that occupy memory, by ascending address.
#[derive(Default)]
pub(super) struct Sections<'a> {
    sections: Vec<Section<'a>>,
    /// Where `.eh_frame` lies; its bytes are needed twice.
    pub(super) eh_frame: Option<(u64, &'a [u8])>,
    pub(super) text: u64,
    pub(super) got: u64,
}

impl<'a> Sections<'a> {
    pub(super) fn load(file: &object::File<'a>) -> Self {
        let mut loaded = Self { sections: Vec::new(), eh_frame: None, text: 0, got: 0 };
        let protected = protected(file);
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if section.address() == 0 || section.size() == 0 || sh_flags.0 & SHF_TLS != 0 {
                continue;
            }
            let name = section.name().unwrap_or("");
            let data = section.data().unwrap_or(&[]);
            match name {
                ".eh_frame" => loaded.eh_frame = Some((section.address(), data)),
                ".text" => loaded.text = section.address(),
                ".got" => loaded.got = section.address(),
                _ => {}
            }
            loaded.sections.push(Section {
                address: section.address(),
                size: section.size(),
                data,
                memory: memory(name, sh_flags.0, protected.contains(&section.address())),
            });
        }
        loaded.sections.sort_by_key(|section| section.address);
        loaded
    }

    /// Sections made by hand, by ascending address.
    #[cfg(test)]
    pub(super) fn made(sections: &[(u64, &'a [u8], Memory)]) -> Self {
        sections
            .iter()
            .fold(Self::default(), |made, (address, data, memory)| made.and(*address, data, *memory))
    }

    /// One more section, above all others.
    #[cfg(test)]
    pub(super) fn and(mut self, address: u64, data: &'a [u8], memory: Memory) -> Self {
        self.sections.push(Section { address, size: data.len() as u64, data, memory });
        self
    }

    /// Sum of the data of all sections: more than the file's length means that they overlap.
    pub(super) fn bytes(&self) -> usize {
        self.sections.iter().map(|section| section.data.len()).sum()
    }

    pub(super) fn at(&self, address: u64) -> Option<&Section<'a>> {
        let after = self.sections.partition_point(|section| section.address <= address);
        let section = self.sections.get(after.checked_sub(1)?)?;
        (address - section.address < section.size).then_some(section)
    }

    /// Where constant data lie.
    pub(super) fn constant_ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        let constant = self.sections.iter().filter(|section| section.memory == Memory::ReadOnly);
        constant.map(|section| (section.address, section.address.saturating_add(section.data.len() as u64)))
    }

    pub(super) fn is_code(&self, address: u64) -> bool {
        self.at(address).is_some_and(|section| section.memory == Memory::Code)
    }
}

/// Addresses that the loader makes read-only after relocation (RELRO). Empty when it does not.
fn protected(file: &object::File<'_>) -> Range<u64> {
    let object::File::Elf64(elf) = file else { return 0..0 };
    let mut headers = elf.elf_program_headers().iter();
    let relro = headers.find(|header| header.p_type(elf.endian()) == object::elf::PT_GNU_RELRO);
    relro.map_or(0..0, |header| {
        let start = header.p_vaddr(elf.endian());
        start..start.saturating_add(header.p_memsz(elf.endian()))
    })
}

/// What the loader makes read-only after relocation counts as constant, and tables of imported addresses do: the loader
/// alone writes there.
fn memory(name: &str, flags: u64, is_protected: bool) -> Memory {
    if flags & SHF_EXECINSTR != 0 {
        let is_stubs = matches!(name, ".plt" | ".plt.got" | ".plt.sec" | ".plt.bnd" | ".iplt");
        return if is_stubs { Memory::Stubs } else { Memory::Code };
    }
    let is_constant = flags & SHF_WRITE == 0 || is_protected || matches!(name, ".got" | ".got.plt");
    if is_constant { Memory::ReadOnly } else { Memory::Writable }
}

#[cfg(test)]
mod tests {
    use super::{Memory, SHF_EXECINSTR, SHF_WRITE, Sections, memory};

    #[test]
    fn what_may_change_is_told_by_name_and_flags() {
        let check = |name, flags, is_protected, expected| {
            assert_eq!(memory(name, flags, is_protected), expected, "{name}");
        };
        check(".text", SHF_EXECINSTR, false, Memory::Code);
        check(".plt.got", SHF_EXECINSTR, false, Memory::Stubs);
        check(".plt.of_mine", SHF_EXECINSTR, false, Memory::Code);
        check(".rodata", 0, false, Memory::ReadOnly);
        check(".data", SHF_WRITE, false, Memory::Writable);
        check(".bss", SHF_WRITE, false, Memory::Writable);
        // Written by the loader alone.
        check(".got", SHF_WRITE, false, Memory::ReadOnly);
        check(".data.rel.ro", SHF_WRITE, true, Memory::ReadOnly);
        // By whoever puts a static there, when nothing protects it.
        check(".data.rel.ro.hooks", SHF_WRITE, false, Memory::Writable);
        check(".data.rel.local", SHF_WRITE, false, Memory::Writable);
    }

    #[test]
    fn an_address_between_sections_is_in_none() {
        let sections =
            Sections::made(&[(0x1000, &[0; 16], Memory::Code), (0x2000, &[0; 8], Memory::Writable)]);
        assert!(sections.is_code(0x100f) && !sections.is_code(0x1010));
        assert!(sections.at(0xfff).is_none() && sections.at(0x2008).is_none());
        assert_eq!(sections.at(0x2007).map(|section| section.memory), Some(Memory::Writable));
    }
}
