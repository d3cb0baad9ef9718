//! Values that are made for a call that seldom needs them.

use super::super::Case;
use crate::model::{Eager, Escape};

/// `` `ok_or_else(|| format!("no {n}"))` makes it only where it is needed ``
pub(super) fn of(case: &Case<'_>) -> Option<String> {
    let eager = case.expression()?.eager.as_ref()?;
    if !fails(eager) && is_needed(case) {
        return None;
    }
    let Eager { lazy, code, .. } = eager;
    let instead = match code.as_deref().filter(|code| code.len() <= 90 && !code.contains('\n')) {
        Some(code) => format!("`{code}`"),
        None => format!("`{lazy}` with a closure"),
    };
    let when = if fails(eager) { "where it fails" } else { "where it is needed" };
    Some(format!("{instead} makes it only {when}"))
}

/// A call that returns never needed it.
fn fails(eager: &Eager) -> bool {
    eager.method == "expect"
}

/// Whether it was needed: it left each call, or went later than the statement that it was made for.
fn is_needed(case: &Case<'_>) -> bool {
    if matches!(case.escape, Escape::Escapes { all: true }) {
        return true;
    }
    let Some((expression, freed)) = case.expression().zip(case.freed_at) else { return false };
    let call = expression.eager.as_ref().map(|eager| &eager.span);
    let mut around = call.into_iter().chain(&expression.statement);
    !around.any(|made| {
        made.start.file == freed.start.file && (made.start.line..=made.end_line).contains(&freed.start.line)
    })
}
