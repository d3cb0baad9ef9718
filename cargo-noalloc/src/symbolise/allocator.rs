//! Which global allocator a program was linked with: what the compiler and the linker say, whatever the source looks like.

use std::path::Path;

use object::{Object as _, ObjectSymbol as _};

use super::origin::Origins;
use super::symbols::Symbols;
use crate::mapped;
use crate::model::{CodePlace, FunctionName, LinkedAllocator, LookupAddress, Origin, Workspace};

/// The functions that compilers make of a `#[global_allocator]`, as their names end; older ones make the second, and the first
/// without a place.
const MADE: [&str; 2] = ["12___rust_alloc", "10___rg_alloc"];

/// Looks into an executable of the audit.
pub(crate) fn linked(executable: &Path, workspace: &Workspace) -> LinkedAllocator {
    let Ok(map) = mapped::read(executable) else { return LinkedAllocator::default() };
    let Ok(file) = object::File::parse(&*map) else { return LinkedAllocator::default() };
    let defined = file.symbols().filter(object::ObjectSymbol::is_definition);
    let (mut recorded, mut made) = (false, Vec::new());
    for symbol in defined {
        let Ok(name) = symbol.name() else { continue };
        recorded |= name.contains("7no_heap") && name.contains("14alloc_recorded");
        if name.contains("7___rustc") && MADE.iter().any(|made| name.ends_with(made)) {
            made.push(symbol.address());
        }
    }
    let (place, by_user) = place(&map, &made, workspace).unzip();
    LinkedAllocator { recorded, place, by_user: by_user.unwrap_or(false) }
}

/// Where the static stands that the functions at these addresses were made of, and whether the user can change it.
fn place(bytes: &[u8], made: &[u64], workspace: &Workspace) -> Option<(CodePlace, bool)> {
    let symbols = Symbols::open(bytes).ok().filter(|_| !made.is_empty())?;
    let origins = Origins::new(workspace);
    made.iter().find_map(|address| {
        let (path, line) = symbols.outermost_line(LookupAddress(*address))?;
        // The function itself has no crate.
        let by_user = match origins.of(Some(path), &FunctionName::new(""), "") {
            Origin::User => true,
            Origin::Dependency(_) => false,
            _ => return None,
        };
        Some((CodePlace { file: origins.file(path, ""), line, byte_column: 0 }, by_user))
    })
}
