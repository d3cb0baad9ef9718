//! The `#[global_allocator]`s that a source text declares, however their attributes are spelled.
//!
//! Reads tokens, not items: an attribute in a macro's definition is one, too, and so is one in a file that `syn` refuses.
//! Which of them are in a program, only the compiler knows; this tells where they stand, and their words.

use std::ops::Range;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

use super::file::number;
use crate::model::{Certainty, DeclaredAllocator};

const ATTRIBUTE: &str = "global_allocator";

/// Deeper groups are not looked into: nobody hides an allocator there.
const DEEPEST: usize = 100;

/// All of them, in the order of the text.
pub(crate) fn declared(text: &str) -> Vec<DeclaredAllocator> {
    // PERF: hardly any file has one.
    if !text.contains(ATTRIBUTE) {
        return Vec::new();
    }
    let code = without_first_words(text);
    let Ok(tokens) = TokenStream::from_str(code) else { return Vec::new() };
    let mut search = Search { code, found: Vec::new() };
    search.items(tokens, Certainty::Always, 0);
    search.found
}

/// Without a byte order mark and without a line for the shell; lines keep their numbers.
fn without_first_words(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let for_shell = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    if for_shell { &text[text.find('\n').unwrap_or(text.len())..] } else { text }
}

struct Search<'a> {
    code: &'a str,
    found: Vec<DeclaredAllocator>,
}

/// `#[…]`.
struct Attribute {
    start: Span,
    inside: Vec<TokenTree>,
}

impl Search<'_> {
    /// Looks through a run of items, or of whatever else has the form of items. `within`: whether they are in audits.
    fn items(&mut self, tokens: TokenStream, mut within: Certainty, depth: usize) {
        let mut tokens = tokens.into_iter().peekable();
        let (mut attributes, mut item) = (Vec::new(), Vec::new());
        while let Some(token) = tokens.next() {
            if item.is_empty() && is_punct(&token, '#') {
                let inner = tokens.next_if(|token| is_punct(token, '!')).is_some();
                let group = |token: &TokenTree| matches!(token, TokenTree::Group(_));
                let Some(TokenTree::Group(group)) = tokens.next_if(group) else { continue };
                let inside: Vec<TokenTree> = group.stream().into_iter().collect();
                if inner {
                    within = within.and(condition(&inside));
                } else {
                    attributes.push(Attribute { start: token.span(), inside });
                }
                continue;
            }
            let ends = is_punct(&token, ';') || is_braces(&token) && !has_value(&item);
            item.push(token);
            if ends {
                self.item(std::mem::take(&mut attributes), std::mem::take(&mut item), within, depth);
            }
        }
        self.item(attributes, item, within, depth);
    }

    fn item(&mut self, attributes: Vec<Attribute>, item: Vec<TokenTree>, within: Certainty, depth: usize) {
        let conditions = attributes.iter().map(|attribute| condition(&attribute.inside));
        let within = conditions.fold(within, Certainty::and);
        let end = item.last().map(|token| number(token.span().end().line));
        for Attribute { start, inside } in attributes {
            let Some(installs) = installs(&inside) else { continue };
            let place = start.start();
            self.found.push(DeclaredAllocator {
                line: number(place.line),
                column: number(place.column) + 1,
                last_line: end.unwrap_or(number(place.line)),
                in_audits: within.and(installs),
                item: self.words(&item),
            });
        }
        // What is given to a macro, and what it is defined as, may be in the program or not.
        let is_macro = item.iter().any(|token| is_punct(token, '!') || is_word(token, "macro"));
        let within = if is_macro { within.and(Certainty::Perhaps) } else { within };
        if depth < DEEPEST {
            for token in item {
                if let TokenTree::Group(group) = token {
                    self.items(group.stream(), within, depth + 1);
                }
            }
        }
    }

    /// `static NAME: TYPE = VALUE;`
    fn words(&self, item: &[TokenTree]) -> Option<(String, String, String)> {
        let after = item.iter().position(|token| is_word(token, "static"))? + 1;
        let colon = after + item[after..].iter().position(|token| is_punct(token, ':'))?;
        let mut depth = 0;
        let mut arrow = false;
        let equals = item[colon..].iter().position(|token| {
            let TokenTree::Punct(punct) = token else { return false };
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !arrow => depth -= 1,
                _ => {}
            }
            arrow = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
            punct.as_char() == '=' && depth == 0
        })?;
        let end = item.iter().rposition(|token| is_punct(token, ';'))?;
        let text = |tokens: &[TokenTree]| {
            let (first, last) = (tokens.first()?, tokens.last()?);
            let text = self.code.get(range(first).start..range(last).end)?;
            Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let equals = colon + equals;
        Some((text(&item[after..colon])?, text(&item[colon + 1..equals])?, text(item.get(equals + 1..end)?)?))
    }
}

