//! Text that is made anew: formatted, joined, replaced.

use super::super::Case;
use crate::model::{Elements, Escape, Syntax};

pub(super) fn text(case: &Case<'_>) -> Option<String> {
    let arguments = formatted(case);
    let out = case.expression()?.appended_to.as_ref().filter(|out| !out.contains(['(', '*', '\n']));
    // What is written to cannot be read meanwhile.
    if let (Some(arguments), Some(out)) = (&arguments, out)
        && !arguments.contains(out.as_str())
    {
        return Some(format!(
            "write into `{out}` itself: `write!({out}, {arguments})` with `std::fmt::Write`"
        ));
    }
    let keeper = match case.fate() {
        Escape::Escapes { .. } => "a `String` that the caller passes in",
        Escape::Temporary => "a `String` that the caller keeps from call to call",
        Escape::Unknown => return None,
    };
    Some(match arguments {
        Some(arguments) => {
            format!("write into {keeper}: `buf.clear(); write!(buf, {arguments})` with `std::fmt::Write`")
        }
        None => format!("write into {keeper}, after `clear()`"),
    })
}

/// What `write!` takes to write the same: `"{}", n`.
pub(super) fn formatted(case: &Case<'_>) -> Option<String> {
    let arguments = match &case.expression()?.syntax {
        Syntax::Macro { name, elements: Elements::List(list) } if name == "format" => {
            let texts: Vec<&str> = list.iter().map(|argument| argument.text.as_str()).collect();
            Some(texts.join(", "))
        }
        Syntax::Method { receiver, method, .. } if method == "to_string" => {
            Some(format!("\"{{}}\", {receiver}"))
        }
        _ => None,
    };
    arguments.filter(|text| text.len() <= 60 && !text.contains('\n'))
}

pub(super) fn joined(case: &Case<'_>) -> Option<String> {
    let name = case.construct()?.name.as_str();
    let syntax = &case.expression()?.syntax;
    let ascii = match (name, syntax) {
        ("to_ascii_uppercase", Syntax::Method { receiver, .. }) => Some((receiver, "make_ascii_uppercase")),
        ("to_ascii_lowercase", Syntax::Method { receiver, .. }) => Some((receiver, "make_ascii_lowercase")),
        _ => None,
    };
    if let Some((receiver, method)) = ascii {
        return Some(format!(
            "`{method}()` changes text in place where `{receiver}` may be changed; `eq_ignore_ascii_case` compares without a copy"
        ));
    }
    match (name, case.fate()) {
        ("+ on String", _) => Some("the left side had no room: reserve it where it is made, outside the hot path".to_owned()),
        ("Path::join", Escape::Temporary) => {
            Some("`push` onto a `PathBuf` that the caller keeps, and `pop` afterwards".to_owned())
        }
        (_, Escape::Temporary) => Some(
            "work on the parts one after another, or copy them into a buffer that the caller keeps: `clear()` keeps its memory"
                .to_owned(),
        ),
        (_, Escape::Escapes { .. }) => Some("copy the parts into a buffer that the caller passes in".to_owned()),
        (_, Escape::Unknown) => None,
    }
}
