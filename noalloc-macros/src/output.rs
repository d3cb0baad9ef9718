//! What is to be known of a function's result type, from its tokens.

use std::iter::Peekable;

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;

use crate::tokens::{Angles, is_punct, opened, word};

/// The type with `_` for what cannot be named in a closure: every `impl Trait`.
pub(crate) fn nameable(output: TokenStream) -> TokenStream {
    let mut nameable = TokenStream::new();
    let mut tokens = output.into_iter().peekable();
    while let Some(token) = tokens.next() {
        nameable.extend([match token {
            TokenTree::Ident(word) if word == "impl" => {
                skip_bounds(&mut tokens);
                TokenTree::Ident(Ident::new("_", word.span().resolved_at(Span::call_site())))
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), self::nameable(group.stream()));
                inside.set_span(group.span());
                TokenTree::Group(inside)
            }
            other => other,
        }]);
    }
    nameable
}

/// Up to what ends a type: a comma, a semicolon, or the bracket that it stands in.
fn skip_bounds(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
    let mut angles = Angles::default();
    let mut arrow = false;
    while let Some(token) = tokens.peek() {
        let closes = is_punct(token, '>') && !arrow;
        let ends = closes || is_punct(token, ',') || is_punct(token, ';');
        arrow = is_punct(token, '-');
        if angles.is_outside(token) && ends {
            return;
        }
        tokens.next();
    }
}

/// `-> impl Future<…>` is an `async fn` that was written out.
pub(crate) fn is_future(output: &TokenStream) -> bool {
    let tokens = opened(output);
    let [first, bounds @ ..] = &tokens[..] else { return false };
    if word(first).is_none_or(|word| word != "impl") {
        return false;
    }
    let mut angles = Angles::default();
    let outside = bounds.iter().filter(|token| angles.is_outside(token));
    // What stands behind an arrow is what a bound's function returns.
    let mut outside = outside.take_while(|token| !is_punct(token, '-'));
    outside.any(|token| word(token).is_some_and(|word| word == "Future"))
}

/// `Pin<Box<dyn Future<…>>>`, by any path, and the names that the crate `futures` has for it.
pub(crate) fn is_boxed_future(output: &TokenStream) -> bool {
    let tokens = opened(output);
    let mut angles = Angles::default();
    let outside: Vec<&TokenTree> = tokens.iter().filter(|token| angles.is_outside(token)).collect();
    let mut last = outside.iter().rev().filter_map(|token| word(token)).take(1);
    last.any(|name| match name.to_string().as_str() {
        "Pin" => ["Box", "Future"]
            .iter()
            .all(|part| tokens.iter().any(|token| word(token).is_some_and(|word| word == part))),
        "BoxFuture" | "LocalBoxFuture" => true,
        _ => false,
    })
}

/// Whether it is `!`.
pub(crate) fn is_never(output: &TokenStream) -> bool {
    matches!(&opened(output)[..], [only] if is_punct(only, '!'))
}

/// With its arrow; nothing for nothing.
pub(crate) fn with_arrow(output: &TokenStream) -> TokenStream {
    if output.is_empty() { TokenStream::new() } else { quote!(-> #output) }
}