fn range(token: &TokenTree) -> Range<usize> {
    token.span().byte_range()
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if *ident == word)
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Braces may be a part of the value; it ends with a semicolon.
fn has_value(item: &[TokenTree]) -> bool {
    let has = |word: &str| item.iter().any(|token| is_word(token, word));
    has("static") || has("let") || has("const") && !has("fn")
}

/// Whether an attribute, or one that `cfg_attr` stands for, installs an allocator.
fn installs(attribute: &[TokenTree]) -> Option<Certainty> {
    if let Some((predicate, attributes)) = cfg_attr(attribute) {
        let installs = attributes.iter().filter_map(|attribute| installs(attribute)).reduce(Certainty::or)?;
        return Some(eval(&predicate).and(installs));
    }
    is_word(attribute.last()?, ATTRIBUTE).then_some(Certainty::Always)
}

/// What an attribute says of the item's being there.
fn condition(attribute: &[TokenTree]) -> Certainty {
    if let Some((predicate, attributes)) = cfg_attr(attribute) {
        let all =
            attributes.iter().map(|attribute| condition(attribute)).fold(Certainty::Always, Certainty::and);
        return eval(&predicate).negated().or(all);
    }
    match call(attribute) {
        Some(("cfg", arguments)) => eval(&arguments.stream().into_iter().collect::<Vec<_>>()),
        _ => Certainty::Always,
    }
}

/// The predicate and the attributes of `cfg_attr(predicate, attribute, …)`.
fn cfg_attr(attribute: &[TokenTree]) -> Option<(Vec<TokenTree>, Vec<Vec<TokenTree>>)> {
    let ("cfg_attr", arguments) = call(attribute)? else { return None };
    let mut parts = list(arguments).into_iter();
    Some((parts.next()?, parts.collect()))
}

/// A configuration predicate in an audit of whatever configuration.
fn eval(predicate: &[TokenTree]) -> Certainty {
    if let [TokenTree::Ident(name)] = predicate {
        return match name.to_string().as_str() {
            "noalloc_audit" | "true" => Certainty::Always,
            "false" => Certainty::Never,
            _ => Certainty::Perhaps,
        };
    }
    let Some((name, arguments)) = call(predicate) else { return Certainty::Perhaps };
    let mut parts = list(arguments).into_iter().map(|part| eval(&part));
    match name {
        "all" => parts.fold(Certainty::Always, Certainty::and),
        "any" => parts.fold(Certainty::Never, Certainty::or),
        "not" => parts.next().map_or(Certainty::Perhaps, Certainty::negated),
        _ => Certainty::Perhaps,
    }
}

/// `name(…)`.
fn call(tokens: &[TokenTree]) -> Option<(&'static str, &Group)> {
    let [name, TokenTree::Group(arguments)] = tokens else { return None };
    let name = ["all", "any", "cfg", "cfg_attr", "not"].into_iter().find(|known| is_word(name, known))?;
    Some((name, arguments))
}

