//! Data and names of the binary, for who knows what to look for in it.
//!
//! A runtime may describe its functions in tables that the linker collects. What stands in them is the reader's
//! business; here they are found, with the pointers that the loader would write.

use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use crate::image::{Pointer, demangle};
use crate::program::Program;

impl<'a> Program<'a> {
    /// Where a loaded section lies, by its name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<Range<u64>> {
        let section = self.file.section_by_name(name)?;
        Some(section.address()..section.address().checked_add(section.size())?)
    }

    /// Exactly `length` bytes at an address, as the file holds them: pointers among them are not relocated.
    #[must_use]
    pub fn bytes(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        self.image.bytes(address, length)
    }

    /// The address that the word at an address holds when the program starts.
    #[must_use]
    pub fn pointer(&self, address: u64) -> Option<u64> {
        match self.image.initial(address)? {
            Pointer::Address(address) => Some(address),
            _ => None,
        }
    }

    /// Address and readable name of every `static` that lies in a range.
    #[must_use]
    pub fn statics(&self, range: &Range<u64>) -> Vec<(u64, String)> {
        let symbols = self.file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Data);
        let inside = symbols.filter(|symbol| !symbol.is_undefined() && range.contains(&symbol.address()));
        inside.filter_map(|symbol| Some((symbol.address(), demangle(symbol.name().ok()?)))).collect()
    }

    /// Address and readable name of every function whose symbol contains `part`. What the compiler has split off or
    /// copied from one has a suffix in its symbol, and is left out.
    pub fn functions_with(&self, part: &str) -> impl Iterator<Item = (u64, String)> {
        let is_it = move |symbol: &str| symbol.contains(part) && !has_suffix(symbol);
        self.image.functions.iter().flat_map(move |function| {
            let symbols = self.image.names(function).iter().filter(move |symbol| is_it(symbol));
            symbols.map(|symbol| (function.start, demangle(symbol)))
        })
    }

    /// Readable names of all functions of the binary, by address; a function may have several.
    pub fn function_names(&self) -> impl Iterator<Item = String> {
        let functions = self.image.functions.iter();
        functions.flat_map(|function| self.image.names(function)).map(|symbol| demangle(symbol))
    }
}

/// `….cold`, `….specialized.1`; the `.llvm.` that makes a local symbol unique is none.
fn has_suffix(symbol: &str) -> bool {
    let own = symbol.split_once(".llvm.").map_or(symbol, |(own, _)| own);
    own.contains('.')
}
