//! The words, for evidence made by hand; the real run is in `tests/constructs`.

use super::advise;
use crate::judge::group::Group;
use crate::model::{
    Affected, Construct, ConstructKind, Escape, Frame, FunctionName, NoSource, Op, Origin, Pattern, Place,
    SiteSource, Sizes, Span, Streams,
};

/// 1,000 calls, without a source: only the chain says what it is.
fn group(
    op: Op,
    (name, kind): (&str, ConstructKind),
    escape: Escape,
    (min, max): (u64, u64),
    affected: u64,
) -> Group {
    let span = Span::point(Place { file: "a.rs".to_owned(), line: 1, column: 1 });
    Group {
        c_function: None,
        op,
        source: Some(SiteSource {
            span: span.clone(),
            expression: Err(NoSource::Nothing),
            construct: Some(Construct { name: name.to_owned(), kind, of: None }),
            object: None,
            lazy: None,
            lending: Vec::new(),
        }),
        span,
        count: affected,
        reallocs: if op == Op::Realloc { affected } else { 0 },
        bytes: affected * max,
        sizes: Sizes { min, max },
        affected: Affected { at_least: affected, at_most: affected },
        last_call: 1,
        streams: Streams { latest: affected, ..Streams::NONE },
        escape,
        freed_at: None,
        whose: None,
        cut: None,
        chain: Vec::new(),
        passed: std::collections::BTreeSet::new(),
    }
}

#[test]
fn what_has_no_line_is_looked_for_by_its_size() {
    let boxed = ("Box::new", ConstructKind::Boxed);
    let mut group = group(Op::Alloc, boxed, Escape::Temporary, (8, 24), 1_000);
    if let Some(source) = &mut group.source {
        source.expression = Err(NoSource::NoPlace);
    }
    let help = advise(&group, Pattern::EveryCall, 1_000).help.expect("one");
    assert!(help.starts_with("the compiler left no line for it"), "{help}");
    assert!(help.ends_with("look for what takes 8 to 24 bytes"), "{help}");
}

#[test]
fn only_what_can_be_cleared_is_said_to_keep_its_memory() {
    for (name, clears) in [
        ("Vec::with_capacity", true),
        ("HashMap::with_capacity_and_hasher", true),
        ("LineWriter::with_capacity", false),
        ("Arena::with_capacity", false),
    ] {
        let group = group(Op::Alloc, (name, ConstructKind::Capacity), Escape::Temporary, (64, 64), 1_000);
        let help = advise(&group, Pattern::EveryCall, 1_000).help.expect("one");
        assert!(help.contains("once, outside the hot path"), "{help}");
        assert_eq!(help.contains("clear()"), clears, "{help}");
    }
}

#[test]
fn the_reason_says_what_how_large_when_and_what_became_of_it() {
    let cases = [
        (
            group(Op::Alloc, ("format!", ConstructKind::Text), Escape::Temporary, (8, 8), 1_000),
            Pattern::EveryCall,
            "formatting makes a new `String`; always 8 bytes; freed before the call returns",
        ),
        (
            group(
                Op::Realloc,
                ("Vec::push", ConstructKind::Growth),
                Escape::Escapes { all: true },
                (32, 65_536),
                12,
            ),
            Pattern::Growth,
            "there was no room left for what came in; grew 12 times in 1,000 calls, up to 65.5 kB; still alive when the call returns",
        ),
        (
            group(Op::Alloc, ("Box::new", ConstructKind::Boxed), Escape::Unknown, (4, 4_096), 322),
            Pattern::Sporadic,
            "`Box::new` puts its value on the heap, whatever its size; 4 to 4,096 bytes seen; in 322 of 1,000 calls",
        ),
        (
            group(Op::Free, ("drop of Vec<u8>", ConstructKind::Drop), Escape::Unknown, (8, 8), 1_000),
            Pattern::EveryCall,
            "memory that was taken elsewhere is given back here: drop of Vec<u8>",
        ),
        (
            group(
                Op::Alloc,
                ("call into bytes", ConstructKind::Dependency("bytes".to_owned())),
                Escape::Unknown,
                (8, 8),
                3,
            ),
            Pattern::WarmUp,
            "the code of `bytes` takes it; always 8 bytes; in the first 3 calls only",
        ),
    ];
    for (group, pattern, reason) in cases {
        assert_eq!(advise(&group, pattern, 1_000).reason, reason);
    }
}

