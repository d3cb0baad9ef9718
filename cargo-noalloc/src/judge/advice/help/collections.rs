//! Collections that grow, iterators that are collected, slices that are sorted.

use super::super::Case;
use crate::model::{Escape, Op, Pattern, Syntax};
use crate::numbers::bytes;

/// Collections that can take all their memory before it is needed.
pub(super) const RESERVING: &[&str] = &["Vec", "String", "VecDeque", "HashMap", "HashSet", "BinaryHeap"];

/// Collections that take memory entry by entry.
const NODES: &[&str] = &["BTreeMap", "BTreeSet", "LinkedList"];

pub(super) fn growth(case: &Case<'_>) -> Option<String> {
    let name = &case.construct()?.name;
    // `Vec::push`, `write! into String`, `+= on String`.
    let owner = name.rsplit([' ', '!']).next()?.split("::").next()?;
    if owner == "LinkedList" {
        return Some(
            "a `LinkedList` takes memory for every element: a `VecDeque` takes it once, with `reserve`"
                .to_owned(),
        );
    }
    if NODES.contains(&owner) {
        return Some(format!(
            "a `{owner}` takes memory for its entries and cannot reserve: a sorted `Vec`, or a hash map, can"
        ));
    }
    if owner == "Formatter" {
        return Some(
            "the text goes where the caller lets it be written: the room has to be there, or a buffer that is kept"
                .to_owned(),
        );
    }
    let Some(owner) = RESERVING.iter().find(|known| **known == owner) else { return behind(case) };
    if case.fate() == Escape::Temporary {
        return Some(kept(owner));
    }
    if name.starts_with("read_") {
        return read(case, owner);
    }
    let receiver = case.expression().and_then(|expression| expression.receiver.as_ref());
    if receiver.is_some_and(|receiver| receiver.made_here && receiver.ty.as_deref() == Some(owner)) {
        return Some(format!(
            "each call makes it anew: `{owner}::with_capacity(…)` takes memory once, a `{owner}` that the caller passes in never"
        ));
    }
    if name.starts_with("write into ") && receiver.and_then(|receiver| receiver.ty.as_deref()) != Some(owner)
    {
        return Some(format!(
            "the `{owner}` that is written into has no room: make it with room for all, outside the hot path"
        ));
    }
    Some(reserved(case, owner))
}

/// For what is gone before the call returns.
fn kept(owner: &str) -> String {
    format!(
        "make the `{owner}` once, outside the hot path, and pass it in as `&mut`: `clear()` keeps its memory"
    )
}

/// What a type of the user's keeps inside.
fn behind(case: &Case<'_>) -> Option<String> {
    let owner = case.below.iter().find_map(|frame| {
        let short = frame.function.short();
        RESERVING.iter().find(|known| short.split("::").next() == Some(**known))
    })?;
    Some(match case.fate() {
        Escape::Temporary => format!(
            "make the `{owner}` that is written into once, outside the hot path, and clear it for each call"
        ),
        _ => format!("give the `{owner}` that is written into room for all, outside the hot path"),
    })
}

fn reserved(case: &Case<'_>, owner: &str) -> String {
    let how = receiver(case, owner).map_or(String::new(), |receiver| format!(": `{receiver}.reserve(…)`"));
    let enough = match case.pattern {
        // A free gives back what was not enough.
        Pattern::Growth if case.op != Op::Free => {
            format!("; {} were enough in this run", bytes(case.sizes.max))
        }
        _ if case.rehashes => {
            "; a removed entry may keep its place, so twice as many where some are removed".to_owned()
        }
        _ => String::new(),
    };
    format!("reserve once, outside the hot path{how}{enough}")
}

/// `data.read_to_end(out)`: what grows is the last argument.
fn read(case: &Case<'_>, owner: &str) -> Option<String> {
    let Syntax::Method { args, .. } = &case.expression()?.syntax else { return None };
    let buffer = &args.last()?.text;
    let (lent, buffer) = match buffer.strip_prefix("&mut ") {
        Some(buffer) => (true, buffer),
        None => (false, buffer.as_str()),
    };
    if buffer.contains(['(', '*', '\n']) {
        return Some("reserve once, outside the hot path".to_owned());
    }
    if lent && !buffer.contains('.') {
        return Some(format!(
            "a `{owner}` that the caller passes in with room for all takes no memory: `clear()` keeps it"
        ));
    }
    Some(format!("reserve once, outside the hot path: `{buffer}.reserve(…)`"))
}

/// A variable or a field that certainly is an `owner`, not a chain of calls.
fn receiver<'a>(case: &Case<'a>, owner: &str) -> Option<&'a str> {
    let receiver = case.expression()?.receiver.as_ref()?;
    // A method of the type itself, not one of a trait that others have, too.
    let callee = &case.below.first()?.function;
    let inherent = callee.implementation().is_none() && callee.short().starts_with(owner);
    let is_one = inherent || receiver.ty.as_deref() == Some(owner);
    (is_one && case.object().is_none() && !receiver.text.contains(['(', '*', '\n']))
        .then_some(receiver.text.as_str())
}

pub(super) fn collect(case: &Case<'_>) -> Option<String> {
    let name = &case.construct()?.name;
    if matches!(name.as_str(), "unzip" | "partition") {
        return match case.fate() {
            Escape::Temporary => Some(
                "go through the items one by one, or sort them into two collections that the caller keeps"
                    .to_owned(),
            ),
            Escape::Escapes { .. } => {
                Some("put each item into one of two collections that the caller passes in".to_owned())
            }
            _ => None,
        };
    }
    let collection = name.rsplit(' ').next()?;
    if name.contains(" of ") {
        return Some(format!(
            "go through the items one by one, or fill a `{collection}` that the caller keeps"
        ));
    }
    let iterator = match &case.expression()?.syntax {
        Syntax::Method { receiver, method, .. } if method == "collect" && receiver.len() <= 60 => {
            Some(receiver.as_str())
        }
        _ => None,
    };
    let iterator = iterator.filter(|text| !text.contains('\n'));
    if NODES.contains(&collection) {
        return Some("use the iterator itself, or a sorted `Vec` that the caller keeps".to_owned());
    }
    match case.fate() {
        _ if !RESERVING.contains(&collection) => None,
        Escape::Temporary => Some(match iterator {
            Some(iterator) => format!(
                "use the iterator itself, or a `{collection}` that the caller keeps: `buf.clear(); buf.extend({iterator});`"
            ),
            None => format!("use the iterator itself, or `extend` a `{collection}` that the caller keeps"),
        }),
        Escape::Escapes { .. } => {
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
