//! What an attribute stands on, read as far as a guard needs it: where a function's arguments, result and body are.
//!
//! Read by hand, token by token, and not by `syn`: the compiler has read the item before and knows that it is Rust, of
//! whatever edition and year. What stands in types, patterns and bodies goes through as it is, so that syntax that is older
//! or younger than a parser costs no function its guard. An item of which not even that much can be read is given back with
//! one error where it would have been guarded; in a plain build nobody needs to read it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Error, Result};

use crate::attributes::Attribute;
use crate::function::{Body, Function};
use crate::tokens::{Cursor, word};

const GOES_ON: &str = "`#[no_heap]` goes on a function, a method with a body, or an `impl` block";

/// An item that can promise to stay off the heap.
pub(crate) enum Item {
    Function(Box<Function>),
    Impl(Impl),
}

/// Why there is nothing to guard.
pub(crate) enum NoItem {
    /// It is known what stands here, and that no guard can be around it.
    Refused(Error),
    /// It is not known.
    Unread(Error),
}

/// An `impl` block.
pub(crate) struct Impl {
    pub(crate) attributes: Vec<Attribute>,
    /// From the first token after the attributes to the block.
    head: TokenStream,
    brace: Group,
    pub(crate) parts: Vec<Part>,
}

/// What stands in an `impl` block.
pub(crate) enum Part {
    Method(Box<Function>),
    Other(TokenStream),
}

/// What the words before the name of an item say it is.
enum Kind {
    Function,
    Impl(Span),
    Other(Span),
    Unknown(Option<TokenTree>),
}

impl Item {
    pub(crate) fn read(tokens: TokenStream) -> std::result::Result<Item, NoItem> {
        let mut cursor = Cursor::new(tokens);
        let attributes = Attribute::take(&mut cursor);
        let mut head = Vec::new();
        match kind(&mut cursor, &mut head) {
            Kind::Function => {
                let name = head.last().map_or_else(Span::call_site, TokenTree::span);
                let function = Function::read(attributes, head, &mut cursor);
                let function = function.ok_or_else(|| unread(name, "the rest of this function"))?;
                match &function.body {
                    Body::Braces(_) => Ok(Item::Function(Box::new(function))),
                    Body::Semicolon(semicolon) => Err(NoItem::Refused(Error::new(
                        semicolon.span(),
                        "`#[no_heap]` needs a body to guard: put it on the implementations of this method",
                    ))),
                }
            }
            Kind::Impl(keyword) => {
                let block = Impl::read(attributes, head, &mut cursor);
                let block = block.ok_or_else(|| unread(keyword, "this `impl`"))?;
                if !block.parts.iter().any(|part| matches!(part, Part::Method(_))) {
                    let message = "this `impl` has no method for `#[no_heap]` to guard";
                    return Err(NoItem::Refused(Error::new(keyword, message)));
                }
                Ok(Item::Impl(block))
            }
            Kind::Other(keyword) => Err(NoItem::Refused(Error::new(keyword, GOES_ON))),
            Kind::Unknown(token) => {
                let span = token.as_ref().map_or_else(Span::call_site, TokenTree::span);
                let what = token.map_or_else(|| "this".to_owned(), |token| format!("`{token}`"));
                Err(unread(span, &what))
            }
        }
    }
}

fn unread(at: Span, what: &str) -> NoItem {
    let message = format!(
        "`#[no_heap]` cannot read {what} and guards nothing here: put it on a function that calls this one"
    );
    NoItem::Unread(Error::new(at, message))
}

impl Impl {
    fn read(attributes: Vec<Attribute>, mut head: Vec<TokenTree>, cursor: &mut Cursor) -> Option<Impl> {
        let brace = loop {
            match cursor.next_whole()? {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && cursor.is_empty() => {
                    break group;
                }
                token => head.push(token),
            }
        };
        let mut inside = Cursor::new(brace.stream());
        let mut parts = Vec::new();
        while !inside.is_empty() {
            parts.push(Part::read(&mut inside)?);
        }
        Some(Impl { attributes, head: head.into_iter().collect(), brace, parts })
    }
}

impl ToTokens for Impl {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.attributes.iter().for_each(|attribute| tokens.extend(attribute.tokens()));
        tokens.extend(self.head.clone());
        let mut parts = TokenStream::new();
        for part in &self.parts {
            match part {
                Part::Method(method) => method.to_tokens(&mut parts),
                Part::Other(other) => parts.extend(other.clone()),
            }
        }
        let mut brace = Group::new(Delimiter::Brace, parts);
        brace.set_span(self.brace.span());
        brace.to_tokens(tokens);
    }
}

