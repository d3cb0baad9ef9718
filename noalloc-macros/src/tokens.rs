//! Rows of tokens, read from the front and only as far as an attribute has to know them.
//!
//! What a fragment of a `macro_rules!` stands for comes in an invisible group. Where this reads, such a group is opened;
//! a type or an expression is never taken apart, so its group stays around it.

use std::collections::VecDeque;

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// Reads a row of tokens.
pub(crate) struct Cursor {
    rest: VecDeque<TokenTree>,
}

impl Cursor {
    pub(crate) fn new(tokens: TokenStream) -> Cursor {
        Cursor { rest: tokens.into_iter().collect() }
    }

    /// The next token, out of its invisible group.
    pub(crate) fn peek(&mut self) -> Option<&TokenTree> {
        while let Some(inside) = self.rest.front().and_then(invisible) {
            self.rest.pop_front();
            inside
                .into_iter()
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .for_each(|token| self.rest.push_front(token));
        }
        self.rest.front()
    }

    /// The token after the next one, as it stands there.
    pub(crate) fn peek_second(&mut self) -> Option<&TokenTree> {
        self.peek();
        self.rest.get(1)
    }

    pub(crate) fn next(&mut self) -> Option<TokenTree> {
        self.peek();
        self.rest.pop_front()
    }

    /// The next token as it stands there, with its invisible group.
    pub(crate) fn next_whole(&mut self) -> Option<TokenTree> {
        self.rest.pop_front()
    }

    pub(crate) fn is_empty(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next token's word.
    pub(crate) fn word(&mut self) -> Option<String> {
        match self.peek() {
            Some(TokenTree::Ident(word)) => Some(word.to_string()),
            _ => None,
        }
    }

    pub(crate) fn is_punct(&mut self, punct: char) -> bool {
        self.peek().is_some_and(|token| is_punct(token, punct))
    }

    /// The next token, when it is a group with these delimiters.
    pub(crate) fn group(&mut self, delimiter: Delimiter) -> Option<Group> {
        match self.peek() {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => {
                let group = group.clone();
                self.rest.pop_front();
                Some(group)
            }
            _ => None,
        }
    }

    pub(crate) fn rest(self) -> TokenStream {
        self.rest.into_iter().collect()
    }
}

fn invisible(token: &TokenTree) -> Option<TokenStream> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => Some(group.stream()),
        _ => None,
    }
}

/// The tokens in a row without invisible groups, to look at; not to write, for what stands in such a group binds closer.
pub(crate) fn opened(tokens: &TokenStream) -> Vec<TokenTree> {
    let mut row = Vec::new();
    for token in tokens.clone() {
        match invisible(&token) {
            Some(inside) => row.extend(opened(&inside)),
            None => row.push(token),
        }
    }
    row
}

/// Knows how deep in angle brackets a token of a type or signature stands.
#[derive(Default)]
pub(crate) struct Angles {
    depth: usize,
    arrow: bool,
}

impl Angles {
    /// Takes the next token in; says whether it stands outside of all brackets, as a bracket itself does.
    pub(crate) fn is_outside(&mut self, token: &TokenTree) -> bool {
        let outside = self.depth == 0;
        let TokenTree::Punct(punct) = token else {
            self.arrow = false;
            return outside;
        };
        match punct.as_char() {
            '<' => self.depth += 1,
            '>' if !self.arrow => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.arrow = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
        outside
    }
}

/// The parts of a list; none of them is empty.
pub(crate) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let mut angles = Angles::default();
    for token in tokens {
        if angles.is_outside(&token) && is_punct(&token, ',') {
            parts.push(TokenStream::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// What stands before and after the first colon that is no `::`.
pub(crate) fn split_at_colon(tokens: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let mut before = TokenStream::new();
    let mut rest = tokens.into_iter();
    while let Some(token) = rest.next() {
        match &token {
            TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint => {
                before.extend([token]);
                before.extend(rest.next());
            }
            token if is_punct(token, ':') => return Some((before, rest.collect())),
            _ => before.extend([token]),
        }
    }
    None
}

pub(crate) fn is_punct(token: &TokenTree, punct: char) -> bool {
    matches!(token, TokenTree::Punct(own) if own.as_char() == punct)
}

pub(crate) fn word(token: &TokenTree) -> Option<&Ident> {
    match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    }
}

/// The same text for the same tokens, however they are spaced.
pub(crate) fn text(tokens: &TokenStream) -> String {
    let words = opened(tokens).into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            format!("{open}{}{close}", text(&group.stream()))
        }
        other => other.to_string(),
    });
    words.collect::<Vec<_>>().join(" ")
}
