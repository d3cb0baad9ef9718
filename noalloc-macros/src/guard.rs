//! The body of a function goes into the guard, and a descriptor of the function beside it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Path, Result, parse_quote};

use crate::boxed;
use crate::function::{Body, Function};
use crate::options::Options;
use crate::output;
use crate::parameters::Parameters;

/// What a function was called and where, when its author wrote it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) name: Ident,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Written {
    /// That of a function that no other macro has seen.
    pub(crate) fn of(name: &Ident) -> Written {
        // Outside of a compiler, as in this crate's tests, there are no places.
        let start = proc_macro::is_available().then(|| name.span().unwrap().start());
        let (line, column) = start.map_or((0, 0), |start| (start.line(), start.column()));
        Written { name: name.clone(), line: line as u32, column: column as u32 }
    }
}

/// Where `no_heap` is found.
pub(crate) fn krate(options: &Options) -> Path {
    options.krate.clone().unwrap_or_else(|| parse_quote!(::no_heap))
}

/// Moves the body, and every argument with it, into the guard.
///
/// Arguments are moved whole, used or not: a `Vec` that the body ignores is freed by this function, and that
/// free must be seen. They are captured last to first, so that they drop in the order in which they would
/// without the guard.
pub(crate) fn guard(mut function: Function, written: &Written, options: &Options) -> Result<TokenStream> {
    let Body::Braces(braces) = &function.body else { return Ok(function.into_token_stream()) };
    let krate = krate(options);
    let Parameters { list, captures, bindings } = Parameters::name(&function.parameters);
    let captures = captures.iter().rev();
    let result = &function.output;
    let (inner, body) = Body::split(braces);
    let is_async = function.qualifier("async").is_some();
    let body = if is_async || output::is_future(result) {
        body
    } else {
        boxed::guard(body, output::is_boxed_future(result), &krate)?
    };
    let typed = if is_async { typed_async_output(result) } else { TokenStream::new() };
    // These braces stand where the author's do: what is dropped there is dropped at a place that they know.
    let in_braces = |tokens: TokenStream| {
        let mut group = Group::new(Delimiter::Brace, tokens);
        group.set_span(braces.span());
        group
    };
    // Arguments outlive what the body's last expression has borrowed of them, and so do the parts of a pattern: before
    // edition 2024 only an arm ends such a borrow before the block does.
    let body = if bindings.is_empty() {
        body
    } else {
        let body = in_braces(body);
        quote!(match () { () => #body })
    };
    let inside = in_braces(quote!(#typed #(#captures)* #(#bindings)* #body));
    let call = if is_async {
        quote!(#krate::__private::guarded_future::<__NoHeapSite, _>(async move #inside).await)
    } else {
        let closure_output = output::with_arrow(&output::nameable(result.clone()));
        let call = quote! {
            #krate::__private::guarded::<__NoHeapSite, _, _>(move || #closure_output #inside)
        };
        if output::is_future(result) {
            quote!(#krate::__private::guarded_future::<__NoHeapSite, _>(#call))
        } else {
            call
        }
    };
    let site = site(&krate, &function.name, written, options);
    function.parameters = list;
    function.body = Body::Braces(Group::new(Delimiter::Brace, quote!(#inner #site #call)));
    Ok(function.into_token_stream())
}

/// An `async` block cannot state its type. A `return` that never happens does it instead.
fn typed_async_output(result: &TokenStream) -> TokenStream {
    if result.is_empty() || output::is_never(result) {
        return TokenStream::new();
    }
    let result = output::nameable(result.clone());
    quote! {
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery)]
        if let ::core::option::Option::Some(__no_heap_result) = ::core::option::Option::None::<#result> {
            return __no_heap_result;
        }
    }
}

/// The type that carries the function's descriptor to the guard and to the marker in the binary.
fn site(krate: &Path, name: &Ident, written: &Written, options: &Options) -> TokenStream {
    let Written { name: of, line, column } = written;
    let of = of.to_string();
    let name = distinct(format!("{}:{line}:{column}", file(&written.name)), name.to_string());
    let promise = promise(options);
    let site = Ident::new("__NoHeapSite", Span::mixed_site());
    quote! {
        #krate::__private::hot_function! {
            #site, #name, #of, #line, #column, #promise
        }
    }
}

fn file(token: &Ident) -> String {
    if proc_macro::is_available() { token.span().unwrap().file() } else { String::new() }
}

/// The name, with a number where a macro has made several functions of one name at one place.
fn distinct(place: String, name: String) -> String {
    static SEEN: Mutex<BTreeMap<(String, String), u32>> = Mutex::new(BTreeMap::new());
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let count = seen.entry((place, name.clone())).or_default();
    let earlier = *count;
    *count += 1;
    if earlier == 0 { name } else { format!("{name}#{earlier}") }
}

fn promise(options: &Options) -> TokenStream {
    let Options { warmup, allow_free, prove, .. } = options;
    let bounded = options.allocs.is_some() || options.bytes.is_some();
    // One bound alone leaves the other open; without any, both are zero.
    let limit = |bound: Option<u64>| bound.unwrap_or(if bounded { u64::MAX } else { 0 });
    let (allocs, bytes) = (limit(options.allocs), limit(options.bytes));
    let warmup = warmup.unwrap_or(0);
    quote!({ allocs: #allocs, bytes: #bytes, warmup: #warmup, allow_free: #allow_free, prove: #prove })
}
