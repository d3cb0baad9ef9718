//! Collections that grow, iterators that are collected, slices that are sorted.

use super::super::Case;
use crate::model::{Escape, Syntax};
use crate::numbers::bytes;

/// Collections that can take all their memory before it is needed.
const RESERVING: &[&str] = &["Vec", "String", "VecDeque", "HashMap", "HashSet", "BinaryHeap"];

/// Collections that take memory entry by entry.
const NODES: &[&str] = &["BTreeMap", "BTreeSet", "LinkedList"];

pub(super) fn growth(case: &Case<'_>) -> Option<String> {
    let name = &case.construct()?.name;
    // `Vec::push`, `write! into String`, `+= on String`.
    let owner = name.rsplit([' ', '!']).next()?.split("::").next()?;
    if NODES.contains(&owner) {
        return Some(format!(
            "a `{owner}` takes memory for its entries and cannot reserve: a sorted `Vec` with room, or `HashMap` after `reserve`"
        ));
    }
    if !RESERVING.contains(&owner) {
        return None;
    }
    let needed = bytes(case.sizes.max);
    match case.escape {
        Escape::Temporary => Some(format!(
            "make the `{owner}` once, outside the hot path, and pass it in as `&mut`: `clear()` keeps its memory"
        )),
        _ => Some(match receiver(case) {
            Some(receiver) => {
                format!("reserve once, outside the hot path: `{receiver}.reserve(…)`; {needed} were enough")
            }
            None => format!("reserve once, outside the hot path: {needed} were enough"),
        }),
    }
}

/// A variable or a field, not a chain of calls.
fn receiver<'a>(case: &Case<'a>) -> Option<&'a str> {
    match &case.expression()?.syntax {
        Syntax::Method { receiver, .. } if !receiver.contains(['(', '\n']) => Some(receiver),
        _ => None,
    }
}

pub(super) fn collect(case: &Case<'_>) -> Option<String> {
    let collection = case.construct()?.name.rsplit(' ').next()?;
    let iterator = match &case.expression()?.syntax {
        Syntax::Method { receiver, method, .. } if method == "collect" && receiver.len() <= 60 => {
            Some(receiver.as_str())
        }
        _ => None,
    };
    let iterator = iterator.filter(|text| !text.contains('\n'));
    let extends = RESERVING.contains(&collection) || NODES.contains(&collection);
    match case.escape {
        _ if !extends => None,
        Escape::Temporary => Some(match iterator {
            Some(iterator) => format!(
                "use the iterator itself, or a `{collection}` that the caller keeps: `buf.clear(); buf.extend({iterator});`"
            ),
            None => format!("use the iterator itself, or `extend` a `{collection}` that the caller keeps"),
        }),
        Escape::Escapes => {
            Some(format!("`extend` a `{collection}` that the caller passes in, or return the iterator"))
        }
        Escape::Unknown => None,
    }
}

pub(super) fn sort(case: &Case<'_>) -> Option<String> {
    let Syntax::Method { receiver, method, args } = &case.expression()?.syntax else { return None };
    let instead = match method.as_str() {
        "sort" => "sort_unstable",
        "sort_by" => "sort_unstable_by",
        "sort_by_key" | "sort_by_cached_key" => "sort_unstable_by_key",
        _ => return None,
    };
    let args: Vec<&str> = args.iter().map(|arg| arg.text.as_str()).collect();
    let code = format!("{receiver}.{instead}({});", args.join(", "));
    let change = match method.as_str() {
        "sort_by_cached_key" => "it calls the key function more often, and equal elements may change places",
        _ => "equal elements may change places",
    };
    if code.contains('\n') || code.len() > 80 {
        return Some(format!("`{instead}` sorts in place; {change}"));
    }
    Some(format!("`{code}` sorts in place; {change}"))
}
