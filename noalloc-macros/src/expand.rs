//! `#[no_heap]`: from a checked item to the code that stands in its place.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, ImplItem, Pat, PatIdent, Result, ReturnType, Signature, Stmt, Type, TypeParamBound,
    parse_quote,
};

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
                // Its own attribute says what holds for it.
                if method.attrs.iter().any(is_ours) {
                    continue;
                }
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
    let captured = function.sig.inputs.iter().filter_map(capture).collect::<Vec<_>>();
    let captured = captured.iter().rev();
    let site = site(&krate, &function.sig, options);
    let output = &function.sig.output;
    // Braces around one expression would be a warning.
    let body = match &function.block.stmts[..] {
        [Stmt::Expr(only, None)] => only.to_token_stream(),
        _ => function.block.to_token_stream(),
    };
    let call = if function.sig.asyncness.is_some() {
        let typed = typed_async_output(output);
        quote! {
            #krate::__private::guarded_future::<__NoHeapSite, _>(async move {
                #typed
                #(#captured)*
                #(#bindings)*
                #body
            }).await
        }
    } else {
        let closure_output = closure_output(output);
        let call = quote! {
            #krate::__private::guarded::<__NoHeapSite, _, _>(move || #closure_output {
                #(#captured)*
                #(#bindings)*
                #body
            })
        };
        if returns_future(output) {
            quote!(#krate::__private::guarded_future::<__NoHeapSite, _>(#call))
        } else {
            call
        }
    };
    function.block = parse_quote!({ #site #call });
}

/// Whether an attribute is this one, under whatever path.
fn is_ours(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "no_heap")
}

/// Gives every argument that is a pattern, or is not meant to be used, a name, and returns the `let`s that take it apart again.
fn name_arguments(sig: &mut Signature) -> Vec<TokenStream> {
    let mut bindings = Vec::new();
    for (index, input) in sig.inputs.iter_mut().enumerate() {
        let FnArg::Typed(argument) = input else { continue };
        // A name that says it is not used must not be.
        let is_used = |name: &Ident| !name.to_string().starts_with('_');
        if matches!(&*argument.pat, Pat::Ident(PatIdent { by_ref: None, subpat: None, ident, .. }) if is_used(ident))
        {
            continue;
        }
        let name = format_ident!("__no_heap_argument_{index}", span = Span::mixed_site());
        let pattern = std::mem::replace(&mut *argument.pat, parse_quote!(#name));
        let cfgs = argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect::<Vec<_>>();
        // Clippy's older versions take the pattern for a statement of the user's own.
        let allow = quote!(#[allow(clippy::no_effect_underscore_binding)]);
        bindings.push(quote!(#(#cfgs)* let #name = #name; #(#cfgs)* #allow let #pattern = #name;));
    }
    bindings
}

/// Moves an argument into the closure, used or not. One that a `cfg` takes away is not there to be moved: attributes
/// see the function before that.
fn capture(input: &FnArg) -> Option<TokenStream> {
    match input {
        FnArg::Receiver(receiver) => {
            let this = &receiver.self_token;
            Some(quote!(let _ = &#this;))
        }
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(name) => {
                let cfgs = argument.attrs.iter().filter(|attr| attr.path().is_ident("cfg"));
                let name = &name.ident;
                Some(quote!(#(#cfgs)* let _ = &#name;))
            }
            _ => None,
        },
    }
}

/// The closure states the return type, so that coercions (`Box<T>` to `Box<dyn Trait>`) happen and `?` knows its error
/// as without it. What cannot be named there is left open.
fn closure_output(output: &ReturnType) -> ReturnType {
    struct OpensImpl;
    impl VisitMut for OpensImpl {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_)) {
                *ty = parse_quote!(_);
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut output = output.clone();
    OpensImpl.visit_return_type_mut(&mut output);
    output
}

/// An `async` block cannot state its type. A `return` that never happens does it instead.
fn typed_async_output(output: &ReturnType) -> TokenStream {
    let ReturnType::Type(_, ty) = closure_output(output) else { return TokenStream::new() };
    if matches!(*ty, Type::Never(_)) {
        return TokenStream::new();
    }
    quote! {
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery)]
        if let ::core::option::Option::Some(__no_heap_result) = ::core::option::Option::None::<#ty> {
            return __no_heap_result;
        }
    }
}

/// `-> impl Future<…>` is an `async fn` that was written out: its polls are guarded, too.
fn returns_future(output: &ReturnType) -> bool {
    let ReturnType::Type(_, ty) = output else { return false };
    let Type::ImplTrait(bounds) = &**ty else { return false };
    bounds.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound) if bound.path.segments.last().is_some_and(|last| last.ident == "Future"))
    })
}

/// The type that carries the function's descriptor to the guard and to the marker in the binary.
fn site(krate: &syn::Path, sig: &Signature, options: &Options) -> TokenStream {
    let (file, line, column) = place(&sig.ident);
    let name = distinct(format!("{file}:{line}:{column}"), sig.ident.to_string());
    let promise = promise(options);
    let site = Ident::new("__NoHeapSite", Span::mixed_site());
    quote! {
        #krate::__private::hot_function! {
            #site, #name, #line, #column, #promise
        }
    }
}

