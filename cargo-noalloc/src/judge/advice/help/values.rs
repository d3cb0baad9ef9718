//! Copies, channels, and values that go.

use super::super::Case;
use crate::model::{Escape, Origin, Syntax};

pub(super) fn copy(case: &Case<'_>) -> Option<String> {
    let name = case.construct()?.name.as_str();
    if name == "String::from_utf8_lossy" {
        return Some(
            "`std::str::from_utf8` copies nothing; it returns an error where the bytes are no UTF-8"
                .to_owned(),
        );
    }
    if name == "CString::new" {
        return Some("make the `CString` before the hot path, or use a literal: `c\"text\"`".to_owned());
    }
    if name == "Cow::to_mut" {
        return Some(
            "it was borrowed, so it was copied: change memory that the caller owns instead".to_owned(),
        );
    }
    if case.expression().is_some_and(|expression| expression.key) {
        return Some(
            "`entry` takes a key of its own even where it has one: ask `get_mut` first, and insert only what is missing"
                .to_owned(),
        );
    }
    let error = || name.strip_prefix("into Box<").map(|object| object.trim_end_matches('>'));
    let object = case.becomes().map(|(object, _)| object).or_else(error);
    if let Some(object) = object.filter(|object| object.starts_with("dyn ")) {
        return Some(format!(
            "return a type of its own instead of `{object}`: a unit struct or an `enum` takes no memory"
        ));
    }
    let original = original(case);
    if name == "Vec::from" && original.is_some_and(|text| text.starts_with('[')) {
        return super::elements::from_array(case, original?);
    }
    // A derived `clone_from` throws away what it has.
    let derived = case.below.iter().position(|frame| frame.origin == Origin::Derived);
    let reuse = match derived {
        Some(0) => "`clone_from` field by field into one",
        None if name.starts_with("clone of") => "`clone_from` into one",
        _ => "copy it into memory",
    };
    let whole = original.map_or_else(|| "the original".to_owned(), |text| format!("`{text}`"));
    match case.fate() {
        Escape::Temporary if never_changed(case) => {
            Some(format!("the copy is never changed and goes before the call returns: borrow {whole}"))
        }
        Escape::Temporary => {
            Some(format!("borrow {whole} if the copy is only read; else {reuse} that the caller keeps"))
        }
        Escape::Escapes { .. } if case.binding().is_some_and(|binding| binding.mutable) => {
            Some("it changes afterwards: copy into memory that the caller passes in".to_owned())
        }
        Escape::Escapes { .. } if original.is_some_and(|text| text.starts_with('"')) => {
            Some("the text is a constant: hand out `&'static str`".to_owned())
        }
        Escape::Escapes { .. } => {
            Some("return a borrow of the original, or copy into memory that the caller passes in".to_owned())
        }
        Escape::Unknown => None,
    }
}

/// A variable without `mut`, of a type that has no other way to change.
fn never_changed(case: &Case<'_>) -> bool {
    let owned =
        ["to_vec", "to_owned", "to_string", "String::from", "clone of Vec", "clone of String", "into String"];
    let plain = case.construct().is_some_and(|construct| owned.contains(&construct.name.as_str()));
    plain && case.binding().is_some_and(|binding| !binding.mutable && !binding.uses.otherwise)
}

/// What is copied, where it is a place that can be borrowed.
fn original<'a>(case: &Case<'a>) -> Option<&'a str> {
    let text = match &case.expression()?.syntax {
        Syntax::Method { receiver, .. } => receiver,
        Syntax::Call { args, .. } if args.len() == 1 => &args[0].text,
        _ => return None,
    };
    (text.len() <= 40 && !text.contains('\n')).then_some(text.as_str())
}

pub(super) fn channel(case: &Case<'_>) -> String {
    let name = case.construct().map_or("", |construct| construct.name.as_str());
    if name.ends_with("::send") {
        return "an unbounded channel takes a block for every few messages: `sync_channel(n)` takes all its memory when it is made"
            .to_owned();
    }
    "make the channel once, outside the hot path, and pass its ends in".to_owned()
}

pub(super) fn thread(case: &Case<'_>) -> String {
    let (threads, them) = match case.construct() {
        Some(construct) if construct.name == "thread::scope" => ("threads", "them"),
        _ => ("thread", "it"),
    };
    format!("start the {threads} before the hot path and hand work over to {them}")
}

pub(super) fn buffered(case: &Case<'_>) -> Option<String> {
    Some(if case.construct()?.name.starts_with("BufReader") {
        "make it once, outside the hot path, and take `&mut impl BufRead`: a `&[u8]` is one without a buffer"
            .to_owned()
    } else {
        "make it once, outside the hot path, and take `&mut impl std::io::Write`".to_owned()
    })
}

/// Whether it is what a panic had made to unwind.
fn unwinds(case: &Case<'_>) -> bool {
    case.below.iter().any(|frame| {
        frame.function.as_str().starts_with("std::panicking::")
            && frame.function.short().ends_with("::cleanup")
    })
}

/// Of a free.
pub(super) fn dropped(case: &Case<'_>) -> String {
    let allow = "or allow frees: `#[no_heap(allow(free))]`";
    let syntax = case.expression().map(|expression| &expression.syntax);
    if case.construct().is_some_and(|construct| construct.name.contains("dyn Any")) || unwinds(case) {
        return format!("a panic that is caught leaves its message on the heap: avoid the panic, {allow}");
    }
    match syntax {
        Some(Syntax::Method { method, .. }) => {
            format!("`{method}` gives memory back: call it outside the hot path, {allow}")
        }
        Some(Syntax::Call { path, .. }) if path != "drop" && !path.ends_with("mem::drop") => {
            format!("`{path}` gives memory back: call it outside the hot path, {allow}")
        }
        Some(Syntax::Assign) => format!(
            "swap the old value out and hand it back (`std::mem::replace`), or change it in place, {allow}"
        ),
        _ => format!("hand it back to the caller, or take it by reference, instead of dropping it; {allow}"),
    }
}
