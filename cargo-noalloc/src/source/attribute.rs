//! The attribute macro that makes code of a function's head: `#[async_trait]`.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemImpl, ItemTrait, Signature, TraitItemFn};

use super::file::Position;

/// Attributes that make no code.
const INERT: &[&str] = &[
    "allow",
    "bench",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "inline",
    "link_section",
    "must_use",
    "no_heap",
    "no_mangle",
    "target_feature",
    "test",
    "track_caller",
    "unsafe",
    "warn",
];

/// Its name, where `at` lies before the body of a function that has one, or whose `impl` or trait has.
pub(super) fn at(tree: &syn::File, at: Position) -> Option<String> {
    let mut finder = Finder { at, around: None, found: None };
    finder.visit_file(tree);
    finder.found
}

struct Finder {
    at: Position,
    /// That of the `impl` or the trait around.
    around: Option<String>,
    found: Option<String>,
}

impl Finder {
    fn function(&mut self, attrs: &[Attribute], sig: &Signature, body: Option<&Block>) {
        let end = body.map_or_else(|| sig.span().end(), |block| block.span().start());
        let start = attrs.first().map_or_else(|| sig.span().start(), |attr| attr.span().start());
        if start <= self.at && self.at < end {
            self.found = of(attrs).or_else(|| self.around.clone());
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_impl(&mut self, block: &'ast ItemImpl) {
        self.around = of(&block.attrs);
        visit::visit_item_impl(self, block);
        self.around = None;
    }

    fn visit_item_trait(&mut self, block: &'ast ItemTrait) {
        self.around = of(&block.attrs);
        visit::visit_item_trait(self, block);
        self.around = None;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.function(&function.attrs, &function.sig, Some(&function.block));
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, method: &'ast ImplItemFn) {
        self.function(&method.attrs, &method.sig, Some(&method.block));
        visit::visit_impl_item_fn(self, method);
    }

    fn visit_trait_item_fn(&mut self, method: &'ast TraitItemFn) {
        self.function(&method.attrs, &method.sig, method.default.as_ref());
        visit::visit_trait_item_fn(self, method);
    }
}

fn of(attrs: &[Attribute]) -> Option<String> {
    attrs.iter().find_map(|attr| {
        let segments = &attr.path().segments;
        let is_of_a_tool = segments.len() > 1
            && ["clippy", "diagnostic", "rustfmt"].iter().any(|tool| segments[0].ident == tool);
        let name = segments.last()?.ident.to_string();
        (!is_of_a_tool && !INERT.contains(&name.as_str())).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn the_macro_of_a_functions_head_is_named() {
        let text = "#[async_trait::async_trait]\nimpl A for B {\n    #[inline]\n    async fn f(&self) { g() }\n}\n\
            #[traced]\nfn h() { g() }\n#[must_use]\nfn i() {}\n";
        let tree = syn::parse_file(text).expect("it is Rust");
        let found = |line, column| at(&tree, proc_macro2::LineColumn { line, column });
        assert_eq!(found(4, 4).as_deref(), Some("async_trait"));
        assert_eq!(found(4, 24), None);
        assert_eq!(found(6, 2).as_deref(), Some("traced"));
        assert_eq!(found(9, 0), None);
    }
}