impl Part {
    fn read(cursor: &mut Cursor) -> Option<Part> {
        let attributes = Attribute::take(cursor);
        let mut head = Vec::new();
        let ends_with_semicolon = match kind(cursor, &mut head) {
            Kind::Function => {
                let function = Function::read(attributes, head, cursor)?;
                return Some(match function.body {
                    Body::Braces(_) => Part::Method(Box::new(function)),
                    // Not Rust, and the compiler says so.
                    Body::Semicolon(_) => Part::Other(function.into_token_stream()),
                });
            }
            Kind::Other(_) => head
                .iter()
                .any(|token| matches!(token, TokenTree::Ident(word) if word == "const" || word == "type")),
            Kind::Impl(_) | Kind::Unknown(_) => false,
        };
        let mut tokens: TokenStream = attributes.iter().map(Attribute::tokens).collect();
        tokens.extend(head);
        while let Some(token) = cursor.next_whole() {
            let is_end = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !ends_with_semicolon,
                _ => false,
            };
            tokens.extend([token]);
            if is_end {
                break;
            }
        }
        Some(Part::Other(tokens))
    }
}

/// Moves the visibility and the words up to the one that says what the item is over to `head`.
fn kind(cursor: &mut Cursor, head: &mut Vec<TokenTree>) -> Kind {
    while let Some(token) = cursor.peek().cloned() {
        let TokenTree::Ident(word) = &token else { return Kind::Unknown(Some(token)) };
        let (span, word) = (word.span(), word.to_string());
        cursor_moves(cursor, head);
        let after = cursor.peek().cloned();
        let next = cursor.word().unwrap_or_default();
        match word.as_str() {
            "fn" => return Kind::Function,
            "impl" => return Kind::Impl(span),
            "pub" | "crate" => {
                if let Some(within) = cursor.group(Delimiter::Parenthesis) {
                    head.push(TokenTree::Group(within));
                }
            }
            "const" if !["async", "unsafe", "extern", "fn", "gen", "safe"].contains(&next.as_str()) => {
                return Kind::Other(span);
            }
            "extern" => match after {
                Some(TokenTree::Literal(_)) => cursor_moves(cursor, head),
                Some(TokenTree::Ident(word)) if word == "fn" => {}
                _ => return Kind::Other(span),
            },
            "async" | "const" | "default" | "gen" | "safe" | "unsafe" => {}
            "auto" | "enum" | "macro" | "macro_rules" | "mod" | "static" | "struct" | "trait" | "type"
            | "union" | "use" => return Kind::Other(span),
            // The call of a macro.
            _ if cursor.is_punct('!') || cursor.is_punct(':') => return Kind::Other(span),
            _ => return Kind::Unknown(Some(token)),
        }
        // `extern "C" { … }`.
        if let Some(TokenTree::Group(_)) = cursor.peek() {
            return Kind::Other(span);
        }
    }
    Kind::Unknown(None)
}

fn cursor_moves(cursor: &mut Cursor, head: &mut Vec<TokenTree>) {
    head.extend(cursor.next());
}

/// A `const fn` also runs in the compiler, where there is no allocator and no guard; the others have no body that could
/// be moved.
pub(crate) fn refuse(function: &Function) -> Result<()> {
    if let Some(token) = function.qualifier("const") {
        let message =
            "`#[no_heap]` cannot guard a `const fn`: put it on the function that calls it at run time";
        return Err(Error::new(token.span(), message));
    }
    if let Some(token) = function.qualifier("gen") {
        let message = "`#[no_heap]` cannot guard a `gen fn`: put it on the function that takes the items";
        return Err(Error::new(token.span(), message));
    }
    if let Some(attribute) = function.attributes.iter().find(|attribute| attribute.is("naked")) {
        let message = "`#[no_heap]` cannot guard a naked function: put it on the function that calls it";
        return Err(Error::new(attribute.span(), message));
    }
    Ok(())
}

/// The keyword that says what an item is: attributes and visibility stand before it.
pub(crate) fn keyword(tokens: TokenStream) -> Option<Ident> {
    let mut cursor = Cursor::new(tokens);
    Attribute::take(&mut cursor);
    let mut head = Vec::new();
    kind(&mut cursor, &mut head);
    head.iter().rev().find_map(word).cloned()
}
