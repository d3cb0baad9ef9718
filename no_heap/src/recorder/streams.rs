//! Streams of calls: what can be told apart of a function's calls, because it may do by its arguments what it seems to do by
//! its age.
//!
//! A stream is a stretch of the calls of one part of the record. One begins with a thread, and with each benchmark of this
//! crate's harness. What an event costs for it is a comparison; the rest is done when a stream ends.

use super::{Seen, add, lower, raise, table};
use crate::record::{SiteSlot, StreamTrait, Streams, Thread};
use crate::scope::{Scope, ThreadState};

/// What the calls of a stream have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Calls {
    /// They are iterations of one benchmark: what they do they do again.
    #[cfg_attr(not(feature = "bench"), expect(dead_code, reason = "only the harness knows of iterations"))]
    Repeated,
    /// Nobody knows.
    Unknown,
}

/// Counts the call of `scope`, whose first event from here has `size` bytes, as one that has hit the site.
#[inline(always)]
pub(super) fn count_call(thread: &ThreadState, scope: &Scope, seen: Seen, size: u64) {
    let (site, counts) = (&seen.slot.site, seen.counts);
    let number = scope.call().saturating_sub(counts.before_thread.get());
    add(&site.calls_affected, 1);
    lower(&site.first_call, number);
    raise(&site.last_call, number);
    if site.stream.get() != thread.part.get().head().stream.get() {
        hit_first(thread, seen);
    }
    add(&site.stream_calls, 1);
    raise(&site.stream_last, scope.call().saturating_sub(counts.before_stream.get()));
    if size > site.stream_size.get() {
        site.stream_size.set(size);
    } else {
        note(seen.slot, StreamTrait::Level);
    }
}

/// The first hit of a site in the stream that runs.
#[cold]
#[inline(never)]
fn hit_first(thread: &ThreadState, seen: Seen) {
    let site = &seen.slot.site;
    site.stream_calls.set(0);
    site.stream_last.set(0);
    site.stream_size.set(0);
    site.stream_link.set(thread.stream_sites.replace(seen.number));
    site.stream.set(thread.part.get().head().stream.get());
}

/// Says of some stream in which the site was hit that this is true.
#[inline]
pub(super) fn note(slot: &SiteSlot, what: StreamTrait) {
    slot.site.traits.set(slot.site.traits.get() | what as u64);
}

/// This thread's first stream, in a part that other threads may have had before.
pub(super) fn begin_thread(thread: &ThreadState) {
    let part = thread.part.get();
    thread.stream_sites.set(0);
    if part.head().stream.get() != 0 {
        for counts in functions(part).map(|hot| part.counts(hot)) {
            counts.before_thread.set(counts.calls.get());
            // It has as much room for sites as if it had a part of its own.
            counts.whole_sites.set(0);
            counts.cut_sites.set(0);
        }
        part.head().pooled.set(0);
    }
    begin(thread);
    part.head().first_stream.set(part.head().stream.get());
}

/// The stream that runs ends here, and its calls have this in common; those after it are another's.
pub(crate) fn end_stream(thread: &ThreadState, calls: Calls) {
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    let mut number = thread.stream_sites.replace(0);
    while let Some(slot) = table::site(part, number) {
        end_of_site(part, slot, calls);
        number = slot.site.stream_link.get();
    }
    begin(thread);
}

/// NOTE: a process that is killed in here leaves a stream that had fewer calls than it had: less can be said of that one.
fn begin(thread: &ThreadState) {
    let part = thread.part.get();
    let head = part.head();
    if head.stream.get() != 0 {
        functions(part).for_each(|hot| part.counts(hot).before_stream.set(part.counts(hot).calls.get()));
    }
    add(&head.stream, 1);
    head.bench.set(thread.bench.get());
}

fn functions(part: Thread) -> std::ops::Range<u32> {
    0..u32::try_from(part.hot_count()).unwrap_or(u32::MAX)
}

fn end_of_site(part: Thread, slot: &SiteSlot, calls: Calls) {
    let site = &slot.site;
    let counts = part.counts(site.hot.get() as u32);
    let of_stream = counts.calls.get().saturating_sub(counts.before_stream.get());
    let one =
        Streams::one(of_stream, site.stream_calls.get(), site.stream_last.get(), part.head().bench.get());
    let one = if calls == Calls::Unknown { one.with(StreamTrait::Unknown) } else { one };
    let all = Streams {
        latest: site.latest.get(),
        quiet: site.quiet.get(),
        traits: site.traits.get(),
        bench: site.bench.get(),
    };
    let Streams { latest, quiet, traits, bench } = all.and(one);
    site.quiet.set(quiet);
    site.traits.set(traits);
    site.bench.set(bench);
    site.latest.set(latest);
}
