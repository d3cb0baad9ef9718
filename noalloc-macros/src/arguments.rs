//! What stands between the parentheses of `#[no_heap::bench(…)]`: the arguments that the benchmark runs with, and where
//! `no_heap` is found.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, ExprArray, ExprLit, ExprUnary, Ident, Lit, Result, Token, UnOp};

/// One argument, and what it is called in the benchmark's name.
pub(crate) struct Argument {
    pub(crate) value: Expr,
    pub(crate) label: String,
}

/// Takes `args = […]` out of the options; the others are given back as they were written.
pub(crate) fn split(options: TokenStream) -> Result<(Option<Vec<Argument>>, TokenStream)> {
    parse.parse2(options)
}

fn parse(input: ParseStream<'_>) -> Result<(Option<Vec<Argument>>, TokenStream)> {
    let (mut args, mut rest) = (None, TokenStream::new());
    while !input.is_empty() {
        let is_args = input.fork().parse::<Ident>().is_ok_and(|key| key == "args");
        if !is_args {
            other(input, &mut rest)?;
            continue;
        }
        let key = input.parse::<Ident>()?;
        if args.is_some() {
            return Err(Error::new(key.span(), "`args` is given twice"));
        }
        input.parse::<Token![=]>()?;
        args = Some(arguments(input.parse::<ExprArray>()?)?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok((args, rest))
}

/// Moves an option with its comma over to `rest`.
fn other(input: ParseStream<'_>, rest: &mut TokenStream) -> Result<()> {
    while !input.is_empty() {
        let token = input.parse::<TokenTree>()?;
        let ends = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ',');
        rest.extend([token]);
        if ends {
            break;
        }
    }
    Ok(())
}

fn arguments(array: ExprArray) -> Result<Vec<Argument>> {
    if array.elems.is_empty() {
        return Err(Error::new_spanned(array, "a benchmark without an argument would never run"));
    }
    let mut arguments: Vec<Argument> = Vec::new();
    for value in array.elems {
        let label = label(&value)?;
        if arguments.iter().any(|earlier| earlier.label == label) {
            return Err(Error::new_spanned(value, format!("`{label}` is given twice")));
        }
        arguments.push(Argument { value, label });
    }
    Ok(arguments)
}

/// Digits of a number, the text of a string, the words of a path.
fn label(value: &Expr) -> Result<String> {
    Ok(match value {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => number.base10_digits().to_owned(),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => format!("-{}", label(expr)?),
        Expr::Lit(_) | Expr::Path(_) => value.to_token_stream().to_string().replace(' ', ""),
        _ => {
            return Err(Error::new_spanned(
                value,
                "an argument is a literal or the path of a constant: its text becomes a part of the benchmark's name",
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn arguments_have_the_labels_that_filters_see() {
        let options = r#"crate = a::b, args = [16, 4_096usize, -1, "text", sizes::BIG, 'c', 0x10u8 ,]"#;
        // 0x10 is 16.
        let twice = split(options.parse().unwrap()).err().unwrap().to_string();
        assert_eq!(twice, "`16` is given twice");
        let options = options.replace(", 0x10u8 ,", "");
        let (args, rest) = split(options.parse().unwrap()).unwrap();
        let labels: Vec<String> = args.unwrap().into_iter().map(|argument| argument.label).collect();
        assert_eq!(labels, ["16", "4096", "-1", "text", "sizes::BIG", "'c'"]);
        assert_eq!(rest.to_string().replace(' ', ""), "crate=a::b,");
    }
}
