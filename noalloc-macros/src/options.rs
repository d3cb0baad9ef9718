//! What stands between the parentheses of `#[no_heap(…)]`, as a type that cannot be wrong.
//!
//! Every refusal points at the token that caused it.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, LitInt, Path, Result, Token, parenthesized};

const KNOWN: &str = "`allocs = N`, `bytes = N`, `warmup = N`, `allow(free)`, `prove`, `crate = path`";

/// The promise of one hot function.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) allocs: Option<u64>,
    pub(crate) bytes: Option<u64>,
    pub(crate) warmup: Option<u64>,
    pub(crate) allow_free: bool,
    pub(crate) prove: bool,
    /// Where `no_heap` is found, when it was renamed.
    pub(crate) krate: Option<Path>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Options> {
        Options::parse_list.parse2(tokens)
    }

    fn parse_list(input: ParseStream<'_>) -> Result<Options> {
        let mut options = Options::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let key = Ident::parse_any(input)?;
            if seen.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            options.parse_value(&key, input)?;
            seen.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        options.refuse_senseless(&seen)?;
        Ok(options)
    }

    fn parse_value(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "allocs" => self.allocs = Some(number(input)?),
            "bytes" => self.bytes = Some(number(input)?),
            "warmup" => self.warmup = Some(number(input)?),
            "allow" => self.allow_free = allowed(input)?,
            "prove" => self.prove = true,
            "crate" => {
                input.parse::<Token![=]>()?;
                self.krate = Some(Path::parse_mod_style(input)?);
            }
            other => {
                return Err(Error::new(
                    key.span(),
                    format!("unknown option `{other}`; `#[no_heap]` takes {KNOWN}"),
                ));
            }
        }
        Ok(())
    }

    /// A proof is about all calls; a budget or a warm-up allows some of them what it forbids.
    fn refuse_senseless(&self, seen: &[Ident]) -> Result<()> {
        let span_of =
            |name: &str| seen.iter().find(|key| *key == name).map_or_else(Span::call_site, Ident::span);
        if self.prove && self.warmup.is_some_and(|calls| calls > 0) {
            return Err(Error::new(
                span_of("prove"),
                "`prove` and `warmup` contradict each other: a proof holds for the first call too",
            ));
        }
        if self.prove && (self.allocs.unwrap_or(0) > 0 || self.bytes.unwrap_or(0) > 0) {
            return Err(Error::new(
                span_of("prove"),
                "`prove` and a budget contradict each other: a function that may allocate cannot be proved not to",
            ));
        }
        if self.bytes == Some(0) && self.allocs.is_some_and(|allocs| allocs > 0) {
            return Err(Error::new(
                span_of("bytes"),
                "an allocation without bytes makes no sense: allow at least `bytes = 1`",
            ));
        }
        if self.allocs == Some(0) && self.bytes.is_some_and(|bytes| bytes > 0) {
            return Err(Error::new(
                span_of("bytes"),
                "`bytes` without an allocation makes no sense: allow at least `allocs = 1`",
            ));
        }
        Ok(())
    }
}

fn number(input: ParseStream<'_>) -> Result<u64> {
    input.parse::<Token![=]>()?;
    let number = input.parse::<LitInt>()?;
    number.base10_parse().map_err(|_| {
        Error::new(
            number.span(),
            format!("`{number}` is no limit: expected a whole number from 0 to {}", u64::MAX),
        )
    })
}

fn allowed(input: ParseStream<'_>) -> Result<bool> {
    let content;
    parenthesized!(content in input);
    let what = content.parse::<Ident>()?;
    if what != "free" {
        return Err(Error::new(
            what.span(),
            format!("`allow({what})` is not known; only `allow(free)` can be allowed"),
        ));
    }
    if !content.is_empty() {
        return Err(content.error("only `free` can be allowed"));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn message(tokens: &str) -> String {
        let tokens = tokens.parse().expect("the test's tokens are valid");
        Options::parse(tokens).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn every_option_in_any_order() {
        let options = Options::parse("bytes = 64, allow(free), allocs = 1".parse().unwrap()).unwrap();
        assert_eq!((options.allocs, options.bytes, options.allow_free), (Some(1), Some(64), true));
        assert!(Options::parse("prove,".parse().unwrap()).unwrap().prove);
        assert_eq!(Options::parse("warmup = 3".parse().unwrap()).unwrap().warmup, Some(3));
    }

    #[test]
    fn refusals_name_what_they_saw() {
        let cases = [
            ("alocs = 1", "unknown option `alocs`"),
            ("allocs = 1, allocs = 2", "`allocs` is given twice"),
            ("allow(alloc)", "`allow(alloc)` is not known"),
            ("prove, warmup = 1", "contradict each other"),
            ("allocs = 2, prove", "contradict each other"),
            ("allocs = 0, bytes = 8", "makes no sense"),
            ("allocs = 1, bytes = 0", "makes no sense"),
            ("allocs = -1", "`-1` is no limit"),
            ("allocs", "expected `=`"),
        ];
        for (tokens, expected) in cases {
            let message = message(tokens);
            assert!(message.contains(expected), "`{tokens}` says: {message}");
        }
    }
}
