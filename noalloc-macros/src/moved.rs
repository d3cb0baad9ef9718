//! `#[no_heap::__private::moved(…)]`: what `#[no_heap]` leaves behind the other attributes of a function, to expand after
//! them.
//!
//! Attribute macros expand from the first to the last, and each gets what the one before it has made. Only the last one sees
//! the function as it will be compiled, so only its guard is around everything. The arguments carry what the first expansion
//! has seen and a later one cannot know: what the function was called where its author wrote it, and which attributes stood
//! before. Those of them that are still there were no macros.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{LitInt, LitStr, Path, Result, Token, bracketed, parenthesized};

use crate::attributes::{Attribute, MOVED};

/// The arguments of the attribute.
#[derive(Clone)]
pub(crate) struct Moved {
    /// The function's name, line and column as they were written.
    pub(crate) name: Ident,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// It stems from the attribute of an `impl` block, and one of the method's own goes before.
    pub(crate) of_block: bool,
    /// Attributes that it has moved behind, each as often.
    pub(crate) seen: Vec<String>,
    /// Those of `#[no_heap(…)]`.
    pub(crate) options: TokenStream,
}

impl Moved {
    pub(crate) fn attribute(&self, krate: &Path) -> Attribute {
        let Moved { name, line, column, of_block, seen, options } = self;
        let moved = format_ident!("{}", MOVED);
        Attribute::new(quote! {
            #krate::__private::#moved(#name, #line, #column, #of_block, [#(#seen),*], (#options))
        })
    }
}

impl Moved {
    /// Whether an attribute may still be a macro that has not had its turn. One that is there after it was before this one
    /// twice is none; once is not enough, because another macro may have changed their order.
    pub(crate) fn may_be_wrapped_by(&self, attribute: &Attribute) -> bool {
        let text = attribute.text();
        attribute.may_wrap() && self.seen.iter().filter(|seen| **seen == text).count() < 2
    }
}

impl Parse for Moved {
    fn parse(input: ParseStream<'_>) -> Result<Moved> {
        let name = Ident::parse_any(input)?;
        input.parse::<Token![,]>()?;
        let line = input.parse::<LitInt>()?.base10_parse()?;
        input.parse::<Token![,]>()?;
        let column = input.parse::<LitInt>()?.base10_parse()?;
        input.parse::<Token![,]>()?;
        let of_block = input.parse::<syn::LitBool>()?.value();
        input.parse::<Token![,]>()?;
        let seen;
        bracketed!(seen in input);
        let seen = seen.parse_terminated(<LitStr as Parse>::parse, Token![,])?;
        let seen = seen.iter().map(LitStr::value).collect();
        input.parse::<Token![,]>()?;
        let options;
        parenthesized!(options in input);
        Ok(Moved { name, line, column, of_block, seen, options: options.parse()? })
    }
}
