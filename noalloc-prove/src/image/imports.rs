//! Functions whose code the loader finds: their names, and where it is told to look.
//!
//! A name alone says little: a library of the user's may define an `exit` as well. The C library gives its functions
//! versions, and the linker writes down of which library each version is.

use std::collections::HashMap;

use object::ObjectSymbol;

use super::functions::Symbols;

/// Whose function an import is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    /// The C library's, the compiler's, or nobody's that the linker knew.
    System,
    /// Another shared object's.
    Other,
    /// The binary's own: the loader takes the body that the resolver at this address answers.
    Resolver(u64),
}

/// A function that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Import {
    /// Its names, without `@VERSION`; only a resolver's function has several.
    pub names: Vec<String>,
    pub provider: Provider,
}

impl Import {
    /// The name to show.
    pub(crate) fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// Imports, each once.
#[derive(Default)]
pub(super) struct Imports {
    pub(super) imports: Vec<Import>,
    index: HashMap<Import, u32>,
}

impl Imports {
    fn intern(&mut self, import: Import) -> u32 {
        let new = u32::try_from(self.imports.len()).unwrap_or(u32::MAX);
        let index = *self.index.entry(import.clone()).or_insert(new);
        if index == new {
            self.imports.push(import);
        }
        index
    }

    /// A function of another shared object.
    pub(super) fn foreign(&mut self, name: &str, provider: Provider) -> u32 {
        let name = name.split('@').next().unwrap_or(name).to_owned();
        self.intern(Import { names: vec![name], provider })
    }

    /// A function of this image among whose bodies a resolver chooses.
    pub(super) fn chosen(&mut self, symbols: &Symbols<'_>, resolver: u64) -> Option<u32> {
        let names = symbols.resolver(resolver)?.iter().map(|name| (*name).to_owned()).collect();
        Some(self.intern(Import { names, provider: Provider::Resolver(resolver) }))
    }
}

/// Which library each undefined symbol was found in when the program was linked.
pub(super) struct Providers<'f> {
    versions: Option<Versions<'f>>,
}

type Versions<'f> = object::read::elf::VersionTable<'f, object::elf::FileHeader64<object::Endianness>>;

impl<'f> Providers<'f> {
    /// Without versions nothing is known, and everything held to be the system's: so it is with musl.
    pub(super) fn of(file: &object::File<'f>) -> Self {
        let object::File::Elf64(elf) = file else { return Self { versions: None } };
        let versions = elf.elf_section_table().versions(elf.endian(), elf.data());
        Self { versions: versions.ok().flatten().filter(|versions| !versions.is_empty()) }
    }

    /// The provider of an undefined symbol.
    pub(super) fn of_symbol(&self, symbol: &object::Symbol<'_, '_>) -> Provider {
        let Some(versions) = &self.versions else { return Provider::System };
        let index = versions.version_index(object::Endianness::Little, symbol.index());
        match versions.version(index.index()) {
            Ok(Some(version)) if version.file().is_some_and(is_of_the_system) => Provider::System,
            // Found nowhere and allowed to be missing: a new system's function.
            Ok(None) if symbol.is_weak() => Provider::System,
            _ => Provider::Other,
        }
    }
}

/// Whether a shared object belongs to the C library or the compiler.
fn is_of_the_system(file: &[u8]) -> bool {
    let libraries: [&[u8]; 10] = [
        b"libc.so.",
        b"libm.so.",
        b"libmvec.so.",
        b"libpthread.so.",
        b"libdl.so.",
        b"librt.so.",
        b"libutil.so.",
        b"libresolv.so.",
        b"libgcc_s.so.",
        b"ld-linux-x86-64.so.",
    ];
    libraries.iter().any(|library| file.starts_with(library))
}
