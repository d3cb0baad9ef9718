//! The attributes of `no_heap`: parse → check → expand.
//!
//! Each attribute exists twice. `no_heap` re-exports one of the two under the public name, so the choice of
//! build (plain or guarded) is made by the crate that was compiled with it, never by a `cfg` in the user's code.
//! Nothing here knows how recording works: the expansion only names `no_heap::__private`.

mod arguments;
mod attributes;
mod bench;
mod boxed;
mod errors;
mod expand;
mod function;
mod guard;
mod item;
mod moved;
mod options;
mod output;
mod parameters;
mod tokens;

use proc_macro::TokenStream;

/// `#[no_heap]` in a plain build: the item is checked and given back as it was written.
#[proc_macro_attribute]
pub fn no_heap_plain(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::hot(options.into(), &item.into(), expand::Build::Plain).into()
}

/// `#[no_heap]` in an audit build and under `enforce`: the body runs inside a guard.
#[proc_macro_attribute]
pub fn no_heap_guarded(options: TokenStream, item: TokenStream) -> TokenStream {
    expand::hot(options.into(), &item.into(), expand::Build::Guarded).into()
}

/// `#[no_heap]` where it has moved to, behind the other attributes of a function. Nobody writes it.
#[proc_macro_attribute]
pub fn moved(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::moved(arguments.into(), &item.into()).into()
}

/// `#[no_heap::bench]`: registers a benchmark for `no_heap::main!`.
#[proc_macro_attribute]
pub fn bench(options: TokenStream, item: TokenStream) -> TokenStream {
    bench::expand(options.into(), &item.into()).into()
}

/// Gives the audit's own `#[global_allocator]` back, or nothing where programs bring theirs.
///
/// NOTE: which of the two, the debug assertions of this crate say, and no `cfg`: cargo has no other setting for one package
/// that its dependants can ask for. A `cfg` is a flag of every package, and each change of it builds all of them anew. `cargo
/// noalloc` sets it in every audit build (`profile.*.package.noalloc-macros.debug-assertions`).
#[proc_macro]
pub fn audits_allocator(item: TokenStream) -> TokenStream {
    if cfg!(debug_assertions) { TokenStream::new() } else { item }
}
