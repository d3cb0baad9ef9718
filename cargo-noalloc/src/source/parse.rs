//! From a file's text to its syntax tree, as much of it as can be read.
//!
//! `syn` knows today's language and knows it whole or not at all. Where it gives up, each item is tried by itself, as
//! today's language and as edition 2015's, and of one that cannot be read what is around the unreadable part is kept.

use proc_macro2::{Delimiter, Group, LineColumn, TokenStream, TokenTree};
use syn::{File, ImplItem, Item, TraitItem};

use super::editions::{Angles, Inside, as_today, regrouped};

/// What could be read of a file.
pub(super) struct Parsed {
    pub(super) tree: File,
    pub(super) unread: Vec<Unread>,
}

/// A part of a file that is in no tree.
pub(super) struct Unread {
    pub(super) start: LineColumn,
    /// The first place behind it.
    pub(super) end: LineColumn,
    /// What the parser says.
    pub(super) why: String,
    pub(super) tokens: TokenStream,
}

/// Fails, with the line and the reason, where the text is not even made of Rust's tokens.
pub(super) fn parse(text: &str) -> Result<Parsed, (usize, String)> {
    let unlexed = |error: &proc_macro2::LexError| (error.span().start().line, error.to_string());
    let tokens: TokenStream = code(text).parse().map_err(|error| unlexed(&error))?;
    if let Ok(tree) = syn::parse2(tokens.clone()) {
        return Ok(Parsed { tree, unread: Vec::new() });
    }
    let mut reader = Reader { unread: Vec::new() };
    let readable = reader.all(tokens, Kind::Item);
    // What is read one by one is read together as well.
    let tree =
        syn::parse2(readable).map_err(|error: syn::Error| (error.span().start().line, error.to_string()))?;
    Ok(Parsed { tree, unread: reader.unread })
}

/// Items alone, as today's language and as edition 2015's.
pub(super) fn parse_items(tokens: TokenStream) -> syn::Result<Vec<Item>> {
    let parse = |tokens| syn::parse2::<File>(tokens).map(|file| file.items);
    parse(tokens.clone()).or_else(|error| parse(as_today(tokens, Inside::Other)).map_err(|_| error))
}

/// Without what may stand before Rust: a byte order mark, a line for the shell. Lines keep their numbers.
fn code(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_shebang = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    if is_shebang { text.find('\n').map_or("", |end| &text[end..]) } else { text }
}

/// What a stretch of tokens has to be.
#[derive(Clone, Copy)]
enum Kind {
    Item,
    InImpl,
    InTrait,
}

impl Kind {
    fn inside(self) -> Inside {
        if matches!(self, Kind::InTrait) { Inside::Trait } else { Inside::Other }
    }

    fn parse(self, tokens: TokenStream) -> syn::Result<()> {
        match self {
            Kind::Item => syn::parse2::<Item>(tokens).map(drop),
            Kind::InImpl => syn::parse2::<ImplItem>(tokens).map(drop),
            Kind::InTrait => syn::parse2::<TraitItem>(tokens).map(drop),
        }
    }
}

struct Reader {
    unread: Vec<Unread>,
}

impl Reader {
    /// Of all items in `tokens`, those that can be read.
    fn all(&mut self, tokens: TokenStream, kind: Kind) -> TokenStream {
        let (mut kept, items) = separated(tokens);
        // A semicolon behind braces is nothing.
        for item in items.into_iter().filter(|item| item.to_string() != ";") {
            kept.extend(self.one(item, kind));
        }
        kept
    }

    /// An item as it can be read.
    fn one(&mut self, tokens: TokenStream, kind: Kind) -> Option<TokenStream> {
        let Err(error) = kind.parse(tokens.clone()) else { return Some(tokens) };
        let today = as_today(tokens.clone(), kind.inside());
        if kind.parse(today.clone()).is_ok() {
            return Some(today);
        }
        self.around(&tokens, kind, &error).or_else(|| {
            self.leave_out(tokens, &error);
            None
        })
    }

    /// What ends in braces, with what can be read between them; of a function nothing.
    fn around(&mut self, tokens: &TokenStream, kind: Kind, error: &syn::Error) -> Option<TokenStream> {
        let mut head: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let Some(TokenTree::Group(body)) = head.pop() else { return None };
        if body.delimiter() != Delimiter::Brace {
            return None;
        }
        let known = self.unread.len();
        let inside = match what(&head)? {
            What::Module => self.all(body.stream(), Kind::Item),
            What::Impl => self.all(body.stream(), Kind::InImpl),
            What::Trait => self.all(body.stream(), Kind::InTrait),
            What::Function => {
                self.leave_out(body.stream(), error);
                TokenStream::new()
            }
        };
        head.push(TokenTree::Group(regrouped(&body, inside)));
        let whole: TokenStream = head.into_iter().collect();
        let today = as_today(whole.clone(), kind.inside());
        let readable = [whole, today].into_iter().find(|tokens| kind.parse(tokens.clone()).is_ok());
        if readable.is_none() {
            // It is left out with all that is in it.
            self.unread.truncate(known);
        }
        readable
    }