/// What stands between commas.
fn list(group: &Group) -> Vec<Vec<TokenTree>> {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let parts = tokens.split(|token| is_punct(token, ','));
    parts.map(<[TokenTree]>::to_vec).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::declared;
    use crate::model::Certainty::{self, Always, Never, Perhaps};

    #[track_caller]
    fn check(text: &str, expected: &[(u32, u32, Certainty)]) {
        let found: Vec<(u32, u32, Certainty)> =
            declared(text).into_iter().map(|found| (found.line, found.column, found.in_audits)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn comments_and_strings_declare_nothing() {
        check("// #[global_allocator]\nlet s = \"#[global_allocator]\"; /* #[global_allocator] */", &[]);
        check("/// #[global_allocator]\nstatic A: X = X;", &[]);
        check("use std::prelude::v1::global_allocator; fn global_allocator() {}", &[]);
    }

    #[test]
    fn attributes_are_found_wherever_they_stand() {
        check("use a;\n  #[global_allocator]\nstatic A: X = X;", &[(2, 3, Always)]);
        check("mod own { use a; #[global_allocator] static A: X = X; }", &[(1, 18, Always)]);
        check(
            "macro_rules! m { ($n:ident) => { #[global_allocator] static $n: X = X; } }",
            &[(1, 34, Perhaps)],
        );
        check("fn main() { m(); #[global_allocator] static A: X = X; }", &[(1, 18, Always)]);
        check("#[std::prelude::v1::global_allocator] static A: X = X { n: 1 };", &[(1, 1, Always)]);
        check("#!/usr/bin/env it's\n#[global_allocator] static A: X = X;", &[(2, 1, Always)]);
        check("\u{feff}#[doc = \"ä\"] #[global_allocator] static A: X = X;", &[(1, 14, Always)]);
        check("static A: X = X { n: { 1 } }; #[global_allocator] static B: X = X;", &[(1, 31, Always)]);
    }

    #[test]
    fn what_is_left_out_of_audits_is_told_from_what_depends_on_the_configuration() {
        let left_out = [
            "#[cfg(not(noalloc_audit))] #[global_allocator] static A: X = X;",
            "#[global_allocator] #[cfg(not(noalloc_audit))] static A: X = X;",
            "#[cfg(not(noalloc_audit))] // why\n\n/* and */ #[global_allocator] static A: X = X;",
            "#[cfg(\n    not(noalloc_audit)\n)] #[global_allocator] static A: X = X;",
            "#[cfg(not(noalloc_audit))] mod own { mod inner { #[global_allocator] static A: X = X; } }",
            "mod own { #![cfg(not(noalloc_audit))] #[global_allocator] static A: X = X; }",
            "#[cfg(all(unix, not(any(noalloc_audit, miri))))] #[global_allocator] static A: X = X;",
            "#[cfg_attr(not(noalloc_audit), global_allocator)] static A: X = X;",
            "#[cfg_attr(noalloc_audit, cfg(false))] #[global_allocator] static A: X = X;",
        ];
        for text in left_out {
            let found: Vec<Certainty> = declared(text).iter().map(|found| found.in_audits).collect();
            assert_eq!(found, [Never], "{text}");
        }
        check("#[cfg(feature = \"own\")] #[global_allocator] static A: X = X;", &[(1, 25, Perhaps)]);
        check("#[cfg_attr(unix, global_allocator)] static A: X = X;", &[(1, 1, Perhaps)]);
        check("#[cfg(any(noalloc_audit, unix))] #[global_allocator] static A: X = X;", &[(1, 34, Always)]);
        check("#[cfg(not(noalloc_audit = \"1\"))] #[global_allocator] static A: X = X;", &[(1, 34, Perhaps)]);
        check("#[cfg(not(noalloc_audit))] use a;\n#[global_allocator] static A: X = X;", &[(2, 1, Always)]);
    }

    #[test]
    fn the_static_is_read_as_it_is_written() {
        let item = |text: &str| declared(text).remove(0).item;
        let own =
            |name: &str, ty: &str, value: &str| Some((name.to_owned(), ty.to_owned(), value.to_owned()));
        assert_eq!(
            item("#[global_allocator]\npub(crate) static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;"),
            own("GLOBAL", "mimalloc::MiMalloc", "mimalloc::MiMalloc")
        );
        assert_eq!(
            item("#[global_allocator] static A: Cap<System> =\n    Cap::new(System, usize::MAX);"),
            own("A", "Cap<System>", "Cap::new(System, usize::MAX)")
        );
        assert_eq!(
            item("#[global_allocator] static A: W<dyn Fn() -> u8, Q = R> = W { a: \"ä\", b: 1 };"),
            own("A", "W<dyn Fn() -> u8, Q = R>", "W { a: \"ä\", b: 1 }")
        );
        assert_eq!(item("m! { #[global_allocator] static $n: $t = $v; }"), own("$n", "$t", "$v"));
        assert_eq!(item("#[global_allocator]"), None);
    }
}
