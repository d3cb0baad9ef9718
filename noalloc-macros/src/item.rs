//! What an attribute stands on: a function or method with a body, or a whole `impl` block.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::{Parse, ParseStream};
use syn::{AttrStyle, Attribute, Block, Error, ImplItem, ItemImpl, Result, Signature, Visibility, parse2};

/// A function or method that has a body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<syn::Token![default]>,
    pub(crate) sig: Signature,
    pub(crate) block: Block,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let item: syn::ImplItemFn = input.parse()?;
        Ok(Function {
            attrs: item.attrs,
            vis: item.vis,
            defaultness: item.modifiers.defaultness,
            sig: item.sig,
            block: item.block,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let is_inner = |attr: &&Attribute| matches!(attr.style, AttrStyle::Inner(_));
        self.attrs.iter().filter(|attr| !is_inner(attr)).for_each(|attr| attr.to_tokens(tokens));
        self.vis.to_tokens(tokens);
        self.defaultness.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        self.block.brace_token.surround(tokens, |tokens| {
            self.attrs.iter().filter(is_inner).for_each(|attr| attr.to_tokens(tokens));
            tokens.append_all(&self.block.stmts);
        });
    }
}

/// An item that can promise to stay off the heap.
pub(crate) enum HotItem {
    Function(Box<Function>),
    Impl(Box<ItemImpl>),
}

impl HotItem {
    pub(crate) fn parse(tokens: &TokenStream) -> Result<HotItem> {
        if let Ok(block) = parse2::<ItemImpl>(tokens.clone()) {
            if !block.items.iter().any(|item| matches!(item, ImplItem::Fn(_))) {
                return Err(Error::new(
                    block.impl_token.span,
                    "this `impl` has no method for `#[no_heap]` to guard",
                ));
            }
            return Ok(HotItem::Impl(Box::new(block)));
        }
        let function = parse2::<Function>(tokens.clone()).map_err(|error| explain(tokens, error))?;
        refuse_const(&function.sig)?;
        Ok(HotItem::Function(Box::new(function)))
    }
}

/// A `const fn` also runs in the compiler, where there is no allocator and no guard.
pub(crate) fn refuse_const(sig: &Signature) -> Result<()> {
    match &sig.constness {
        Some(token) => Err(Error::new(
            token.span,
            "`#[no_heap]` cannot guard a `const fn`: put it on the function that calls it at run time",
        )),
        None => Ok(()),
    }
}

/// Says what else an attribute goes on, when this is another item.
pub(crate) fn explain_item(tokens: &TokenStream, error: Error, message: &str) -> Error {
    match parse2::<syn::Item>(tokens.clone()) {
        Ok(item) => Error::new(keyword(&item), message),
        // Not an item at all: rustc's own parser says it better, the tokens are given back to it.
        Err(_) => error,
    }
}

/// Says what is wrong with an item that is no function with a body.
fn explain(tokens: &TokenStream, error: Error) -> Error {
    if parse2::<syn::TraitItemFn>(tokens.clone()).is_ok() {
        return Error::new(
            error.span(),
            "`#[no_heap]` needs a body to guard: put it on the implementations of this method",
        );
    }
    let message = "`#[no_heap]` goes on a function, a method with a body, or an `impl` block";
    explain_item(tokens, error, message)
}

/// The keyword that says what the item is: attributes and visibility stand before it.
fn keyword(item: &syn::Item) -> Span {
    let is_before = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Ident(ident) => ident == "pub",
        TokenTree::Group(_) => true,
        TokenTree::Literal(_) => false,
    };
    let keyword = item.to_token_stream().into_iter().find(|token| !is_before(token));
    keyword.map_or_else(Span::call_site, |token| token.span())
}
