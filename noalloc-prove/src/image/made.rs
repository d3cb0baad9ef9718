//! Images made by hand, for the tests of every later pass.

use super::{Function, Image, Import, Memory, Pointer, Provider, objects, relocations, sections};

impl<'a> Image<'a> {
    /// An image without anything in it.
    pub(crate) fn empty() -> Self {
        Self {
            allocator: 0..0,
            sections: sections::Sections::default(),
            relocations: relocations::Relocations::default(),
            objects: objects::Objects::default(),
            imports: Vec::new(),
            functions: Vec::new(),
            names: Vec::new(),
            fixed: false,
            is_stripped: true,
        }
    }

    /// Sections by ascending address, and functions as (start, end).
    pub(crate) fn made(sections: &[(u64, &'a [u8], Memory)], functions: &[(u64, u64)]) -> Self {
        let function = |range: &(u64, u64)| Function {
            start: range.0,
            end: range.1,
            exceptions: 0,
            framed: true,
            names: 0..0,
        };
        let functions = functions.iter().map(function).collect();
        Self { sections: sections::Sections::made(sections), functions, ..Self::empty() }
    }

    /// One code section at 0x1000; each of its functions starts at a multiple of 0x40.
    pub(crate) fn of_functions(code: &'a [u8]) -> Self {
        let end = 0x1000 + code.len() as u64;
        let functions: Vec<(u64, u64)> =
            (0x1000..end).step_by(0x40).map(|start| (start, (start + 0x40).min(end))).collect();
        Self::made(&[(0x1000, code, Memory::Code)], &functions)
    }

    /// Functions with symbols, sixteen bytes each, without code.
    pub(crate) fn named(functions: &[(u64, &[&'a str])]) -> Self {
        let ranges: Vec<(u64, u64)> = functions.iter().map(|(start, _)| (*start, start + 16)).collect();
        let mut image = Self::made(&[], &ranges);
        for (index, (_, names)) in functions.iter().enumerate() {
            image = image.with_names(index, names);
        }
        image
    }

    /// Gives a function its symbols.
    pub(crate) fn with_names(mut self, function: usize, names: &[&'a str]) -> Self {
        let first = self.names.len() as u32;
        self.names.extend(names);
        self.functions[function].names = first..self.names.len() as u32;
        self
    }

    /// Adds a section behind the others.
    pub(crate) fn with_section(self, address: u64, data: &'a [u8], memory: Memory) -> Self {
        Self { sections: self.sections.and(address, data, memory), ..self }
    }

    /// Words that the loader writes.
    pub(crate) fn with_pointers(self, words: &[(u64, Pointer)]) -> Self {
        Self { relocations: relocations::Relocations::new(words.to_vec()), ..self }
    }

    /// Functions of other shared objects.
    pub(crate) fn with_imports(self, imports: &[&str]) -> Self {
        let import = |name: &&str| Import { names: vec![(*name).to_owned()], provider: Provider::System };
        Self { imports: imports.iter().map(import).collect(), ..self }
    }

    /// Data objects as (start, end).
    pub(crate) fn with_objects(self, objects: &[(u64, u64)]) -> Self {
        Self { objects: objects::Objects::new(objects.to_vec()), ..self }
    }
}
