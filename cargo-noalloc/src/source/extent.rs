//! From where to where a piece of source reaches, without writing out the tokens between its ends.
//!
//! `syn`'s own spans come from all tokens of a node: for an item that is most of a file, for each question again.

use proc_macro2::{LineColumn, Span};
use syn::spanned::Spanned;
use syn::token::Brace;
use syn::{Attribute, Block, ImplItemFn, Item, Signature, Visibility};

/// Where it starts, and the first place behind it.
pub(super) type Extent = (LineColumn, LineColumn);

/// Of any tokens.
pub(super) fn of_tokens(span: Span) -> Extent {
    (span.start(), span.end())
}

pub(super) fn of_block(block: &Block) -> Extent {
    let braces = block.brace_token.span;
    (braces.open().start(), braces.close().end())
}

pub(super) fn of_item(item: &Item) -> Extent {
    match item {
        Item::Fn(item) => of_function(&item.attrs, &item.vis, &item.sig, &item.block),
        Item::Impl(item) => {
            let head = item.unsafety.map_or(item.impl_token.span, |token| token.span);
            braced(&item.attrs, &Visibility::Inherited, head, &item.brace_token)
        }
        Item::Mod(item) => match &item.content {
            Some((braces, _)) => braced(&item.attrs, &item.vis, item.mod_token.span, braces),
            None => of_tokens(item.span()),
        },
        other => of_tokens(other.span()),
    }
}

pub(super) fn of_method(item: &ImplItemFn) -> Extent {
    of_function(&item.attrs, &item.vis, &item.sig, &item.block)
}

fn of_function(attrs: &[Attribute], vis: &Visibility, sig: &Signature, block: &Block) -> Extent {
    braced(attrs, vis, sig.span(), &block.brace_token)
}

/// From the first attribute, or the visibility, or `head`, to the closing brace.
fn braced(attrs: &[Attribute], vis: &Visibility, head: Span, braces: &Brace) -> Extent {
    let start = match (attrs.first(), vis) {
        (Some(attr), _) => attr.pound_token.span,
        (None, Visibility::Inherited) => head,
        (None, vis) => vis.span(),
    };
    (start.start(), braces.span.close().end())
}
