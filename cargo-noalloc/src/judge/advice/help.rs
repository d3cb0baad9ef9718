//! What to write instead. One file for each family of constructs, each function `None` where it does not know.

mod boxed;
pub(super) mod c;
mod closures;
mod collections;
mod dependency;
mod eager;
mod elements;
mod text;
mod values;
pub(super) mod waiting;

use super::Case;
use crate::model::{ConstructKind, Op, Pattern};
use crate::numbers::range;

/// The first of several pieces of advice that the evidence covers.
pub(super) fn of(case: &Case<'_>) -> Option<String> {
    if let Some(help) = waiting::of(case) {
        return Some(help);
    }
    if let Some(construct) = case.construct().filter(|construct| construct.kind == ConstructKind::C) {
        return Some(c::of(case, &construct.name));
    }
    if case.op == Op::Free && !case.rehashes {
        return Some(values::dropped(case));
    }
    if case.has_no_line() {
        return Some(format!(
            "the compiler left no line for it, for it merged code of several places: look for what takes {}",
            range(case.sizes)
        ));
    }
    let kind = case.kind()?;
    if case.lazy.is_some() {
        return Some(or_warmup(case, "lazy initialisation: touch it before the hot path"));
    }
    let needs_room = matches!(kind, ConstructKind::Growth | ConstructKind::Channel);
    if case.pattern == Pattern::FirstCall && !needs_room {
        return Some(or_warmup(case, "only a first call does it: make it before the hot path"));
    }
    if case.is_of_first_call && !needs_room {
        return Some(
            "only a first call did it here: if no other input needs it, make it before the hot path"
                .to_owned(),
        );
    }
    if let Some(help) = eager::of(case) {
        return Some(help);
    }
    if let Some(closure) = closures::of_items(case) {
        return closures::of(case, closure);
    }
    match kind {
        ConstructKind::Boxed => boxed::boxed(case),
        ConstructKind::Shared => boxed::shared(case),
        ConstructKind::Error => boxed::error(case),
        ConstructKind::Elements => elements::elements(case),
        ConstructKind::Capacity => elements::capacity(case),
        ConstructKind::Growth => collections::growth(case),
        ConstructKind::Collect => collections::collect(case),
        ConstructKind::Sort => collections::sort(case),
        ConstructKind::Text => text::text(case),
        ConstructKind::Joined => text::joined(case),
        ConstructKind::Copy => values::copy(case),
        ConstructKind::Shrink => {
            Some("leave the spare capacity where it is: return the collection itself".to_owned())
        }
        ConstructKind::Channel => Some(values::channel(case)),
        ConstructKind::Buffered => values::buffered(case),
        ConstructKind::Thread => Some(values::thread(case)),
        ConstructKind::Dependency(_) => dependency::of(case),
        ConstructKind::C | ConstructKind::Print | ConstructKind::Drop | ConstructKind::Other => None,
    }
}

/// With the other way out, where it leads out of every call.
fn or_warmup(case: &Case<'_>, help: &str) -> String {
    if case.is_warmup { format!("{help}, or `#[no_heap(warmup = 1)]`") } else { help.to_owned() }
}
