//! `#[no_heap]`: from a checked item to the code that stands in its place.
//!
//! In a plain build that is the item. Where there is a guard it goes around the function as the last macro has left it:
//! this attribute first moves behind all others, see [`crate::moved`], and guards when none is left that could wrap it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Error, Result};

use crate::attributes::Attribute;
use crate::errors;
use crate::function::Function;
use crate::guard::{self, Written};
use crate::item::{self, Impl, Item, NoItem, Part};
use crate::moved::Moved;
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
    try_hot(options, item, build).unwrap_or_else(|error| errors::beside(item, error))
}

/// The attribute where it has moved to.
pub(crate) fn moved(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    try_moved(arguments, item).unwrap_or_else(|error| errors::beside(item, error))
}

fn try_hot(tokens: TokenStream, item: &TokenStream, build: Build) -> Result<TokenStream> {
    let options = Options::parse(tokens.clone())?;
    let read = match Item::read(item.clone()) {
        Ok(read) => read,
        Err(NoItem::Refused(error)) => return Err(error),
        Err(NoItem::Unread(_)) if build == Build::Plain => return Ok(item.clone()),
        Err(NoItem::Unread(error)) => return Err(error),
    };
    let hot = Hot { tokens, options };
    match read {
        Item::Function(mut function) => {
            item::refuse(&function)?;
            hot.alone(&mut function)?;
            match build {
                Build::Plain => Ok(item.clone()),
                Build::Guarded => hot.expand(*function, false, false),
            }
        }
        Item::Impl(block) => hot.block(block, item, build),
    }
}

/// The attribute with its options, at its first expansion.
struct Hot {
    tokens: TokenStream,
    options: Options,
}

impl Hot {
    /// Refuses a second one. One that has come down from an `impl` block gives way.
    fn alone(&self, function: &mut Function) -> Result<()> {
        function.attributes.retain(|attribute| !read_moved(attribute).is_some_and(|moved| moved.of_block));
        let again = |attribute: &&Attribute| attribute.is_ours() || attribute.moved().is_some();
        match function.attributes.iter().find(again) {
            Some(again) => Err(Error::new(again.span(), "`#[no_heap]` is given twice")),
            None => Ok(()),
        }
    }

    /// Guards the function, or moves behind its other attributes. `later`: more expand after this one.
    fn expand(&self, function: Function, of_block: bool, later: bool) -> Result<TokenStream> {
        let written = Written::of(&function.name);
        if !later && !function.attributes.iter().any(Attribute::may_wrap) {
            return guard::guard(function, &written, &self.options);
        }
        let Written { name, line, column } = written;
        let options = self.tokens.clone();
        let moved = Moved { name, line, column, of_block, seen: Vec::new(), options };
        Ok(moved.behind(function, &self.options))
    }

    /// Each method, but for those with an attribute of their own, which says what holds for it.
    fn block(&self, mut block: Impl, item: &TokenStream, build: Build) -> Result<TokenStream> {
        // A macro on the block may wrap every method.
        let later = block.attributes.iter().any(Attribute::may_wrap);
        for part in &mut block.parts {
            let Part::Method(method) = part else { continue };
            if method.attributes.iter().any(Attribute::is_ours) {
                continue;
            }
            item::refuse(method)?;
            if build == Build::Guarded {
                *part = Part::Other(self.expand((**method).clone(), true, later)?);
            }
        }
        Ok(if build == Build::Plain { item.clone() } else { block.into_token_stream() })
    }
}

impl Moved {
    /// The function with this attribute behind all of its own.
    fn behind(mut self, mut function: Function, options: &Options) -> TokenStream {
        let before = function.attributes.iter().filter(|attribute| attribute.may_wrap());
        self.seen.extend(before.map(Attribute::text));
        function.attributes.push(self.attribute(&guard::krate(options)));
        function.into_token_stream()
    }
}

fn read_moved(attribute: &Attribute) -> Option<Moved> {
    syn::parse2(attribute.moved()?).ok()
}

fn try_moved(arguments: TokenStream, item: &TokenStream) -> Result<TokenStream> {
    let moved: Moved = syn::parse2(arguments)?;
    let options = Options::parse(moved.options.clone())?;
    let function = match Item::read(item.clone()) {
        Ok(Item::Function(function)) => function,
        Ok(Item::Impl(_)) | Err(NoItem::Refused(_)) => return Err(misplaced(&moved, item)),
        Err(NoItem::Unread(error)) => return Err(error),
    };
    item::refuse(&function)?;
    if function.attributes.iter().any(|attribute| moved.may_be_wrapped_by(attribute)) {
        return Ok(moved.behind(*function, &options));
    }
    let Moved { name, line, column, .. } = moved;
    guard::guard(*function, &Written { name, line, column }, &options)
}

