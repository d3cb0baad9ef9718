//! Names of functions whose code is in the binary: which of them are believed.
//!
//! Anybody may define an `exit` that returns or an `fclose` that allocates. So
//!
//! - what takes memory by its name is a sink: nothing is proved by that;
//! - what frees by its name is one too, and its code is looked into like any other's; left out are the runtime's
//!   allocator over the system's, and what belongs to an allocator of which other parts are there as well;
//! - what ends the program by its name does so when its code has no way back, or when it belongs to an unwinder.

use super::{Class, body};
use crate::code::{Exit, FunctionCode, Target};
use crate::image::{Image, demangle};

/// What only the library itself defines, by the beginning of the public name: a program that defines one function of
/// it for itself cannot be linked with the rest.
const FAMILIES: &[(&str, &str)] = &[
    ("mi_", "_mi_"),
    ("_rjem_", "_rjem_je_"),
    ("sdallocx", "je_"),
    ("dallocx", "je_"),
    ("__libc_", "__libc_"),
    ("_Unwind_", "_Unwind_"),
];
/// So many functions of a library with a body show that it was linked in.
const FAMILY: usize = 8;

/// Classes of everything that can be called, by index; `None` is "not known by name".
#[derive(Default)]
pub(crate) struct Classes {
    pub(crate) functions: Vec<Option<Class>>,
    pub(crate) imports: Vec<Option<Class>>,
    /// Functions that free by their name and whose code counts as well, ascending.
    pub(crate) looked_into: Vec<u32>,
}

impl Classes {
    /// `functions` are those of the image, by the first reading.
    pub(crate) fn of(image: &Image<'_>, functions: &[FunctionCode]) -> Self {
        let mut classes = Self {
            functions: Vec::with_capacity(image.functions.len()),
            imports: super::imports::classes(image, functions),
            looked_into: Vec::new(),
        };
        for (index, function) in (0u32..).zip(&image.functions) {
            let names = image.names(function);
            let class = names.iter().find_map(|name| body(name));
            let is_known = |class| names.iter().any(|name| body(name) == class && is_believed(image, name));
            let class = match class {
                Some(Class::NeverReturns) if !is_known(class) => {
                    class.filter(|_| never_comes_back(functions, index, &classes.imports))
                }
                Some(Class::Frees) if !is_known(class) => {
                    classes.looked_into.push(index);
                    class
                }
                class => class,
            };
            classes.functions.push(class);
        }
        classes
    }

    /// Those of them that are methods of the runtime's allocator.
    pub(crate) fn of_the_runtime(&self, image: &Image<'_>) -> Vec<u32> {
        let is_own = |function: &&u32| {
            let names = image.functions.get(**function as usize).map(|function| image.names(function));
            names.is_some_and(|names| names.iter().all(|name| demangle(name).starts_with("<no_heap::")))
        };
        self.looked_into.iter().filter(is_own).copied().collect()
    }

    /// Whether the code behind a sink counts as well.
    pub(crate) fn looks_into(&self, target: Target) -> bool {
        matches!(target, Target::Function(function) if self.looked_into.binary_search(&function).is_ok())
    }
}

/// Whether a name is believed without a look at the code.
fn is_believed(image: &Image<'_>, symbol: &str) -> bool {
    is_family(image, symbol) || is_over_the_systems(symbol) || symbol.starts_with(super::INTERPOSED)
}

/// Whether a function belongs to a library of which the binary has enough.
fn is_family(image: &Image<'_>, symbol: &str) -> bool {
    let family = FAMILIES.iter().find(|family| symbol.starts_with(family.0));
    family.is_some_and(|(_, part)| {
        let of_it = |function| image.names(function).iter().any(|name| name.starts_with(part));
        image.functions.iter().filter(|function| of_it(function)).take(FAMILY).count() == FAMILY
    })
}

/// Whether a symbol is a method of the runtime's allocator, with nobody else's in it.
fn is_over_the_systems(symbol: &str) -> bool {
    let path = demangle(symbol);
    let over = path.strip_prefix("<no_heap::allocator::Allocator<").unwrap_or_default();
    ["std::alloc::System>", "no_heap::c_heap::interposed::direct::Direct>"]
        .iter()
        .any(|own| over.starts_with(own))
}