/// File, line and column of a token; none where this runs outside of a compiler, as its own tests do.
fn place(token: &Ident) -> (String, u32, u32) {
    if !proc_macro::is_available() {
        return (String::new(), 0, 0);
    }
    let span = token.span().unwrap();
    (span.file(), span.start().line() as u32, span.start().column() as u32)
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

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::{ImplItem, ImplItemFn, ItemFn, ItemImpl};

    use super::{Build, TokenStream, hot};

    fn texts<T: ToTokens>(parts: impl IntoIterator<Item = T>) -> Vec<String> {
        parts.into_iter().map(|part| part.to_token_stream().to_string()).collect()
    }

    fn guarded(source: &str) -> (TokenStream, TokenStream) {
        let item: TokenStream = source.parse().expect("it is Rust");
        let expanded = hot(TokenStream::new(), &item, Build::Guarded);
        (item, expanded)
    }

    /// What an editor shows, and what other attributes and the compiler see of the function.
    #[test]
    fn visibility_signature_documentation_and_attributes_stay_as_they_are() {
        for source in [
            "/// Says.\n#[inline] #[must_use] #[track_caller] #[cfg(unix)] #[deprecated = \"old\"] #[doc(alias = \"g\")]
             pub(crate) fn f<'a, T: Clone, const N: usize>(text: &'a [T; N], n: usize) -> Option<&'a T>
             where T: 'a { text.get(n) }",
            "pub async unsafe fn f(n: u8) -> u8 { n }",
            "#[unsafe(no_mangle)] pub extern \"C\" fn f(n: i32) -> ! { loop {} }",
            "fn f(each: impl Fn(u8) -> u8) -> impl Iterator<Item = u8> + use<> { [each(1)].into_iter() }",
        ] {
            let (item, expanded) = guarded(source);
            let before: ItemFn = syn::parse2(item).expect("it is a function");
            let after: ItemFn = syn::parse2(expanded).expect("it still is");
            assert_eq!(texts(&before.attrs), texts(&after.attrs), "{source}");
            assert_eq!(texts([&before.vis]), texts([&after.vis]), "{source}");
            assert_eq!(texts([&before.sig]), texts([&after.sig]), "{source}");
            assert_ne!(texts([&before.block]), texts([&after.block]), "it is guarded: {source}");
        }
    }

    #[test]
    fn an_impl_block_keeps_what_is_not_a_body() {
        let source = "/// Of it.\n#[cfg(unix)] impl<T: Clone> Trait<T> for Of<T> where T: Copy { type Item = T; const N: u8 = 1;
                      /// One.\n#[inline(always)] fn f(&mut self, n: u8) -> Self::Item { self.0 } }";
        let (item, expanded) = guarded(source);
        let before: ItemImpl = syn::parse2(item).expect("it is a block");
        let after: ItemImpl = syn::parse2(expanded).expect("it still is");
        assert_eq!(texts(&before.attrs), texts(&after.attrs));
        assert_eq!(texts([&before.generics]), texts([&after.generics]));
        assert_eq!(texts(&before.items[..2]), texts(&after.items[..2]));
        let method = |block: &ItemImpl| -> ImplItemFn {
            let ImplItem::Fn(method) = &block.items[2] else { panic!("it is a method") };
            method.clone()
        };
        let (before, after) = (method(&before), method(&after));
        assert_eq!((texts(&before.attrs), texts([&before.sig])), (texts(&after.attrs), texts([&after.sig])));
        assert_ne!(texts([&before.block]), texts([&after.block]));
    }

    #[test]
    fn a_plain_build_gives_back_the_very_tokens() {
        let item: TokenStream = "#[inline] fn f(mut n: u8) -> u8 { n += 1; n }".parse().expect("it is Rust");
        assert_eq!(hot(TokenStream::new(), &item, Build::Plain).to_string(), item.to_string());
    }
}