    fn leave_out(&mut self, tokens: TokenStream, error: &syn::Error) {
        let mut trees = tokens.clone().into_iter();
        let Some(first) = trees.next() else { return };
        let end = trees.last().unwrap_or_else(|| first.clone()).span().end();
        let why = format!("line {}: {error}", error.span().start().line);
        self.unread.push(Unread { start: first.span().start(), end, why, tokens });
    }
}

enum What {
    Module,
    Impl,
    Trait,
    Function,
}

/// What an item is by what stands before its braces.
fn what(head: &[TokenTree]) -> Option<What> {
    head.iter().find_map(|tree| match tree {
        TokenTree::Ident(word) if word == "mod" => Some(What::Module),
        TokenTree::Ident(word) if word == "impl" => Some(What::Impl),
        TokenTree::Ident(word) if word == "trait" => Some(What::Trait),
        TokenTree::Ident(word) if word == "fn" => Some(What::Function),
        _ => None,
    })
}

/// The inner attributes in front, and each item by itself: to its semicolon or its closing brace.
fn separated(tokens: TokenStream) -> (TokenStream, Vec<TokenStream>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut start = 0;
    while let [TokenTree::Punct(hash), TokenTree::Punct(bang), TokenTree::Group(_), ..] = &trees[start..]
        && hash.as_char() == '#'
        && bang.as_char() == '!'
    {
        start += 3;
    }
    let (inner, mut rest) = trees.split_at(start);
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (item, after) = rest.split_at(length(rest));
        items.push(item.iter().cloned().collect());
        rest = after;
    }
    (inner.iter().cloned().collect(), items)
}

/// How many tokens the first item has.
fn length(trees: &[TokenTree]) -> usize {
    let mut angles = Angles::default();
    let semicolon_only = ends_at_a_semicolon(trees);
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Group(group) => is_body(group) && !semicolon_only,
        _ => false,
    };
    for (at, tree) in trees.iter().enumerate() {
        angles.pass(tree);
        // A comparison in a constant's value is no bracket.
        if ends(tree) && (semicolon_only || angles.are_closed()) {
            return at + 1;
        }
    }
    trees.len()
}

fn is_body(group: &Group) -> bool {
    group.delimiter() == Delimiter::Brace
}

/// Braces of a `use` or of a value end nothing.
fn ends_at_a_semicolon(trees: &[TokenTree]) -> bool {
    let mut words = trees.iter().filter_map(|tree| match tree {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let is_prefix = |word: &String| word == "pub" || word == "crate" || word == "default";
    let Some(first) = words.find(|word| !is_prefix(word)) else { return false };
    let second = words.next().unwrap_or_default();
    match first.as_str() {
        "use" | "static" | "type" | "let" => true,
        "const" => !["fn", "unsafe", "extern", "async", "trait", "impl"].contains(&second.as_str()),
        "extern" => second == "crate",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use syn::{ImplItem, Item};

    use super::parse;

    fn names(items: &[Item]) -> Vec<String> {
        items
            .iter()
            .flat_map(|item| match item {
                Item::Fn(item) => vec![item.sig.ident.to_string()],
                Item::Const(item) => vec![item.ident.to_string()],
                Item::Mod(item) => names(item.content.as_ref().map_or(&[], |(_, items)| items)),
                Item::Impl(block) => {
                    let methods = block.items.iter().filter_map(|item| match item {
                        ImplItem::Fn(method) => Some(method.sig.ident.to_string()),
                        _ => None,
                    });
                    methods.collect()
                }
                _ => Vec::new(),
            })
            .collect()
    }

    /// Of each file what is read, and at which lines nothing is.
    #[test]
    fn what_cannot_be_read_takes_nothing_else_along() {
        let cases: [(&str, &[&str], &[usize]); 8] = [
            ("#!/bin/cargo\n#![no_std]\nfn a() {}", &["a"], &[]),
            ("\u{feff}fn a() {}\n= = =;\nfn b() {}", &["a", "b"], &[2]),
            (
                "fn a() {}\nstruct S { 7 }\nuse b::{c, d};\nconst C: u8 = { 1 < 2; 3 };\nfn e() {}",
                &["a", "C", "e"],
                &[2],
            ),
            ("fn a() { let ; }\nfn b() {}", &["a", "b"], &[1]),
            ("mod m {\n#![allow(x)]\nfn a() {}\nfn 7() {}\nfn b() {}\n}", &["a", "b"], &[4]),
            ("impl<const N: usize> A<{ N }> for B {\nfn a(&self) {}\nfn b( {}\n}\nfn c() {}", &[], &[]),
            ("impl A {\nfn a(&self) {}\n? ;\nfn b(&self) { @ }\n}", &["a", "b"], &[3, 4]),
            ("fn async() {}\nfn b() {}\n", &["async", "b"], &[]),
        ];
        for (text, read, unread) in cases {
            match parse(text) {
                Ok(parsed) => {
                    let found: Vec<String> = names(&parsed.tree.items)
                        .iter()
                        .map(|name| name.trim_start_matches("r#").to_owned())
                        .collect();
                    assert_eq!(found, read, "{text}");
                    let lines: Vec<usize> = parsed.unread.iter().map(|part| part.start.line).collect();
                    assert_eq!(lines, unread, "{text}");
                }
                // A bracket that nothing closes: these are no tokens.
                Err((line, _)) => assert!(read.is_empty() && line > 0, "{text}"),
            }
        }
    }
}
