//! Errors of the attributes, at the user's tokens.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::quote;
use syn::Error;

/// The item as it was, and what is wrong with it.
pub(crate) fn beside(item: &TokenStream, error: Error) -> TokenStream {
    let error = tokens(error);
    quote!(#item #error)
}

/// `compile_error!`, found from every edition: the user's token says where it stands, this crate how its path is read.
/// In edition 2015 `::core` would be an item of the user's.
fn tokens(error: Error) -> TokenStream {
    resolved_here(error.into_compile_error())
}

fn resolved_here(tokens: TokenStream) -> TokenStream {
    let here = |token: TokenTree| {
        let span = token.span().resolved_at(Span::call_site());
        let mut token = match token {
            TokenTree::Group(group) => {
                TokenTree::Group(Group::new(group.delimiter(), resolved_here(group.stream())))
            }
            other => other,
        };
        token.set_span(span);
        token
    };
    tokens.into_iter().map(here).collect()
}
