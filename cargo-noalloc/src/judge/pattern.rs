//! When something happens: in every call, at first, ever rarer, now and then.
//!
//! What a call does may be its arguments' doing or its age's. Only streams whose calls do the same again and again tell the
//! two apart; elsewhere nothing is said of first calls, unless the code says it.

use super::group::Group;
use crate::model::{Escape, Pattern};

/// Growth shows in so many calls at least where it is not known what calls have in common.
const GROWTHS: u64 = 3;

/// From the calls affected and the sizes seen.
pub(crate) fn of(group: &Group, calls: u64) -> Pattern {
    let (affected, streams) = (group.affected.among(calls), &group.streams);
    if affected.at_least == calls {
        return Pattern::EveryCall;
    }
    // What is given back before the call returns has prepared nothing for later ones, unless it was needed on the way.
    if group.escape == Escape::Temporary && group.lazy().is_none() {
        return Pattern::Sporadic;
    }
    let is_first = streams.latest == 1 && streams.quiet > 0;
    if is_first && (streams.repeated || group.fills_a_static()) {
        return Pattern::FirstCall;
    }
    let grows = group.moves() && streams.rising && group.sizes.max >= group.sizes.min.saturating_mul(2);
    if grows && streams.rare && (streams.repeated || affected.at_least >= GROWTHS) {
        return Pattern::Growth;
    }
    if streams.repeated && streams.without_gaps && streams.quiet >= streams.latest {
        return Pattern::WarmUp;
    }
    Pattern::Sporadic
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::judge::group::Group;
    use crate::model::{Affected, Escape, Op, Pattern, Place, Sizes, Span, Streams};

    const CALLS: u64 = 1_000;

    /// Of one stream of all calls that do the same.
    fn group(op: Op, (affected, last): (u64, u64), sizes: (u64, u64)) -> Group {
        let streams = Streams {
            repeated: true,
            latest: last,
            quiet: CALLS - last,
            without_gaps: affected == last,
            whole: affected == CALLS,
            rare: affected * 4 <= CALLS,
            rising: sizes.0 < sizes.1,
            bench: None,
        };
        Group {
            c_function: None,
            op,
            span: Span::point(Place { file: String::new(), line: 1, column: 1 }),
            source: None,
            count: affected,
            reallocs: if op == Op::Realloc { affected } else { 0 },
            bytes: 0,
            sizes: Sizes { min: sizes.0, max: sizes.1 },
            affected: Affected { at_least: affected, at_most: affected },
            last_call: last,
            streams,
            escape: Escape::Unknown,
            freed_at: None,
            whose: None,
            chain: Vec::new(),
            passed: std::collections::BTreeSet::new(),
            cut: None,
        }
    }

    fn check(group: &Group, expected: Pattern) {
        assert_eq!(of(group, CALLS), expected, "{group:?}");
    }

    #[test]
    fn patterns_follow_from_calls_and_sizes() {
        check(&group(Op::Alloc, (1_000, 1_000), (24, 24)), Pattern::EveryCall);
        check(&group(Op::Alloc, (1, 1), (64, 64)), Pattern::FirstCall);
        check(&group(Op::Alloc, (3, 3), (64, 64)), Pattern::WarmUp);
        check(&group(Op::Realloc, (12, 900), (16, 65_536)), Pattern::Growth);
        check(&group(Op::Alloc, (322, 998), (8, 8)), Pattern::Sporadic);
        check(&group(Op::Realloc, (900, 999), (16, 65_536)), Pattern::Sporadic);
        check(&group(Op::Alloc, (2, 3), (64, 64)), Pattern::Sporadic);
    }

    #[test]
    fn calls_that_may_differ_have_no_first_one() {
        for (affected, last) in [(1, 1), (3, 3)] {
            let mut group = group(Op::Alloc, (affected, last), (64, 64));
            group.streams.repeated = false;
            check(&group, Pattern::Sporadic);
        }
        let mut growing = group(Op::Realloc, (12, 900), (16, 65_536));
        growing.streams.repeated = false;
        check(&growing, Pattern::Growth);
        growing.affected = Affected { at_least: 2, at_most: 2 };
        check(&growing, Pattern::Sporadic);
    }

    #[test]
    fn each_stream_has_to_agree() {
        let mut first = group(Op::Alloc, (1, 1), (64, 64));
        // Another benchmark called the function once.
        first.streams.quiet = 0;
        check(&first, Pattern::Sporadic);
        let mut growing = group(Op::Realloc, (12, 900), (16, 65_536));
        growing.streams.rare = false;
        check(&growing, Pattern::Sporadic);
        let mut growing = group(Op::Realloc, (12, 900), (16, 65_536));
        growing.streams.rising = false;
        check(&growing, Pattern::Sporadic);
    }

    #[test]
    fn what_is_freed_before_the_call_returns_warms_nothing_up() {
        for (affected, last) in [(1, 1), (3, 3), (12, 900)] {
            let mut group = group(Op::Realloc, (affected, last), (16, 65_536));
            group.escape = Escape::Temporary;
            check(&group, Pattern::Sporadic);
        }
    }
}
