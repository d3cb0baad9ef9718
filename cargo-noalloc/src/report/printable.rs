//! What a text format gets to see: the nouns of a report, in which every text of somebody else can be printed.
//!
//! Made in one place, so that no format can forget it. Each noun lists its fields here, and the compiler misses none: who
//! adds a field says whether it holds text.

use std::borrow::Cow;
use std::ops::Deref;

use crate::model::{
    Affected, Bench, BenchChange, CHeap, Calls, Candidate, Change, CodePlace, Compared, Comparison,
    Construct, ConstructKind, Cut, Declared, DeclaredFn, Doubt, DynCall, DynRole, Environment, Escape,
    Figure, Finding, Frame, FunctionName, FunctionVerdict, HotFn, HotId, HotReport, Ignore, Ignored,
    IgnoredCode, InAllocator, Label, Lazy, Level, MeasuredSite, NoSource, Obstacle, ObstacleKind, Op, Origin,
    Overhead, Pattern, Permit, Place, Problem, Promise, ProofReport, ProofState, Reachable, Rule, Site,
    SiteSource, Sizes, Slices, Span, Standing, Status, Step, Target, TargetKind, Texts, TimeChange,
    TraitObject, Unlisted, Verdict, Weight, Whose,
};
use crate::printable;

/// A noun in which every text can be printed. Only [`Printable::of`] makes one.
#[derive(Debug)]
pub(super) struct Printable<'a, T: Clone>(Cow<'a, T>);

impl<'a, T: Print + Clone> Printable<'a, T> {
    /// `noun` itself where nothing in it acts or hides, and else a copy.
    pub(super) fn of(noun: &'a T) -> Printable<'a, T> {
        if noun.is_printable() {
            return Printable(Cow::Borrowed(noun));
        }
        let mut copy = noun.clone();
        copy.make_printable();
        Printable(Cow::Owned(copy))
    }
}

impl<T: Clone> Deref for Printable<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Something that texts may be in.
pub(super) trait Print {
    fn is_printable(&self) -> bool;
    fn make_printable(&mut self);
}

impl Print for String {
    fn is_printable(&self) -> bool {
        matches!(printable::line(self), Cow::Borrowed(_))
    }

    fn make_printable(&mut self) {
        if let Cow::Owned(shown) = printable::line(self) {
            *self = shown;
        }
    }
}

impl Print for FunctionName {
    fn is_printable(&self) -> bool {
        matches!(printable::line(self.demangled()), Cow::Borrowed(_))
    }

    fn make_printable(&mut self) {
        if let Cow::Owned(shown) = printable::line(self.demangled()) {
            *self = FunctionName::new(&shown);
        }
    }
}

/// Files keep their lines.
impl Print for Texts {
    fn is_printable(&self) -> bool {
        let is_plain = |(file, text): (&str, &str)| {
            matches!((printable::line(file), printable::lines(text)), (Cow::Borrowed(_), Cow::Borrowed(_)))
        };
        self.files().all(is_plain)
    }

    fn make_printable(&mut self) {
        let shown = |(file, text): (&str, &str)| {
            (printable::line(file).into_owned(), printable::lines(text).into_owned())
        };
        *self = self.files().map(shown).collect();
    }
}

impl<T: Print> Print for Option<T> {
    fn is_printable(&self) -> bool {
        self.as_ref().is_none_or(T::is_printable)
    }

    fn make_printable(&mut self) {
        self.iter_mut().for_each(T::make_printable);
    }
}

impl<T: Print> Print for Vec<T> {
    fn is_printable(&self) -> bool {
        self.iter().all(T::is_printable)
    }

    fn make_printable(&mut self) {
        self.iter_mut().for_each(T::make_printable);
    }
}

impl<T: Print, const N: usize> Print for [T; N] {
    fn is_printable(&self) -> bool {
        self.iter().all(T::is_printable)
    }

    fn make_printable(&mut self) {
        self.iter_mut().for_each(T::make_printable);
    }
}

impl<A: Print, B: Print> Print for (A, B) {
    fn is_printable(&self) -> bool {
        self.0.is_printable() && self.1.is_printable()
    }

