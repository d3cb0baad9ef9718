//! Functions of code without debug info, by the symbol tables of the objects that hold them: the C library, plug-ins, C
//! code that was linked in. The name of a function is all that is known there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use object::{Object as _, ObjectSymbol as _, SymbolKind};

use crate::model::{Frame, FunctionName, LookupAddress, Origin};

/// Symbol tables, each read once.
#[derive(Default)]
pub(super) struct Libraries {
    tables: RefCell<BTreeMap<String, Rc<Table>>>,
}

/// Functions of one object by ascending address.
#[derive(Default)]
struct Table(Vec<Function>);

struct Function {
    start: u64,
    end: u64,
    name: String,
}

impl Libraries {
    /// The frame at an address of the object at `path`.
    pub(super) fn frame(&self, path: &str, address: LookupAddress) -> Frame {
        let name = self.table(path).at(address);
        let file = || Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
        frame(&name.or_else(file).unwrap_or_else(|| "code without a file".to_owned()))
    }

    /// The same in the program itself, where no debug info covers the address.
    pub(super) fn own_frame(&self, executable: &Path, address: LookupAddress) -> Option<Frame> {
        self.table(&executable.to_string_lossy()).at(address).map(|name| frame(&name))
    }

    fn table(&self, path: &str) -> Rc<Table> {
        if let Some(known) = self.tables.borrow().get(path) {
            return Rc::clone(known);
        }
        let bytes = crate::mapped::read(Path::new(path)).ok();
        let table = Rc::new(bytes.as_deref().map(Table::read).unwrap_or_default());
        self.tables.borrow_mut().insert(path.to_owned(), Rc::clone(&table));
        table
    }
}

/// A function of which nothing but the name is known.
pub(super) fn frame(name: &str) -> Frame {
    Frame { function: FunctionName::new(name), place: None, inlined: false, origin: Origin::System }
}

impl Table {
    fn read(bytes: &[u8]) -> Table {
        let Ok(file) = object::File::parse(bytes) else { return Table::default() };
        let symbols = file.symbols().chain(file.dynamic_symbols());
        let functions = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && !symbol.is_undefined());
        let functions = functions.filter_map(|symbol| {
            let name = symbol.name().ok()?.split('@').next()?.to_owned();
            Some(Function { start: symbol.address(), end: symbol.address() + symbol.size(), name })
        });
        let mut functions: Vec<Function> = functions.filter(|function| !function.name.is_empty()).collect();
        // Of several names the public one comes first: `strdup` before `__strdup`.
        let underscores = |name: &str| name.len() - name.trim_start_matches('_').len();
        functions.sort_by_cached_key(|function| {
            (function.start, underscores(&function.name), function.name.clone())
        });
        functions.dedup_by_key(|function| function.start);
        Table(functions)
    }

    fn at(&self, address: LookupAddress) -> Option<String> {
        let after = self.0.partition_point(|function| function.start <= address.0);
        let function = self.0.get(after.checked_sub(1)?)?;
        (address.0 < function.end).then(|| readable(&function.name))
    }
}

/// C++'s own functions of memory as they are written; other names as they stand.
fn readable(symbol: &str) -> String {
    let known = [
        ("_Znw", "operator new"),
        ("_Zna", "operator new[]"),
        ("_Zdl", "operator delete"),
        ("_Zda", "operator delete[]"),
    ];
    let written = known.iter().find(|(mangled, _)| symbol.starts_with(mangled));
    match written {
        Some((_, written)) => (*written).to_owned(),
        None => format!("{:#}", rustc_demangle::demangle(symbol)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Function, Table, readable};
    use crate::model::LookupAddress;

    #[test]
    fn an_address_belongs_to_the_function_around_it() {
        let function = |start, end, name: &str| Function { start, end, name: name.to_owned() };
        let table = Table(vec![function(0x10, 0x20, "one"), function(0x30, 0x38, "_Znwm")]);
        let at = |address| table.at(LookupAddress(address));
        assert_eq!(at(0x0f), None);
        assert_eq!(at(0x1f).as_deref(), Some("one"));
        assert_eq!(at(0x20), None, "the gap behind it is nobody's");
        assert_eq!(at(0x30).as_deref(), Some("operator new"));
        assert_eq!(readable("_ZdaPv"), "operator delete[]");
        assert_eq!(readable("getline"), "getline");
    }
}
