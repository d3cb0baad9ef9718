//! Code that nobody wrote: what a `derive` expands to stands at the attribute, or at a field of the type below it.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Macro, Meta, Token};

use super::extent;
use super::file::{MacroBody, Position, SourceFile};

/// Whether `at` stands in the definition of a type that derives something. A definition runs nothing itself, so what has
/// a place there was generated from it; what stands in another attribute may still be the user's.
pub(super) fn is_derived(file: &SourceFile, at: Position) -> bool {
    let Ok(tree) = &file.tree else { return false };
    let mut finder = Finder { file, at, derived: false };
    finder.visit_file(tree);
    finder.derived
}

struct Finder<'a> {
    file: &'a SourceFile,
    at: Position,
    derived: bool,
}

impl Finder<'_> {
    fn covers(&self, (start, end): extent::Extent) -> bool {
        start <= self.at && self.at < end
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !self.covers(self.file.extent_of(item)) {
            return;
        }
        let (Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::Union(syn::ItemUnion { attrs, .. })) = item
        else {
            return visit::visit_item(self, item);
        };
        self.derived = attrs.iter().any(derives);
        // Of its own, those of its fields, and those of its variants.
        visit::visit_item(self, item);
    }

    fn visit_attribute(&mut self, attr: &'ast Attribute) {
        if self.covers(extent::of_tokens(attr.span())) && !derives(attr) {
            self.derived = false;
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if let Some(MacroBody::Items(list)) = self.file.body(call) {
            list.iter().for_each(|item| self.visit_item(item));
        }
    }
}

/// `#[derive(…)]`, and `#[cfg_attr(…, derive(…))]`.
fn derives(attr: &Attribute) -> bool {
    attr.path().is_ident("derive")
        || attr.path().is_ident("cfg_attr")
            && attr
                .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
                .is_ok_and(|metas| metas.iter().skip(1).any(|meta| meta.path().is_ident("derive")))
}
