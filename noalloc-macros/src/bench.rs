//! `#[no_heap::bench]`: the function stays as it is, and an entry in the registry names it; one for each argument
//! where it has some.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, ItemFn, Path, Result, parse_quote, parse2};

use crate::arguments;
use crate::item::explain_item;
use crate::options::Options;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match try_expand(options, item) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#item #error)
        }
    }
}

fn try_expand(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let (args, options) = arguments::split(options)?;
    let krate = krate(options)?;
    let function: ItemFn = parse2(item.clone())
        .map_err(|error| explain_item(item, error, "`#[no_heap::bench]` goes on a function"))?;
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        return Err(Error::new(
            token.span,
            "a benchmark is not `async`: block on the future inside `b.iter`",
        ));
    }
    if !sig.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &sig.generics,
            "a benchmark cannot be generic: which type would it run with?",
        ));
    }
    let (ident, name) = (&sig.ident, sig.ident.to_string());
    let start = ident.span().unwrap().start();
    let (line, column) = (start.line() as u32, start.column() as u32);
    // Names, and what runs under them.
    let entries: Vec<(String, TokenStream)> = match (sig.inputs.len(), args) {
        (0, None) => vec![(name, quote!(|bencher| bencher.iter(#ident)))],
        (1, None) => vec![(name, quote!(#ident))],
        (2, Some(args)) => {
            let entry = |arguments::Argument { value, label }| {
                (format!("{name}/{label}"), quote!(|bencher| #ident(bencher, #value)))
            };
            args.into_iter().map(entry).collect()
        }
        (_, Some(_)) => {
            return Err(Error::new_spanned(
                sig,
                "a benchmark with `args` takes `b: &mut no_heap::Bencher` and the argument",
            ));
        }
        (_, None) => {
            return Err(Error::new_spanned(
                &sig.inputs,
                "a benchmark takes nothing or `b: &mut no_heap::Bencher`; with `args = […]` an argument after it",
            ));
        }
    };
    let register = entries.iter().zip(0u32..).map(|((name, run), part)| {
        quote!(const _: () = { #krate::__private::benchmark!(#name, #line, #column, #part, #run); };)
    });
    let register: TokenStream = register.collect();
    let function = function.to_token_stream();
    Ok(quote!(#function #register))
}

fn krate(options: TokenStream) -> Result<Path> {
    let span = options.clone().into_iter().next();
    let options = Options::parse(options)?;
    if let Options { allocs: None, bytes: None, warmup: None, allow_free: false, prove: false, krate } =
        options
    {
        return Ok(krate.unwrap_or_else(|| parse_quote!(::no_heap)));
    }
    Err(Error::new_spanned(
        span,
        "a benchmark makes no promise: put the options on the `#[no_heap]` function",
    ))
}
