//! `Box`, `Rc`, `Arc`: one value alone on the heap.

use super::super::Case;
use crate::model::{Argument, ArgumentKind, Binding, Escape, NoSource, Syntax, Uses};

/// Methods of `Box` itself: with the bare value they would mean something else, or not exist.
const OF_BOX: &[&str] = &["as_ref", "as_mut", "clone", "into_inner", "into_boxed_slice", "into_vec", "into"];

pub(super) fn boxed(case: &Case<'_>) -> Option<String> {
    let unsized_copy = |of: &str| of == "str" || (of.starts_with('[') && !of.contains(';'));
    let construct = case.construct()?;
    if construct.name == "Box::from" && construct.of.as_deref().is_some_and(unsized_copy) {
        return super::values::copy(case);
    }
    if let Some(help) = pinned(case, &construct.name) {
        return help;
    }
    if !case.fits_the_stack() {
        return Some("it is large: make it once, outside the hot path, and pass it in".to_owned());
    }
    match (case.fate(), case.becomes()) {
        (Escape::Temporary, Some((object, _))) if case.expression().is_some_and(|made| made.branch) => {
            Some(format!(
                "nothing outside needs the box: let each branch fill a variable that is declared before it, and borrow that as `{object}`"
            ))
        }
        (Escape::Temporary, Some((object, _))) => Some(borrowed_object(case, object)),
        (Escape::Temporary, None) => Some(kept_value(case)),
        (Escape::Escapes { .. }, Some((object, pointer))) => escaping_object(case, object, pointer),
        (Escape::Escapes { .. }, None) if is_stored(case) => Some(
            "it is stored: keep the value itself there, or take a box from spare ones that were made outside the hot path"
                .to_owned(),
        ),
        (Escape::Escapes { .. }, None) => Some(
            "return the value itself, or write it where the caller wants it: `&mut Option<…>`".to_owned(),
        ),
        (Escape::Unknown, _) => None,
    }
}

/// Whether it goes elsewhere than into a variable or to the caller: into a field, a collection.
fn is_stored(case: &Case<'_>) -> bool {
    case.expression().is_some_and(|expression| !expression.returned && expression.binding.is_none())
}

/// `let input: &mut dyn Read = &mut Cursor::new(data);`
fn borrowed_object(case: &Case<'_>, object: &str) -> String {
    let bounds = object.trim_start_matches("dyn ");
    let generic = format!("`impl {bounds}`");
    let here = case.object().zip(case.binding()).is_some_and(|(object, binding)| {
        // The `dyn` stands in the same `let`.
        object.at.start >= binding.span.start && object.at.start.line <= binding.span.end_line
    });
    let code = case.binding().filter(|_| here).and_then(|binding| {
        let argument = only_argument(case)
            .filter(|argument| !matches!(argument.kind, ArgumentKind::Place | ArgumentKind::Constant))?;
        object_code(binding, argument, object)
    });
    let shared = bounds.starts_with("Fn(") || case.binding().is_some_and(|binding| !binding.mutable);
    let borrow = if shared { "&" } else { "&mut " };
    match code {
        Some(code) => format!("nothing outside needs the box: `{code}`, or take {generic}"),
        None if here => {
            format!(
                "nothing outside needs the box: borrow a value on the stack as `{borrow}{object}`, or take {generic}"
            )
        }
        None => format!(
            "it never leaves the call: where `{object}` is declared, `{borrow}{object}` or {generic} would do without the box"
        ),
    }
}

/// Borrowed as the uses need it; the borrow lives as long as the variable.
fn object_code(binding: &Binding, argument: &Argument, object: &str) -> Option<String> {
    let Uses { methods, borrowed, borrowed_mut, otherwise, .. } = &binding.uses;
    let takes_the_box = *otherwise || *borrowed || *borrowed_mut || object.starts_with("dyn FnOnce");
    if takes_the_box || methods.iter().any(|method| OF_BOX.contains(&method.as_str())) {
        return None;
    }
    let borrow = if binding.mutable || object.starts_with("dyn FnMut") { "&mut " } else { "&" };
    let ty = if object.contains(" + ") { format!("({object})") } else { object.to_owned() };
    Some(format!("let {}: {borrow}{ty} = {borrow}{};", binding.name, one_line(&argument.text)?))
}