#[test]
fn without_the_expression_no_code_is_advised() {
    let kinds = [
        ("vec!", ConstructKind::Elements),
        ("sort", ConstructKind::Sort),
        ("collect into Vec", ConstructKind::Collect),
        ("format!", ConstructKind::Text),
        ("Vec::push", ConstructKind::Growth),
        ("Box::new", ConstructKind::Boxed),
        ("call into bytes", ConstructKind::Dependency("bytes".to_owned())),
        ("Ring::grow", ConstructKind::Other),
    ];
    for (name, kind) in kinds {
        for escape in [Escape::Temporary, Escape::Escapes { all: true }, Escape::Unknown] {
            let group = group(Op::Alloc, (name, kind.clone()), escape, (8, 8), 1_000);
            let advice = advise(&group, Pattern::EveryCall, 1_000);
            let help = advice.help.unwrap_or_default();
            assert!(!help.contains("`let ") && !help.contains("buf."), "{name}: {help}");
            assert!(advice.labels.is_empty());
        }
    }
}

#[test]
fn large_values_are_not_sent_to_the_stack() {
    for (name, kind) in [("Box::new", ConstructKind::Boxed), ("vec!", ConstructKind::Elements)] {
        let group = group(Op::Alloc, (name, kind), Escape::Temporary, (1 << 20, 1 << 20), 1_000);
        let help = advise(&group, Pattern::EveryCall, 1_000).help.unwrap_or_default();
        assert!(!help.contains("stack") && !help.contains("keep the value"), "{help}");
    }
}

/// What a map that grows gives back was not enough.
#[test]
fn how_much_is_enough_is_told_by_what_was_taken() {
    for (op, enough) in [(Op::Alloc, true), (Op::Free, false)] {
        let insert = ("HashMap::insert", ConstructKind::Growth);
        let mut group = group(op, insert, Escape::Escapes { all: true }, (148, 2_128), 5);
        group.chain.push(Frame {
            function: FunctionName::new("hashbrown::raw::RawTable::reserve_rehash"),
            place: None,
            inlined: false,
            origin: Origin::Std,
        });
        let help = advise(&group, Pattern::Growth, 100).help.unwrap_or_default();
        assert!(help.starts_with("reserve once"), "{help}");
        assert_eq!(help.contains("2,128 bytes were enough"), enough, "{help}");
    }
}

#[test]
fn a_scope_is_advised_to_have_its_threads_before() {
    let group =
        group(Op::Alloc, ("thread::scope", ConstructKind::Thread), Escape::Temporary, (40, 40), 1_000);
    let advice = advise(&group, Pattern::EveryCall, 1_000);
    assert_eq!(
        advice.help.as_deref(),
        Some("start the threads before the hot path and hand work over to them")
    );
    assert!(advice.reason.starts_with("a scope keeps account of its threads on the heap; always 40 bytes"));
}

#[test]
fn what_happens_once_is_moved_before_the_hot_path() {
    let group =
        group(Op::Alloc, ("Box::new", ConstructKind::Boxed), Escape::Escapes { all: true }, (8, 8), 1);
    let help = advise(&group, Pattern::FirstCall, 1_000).help.unwrap_or_default();
    assert_eq!(help, "only a first call does it: make it before the hot path, or `#[no_heap(warmup = 1)]`");
}

/// A warm-up is of a thread: another benchmark's first call is not its first.
#[test]
fn a_warm_up_is_advised_where_it_allows_every_call() {
    let mut group =
        group(Op::Alloc, ("Box::new", ConstructKind::Boxed), Escape::Escapes { all: true }, (8, 8), 1);
    group.last_call = 1_001;
    let help = advise(&group, Pattern::FirstCall, 2_000).help.unwrap_or_default();
    assert_eq!(help, "only a first call does it: make it before the hot path");
}

#[test]
fn of_a_first_call_among_calls_that_may_differ_less_is_said() {
    let mut group =
        group(Op::Alloc, ("Box::new", ConstructKind::Boxed), Escape::Escapes { all: true }, (8, 8), 1);
    group.streams.quiet = 999;
    let advice = advise(&group, Pattern::Sporadic, 1_000);
    assert!(advice.reason.contains("in 1 of 1,000 calls, the first;"), "{}", advice.reason);
    let help = "only a first call did it here: if no other input needs it, make it before the hot path";
    assert_eq!(advice.help.as_deref(), Some(help));
    group.streams.quiet = 4;
    let advice = advise(&group, Pattern::Sporadic, 5);
    assert!(advice.reason.contains("in 1 of 5 calls;"), "{}", advice.reason);
    assert!(!advice.help.unwrap_or_default().contains("first call"));
}
