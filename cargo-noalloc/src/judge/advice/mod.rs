//! Why something is on the heap and what to write instead, composed from evidence: what stands there, what became
//! of the memory, when it happens, how large it was.
//!
//! Pure functions over nouns of `model`. Code in a help compiles where the evidence covers it and is left out
//! where it does not: no advice is better than wrong advice.

mod help;
mod labels;
mod reason;

use super::group::Group;
use crate::model::{
    Affected, Binding, Construct, ConstructKind, DynRole, Escape, Expression, Frame, Label, NoSource, Op,
    Pattern, SiteSource, Sizes, Span, TraitObject,
};

/// What the advice is made from.
pub(crate) struct Case<'a> {
    source: Option<&'a SiteSource>,
    op: Op,
    count: u64,
    calls: u64,
    affected: Affected,
    sizes: Sizes,
    pattern: Pattern,
    escape: Escape,
    freed_at: Option<&'a Span>,
    rehashes: bool,
    /// `OnceLock`, where it is filled once for later calls.
    lazy: Option<&'a str>,
    /// `#[no_heap(warmup = 1)]` allows all of it, and will allow it whatever else calls the function.
    is_warmup: bool,
    /// No call did it after so many.
    latest: u64,
    /// Only a thread's first call did it, of many; a later one may all the same.
    is_of_first_call: bool,
    /// The benchmark whose every call does it, where others do not.
    bench: Option<&'a str>,
    /// What the user's own code further out calls, and what calls the function of the user's line.
    above: &'a [Frame],
    /// What the user's line calls, and what that calls in turn.
    below: &'a [Frame],
}

/// What a finding says besides the facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    pub(crate) reason: String,
    pub(crate) help: Option<String>,
    pub(crate) labels: Vec<Label>,
}

/// Composes the advice for a group of events in a function that was called `calls` times.
pub(crate) fn advise(group: &Group, pattern: Pattern, calls: u64) -> Advice {
    let (to_line, below) = around(&group.chain, group.chain.iter().rposition(Frame::is_user));
    let (_, above) = around(to_line, to_line.iter().rposition(Frame::is_user));
    let case = Case {
        source: group.source.as_ref(),
        op: group.op,
        count: group.count,
        calls,
        affected: group.affected.among(calls),
        sizes: group.sizes,
        pattern,
        escape: group.escape,
        freed_at: group.freed_at.as_ref(),
        rehashes: group.rehashes(),
        lazy: group.lazy().filter(|_| pattern == Pattern::FirstCall || group.escape != Escape::Temporary),
        is_warmup: group.last_call == 1 && (pattern == Pattern::FirstCall || group.fills_a_static()),
        latest: group.streams.latest,
        is_of_first_call: pattern == Pattern::Sporadic
            && group.escape != Escape::Temporary
            && group.last_call == 1
            && group.streams.latest == 1
            && group.streams.quiet >= MANY_CALLS,
        bench: group.streams.bench.as_deref().filter(|_| group.streams.whole),
        above,
        below,
    };
    Advice { reason: reason::of(&case), help: help::of(&case), labels: labels::of(&case) }
}

/// What is before a frame of the chain, and what is behind it: all, where there is no such frame.
fn around(chain: &[Frame], frame: Option<usize>) -> (&[Frame], &[Frame]) {
    match frame {
        Some(index) => (&chain[..index], &chain[index + 1..]),
        None => (&[], chain),
    }
}

/// After so many calls without it a first call is worth a word, although nobody knows what the others had to do.
const MANY_CALLS: u64 = 100;

/// More than this is too much for a stack frame in a hot path.
const STACK_LIMIT: u64 = 16 * 1024;

impl<'a> Case<'a> {
    fn construct(&self) -> Option<&'a Construct> {
        self.source?.construct.as_ref()
    }

    fn kind(&self) -> Option<&'a ConstructKind> {
        self.construct().map(|construct| &construct.kind)
    }

    /// The expression, when it certainly is the one that used the heap.
    fn expression(&self) -> Option<&'a Expression> {
        self.source?.expression.as_ref().ok().filter(|expression| expression.exact)
    }

    /// The variable whose whole initialiser the expression is.
    fn binding(&self) -> Option<&'a Binding> {
        self.expression()?.binding.as_ref().filter(|binding| binding.whole)
    }

    fn object(&self) -> Option<&'a TraitObject> {
        self.source?.object.as_ref()
    }

    /// The pointer type as written, where the value becomes a trait object.
    fn becomes(&self) -> Option<(&'a str, &'a str)> {
        match self.object() {
            Some(TraitObject { name, role: DynRole::Becomes { pointer }, .. }) => Some((name, pointer)),
            _ => None,
        }
    }

    /// What became of the memory, seen from where it was taken: what a function hands to its caller has left it,
    /// even where the hot function further out gives it back.
    fn fate(&self) -> Escape {
        match self.escape {
            Escape::Temporary if self.expression().is_some_and(|expression| expression.returned) => {
                Escape::Escapes { all: true }
            }
            escape => escape,
        }
    }

    /// The code is the user's, and the debug info does not say from where.
    fn has_no_line(&self) -> bool {
        self.source.is_some_and(|source| matches!(source.expression, Err(NoSource::NoPlace)))
    }

    fn constant_size(&self) -> Option<u64> {
        (self.sizes.min == self.sizes.max).then_some(self.sizes.min)
    }

    /// Small enough for the stack, as far as was seen.
    fn fits_the_stack(&self) -> bool {
        self.sizes.max <= STACK_LIMIT
    }
}

#[cfg(test)]
mod tests;
