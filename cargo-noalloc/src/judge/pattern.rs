//! When something happens: in every call, at first, ever rarer, now and then.

use super::group::Group;
use crate::model::{Op, Pattern};

/// From the calls affected and the sizes seen.
pub(crate) fn of(group: &Group, calls: u64) -> Pattern {
    let affected = group.affected.among(calls);
    if affected.at_least == calls {
        return Pattern::EveryCall;
    }
    if group.last_call == 1 {
        return Pattern::FirstCall;
    }
    let moves = group.op == Op::Realloc || group.rehashes();
    let grows = moves && group.sizes.max >= group.sizes.min.saturating_mul(2);
    if grows && affected.at_most * 4 <= calls {
        return Pattern::Growth;
    }
    // All of the first calls, and then no more for at least as long.
    if group.first_call == 1 && affected.at_least == group.last_call && group.last_call * 2 <= calls {
        return Pattern::WarmUp;
    }
    Pattern::Sporadic
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::judge::group::Group;
    use crate::model::{Affected, Escape, Op, Pattern, Place, Sizes, Span};

    fn check(op: Op, (affected, first, last): (u64, u64, u64), sizes: (u64, u64), expected: Pattern) {
        let group = Group {
            c_function: None,
            op,
            span: Span::point(Place { file: String::new(), line: 1, column: 1 }),
            source: None,
            count: affected,
            bytes: 0,
            sizes: Sizes { min: sizes.0, max: sizes.1 },
            affected: Affected { at_least: affected, at_most: affected },
            first_call: first,
            last_call: last,
            escape: Escape::Unknown,
            freed_at: None,
            own: 0,
            chain: Vec::new(),
        };
        assert_eq!(of(&group, 1_000), expected, "{op:?} {affected} {first} {last}");
    }

    #[test]
    fn patterns_follow_from_calls_and_sizes() {
        check(Op::Alloc, (1_000, 1, 1_000), (24, 24), Pattern::EveryCall);
        check(Op::Alloc, (1, 1, 1), (64, 64), Pattern::FirstCall);
        check(Op::Alloc, (3, 1, 3), (64, 64), Pattern::WarmUp);
        check(Op::Realloc, (12, 2, 900), (16, 65_536), Pattern::Growth);
        check(Op::Alloc, (322, 4, 998), (8, 8), Pattern::Sporadic);
        check(Op::Realloc, (900, 1, 999), (16, 65_536), Pattern::Sporadic);
    }
}
