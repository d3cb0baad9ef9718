//! Results of closures that the standard library calls for each item: no caller can pass memory in for them.

use super::super::Case;
use crate::model::{Closure, ConstructKind, Elements, Escape, Origin, Syntax};

/// Methods that compare what their closure makes of two items, and those that compare the items.
const KEYS: &[(&str, &str)] = &[
    ("max_by_key", "max_by"),
    ("min_by_key", "min_by"),
    ("select_nth_unstable_by_key", "select_nth_unstable_by"),
    ("sort_by_cached_key", "sort_by"),
    ("sort_by_key", "sort_by"),
    ("sort_unstable_by_key", "sort_unstable_by"),
];

/// The closure that an iterator or a sort calls, where what stands at the place is its result and the advice would be
/// memory of the caller's.
pub(super) fn of_items<'a>(case: &Case<'a>) -> Option<&'a Closure> {
    let closure = case.expression()?.result_of.as_ref()?;
    let needs_memory = match case.kind()? {
        ConstructKind::Elements
        | ConstructKind::Capacity
        | ConstructKind::Text
        | ConstructKind::Joined
        | ConstructKind::Collect => true,
        ConstructKind::Copy => is_plain_copy(case),
        ConstructKind::Boxed => is_plain_box(case),
        _ => false,
    };
    let iterates =
        |path: &str| ["core::iter::", "::sort", "::select_nth"].iter().any(|part| path.contains(part));
    // Another library's iterators may want more of what they are given.
    let by_std = case.above.iter().all(|frame| frame.origin == Origin::Std)
        && case.above.iter().any(|frame| iterates(frame.function.as_str()));
    (needs_memory && by_std).then_some(closure)
}

fn is_plain_copy(case: &Case<'_>) -> bool {
    let syntax = case.expression().map(|expression| &expression.syntax);
    matches!(syntax, Some(Syntax::Method { method, .. })
        if ["clone", "to_owned", "to_string", "to_vec"].contains(&method.as_str()))
}

fn is_plain_box(case: &Case<'_>) -> bool {
    case.object().is_none()
        && case.fits_the_stack()
        && case.construct().is_some_and(|construct| construct.name == "Box::new")
}

pub(super) fn of(case: &Case<'_>, closure: &Closure) -> Option<String> {
    let method = closure.passed_to.as_deref().unwrap_or_default();
    if method.ends_with("_by_key") {
        let (_, instead) = KEYS.iter().find(|(of, _)| *of == method)?;
        return key(case, closure, instead);
    }
    match case.kind()? {
        ConstructKind::Elements if method == "flat_map" && closure.whole => flattened(case),
        ConstructKind::Collect if method == "flat_map" => {
            Some("`flat_map` takes the iterator itself, without `collect`".to_owned())
        }
        ConstructKind::Boxed => Some("hand on the value itself, without the box".to_owned()),
        ConstructKind::Copy => {
            Some("hand on a borrow of the original, where that outlives the closure".to_owned())
        }
        ConstructKind::Text if case.escape == Escape::Temporary => super::text::formatted(case).map(|arguments| {
            format!("one `String` can serve all items in a loop: `buf.clear(); write!(buf, {arguments})` with `std::fmt::Write`")
        }),
        _ => None,
    }
}

/// The items that `flat_map` takes out of a `Vec` again.
fn flattened(case: &Case<'_>) -> Option<String> {
    let Syntax::Macro { elements, .. } = &case.expression()?.syntax else { return None };
    let code = match elements {
        Elements::Repeat { value, len } => format!("std::iter::repeat_n({}, {})", value.text, len.text),
        Elements::List(list) => {
            let texts: Vec<&str> = list.iter().map(|element| element.text.as_str()).collect();
            format!("[{}]", texts.join(", "))
        }
        Elements::Tokens => return None,
    };
    one_line(&code).then(|| format!("`flat_map` takes all that can be iterated over: hand it `{code}`"))
}

/// Keys are made again for each comparison; the items are there already.
fn key(case: &Case<'_>, closure: &Closure, instead: &str) -> Option<String> {
    let Syntax::Method { receiver, .. } = &case.expression()?.syntax else { return None };
    // `t.name` of two items.
    let rest = receiver.strip_prefix(closure.parameter.as_deref().filter(|_| closure.whole)?)?;
    if !(rest.is_empty() || rest.starts_with('.')) {
        return None;
    }
    let of_text = case.below.first()?.function.short().starts_with("str::");
    let each = match case.construct()?.name.as_str() {
        "to_lowercase" => ".chars().flat_map(char::to_lowercase)",
        "to_uppercase" => ".chars().flat_map(char::to_uppercase)",
        "to_ascii_lowercase" if of_text => ".chars().map(|c| c.to_ascii_lowercase())",
        "to_ascii_uppercase" if of_text => ".chars().map(|c| c.to_ascii_uppercase())",
        _ if is_plain_copy(case) && *case.kind()? == ConstructKind::Copy => {
            let other = if rest.is_empty() { "b".to_owned() } else { format!("&b{rest}") };
            return comparison(instead, &format!("a{rest}.cmp({other})"));
        }
        _ => return None,
    };
    comparison(instead, &format!("a{rest}{each}.cmp(b{rest}{each})"))
}

fn comparison(method: &str, code: &str) -> Option<String> {
    one_line(code).then(|| format!("compare without keys: `{method}(|a, b| {code})`"))
}

/// Short enough to stand in a sentence.
fn one_line(code: &str) -> bool {
    code.len() <= 110 && !code.contains('\n')
}
