//! A function's arguments: each gets a name by which the guard's closure can take it, whole, used or not.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{format_ident, quote};

use crate::attributes::Attribute;
use crate::tokens::{Cursor, is_punct, opened, split_at_colon, split_at_commas, word};

/// What the guard needs of them.
pub(crate) struct Parameters {
    /// The list with a name for each.
    pub(crate) list: Group,
    /// Moves each into a closure, used or not.
    pub(crate) captures: Vec<TokenStream>,
    /// Takes those apart again that are patterns.
    pub(crate) bindings: Vec<TokenStream>,
}

impl Parameters {
    pub(crate) fn name(list: &Group) -> Parameters {
        let mut parameters = Parameters { list: list.clone(), captures: Vec::new(), bindings: Vec::new() };
        let named = split_at_commas(list.stream()).into_iter().enumerate();
        let named: Vec<TokenStream> =
            named.map(|(index, parameter)| parameters.add(index, parameter)).collect();
        parameters.list = Group::new(list.delimiter(), quote!(#(#named),*));
        parameters.list.set_span(list.span());
        parameters
    }

    /// Returns the parameter with a name.
    fn add(&mut self, index: usize, parameter: TokenStream) -> TokenStream {
        let mut cursor = Cursor::new(parameter.clone());
        let attributes = Attribute::take(&mut cursor);
        let rest = cursor.rest();
        // One that a `cfg` takes away is not there to be moved: attributes see the function before that.
        let cfgs = attributes.iter().filter(|attribute| attribute.is("cfg")).map(Attribute::tokens);
        let cfgs: TokenStream = cfgs.collect();
        if let Some(this) = receiver(&rest) {
            self.captures.push(quote!(let _ = &#this;));
            return parameter;
        }
        let (pattern, ty) = match split_at_colon(rest.clone()) {
            Some(parts) => parts,
            None if rest.clone().into_iter().next().is_none_or(|token| is_punct(&token, '.')) => {
                return parameter;
            }
            // A parameter without a name, in a trait of edition 2015.
            None => (quote!(_), rest),
        };
        if let Some(name) = used_name(&pattern) {
            self.captures.push(quote!(#cfgs let _ = &#name;));
            return parameter;
        }
        let name = format_ident!("__no_heap_argument_{index}", span = Span::mixed_site());
        self.captures.push(quote!(#cfgs let _ = &#name;));
        // Clippy's older versions take the pattern for a statement of the user's own.
        let allow = quote!(#[allow(clippy::no_effect_underscore_binding)]);
        self.bindings.push(quote!(#cfgs let #name = #name; #cfgs #allow let #pattern = #name;));
        let attributes = attributes.iter().map(Attribute::tokens);
        quote!(#(#attributes)* #name: #ty)
    }
}

/// `self` of `self`, `mut self`, `&'a mut self`, `self: Box<Self>`.
fn receiver(parameter: &TokenStream) -> Option<Ident> {
    let mut tokens = opened(parameter).into_iter().peekable();
    if tokens.next_if(|token| is_punct(token, '&')).is_some()
        && tokens.next_if(|token| is_punct(token, '\'')).is_some()
    {
        tokens.next();
    }
    tokens.next_if(|token| word(token).is_some_and(|word| word == "mut"));
    tokens.next().as_ref().and_then(word).filter(|word| *word == "self").cloned()
}

/// The name in `name` and `mut name`. A name that says that it is not used must not be.
fn used_name(pattern: &TokenStream) -> Option<Ident> {
    let name = match &opened(pattern)[..] {
        [TokenTree::Ident(name)] => name.clone(),
        [TokenTree::Ident(mutable), TokenTree::Ident(name)] if mutable == "mut" => name.clone(),
        _ => return None,
    };
    (!name.to_string().starts_with('_')).then_some(name)
}
