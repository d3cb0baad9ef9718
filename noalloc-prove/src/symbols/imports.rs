//! Functions that the loader finds: which of them are what their names say.
//!
//! The C library's own are, and allocators in other libraries. So is a function of a C library that was linked in, of
//! which the loader chooses the body for the processor: then every body has the library's own name for it.

use super::table::Row;
use super::{Class, row};
use crate::code::FunctionCode;
use crate::image::{Image, Import, Provider};
use crate::x86_64::Reader;

/// Classes of an image's imports. `functions` are its functions by the first reading.
pub(super) fn classes(image: &Image<'_>, functions: &[FunctionCode]) -> Vec<Option<Class>> {
    let class = |import: &Import| {
        let known = import.names.iter().find_map(|name| row(name))?;
        let is_believed = match import.provider {
            Provider::System => true,
            Provider::Other => is_believed_of_anybody(known),
            Provider::Resolver(resolver) => {
                known.class.takes() || is_of_the_c_library(image, functions, resolver, &import.names)
            }
        };
        is_believed.then_some(known.class)
    };
    image.imports.iter().map(class).collect()
}

/// Nothing is proved by what takes memory, and allocators come as libraries of their own.
fn is_believed_of_anybody(row: &Row) -> bool {
    row.class.takes() || row.is_allocator
}

/// Whether every body that a resolver names is called as the C library calls those of this function: for `memcpy`,
/// `__memcpy_avx_unaligned`.
fn is_of_the_c_library(
    image: &Image<'_>,
    functions: &[FunctionCode],
    resolver: u64,
    names: &[String],
) -> bool {
    let Some(index) = image.function_at(resolver).map(|index| index as usize) else { return false };
    let (Some(place), Some(code)) = (image.functions.get(index), functions.get(index)) else { return false };
    let is_variant = |symbol: &&str| {
        let variant = symbol.strip_prefix("__");
        names.iter().any(|name| {
            variant
                .and_then(|variant| variant.strip_prefix(&**name))
                .is_some_and(|rest| rest.starts_with('_'))
        })
    };
    let taken = Reader::new(image).constants(place, code);
    let bodies: Vec<u32> = taken.into_iter().filter_map(|(_, address)| image.function_at(address)).collect();
    let is_one = |body: &u32| {
        image.functions.get(*body as usize).is_some_and(|body| image.names(body).iter().any(is_variant))
    };
    !bodies.is_empty() && bodies.iter().all(is_one)
}

#[cfg(test)]
mod tests {
    use super::classes;
    use crate::analysis::analyse;
    use crate::image::{Image, Import, Provider};
    use crate::symbols::Class;

    /// The class of an import with this name.
    fn class(name: &str, provider: Provider) -> Option<Class> {
        let mut image = Image::empty();
        image.imports = vec![Import { names: vec![name.to_owned()], provider }];
        classes(&image, &[])[0]
    }

    #[test]
    fn only_the_systems_functions_are_what_their_names_say() {
        assert_eq!(class("bsearch", Provider::System), None, "it stands in no row");
        assert_eq!(class("memcpy", Provider::System), Some(Class::Harmless));
        assert_eq!(class("memcpy", Provider::Other), None);
        assert_eq!(class("exit", Provider::Other), None);
        assert_eq!(class("fclose", Provider::Other), None);
        assert_eq!(class("fopen", Provider::Other), Some(Class::Allocates));
        assert_eq!(class("mi_free", Provider::Other), Some(Class::Frees));
        assert_eq!(
            class("memcpy", Provider::Resolver(0x1000)),
            None,
            "where nothing is known of the resolver"
        );
    }

    /// The class of `memcpy`, whose resolver answers the function with this name.
    fn chosen(body: &str) -> Option<Class> {
        // lea rax, [0x1040]; ret
        let mut code = vec![0x48, 0x8d, 0x05, 0x39, 0, 0, 0, 0xc3];
        code.resize(0x41, 0xc3);
        let mut image = Image::of_functions(&code).with_names(1, &[body]);
        let names = vec!["__new_memcpy".to_owned(), "memcpy".to_owned()];
        image.imports = vec![Import { names, provider: Provider::Resolver(0x1000) }];
        analyse(&image, &[]).graph.classes.imports[0]
    }

    #[test]
    fn a_chosen_body_is_believed_under_the_librarys_own_name() {
        assert_eq!(chosen("__memcpy_avx_unaligned"), Some(Class::Harmless));
        assert_eq!(chosen("_RNvCs8PDeKifHMXj_4user6memcpy"), None);
        assert_eq!(chosen("memcpy_of_mine"), None);
    }
}