/// Whether the code of a function shows no way back to its caller. An endless loop is none.
fn never_comes_back(functions: &[FunctionCode], function: u32, imports: &[Option<Class>]) -> bool {
    let (mut seen, mut waiting) = (vec![(function, 0u32)], vec![(function, 0u32)]);
    while let Some((function, index)) = waiting.pop() {
        let code = functions.get(function as usize).filter(|code| code.flaw.is_none());
        let Some((code, block)) = code.and_then(|code| Some((code, code.blocks.get(index as usize)?))) else {
            return false;
        };
        let mut next: Vec<(u32, u32)> =
            code.successors_of(block).iter().map(|block| (function, *block)).collect();
        if code.blocks.get(block.pad as usize).is_some() {
            next.push((function, block.pad));
        }
        match block.exit {
            Exit::Return => return false,
            Exit::Tail(Target::Function(callee)) => next.push((callee, 0)),
            Exit::Tail(Target::Import(import)) => {
                let class = imports.get(import as usize).copied().flatten();
                if class != Some(Class::NeverReturns) {
                    return false;
                }
            }
            Exit::Tail(_) => return false,
            Exit::Flow | Exit::Call(_) | Exit::Trap => {}
        }
        for place in next {
            if !seen.contains(&place) {
                seen.push(place);
                waiting.push(place);
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{Class, Classes, FAMILY, never_comes_back};
    use crate::code::{Exit, FunctionCode, Target};
    use crate::graph::test_support::{block, function};
    use crate::image::Image;

    #[test]
    fn only_code_without_a_way_back_ends_the_program() {
        let check = |functions: &[FunctionCode], expected| {
            assert_eq!(never_comes_back(functions, 0, &[Some(Class::NeverReturns), None]), expected);
        };
        let returns = || function(vec![block(Exit::Return, &[])]);
        check(&[returns()], false);
        // Asks the kernel until it complies.
        check(&[function(vec![block(Exit::Flow, &[0])])], true);
        check(&[function(vec![block(Exit::Call(Target::Function(1)), &[1]), block(Exit::Trap, &[])])], true);
        check(&[function(vec![block(Exit::Call(Target::Null), &[1]), block(Exit::Return, &[])])], false);
        let jumps = |target| function(vec![block(Exit::Tail(target), &[])]);
        check(&[jumps(Target::Function(1)), returns()], false);
        check(&[jumps(Target::Function(0))], true);
        check(&[jumps(Target::Import(0))], true);
        check(&[jumps(Target::Import(1))], false);
        check(&[jumps(Target::Open(0))], false);
        check(&[FunctionCode { flaw: Some(crate::code::Flaw::Budget), ..returns() }], false);
    }

    /// Classes of functions with these names, all of which return.
    fn classes(names: &[&str]) -> Classes {
        let names: Vec<[&str; 1]> = names.iter().map(|name| [*name]).collect();
        let functions: Vec<(u64, &[&str])> =
            (1u64..).zip(&names).map(|(at, names)| (at * 0x10, names.as_slice())).collect();
        let code = vec![function(vec![block(Exit::Return, &[])]); names.len()];
        Classes::of(&Image::named(&functions), &code)
    }

    #[test]
    fn what_frees_by_its_name_is_looked_into() {
        let found =
            classes(&["free", "_RNvCsgGR9yzm7JLW_7___rustc14___rust_dealloc", "mi_free", "exit", "fclose"]);
        assert_eq!(found.functions, [Some(Class::Frees), Some(Class::Frees), Some(Class::Frees), None, None]);
        assert_eq!(found.looked_into, [0, 1, 2]);
        assert!(found.looks_into(Target::Function(2)) && !found.looks_into(Target::Import(2)));
    }

    #[test]
    fn the_runtimes_own_over_the_systems_is_not() {
        let own = "_RNvMs1_NtCsaRKZU8xA558_7no_heap9allocatorINtB5_9AllocatorNtNtCs7_3std5alloc6SystemE16dealloc_recorded";
        let over = "_RNvMs1_NtCsaRKZU8xA558_7no_heap9allocatorINtB5_9AllocatorNtNtCs7_3app5alloc6SystemE16dealloc_recorded";
        let found = classes(&[own, over]);
        assert_eq!(found.functions, [Some(Class::Frees); 2]);
        assert_eq!(found.looked_into, [1], "a program's own allocator may do anything");
    }

    #[test]
    fn a_library_is_known_by_what_it_has_for_itself() {
        let parts: Vec<String> = (0..FAMILY).map(|n| format!("_mi_part_{n}")).collect();
        let mut names: Vec<&str> = parts.iter().map(String::as_str).collect();
        names.push("mi_free");
        assert!(classes(&names).looked_into.is_empty());
        assert_eq!(classes(&names[1..]).looked_into, [FAMILY as u32 - 1]);
        let unwinder: Vec<String> = (1..FAMILY).map(|n| format!("_Unwind_Part{n}")).collect();
        let mut names: Vec<&str> = unwinder.iter().map(String::as_str).collect();
        names.push("_Unwind_Resume");
        assert_eq!(classes(&names).functions[FAMILY - 1], Some(Class::NeverReturns));
        assert_eq!(classes(&names[1..]).functions[FAMILY - 2], None);
    }
}
