//! `#[no_heap::bench]`: the function stays as it is, and an entry in the registry names it; one for each argument and
//! each value of its const parameter where it has some.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, Expr, FnArg, GenericParam, Ident, ItemFn, Path, Result, Signature, Type, parse_quote, parse2,
};

use crate::arguments::{self, Argument, List};
use crate::errors;
use crate::item;
use crate::options::Options;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    match try_expand(options, item) {
        Ok(tokens) => tokens,
        Err(error) => errors::beside(item, error),
    }
}

fn try_expand(options: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let (lists, options) = arguments::split(options)?;
    let krate = krate(options)?;
    let function: ItemFn = parse2(item.clone()).map_err(|error| explain(item, error))?;
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        return Err(Error::new(
            token.span,
            "a benchmark is not `async`: block on the future inside `b.iter`",
        ));
    }
    let (ident, name) = (&sig.ident, sig.ident.to_string());
    let start = ident.span().unwrap().start();
    let (line, column) = (start.line() as u32, start.column() as u32);
    let mut entries: Vec<(String, TokenStream)> = Vec::new();
    refuse_bencher_by_value(sig)?;
    for (name, function) in functions(sig, name, lists.consts)? {
        match (sig.inputs.len(), &lists.args) {
            (0, None) => entries.push((name, quote!(|bencher| bencher.iter(#function)))),
            (1, None) => entries.push((name, function)),
            (2, Some(args)) => entries.extend(args.values.iter().map(|Argument { value, label }| {
                (format!("{name}/{label}"), quote!(|bencher| #function(bencher, #value)))
            })),
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
        }
    }
    let register = entries.iter().zip(0u32..).map(|((name, run), part)| {
        quote!(const _: () = { #krate::__private::benchmark!(#name, #line, #column, #part, #run); };)
    });
    let register: TokenStream = register.collect();
    let function = function.to_token_stream();
    Ok(quote!(#function #register))
}

/// Says where the attribute goes, when this is another item.
fn explain(item: &TokenStream, error: Error) -> Error {
    match item::keyword(item.clone()) {
        Some(keyword) if keyword != "fn" => {
            Error::new(keyword.span(), "`#[no_heap::bench]` goes on a function")
        }
        _ => error,
    }
}

/// What rustc would say of it names no line of the user's but the function's.
fn refuse_bencher_by_value(sig: &Signature) -> Result<()> {
    let Some(FnArg::Typed(first)) = sig.inputs.first() else { return Ok(()) };
    let named = match &*first.ty {
        Type::Reference(reference) if reference.mutability.is_none() => &reference.elem,
        _ => &first.ty,
    };
    match &**named {
        Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Bencher") => {
            Err(Error::new_spanned(&first.ty, "a benchmark takes its `Bencher` as `&mut no_heap::Bencher`"))
        }
        _ => Ok(()),
    }
}

/// The function, or one for each value of its const parameter, and what it is called.
fn functions(sig: &Signature, name: String, consts: Option<List>) -> Result<Vec<(String, TokenStream)>> {
    let ident = &sig.ident;
    let is_const = |param: &GenericParam| matches!(param, GenericParam::Const(_));
    let params = &sig.generics.params;
    match (consts, params.len()) {
        (None, 0) => Ok(vec![(name, ident.to_token_stream())]),
        (None, 1) if params.iter().all(is_const) => Err(Error::new_spanned(
            &sig.generics,
            "a benchmark with a const parameter has to say its values: `#[no_heap::bench(consts = [16, 256])]`",
        )),
        (Some(consts), 1) if params.iter().all(is_const) => {
            let entry = |Argument { value, label }| (format!("{name}/{label}"), instance(ident, &value));
            Ok(consts.values.into_iter().map(entry).collect())
        }
        (Some(List { key, .. }), 0) => {
            Err(Error::new(key.span(), format!("`{ident}` has no const parameter for `consts`")))
        }
        (None, _) => Err(Error::new_spanned(
            &sig.generics,
            "a benchmark cannot be generic: which type would it run with?",
        )),
        (Some(_), _) => Err(Error::new_spanned(
            &sig.generics,
            "a benchmark with `consts` has one const parameter and no other: `<const N: usize>`",
        )),
    }
}

fn instance(ident: &Ident, value: &Expr) -> TokenStream {
    // The path of a constant could be one of a type.
    if matches!(value, Expr::Path(_)) { quote!(#ident::<{ #value }>) } else { quote!(#ident::<#value>) }
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
