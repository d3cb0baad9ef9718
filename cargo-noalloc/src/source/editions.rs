//! What older editions allow and today's parser refuses, rewritten in the tokens, each in its place.
//!
//! In edition 2015 `async`, `await`, `try` and mostly `dyn` are names, a trait's methods need none for their arguments,
//! and until edition 2021 a trait object needs no `dyn`. Tokens keep where they stand in the file.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};

/// Names in edition 2015 that are keywords now.
const KEYWORDS: [&str; 4] = ["async", "await", "dyn", "try"];

/// What tokens stand in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Inside {
    /// The braces of a trait.
    Trait,
    /// Parentheses around bounds: `dyn (Fn() + Send)`.
    Bounds,
    Other,
}

/// `tokens` as today's language has them.
pub(super) fn as_today(tokens: TokenStream, inside: Inside) -> TokenStream {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = Vec::new();
    let (mut of_trait, mut of_method, mut angles) = (false, false, Angles::default());
    for (at, tree) in trees.iter().enumerate() {
        angles.pass(tree);
        let before = at.checked_sub(1).and_then(|before| trees.get(before));
        let today = match tree {
            TokenTree::Ident(ident) => {
                if let Some(start) = start_of_object(ident, &out, trees.get(at + 1))
                    && (start > 0 || inside != Inside::Bounds)
                {
                    out.insert(start, TokenTree::Ident(Ident::new("dyn", ident.span())));
                }
                of_trait |= ident == "trait";
                of_method |= inside == Inside::Trait && ident == "fn";
                TokenTree::Ident(name(ident, before, trees.get(at + 1)))
            }
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inside = if of_trait { Inside::Trait } else { Inside::Other };
                (of_trait, of_method) = (false, false);
                TokenTree::Group(regrouped(group, as_today(group.stream(), inside)))
            }
            TokenTree::Group(group) => {
                // Those in angle brackets are of a bound `F: Fn(u8)`.
                let are_arguments = group.delimiter() == Delimiter::Parenthesis && angles.are_closed();
                let named = of_method && are_arguments;
                of_method &= !named;
                let tokens = if named { with_names(group.stream()) } else { group.stream() };
                let inside = if is_before_bounds(before) { Inside::Bounds } else { Inside::Other };
                TokenTree::Group(regrouped(group, as_today(tokens, inside)))
            }
            TokenTree::Punct(punct) => {
                of_trait &= punct.as_char() != ';';
                tree.clone()
            }
            TokenTree::Literal(_) => tree.clone(),
        };
        out.push(today);
    }
    out.into_iter().collect()
}

fn is_before_bounds(tree: Option<&TokenTree>) -> bool {
    match tree {
        Some(TokenTree::Ident(word)) => word == "dyn" || word == "impl",
        Some(TokenTree::Punct(mark)) => ['+', ':'].contains(&mark.as_char()),
        _ => false,
    }
}

/// The same group around something else.
pub(super) fn regrouped(group: &Group, inside: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), inside);
    new.set_span(group.span());
    new
}

/// A keyword that is a name there, as a name.
fn name(ident: &Ident, before: Option<&TokenTree>, after: Option<&TokenTree>) -> Ident {
    let is_name =
        KEYWORDS.iter().any(|keyword| ident == keyword) && !(ident == "dyn" && is_dyn(before, after));
    if is_name { Ident::new_raw(&ident.to_string(), ident.span()) } else { ident.clone() }
}

/// Whether a `dyn` begins a trait object, which it may in edition 2015 as well: where a bound can follow.
fn is_dyn(before: Option<&TokenTree>, after: Option<&TokenTree>) -> bool {
    match after {
        Some(TokenTree::Ident(next)) => next != "as" && next != "in",
        // A lifetime, `?Sized`.
        Some(TokenTree::Punct(next)) => ['\'', '?'].contains(&next.as_char()),
        // `&dyn (Fn() + Send)`, but not a call.
        Some(TokenTree::Group(next)) if next.delimiter() == Delimiter::Parenthesis => match before {
            Some(TokenTree::Punct(before)) => ['&', '*', '<'].contains(&before.as_char()),
            Some(TokenTree::Ident(before)) => before == "mut" || before == "const",
            _ => false,
        },
        _ => false,
    }
}

