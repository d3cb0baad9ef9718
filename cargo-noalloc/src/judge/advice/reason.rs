//! Why the value is on the heap: what put it there, what size, when, and what became of it.

use super::Case;
use super::help::c::REGISTERS;
use super::help::waiting;
use crate::model::{ConstructKind, DynRole, Elements, Escape, Op, Pattern, Syntax};
use crate::numbers::{affected, bytes, count, plural, sizes};
use crate::quoting::code;

/// One sentence of clauses, without a capital and without a final dot.
pub(super) fn of(case: &Case<'_>) -> String {
    let clauses = [why(case), size(case), when(case), fate(case)];
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn why(case: &Case<'_>) -> Option<String> {
    if case.op == Op::Free {
        return Some(match case.construct().map(|construct| construct.name.as_str()) {
            Some(name) if name.starts_with("drop of ") => {
                format!("memory that was taken elsewhere is given back here: {name}")
            }
            Some(name) => format!("memory that was taken elsewhere is given back here, by {}", code(name)),
            None => "memory that was taken elsewhere is given back here".to_owned(),
        });
    }
    if waiting::is(case) {
        return Some("the thread has to wait for another, and needs memory for that".to_owned());
    }
    if matches!(case.kind(), Some(ConstructKind::Print | ConstructKind::C)) {
        return of_kind(case);
    }
    if let Some(lazy) = case.lazy {
        return Some(format!("`{lazy}` fills itself on first use"));
    }
    if let Some(object) = case.object() {
        return Some(match &object.role {
            DynRole::Becomes { .. } => format!("on the heap because it becomes `{}`", object.name),
            DynRole::Behind { implementation } => {
                format!("behind a call through `{}`: `{implementation}` is what ran", object.name)
            }
        });
    }
    of_kind(case)
}

fn of_kind(case: &Case<'_>) -> Option<String> {
    let construct = case.construct()?;
    let name = &construct.name;
    Some(match &construct.kind {
        ConstructKind::Boxed => format!("`{name}` puts its value on the heap, whatever its size"),
        ConstructKind::Shared => "a counted value lives on the heap, beside its counts".to_owned(),
        ConstructKind::Elements if len_varies(case) => "its size is known only at run time".to_owned(),
        ConstructKind::Elements => "`vec!` keeps its elements on the heap, however few".to_owned(),
        ConstructKind::Capacity => "room is made at once for elements to come".to_owned(),
        ConstructKind::Growth if name.starts_with("read_") => {
            "there was no room left for what was read".to_owned()
        }
        ConstructKind::Growth => "there was no room left for what came in".to_owned(),
        ConstructKind::Text => "formatting makes a new `String`".to_owned(),
        ConstructKind::Copy => "an owned copy is made".to_owned(),
        ConstructKind::Collect => "the items are gathered in new memory".to_owned(),
        ConstructKind::Sort => "a stable sort of a long slice needs a buffer".to_owned(),
        ConstructKind::Joined => "the parts are copied into a new whole".to_owned(),
        ConstructKind::Shrink => {
            "capacity that nobody uses is given back by moving to a smaller block".to_owned()
        }
        ConstructKind::Error => "`?` boxes the error on its way out".to_owned(),
        ConstructKind::Channel => "a channel keeps its queue on the heap".to_owned(),
        ConstructKind::Buffered => "its buffer is made with it".to_owned(),
        ConstructKind::Thread if name == "thread::scope" => {
            "a scope keeps account of its threads on the heap".to_owned()
        }
        ConstructKind::Thread => {
            "a new thread needs a handle, a place for its result and its closure".to_owned()
        }
        ConstructKind::Print => "standard output makes its buffer on first use".to_owned(),
        ConstructKind::C if name == REGISTERS => {
            "a thread-local with a destructor registers it on first use, in memory of the C library"
                .to_owned()
        }
        ConstructKind::C => format!("`{name}` takes it from the C library's allocator"),
        ConstructKind::Dependency(package) => format!("the code of `{package}` takes it"),
        ConstructKind::Drop | ConstructKind::Other => return None,
    })
}

/// Whether the number of elements is no literal.
fn len_varies(case: &Case<'_>) -> bool {
    let syntax = case.expression().map(|expression| &expression.syntax);
    matches!(syntax, Some(Syntax::Macro { elements: Elements::Repeat { len, .. }, .. })
        if !len.kind.is_constant())
}

fn size(case: &Case<'_>) -> Option<String> {
    if case.op == Op::Free || case.pattern == Pattern::Growth {
        return None;
    }
    let seen = if case.constant_size().is_some() { "" } else { " seen" };
    Some(format!("{}{seen}", sizes(case.sizes)))
}

fn when(case: &Case<'_>) -> Option<String> {
    Some(match case.pattern {
        Pattern::EveryCall => return None,
        Pattern::FirstCall => "on the first call only".to_owned(),
        Pattern::WarmUp => format!("in the first {} only", plural(case.latest, "call")),
        Pattern::Growth => format!(
            "grew {} in {} calls, up to {}",
            plural(case.count, "time"),
            count(case.calls),
            bytes(case.sizes.max)
        ),
        Pattern::Sporadic => {
            let calls = format!("in {} of {} calls", affected(case.affected), count(case.calls));
            format!("{calls}{}", which(case).unwrap_or_default())
        }
    })
}

/// Which of the calls, where that can be said.
fn which(case: &Case<'_>) -> Option<String> {
    match (case.bench, case.affected.at_most) {
        (Some(bench), _) => Some(format!(": in every one of benchmark `{bench}`")),
        (None, 1) if case.is_of_first_call => Some(", the first".to_owned()),
        (None, _) if case.is_of_first_call => Some(", each the first of its thread".to_owned()),
        _ => None,
    }
}

fn fate(case: &Case<'_>) -> Option<String> {
    match case.escape {
        Escape::Temporary => Some("freed before the call returns".to_owned()),
        Escape::Escapes { all: true } => Some("still alive when the call returns".to_owned()),
        Escape::Escapes { all: false } => Some("some of it still alive when the call returns".to_owned()),
        Escape::Unknown => None,
    }
}
