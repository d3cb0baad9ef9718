//! `#[no_heap]`: from a checked item to the code that stands in its place.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, ImplItem, Pat, PatIdent, Result, ReturnType, Signature, Type, parse_quote, visit};

use crate::item::{Function, HotItem, refuse_const};
use crate::options::Options;

/// Which of the builds the attribute expands for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Build {
    /// The item stays as it was written: not one instruction differs.
    Plain,
    /// The body runs inside `no_heap::__private::guarded`.
    Guarded,
}

/// On a refusal the item is given back beside the error, so that one mistake is one message.
pub(crate) fn hot(options: TokenStream, item: &TokenStream, build: Build) -> TokenStream {
    match try_hot(options, item, build) {
        Ok(tokens) => tokens,
        Err(error) => {
            let error = error.to_compile_error();
            quote!(#item #error)
        }
    }
}

fn try_hot(options: TokenStream, tokens: &TokenStream, build: Build) -> Result<TokenStream> {
    let options = Options::parse(options)?;
    let item = HotItem::parse(tokens)?;
    match item {
        HotItem::Function(_) if build == Build::Plain => Ok(tokens.clone()),
        HotItem::Function(mut function) => {
            guard(&mut function, &options);
            Ok(function.into_token_stream())
        }
        HotItem::Impl(mut block) => {
            for item in &mut block.items {
                let ImplItem::Fn(method) = item else { continue };
                refuse_const(&method.sig)?;
                if build == Build::Guarded {
                    let mut function: Function = syn::parse2(method.to_token_stream())?;
                    guard(&mut function, &options);
                    *item = ImplItem::Verbatim(function.into_token_stream());
                }
            }
            Ok(if build == Build::Plain { tokens.clone() } else { block.into_token_stream() })
        }
    }
}

/// Moves the body, and every argument with it, into the guard.
///
/// Arguments are moved whole, used or not: a `Vec` that the body ignores is freed by this function, and that
/// free must be seen. They are captured last to first, so that they drop in the order in which they would
/// without the guard.
fn guard(function: &mut Function, options: &Options) {
    let krate = options.krate.clone().unwrap_or_else(|| parse_quote!(::no_heap));
    let bindings = name_arguments(&mut function.sig);
    let captured = function.sig.inputs.iter().filter_map(argument_name).collect::<Vec<_>>();
    let captured = captured.iter().rev();
    let site = site(&krate, &function.sig, options);
    let output = closure_output(&function.sig.output);
    let body = &function.block;
    let call = if function.sig.asyncness.is_some() {
        quote! {
            #krate::__private::guarded_future::<__NoHeapSite, _>(async move {
                #(let _ = &#captured;)*
                #(#bindings)*
                #body
            }).await
        }
    } else {
        quote! {
            #krate::__private::guarded::<__NoHeapSite, _, _>(move || #output {
                #(let _ = &#captured;)*
                #(#bindings)*
                #body
            })
        }
    };
    function.block = parse_quote!({ #site #call });
}

/// Gives every argument that is a pattern a name, and returns the `let`s that take it apart again.
fn name_arguments(sig: &mut Signature) -> Vec<TokenStream> {
    let mut bindings = Vec::new();
    for (index, input) in sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(argument) = input else { continue };
        if matches!(&*argument.pat, Pat::Ident(PatIdent { by_ref: None, subpat: None, .. })) {
            continue;
        }
        let name = format_ident!("__no_heap_argument_{index}", span = Span::mixed_site());
        let pattern = std::mem::replace(&mut *argument.pat, parse_quote!(#name));
        bindings.push(quote!(let #name = #name; let #pattern = #name;));
    }
    bindings
}

fn argument_name(input: &FnArg) -> Option<TokenStream> {
    match input {
        FnArg::Receiver(receiver) => Some(receiver.self_token.to_token_stream()),
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(name) => Some(name.ident.to_token_stream()),
            _ => None,
        },
    }
}

/// The closure states the return type where it can be named, so that coercions (`Box<T>` to `Box<dyn Trait>`)
/// happen where they would without it.
fn closure_output(output: &ReturnType) -> TokenStream {
    struct FindsImpl(bool);
    impl<'ast> visit::Visit<'ast> for FindsImpl {
        fn visit_type(&mut self, ty: &'ast Type) {
            self.0 |= matches!(ty, Type::ImplTrait(_));
            visit::visit_type(self, ty);
        }
    }
    let mut finds = FindsImpl(false);
    visit::visit_return_type(&mut finds, output);
    if finds.0 { TokenStream::new() } else { output.to_token_stream() }
}

/// The type that carries the function's descriptor to the guard and to the marker in the binary.
fn site(krate: &syn::Path, sig: &Signature, options: &Options) -> TokenStream {
    let name = sig.ident.to_string();
    let start = sig.ident.span().unwrap().start();
    let (line, column) = (start.line() as u32, start.column() as u32);
    let promise = promise(options);
    let site = Ident::new("__NoHeapSite", Span::mixed_site());
    quote! {
        #krate::__private::hot_function! {
            #site, #name, #line, #column, #promise
        }
    }
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
