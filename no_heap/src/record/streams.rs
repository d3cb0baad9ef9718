//! What streams of calls say of a site: one that ends is added to those before it, by the writer while the program runs and
//! by the reader for those that still ran at its end.
//!
//! Adding one twice changes nothing, so a process may be killed in between.

use super::layout::StreamTrait;

/// Streams in which something happened. Also the words of a [`Site`](super::Site) that are called so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Streams {
    pub(crate) latest: u64,
    pub(crate) quiet: u64,
    pub(crate) traits: u64,
    pub(crate) bench: u64,
}

impl Streams {
    /// One of `calls` calls, in which it happened in `affected`, the last of which was number `last`.
    pub(crate) fn one(calls: u64, affected: u64, last: u64, bench: u64) -> Streams {
        let traits = [
            (affected != last, StreamTrait::Gaps),
            (affected.saturating_mul(4) > calls, StreamTrait::Frequent),
            (affected != calls, StreamTrait::Partial),
        ];
        let traits = traits.into_iter().filter(|(is_true, _)| *is_true);
        Streams {
            latest: last,
            quiet: calls.saturating_sub(last),
            traits: traits.fold(0, |all, (_, one)| all | one as u64),
            bench,
        }
    }

    pub(crate) fn with(self, more: StreamTrait) -> Streams {
        Streams { traits: self.traits | more as u64, ..self }
    }

    pub(crate) fn and(self, other: Streams) -> Streams {
        Streams {
            latest: self.latest.max(other.latest),
            quiet: self.quiet.min(other.quiet),
            traits: self.traits | other.traits,
            bench: match (self.latest, other.latest) {
                (0, _) => other.bench,
                (_, 0) => self.bench,
                _ if self.bench == other.bench => self.bench,
                _ => u64::MAX,
            },
        }
    }
}