    fn make_printable(&mut self) {
        self.0.make_printable();
        self.1.make_printable();
    }
}

/// What no text is in.
macro_rules! no_text {
    ($($noun:ty),* $(,)?) => {$(
        impl Print for $noun {
            fn is_printable(&self) -> bool {
                true
            }

            fn make_printable(&mut self) {}
        }
    )*};
}

no_text! {
    bool, f64, i32, u32, u64, usize, &'static str, Affected, CHeap, Calls, Change, Cut, Escape, Figure, FunctionVerdict, HotId,
    InAllocator, Level, ObstacleKind, Op, Overhead, Pattern, Promise, ProofState, Rule, Sizes, Slices, Step, TargetKind,
    Weight, Whose,
}

/// `Struct { field, … }`.
macro_rules! print {
    ($($noun:ident { $($field:ident),* $(,)? })*) => {$(
        impl Print for $noun {
            fn is_printable(&self) -> bool {
                let $noun { $($field),* } = self;
                true $(&& $field.is_printable())*
            }

            fn make_printable(&mut self) {
                let $noun { $($field),* } = self;
                $($field.make_printable();)*
            }
        }
    )*};
}

print! {
    Verdict { proof_only, targets, benches, functions, findings, permits, sites, compared, ignored, problems }
    Target { package, kind, name, source }
    Bench {
        name, target, place, iterations, samples, slices, overhead, recorded, allocs, reallocs, frees, bytes,
        c_heap, processed_bytes, processed_items, allocator, hot, outside
    }
    HotReport {
        hot, c_heap, calls, allocs, reallocs, frees, bytes, max_allocs, max_requests, max_bytes, verdict, proof, targets,
        may_allocate_at
    }
    HotFn { id, name, place, attributed, by_code, promise }
    ProofReport { state, assumption, may_free, reachable, doubts, truncated, inevitable, inlined_into }
    Reachable { site, always, allocator }
    Doubt { site, obstacle, candidates, in_slot, called }
    DynCall { receiver, of_trait, method }
    Obstacle { kind, text, receiver, import }
    Candidate { name, state }
    Finding {
        rule, level, hot, function, span, construct, dyn_trait, op, is_c, count, reallocs, affected, calls, bytes, sizes, pattern, escape,
        freed_at, chain, cut, labels, obstacle, candidates, standing, reason, help
    }
    Label { span, text }
    Frame { function, place, inlined, origin }
    Place { file, line, column }
    CodePlace { file, line, byte_column }
    Span { start, end_line, end_column }
    Permit { place, reason, function, entered, allocs, reallocs, frees, bytes }
    Site {
        hot, op, c_function, process, chain, count, bytes, sizes, calls, freed, escaped, untracked, whose, freed_by, source,
        cut
    }
    Construct { name, kind, of }
    TraitObject { name, at, role }
    Lazy { name }
    Compared { accepted, tighter, strict }
    Ignored { by, function, sites, count, bytes }
    Ignore { code, rules, reason }
    Problem { step, message }
    Environment { rustc, target, profile, rustflags }
    Declared { functions, problems }
    DeclaredFn { name, place, options }
    Comparison {
        names, threshold, rounds, benches, only, geometric_mean, appeared, vanished, moved, began, unknown, notes,
        incomplete
    }
    BenchChange { target, name, time, bytes, allocs, frees, worse }
    TimeChange { ns, figure, p, significant, samples }
    MeasuredSite { rule, is_error, function, construct, op, file, line, column }
}

/// A report shows where a site is: its syntax was for the advice, and is left behind.
impl Print for SiteSource {
    fn is_printable(&self) -> bool {
        let SiteSource { span, expression, construct, object, lazy, lending } = self;
        let is_left = *expression == Err(NoSource::Nothing);
        is_left
            && span.is_printable()
            && construct.is_printable()
            && object.is_printable()
            && lazy.is_printable()
            && lending.is_printable()
    }

    fn make_printable(&mut self) {
        let SiteSource { span, expression, construct, object, lazy, lending } = self;
        *expression = Err(NoSource::Nothing);
        span.make_printable();
        construct.make_printable();
        object.make_printable();
        lazy.make_printable();
        lending.make_printable();
    }
}

/// `Enum { Variant { field }, … }`: each variant, and the one text that some have.
macro_rules! print_variants {
    ($($noun:ident { $($variant:ident $(($text:ident))? $({ $($field:ident),* })?),* $(,)? })*) => {$(
        impl Print for $noun {
            fn is_printable(&self) -> bool {
                match self {
                    $($noun::$variant $(($text))? $({ $($field),* })? =>
                        true $(&& $text.is_printable())? $($(&& $field.is_printable())*)?,)*
                }
            }

            fn make_printable(&mut self) {
                match self {
                    $($noun::$variant $(($text))? $({ $($field),* })? => {
                        $($text.make_printable();)?
                        $($($field.make_printable();)*)?
                    })*
                }
            }
        }
    )*};
}

print_variants! {
    Status {
        Ok, Failed { code }, Crashed { signal }, TimedOut { after }, Unrecorded { reason }, Skipped { reason },
        Interrupted, NotRun,
    }
    Unlisted { File(why), Item { file, why }, Macro { file, line, name }, Included { file, line } }
    Origin { User, Derived, OnTheWay, Dependency(name), Std, NoHeap, System }
    Standing { Accepted, New, Worse { accepted } }
    IgnoredCode { Crate(name), Path(path) }
    DynRole { Becomes { pointer }, Behind { implementation } }
    ConstructKind {
        C, Boxed, Shared, Elements, Capacity, Growth, Text, Copy, Collect, Sort, Joined, Shrink, Error, Buffered, Channel,
        Thread, Print, Drop, Dependency(name), Other,
    }
    NoSource {
        NoPlace, Missing { file }, Refused { file, why }, Unparsed { file, why }, Changed { file },
        BeyondEnd { file, line }, Nothing, Attribute { name }, Macro { name },
    }
}
