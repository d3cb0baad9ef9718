//! A function or method with a body, as the tokens that a guard leaves alone and those that it replaces.

use proc_macro2::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};
use quote::ToTokens;

use crate::attributes::Attribute;
use crate::tokens::{Angles, Cursor, is_punct, word};

/// A function or method.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    /// From its visibility to its generic parameters.
    head: Vec<TokenTree>,
    pub(crate) name: Ident,
    pub(crate) parameters: Group,
    /// Arrow, result and `where`.
    tail: TokenStream,
    /// The result's type; empty where none is written.
    pub(crate) output: TokenStream,
    pub(crate) body: Body,
}

/// What a function ends with.
#[derive(Clone)]
pub(crate) enum Body {
    Braces(Group),
    /// None: it is only declared.
    Semicolon(Punct),
}

impl Function {
    /// `head` ends with `fn`, and `cursor` goes on behind it. `None` where it does not go on as a function.
    pub(crate) fn read(
        attributes: Vec<Attribute>,
        mut head: Vec<TokenTree>,
        cursor: &mut Cursor,
    ) -> Option<Function> {
        let name = word(cursor.peek()?)?.clone();
        head.extend(cursor.next());
        let mut angles = Angles::default();
        let parameters = loop {
            match cursor.next_whole()? {
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Parenthesis
                        && angles.is_outside(&group.clone().into()) =>
                {
                    break group;
                }
                token => {
                    angles.is_outside(&token);
                    head.push(token);
                }
            }
        };
        let (tail, body) = tail(cursor)?;
        let output = output(&tail);
        let tail = tail.into_iter().collect();
        Some(Function { attributes, head, name, parameters, tail, output, body })
    }

    /// One of the words before `fn`.
    pub(crate) fn qualifier(&self, name: &str) -> Option<&Ident> {
        let before = self.head.iter().take_while(|token| word(token).is_none_or(|word| word != "fn"));
        before.filter_map(word).find(|word| *word == name)
    }
}

impl Body {
    /// The inner attributes, which belong to the function, and what stands behind them.
    pub(crate) fn split(group: &Group) -> (TokenStream, TokenStream) {
        let mut cursor = Cursor::new(group.stream());
        let mut inner = TokenStream::new();
        while cursor.is_punct('#') && cursor.peek_second().is_some_and(|token| is_punct(token, '!')) {
            (0..3).for_each(|_| inner.extend(cursor.next()));
        }
        (inner, cursor.rest())
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.attributes.iter().for_each(|attribute| tokens.extend(attribute.tokens()));
        tokens.extend(self.head.iter().cloned());
        self.parameters.to_tokens(tokens);
        tokens.extend(self.tail.clone());
        match &self.body {
            Body::Braces(group) => group.to_tokens(tokens),
            Body::Semicolon(semicolon) => semicolon.to_tokens(tokens),
        }
    }
}

/// What stands after the parameters, and the end.
fn tail(cursor: &mut Cursor) -> Option<(Vec<TokenTree>, Body)> {
    let mut tail = Vec::new();
    let mut angles = Angles::default();
    loop {
        let token = cursor.next_whole()?;
        if let TokenTree::Punct(semicolon) = &token
            && semicolon.as_char() == ';'
        {
            return Some((tail, Body::Semicolon(semicolon.clone())));
        }
        if angles.is_outside(&token)
            && let Some(body) = braces(&token)
        {
            return Some((tail, Body::Braces(body)));
        }
        tail.push(token);
    }
}

/// The block that a token is, or that its invisible group holds.
fn braces(token: &TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            inside.next().filter(|_| inside.next().is_none()).as_ref().and_then(braces)
        }
        _ => None,
    }
}

/// The type behind the arrow.
fn output(tail: &[TokenTree]) -> TokenStream {
    let [dash, angle, rest @ ..] = tail else { return TokenStream::new() };
    if !is_punct(dash, '-') || !is_punct(angle, '>') {
        return TokenStream::new();
    }
    let before_where = rest.iter().take_while(|token| word(token).is_none_or(|word| word != "where"));
    before_where.cloned().collect()
}
