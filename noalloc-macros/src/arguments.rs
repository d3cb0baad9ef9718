//! What stands between the parentheses of `#[no_heap::bench(…)]`: the arguments and the values of a const parameter that
//! the benchmark runs with, and where `no_heap` is found.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, ExprArray, ExprLit, ExprUnary, Ident, Lit, Result, Token, UnOp};

/// One argument, and what it is called in the benchmark's name.
pub(crate) struct Argument {
    pub(crate) value: Expr,
    pub(crate) label: String,
}

/// `args = […]` or `consts = […]`.
pub(crate) struct List {
    pub(crate) key: Ident,
    pub(crate) values: Vec<Argument>,
}

/// What a benchmark runs with.
#[derive(Default)]
pub(crate) struct Lists {
    pub(crate) args: Option<List>,
    pub(crate) consts: Option<List>,
}

/// Takes the lists out of the options; the others are given back as they were written.
pub(crate) fn split(options: TokenStream) -> Result<(Lists, TokenStream)> {
    parse.parse2(options)
}

fn parse(input: ParseStream<'_>) -> Result<(Lists, TokenStream)> {
    let (mut lists, mut rest) = (Lists::default(), TokenStream::new());
    while !input.is_empty() {
        let list = match input.fork().parse::<Ident>() {
            Ok(key) if key == "args" => &mut lists.args,
            Ok(key) if key == "consts" => &mut lists.consts,
            _ => {
                other(input, &mut rest)?;
                continue;
            }
        };
        let key = input.parse::<Ident>()?;
        if list.is_some() {
            return Err(Error::new(key.span(), format!("`{key}` is given twice")));
        }
        input.parse::<Token![=]>()?;
        *list = Some(List { key, values: arguments(input.parse::<ExprArray>()?)? });
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok((lists, rest))
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
        let (lists, rest) = split(options.parse().unwrap()).unwrap();
        let values = lists.args.unwrap().values;
        let labels: Vec<String> = values.into_iter().map(|argument| argument.label).collect();
        assert_eq!(labels, ["16", "4096", "-1", "text", "sizes::BIG", "'c'"]);
        assert!(lists.consts.is_none());
        assert_eq!(rest.to_string().replace(' ', ""), "crate=a::b,");
    }
}