/// Another macro has put the attribute on what it made of the function.
fn misplaced(moved: &Moved, item: &TokenStream) -> Error {
    let name = &moved.name;
    let what =
        item::keyword(item.clone()).map_or_else(|| "something else".to_owned(), |word| format!("`{word}`"));
    let message = format!(
        "a macro below `#[no_heap]` puts it on {what} instead of a function that does what `{name}` does: let `{name}` call \
         a function of its own, and put `#[no_heap]` on that"
    );
    Error::new(name.span(), message)
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::{ImplItem, ImplItemFn, ItemFn, ItemImpl};

    use super::{Build, TokenStream, hot, moved};

    fn texts<T: ToTokens>(parts: impl IntoIterator<Item = T>) -> Vec<String> {
        parts.into_iter().map(|part| part.to_token_stream().to_string()).collect()
    }

    fn tokens(source: &str) -> TokenStream {
        source.parse().expect("it is made of tokens")
    }

    fn guarded(source: &str) -> (TokenStream, TokenStream) {
        let item = tokens(source);
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
            "#[unsafe(no_mangle)] #[rustfmt::skip] #[clippy::msrv = \"1\"] pub extern \"C\" fn f(n: i32) -> ! { loop {} }",
            "fn f(each: impl Fn(u8) -> u8) -> impl Iterator<Item = u8> + use<> { [each(1)].into_iter() }",
            "fn f<F: Fn(u8) -> Of<{ 1 > 0 }>, const N: usize>(f: F) -> Of<{ N > 1 }> where Of<{ N }>: Sized { f(1) }",
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
        let source =
            "/// Of it.\n#[cfg(unix)] impl<T: Clone> Trait<T> for Of<T> where T: Copy { type Item = T;
                      const N: u8 = { 1 }; const fn_like: fn() = || {}; make! { fn g() {} } make!(h);
                      /// One.\n#[inline(always)] fn f(&mut self, n: u8) -> Self::Item { self.0 } }";
        let (item, expanded) = guarded(source);
        let before: ItemImpl = syn::parse2(item).expect("it is a block");
        let after: ItemImpl = syn::parse2(expanded).expect("it still is");
        assert_eq!(texts(&before.attrs), texts(&after.attrs));
        assert_eq!(texts([&before.generics]), texts([&after.generics]));
        let (method, others) = before.items.split_last().expect("there are some");
        assert_eq!(texts(others), texts(&after.items[..others.len()]));
        let function = |item: &ImplItem| -> ImplItemFn {
            let ImplItem::Fn(method) = item else { panic!("it is a method") };
            method.clone()
        };
        let (before, after) = (function(method), function(&after.items[others.len()]));
        assert_eq!((texts(&before.attrs), texts([&before.sig])), (texts(&after.attrs), texts([&after.sig])));
        assert_ne!(texts([&before.block]), texts([&after.block]));
    }

    #[test]
    fn a_plain_build_gives_back_the_very_tokens() {
        for source in [
            "#[inline] #[other] fn f(mut n: u8) -> u8 { n += 1; n }",
            // Neither of them can be read.
            "unheard of fn f() {}",
            "reuse other::f;",
        ] {
            let item = tokens(source);
            assert_eq!(hot(TokenStream::new(), &item, Build::Plain).to_string(), item.to_string());
        }
    }

    #[test]
    fn what_cannot_be_read_is_given_back_with_one_error() {
        let (item, expanded) = guarded("unheard of fn f() {}");
        let expanded = expanded.to_string();
        let error = expanded.strip_prefix(&item.to_string()).expect("the item comes first");
        assert!(error.contains("cannot read `unheard`"), "{error}");
        assert_eq!(error.matches("compile_error").count(), 1, "{error}");
    }

    /// The attributes of a function, by their paths.
    fn attributes(function: &ItemFn) -> Vec<String> {
        let path = |attr: &syn::Attribute| attr.path().to_token_stream().to_string().replace(' ', "");
        function.attrs.iter().map(path).collect()
    }

    #[test]
    fn it_moves_behind_attributes_that_may_wrap_it_and_guards_when_none_is_left() {
        let (item, expanded) = guarded("#[inline] #[span(skip)] #[cached] pub fn f(n: u8) -> u8 { n }");
        let before: ItemFn = syn::parse2(item).expect("it is a function");
        let moved_once: ItemFn = syn::parse2(expanded).expect("it still is");
        assert_eq!(attributes(&moved_once), ["inline", "span", "cached", "::no_heap::__private::moved"]);
        assert_eq!(texts([&before.block]), texts([&moved_once.block]), "nothing is guarded yet");

        // `span` was a macro, and has added another attribute; `cached` was none.
        let arguments = |function: &ItemFn| {
            let last = function.attrs.last().expect("there is one");
            last.meta.require_list().expect("it has arguments").tokens.clone()
        };
        let source = "#[inline] #[cached] #[late] pub fn f(n: u8) -> u8 { span(); n }";
        let again: ItemFn = syn::parse2(moved(arguments(&moved_once), &tokens(source))).expect("it is one");
        assert_eq!(attributes(&again), ["inline", "cached", "late", "::no_heap::__private::moved"]);

        let source = "#[cached] #[inline] pub fn f(n: u8) -> u8 { late(); n }";
        let last: ItemFn = syn::parse2(moved(arguments(&again), &tokens(source))).expect("it is one");
        assert_eq!(attributes(&last), ["cached", "inline"]);
        assert!(last.block.to_token_stream().to_string().contains("guarded"), "{}", last.to_token_stream());
    }

    #[test]
    fn each_method_below_a_macro_gets_an_attribute_of_its_own() {
        let source =
            "#[async_trait] impl Of { fn a(&self) {} #[inline] fn b(&self) {} #[no_heap(prove)] fn c() {} }";
        let block: ItemImpl = syn::parse2(guarded(source).1).expect("it is a block");
        let last = block.items.iter().map(|item| match item {
            ImplItem::Fn(method) => {
                method.attrs.last().expect("it has one").path().to_token_stream().to_string()
            }
            _ => panic!("it is a method"),
        });
        let moved = ":: no_heap :: __private :: moved";
        assert_eq!(last.collect::<Vec<_>>(), [moved, moved, "no_heap"]);
        // What the method says itself goes before what the block says, under whatever name it is imported.
        let ImplItem::Fn(method) = &block.items[0] else { panic!("it is a method") };
        let expanded = hot(TokenStream::new(), &method.to_token_stream(), Build::Guarded).to_string();
        assert!(!expanded.contains("moved") && expanded.contains("guarded"), "{expanded}");
    }
}
