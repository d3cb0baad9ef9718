//! `vec!` and `with_capacity`: all the room at once.

use super::super::Case;
use super::collections::RESERVING;
use crate::model::{ArgumentKind, Binding, Elements, Escape, Syntax};

/// Methods that an array and a slice do not have.
const OF_VEC: &[&str] = &[
    "append",
    "capacity",
    "clear",
    "dedup",
    "drain",
    "extend",
    "extend_from_slice",
    "insert",
    "into_boxed_slice",
    "leak",
    "pop",
    "push",
    "remove",
    "reserve",
    "resize",
    "retain",
    "shrink_to_fit",
    "splice",
    "split_off",
    "swap_remove",
    "truncate",
    "clone",
    "into_iter",
];

pub(super) fn elements(case: &Case<'_>) -> Option<String> {
    match case.fate() {
        Escape::Escapes { .. } => {
            Some("fill memory that the caller passes in: `out: &mut Vec<…>`, or a slice".to_owned())
        }
        Escape::Temporary if !case.fits_the_stack() => Some(callers_buffer(case)),
        Escape::Temporary => Some(array(case).unwrap_or_else(|| callers_buffer(case))),
        Escape::Unknown => None,
    }
}

fn callers_buffer(case: &Case<'_>) -> String {
    if case.constant_size().is_some() {
        return "take a buffer that the caller keeps from call to call".to_owned();
    }
    "take a buffer that the caller keeps from call to call, or `SmallVec` where most are small".to_owned()
}

/// An array on the stack, where the number of elements is known.
fn array(case: &Case<'_>) -> Option<String> {
    let Syntax::Macro { elements, .. } = &case.expression()?.syntax else { return None };
    match elements {
        Elements::List(list) => {
            let texts: Vec<&str> = list.iter().map(|element| element.text.as_str()).collect();
            let array = format!("[{}]", texts.join(", "));
            (array.len() <= 60 && !array.contains('\n')).then(|| as_array(case, &array))
        }
        Elements::Repeat { value, len } if len.kind.is_constant() => {
            let array = format!("[{}; {}]", value.text, len.text);
            (value.kind == ArgumentKind::Literal).then(|| as_array(case, &array))
        }
        Elements::Repeat { value, .. } if value.kind == ArgumentKind::Literal => {
            let size = case.constant_size()?;
            let count = size / element_size(case).filter(|each| size.is_multiple_of(*each))?;
            let bytes = crate::numbers::bytes(size);
            Some(format!(
                "only {bytes} were ever needed: `[{}; {count}]`, a const parameter, or a buffer that the caller keeps",
                value.text
            ))
        }
        _ => None,
    }
}

/// `Vec::from([…])`.
pub(super) fn from_array(case: &Case<'_>, array: &str) -> Option<String> {
    match case.fate() {
        Escape::Temporary => Some(as_array(case, array)),
        Escape::Escapes { .. } => {
            Some("return the array itself, or fill memory that the caller passes in".to_owned())
        }
        Escape::Unknown => None,
    }
}

/// As a statement that can be pasted, where the variable is used like any slice.
fn as_array(case: &Case<'_>, array: &str) -> String {
    let code = case.binding().filter(|binding| works_as_array(binding)).map(|binding| {
        let mutable = if binding.mutable { "mut " } else { "" };
        format!("let {mutable}{} = {array};", binding.name)
    });
    format!("an array on the stack would do: `{}`", code.unwrap_or_else(|| array.to_owned()))
}

fn works_as_array(binding: &Binding) -> bool {
    let uses = &binding.uses;
    let of_vec = uses.methods.iter().any(|method| OF_VEC.contains(&method.as_str()));
    binding.declared.is_none() && !of_vec && !uses.otherwise && !uses.called
}

/// Bytes of one element, for the types that literals have.
fn element_size(case: &Case<'_>) -> Option<u64> {
    match case.construct()?.of.as_deref()? {
        "u8" | "i8" | "bool" => Some(1),
        "u16" | "i16" => Some(2),
        "u32" | "i32" | "f32" | "char" => Some(4),
        "u64" | "i64" | "f64" => Some(8),
        "u128" | "i128" => Some(16),
        _ => None,
    }
}

pub(super) fn capacity(case: &Case<'_>) -> Option<String> {
    let name = case.construct()?.name.split("::").next()?;
    match case.fate() {
        Escape::Temporary => {
            // Of other types nobody knows whether they can be emptied.
            let reuse = if RESERVING.contains(&name) { ": `clear()` keeps its memory" } else { "" };
            Some(format!("make the `{name}` once, outside the hot path, and pass it in as `&mut`{reuse}"))
        }
        Escape::Escapes { .. } => Some(format!("fill a `{name}` that the caller passes in as `&mut`")),
        Escape::Unknown => None,
    }
}
