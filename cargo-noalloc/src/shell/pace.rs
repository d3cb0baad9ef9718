//! How long the rest takes, by what the first of it took.

use std::time::{Duration, Instant};

/// Things of one kind that are done one after another, or so many at once as go.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    since: Instant,
    done: u32,
    last: Instant,
}

impl Pace {
    /// Begins now.
    pub(crate) fn new() -> Pace {
        Pace::from(Instant::now())
    }

    pub(crate) fn from(since: Instant) -> Pace {
        Pace { since, done: 0, last: since }
    }

    pub(crate) fn one_more(&mut self, now: Instant) {
        (self.done, self.last) = (self.done + 1, now);
    }

    /// From one end to the next; `None` before the first.
    pub(crate) fn mean(&self) -> Option<Duration> {
        (self.last - self.since).checked_div(self.done)
    }

    /// Of `remaining`, those that have begun among them; `None` before the first one is done, and when the time that the
    /// others took is over.
    pub(crate) fn left(&self, remaining: usize, now: Instant) -> Option<Duration> {
        let mean = self.mean()?;
        let all = mean.checked_mul(u32::try_from(remaining).ok()?)?;
        let left = all.saturating_sub(mean.min(now.saturating_duration_since(self.last)));
        Some(left).filter(|left| !left.is_zero())
    }
}