/// `let value = make();`
fn kept_value(case: &Case<'_>) -> String {
    let code = case.binding().and_then(|binding| {
        let Uses { methods, reborrowed, borrowed, borrowed_mut, otherwise, .. } = &binding.uses;
        let needs_the_box =
            *reborrowed || *borrowed || *borrowed_mut || *otherwise || binding.declared.is_some();
        if needs_the_box || methods.iter().any(|method| OF_BOX.contains(&method.as_str())) {
            return None;
        }
        let mutable = if binding.mutable { "mut " } else { "" };
        Some(format!("let {mutable}{} = {};", binding.name, one_line(&only_argument(case)?.text)?))
    });
    match code {
        Some(code) => format!("nothing outside needs the box: `{code}`"),
        None => "it is gone before the call returns: where nothing needs a `Box`, keep the value itself"
            .to_owned(),
    }
}

/// The help for a boxed future, which may be none; nothing for all else.
fn pinned(case: &Case<'_>, construct: &str) -> Option<Option<String>> {
    if !construct.starts_with("Box::pin") {
        return None;
    }
    let Some(expression) = case.expression() else {
        // A macro wrote the call.
        return Some(of_attribute(case).filter(|name| *name == "async_trait").map(|name| {
            format!(
                "`#[{name}]` boxes each future: an `async fn` of a trait without it takes no box, where nobody needs `dyn`"
            )
        }));
    };
    let function = expression.function.as_ref().map(|function| function.name.as_str());
    let holds_itself = match &expression.syntax {
        Syntax::Call { args, .. } => {
            args.first().and_then(|made| called(&made.text)) == function && function.is_some()
        }
        _ => false,
    };
    if holds_itself {
        return Some(Some(
            "a future that holds itself needs the box: a loop with a list of what is left to do needs none"
                .to_owned(),
        ));
    }
    (case.fate() == Escape::Temporary && case.becomes().is_none()).then(|| {
        Some("it is gone before the call returns: `std::pin::pin!(…)` pins it on the stack".to_owned())
    })
}

/// `fact` of `self.fact(n - 1)`.
fn called(text: &str) -> Option<&str> {
    let (callee, _) = text.split_once('(')?;
    callee.rsplit(['.', ':']).next()
}

/// The attribute macro that makes the code.
fn of_attribute<'a>(case: &Case<'a>) -> Option<&'a str> {
    match &case.source?.expression {
        Err(NoSource::Attribute { name }) => Some(name),
        _ => None,
    }
}

fn escaping_object(case: &Case<'_>, object: &str, pointer: &str) -> Option<String> {
    let expression = case.expression()?;
    let output = expression.function.as_ref()?.output.as_deref();
    let bounds = object.trim_start_matches("dyn ");
    if output == Some(pointer) && expression.branch {
        return Some(
            "return an `enum` of the types that come back, or write into a place that the caller passes"
                .to_owned(),
        );
    }
    if output == Some(pointer) && !pointer.contains('+') {
        return Some(format!(
            "return `impl {bounds}` where only one type comes back, or write into a place that the caller passes"
        ));
    }
    Some(format!("make it once, outside the hot path; or an `enum` of the types that implement `{bounds}`"))
}

/// The value that `Box::new` takes.
fn only_argument<'a>(case: &Case<'a>) -> Option<&'a Argument> {
    match &case.expression()?.syntax {
        Syntax::Call { path, args } if path.ends_with("Box::new") && args.len() == 1 => args.first(),
        _ => None,
    }
}

/// Text that is worth repeating in a sentence.
fn one_line(text: &str) -> Option<&str> {
    (!text.contains('\n') && text.len() <= 60).then_some(text)
}

pub(super) fn shared(case: &Case<'_>) -> Option<String> {
    let name = &case.construct()?.name;
    if name.ends_with("::make_mut") {
        return Some(
            "it was shared, so it was copied: drop the other handles first, or keep the value where only one owner is"
                .to_owned(),
        );
    }
    match case.fate() {
        Escape::Temporary if name.ends_with("::new") => Some(
            "it is gone before the call returns: keep the value in a variable and lend it, unless parts of the call share it"
                .to_owned(),
        ),
        Escape::Temporary if name.ends_with("::from") => super::values::copy(case),
        Escape::Escapes { .. } => {
            let pointer = name.split("::").next().unwrap_or(name);
            Some(format!("make it once, outside the hot path, and clone the `{pointer}` here: that takes no memory"))
        }
        Escape::Temporary | Escape::Unknown => None,
    }
}

pub(super) fn error(case: &Case<'_>) -> Option<String> {
    let (object, _) = case.becomes()?;
    Some(format!(
        "return the error itself instead of `{object}`: its own type, or an `enum` with a `From` for each"
    ))
}