/// Where among the tokens before it the trait object begins that a `Fn(u8)` without `dyn` is of: `Box<Fn(u8)>`,
/// `&'a for<'b> ::std::ops::Fn(&'b u8)`. Other traits' objects look like types, and are read as such.
fn start_of_object(ident: &Ident, before: &[TokenTree], after: Option<&TokenTree>) -> Option<usize> {
    let is_call =
        matches!(after, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    if !is_call || !["Fn", "FnMut", "FnOnce"].iter().any(|name| ident == name) {
        return None;
    }
    let is_word = |at: usize, words: &[&str]| match before.get(at) {
        Some(TokenTree::Ident(ident)) => words.iter().any(|word| ident == word),
        _ => false,
    };
    let is_mark = |at: usize, marks: &str| match before.get(at) {
        Some(TokenTree::Punct(punct)) => marks.contains(punct.as_char()),
        _ => false,
    };
    let mut start = before.len();
    while start >= 2 && is_mark(start - 1, ":") && is_mark(start - 2, ":") {
        start -= 2;
        start -= usize::from(start > 0 && is_word(start - 1, &["core", "ops", "std"]));
    }
    // `for<'a>`: the nearest bracket that opens is this one's.
    if let Some(open) = (0..start).rev().find(|at| is_mark(*at, "<"))
        && is_mark(start - 1, ">")
        && open > 0
        && is_word(open - 1, &["for"])
    {
        start = open - 1;
    }
    let Some(last) = start.checked_sub(1) else { return Some(start) };
    let is_lifetime = last >= 2 && is_mark(last - 1, "'") && is_mark(last - 2, "&");
    let is_arrow = last >= 1 && is_mark(last, ">") && is_mark(last - 1, "-");
    let is_type = is_mark(last, "<,&=") || is_word(last, &["as", "const", "for", "mut"]);
    (is_type || is_lifetime || is_arrow).then_some(start)
}

/// The arguments of a trait's method, with a `_:` before each that is a type alone.
fn with_names(arguments: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    for argument in separated(arguments) {
        let attributes = attributes(&argument);
        let (before, own) = argument.split_at(attributes);
        out.extend(before.iter().cloned());
        if let Some(first) = own.first()
            && !is_named(own)
        {
            let span = first.span();
            out.extend([TokenTree::Ident(Ident::new("_", span)), colon(span)]);
        }
        out.extend(own.iter().cloned());
    }
    out
}

fn colon(span: Span) -> TokenTree {
    let mut colon = Punct::new(':', Spacing::Alone);
    colon.set_span(span);
    TokenTree::Punct(colon)
}

/// At commas that stand in no angle brackets; each comma ends what is before it.
fn separated(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let (mut parts, mut part, mut angles) = (Vec::new(), Vec::new(), Angles::default());
    for tree in tokens {
        angles.pass(&tree);
        let ends = angles.are_closed() && is_punct(Some(&tree), ',');
        part.push(tree);
        if ends {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.push(part);
    parts
}

/// How many tokens in front are attributes.
fn attributes(argument: &[TokenTree]) -> usize {
    let mut count = 0;
    while is_punct(argument.get(count), '#') && matches!(argument.get(count + 1), Some(TokenTree::Group(_))) {
        count += 2;
    }
    count
}

/// As rustc tells them: `name:`, `_:`, `&name:`, `mut name:`, and any `self`. What follows a comma is nothing.
fn is_named(argument: &[TokenTree]) -> bool {
    let is_ident = |at: usize, of: fn(&Ident) -> bool| matches!(argument.get(at), Some(TokenTree::Ident(ident)) if of(ident));
    let mut at = 0;
    while is_punct(argument.get(at), '&') {
        at += 1;
    }
    if is_punct(argument.get(at), '\'') {
        at += 2;
    }
    at += usize::from(is_ident(at, |ident| ident == "mut"));
    let is_colon = |at: usize| is_punct(argument.get(at), ':');
    let is_path = is_colon(at + 1) && is_colon(at + 2);
    let is_receiver = is_ident(at, |ident| ident == "self");
    !is_path && (is_receiver || is_ident(at, |_| true) && is_colon(at + 1)) || is_punct(argument.get(at), '.')
}

fn is_punct(tree: Option<&TokenTree>, c: char) -> bool {
    matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

/// How many angle brackets are open; an arrow closes none.
#[derive(Default)]
pub(super) struct Angles {
    open: usize,
    after: Option<char>,
}

impl Angles {
    pub(super) fn pass(&mut self, tree: &TokenTree) {
        let TokenTree::Punct(punct) = tree else {
            self.after = None;
            return;
        };
        let is_arrow = self.after.is_some_and(|before| ['-', '='].contains(&before));
        match punct.as_char() {
            '<' => self.open += 1,
            '>' if !is_arrow => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.after = (punct.spacing() == Spacing::Joint).then_some(punct.as_char());
    }

    pub(super) fn are_closed(&self) -> bool {
        self.open == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Inside, as_today};

    /// As rustc reads them in edition 2015.
    #[test]
    fn what_edition_2015_allows_is_read() {
        for text in [
            "fn async(await: u8, try: u8) -> u8 { async(await, try!(dyn)) }",
            "mod dyn { pub fn dyn() {} }\nfn f() { dyn::dyn(); let dyn = 1; g(dyn, dyn as u8); for dyn in x {} }",
            "fn f(a: &dyn Fn(u8), b: Box<dyn (Fn()) + Send>, c: &'static dyn::dyn) -> Box<dyn ?Sized + 'a> {}",
            "trait T { fn rd(&mut self, u8); fn a(&self, u8, &mut [u8; 4]) -> u8 { 1 } fn b(self: Box<Self>); }",
            "trait T { fn m(HashMap<u8, Vec<u8>>, x: u8, &str, fn(u8) -> u8, (u8, u8)) where Self: Sized; }",
            "trait T { fn n(&self, #[cfg(a)] u8, _: u8, mut a: u8, &b: &u8, self::A, ::std::vec::Vec<u8>,); }",
            "trait T { fn g<F: Fn(u8) -> u8>(F, &'a str); type A; const B: u8; }",
            "pub unsafe trait T<A = Fn(u8)>: B where A: C { fn e(); fn d(Self) {} }",
            "mod a { pub trait T { fn f(u8) { trait U { fn g(u8); } } } }",
            "fn f() { let a: Box<Fn(u8) -> u8 + Send> = b; <Trait>::f(); match c { 0...9 => {} _ => {} } }",
            "impl Trait + Send { fn f(&self) {} }\nimpl<'a> Trait for Fn(u8) + 'a {}",
            "type A<'a> = &'a for<'b> ::std::ops::Fn(&'b u8) -> Box<FnOnce()>; struct S<A = Fn(u8)>(*mut FnMut(A), A);",
            "fn f<F: Fn(u8), G>(a: Vec<(Fn(), F)>, b: impl FnOnce(u8)) where G: for<'a> FnMut(&'a u8) { a as &Fn() }",
        ] {
            let today = as_today(text.parse().expect("tokens"), Inside::Other);
            let file = syn::parse2::<syn::File>(today.clone());
            assert!(
                file.is_ok(),
                "{text}\n{today}\n{}",
                file.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
    }

    #[test]
    fn what_has_a_name_gets_no_other() {
        let text = "trait T { fn f(&self, &'a self, mut self, a: u8, _: u8, &b: &u8, u8); }";
        let today = as_today(text.parse().expect("tokens"), Inside::Other).to_string();
        assert_eq!(today.matches("_ :").count(), 2, "{today}");
    }
}
