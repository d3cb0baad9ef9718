//! The `#[no_heap…]` among a function's attributes, also where a `cfg_attr` puts it there.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

use crate::source::file::SourceFile;

const NAME: &str = "no_heap";

/// The attribute that makes a function hot.
pub(in crate::source) fn attribute(attributes: &[Attribute]) -> Option<&Attribute> {
    attributes.iter().find(|attr| meta(attr).is_some())
}

/// Its options, as written.
pub(super) fn options(file: &SourceFile, attribute: &Attribute) -> String {
    match meta(attribute) {
        Some(Meta::List(list)) => {
            let inside = list.delimiter.span();
            file.text_between(inside.open().end(), inside.close().start()).trim().to_owned()
        }
        _ => String::new(),
    }
}

fn meta(attribute: &Attribute) -> Option<Meta> {
    let all = std::iter::once(attribute.meta.clone()).chain(conditional(attribute));
    all.into_iter().find(|meta| meta.path().segments.last().is_some_and(|segment| segment.ident == NAME))
}

/// The attributes that a `#[cfg_attr(condition, …)]` stands for.
pub(super) fn conditional(attribute: &Attribute) -> Vec<Meta> {
    of_condition(&attribute.meta)
}

fn of_condition(meta: &Meta) -> Vec<Meta> {
    let Meta::List(list) = meta else { return Vec::new() };
    if !list.path.is_ident("cfg_attr") {
        return Vec::new();
    }
    let is_comma = |tree: &TokenTree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',');
    let inside = list.tokens.clone().into_iter().skip_while(|tree| !is_comma(tree)).skip(1);
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(inside.collect()).unwrap_or_default();
    metas.into_iter().flat_map(|meta| std::iter::once(meta.clone()).chain(of_condition(&meta))).collect()
}

/// Whether the attribute stands anywhere in what a macro's definition expands to.
pub(super) fn is_made_by(definition: &TokenStream) -> bool {
    let mut after_hash = false;
    definition.clone().into_iter().any(|tree| {
        let is_attribute = after_hash;
        after_hash = matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == '#');
        let TokenTree::Group(group) = tree else { return false };
        let is_it = is_attribute && group.delimiter() == Delimiter::Bracket && names_it(group.stream());
        is_it || is_made_by(&group.stream())
    })
}

fn names_it(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == NAME,
        TokenTree::Group(group) => names_it(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
