//! Events that repeat one before them in the same call of a hot function: from the same stack, of the same size, and
//! of the frees those of a block that the same site had allocated in this call.
//!
//! Whoever follows a loop to the heap meets hardly any others. Everything about such an event is known beforehand, so
//! one number of its site goes up, and the reader adds that to all the others. Each write leaves a record that is true:
//! there is no moment at which the process must not be killed.

use std::cell::Cell;
use std::sync::atomic::{Ordering, compiler_fence};

use super::live::address;
use super::recent::Recognised;
use super::{Event, Op, Seen, add};
use crate::record::{SiteSlot, op_bit, repeat_sum};
use crate::scope::{Counts, ThreadState};

/// Sites of one call whose events may be counted so. Those of the others are counted one by one.
const CAPACITY: usize = 16;

/// Which events that come along a stack are repeats.
#[derive(Clone, Copy)]
pub(crate) struct Repeat {
    /// See [`Repeats::kind`].
    kind: u64,
    size: usize,
    /// Of frees, the site of the blocks.
    origin: Option<&'static SiteSlot>,
}

impl Repeat {
    /// None of them.
    ///
    /// PERF: all bits 0, as everything is that a thread begins with: what is not would be copied for each thread.
    pub(crate) const NONE: Repeat = Repeat { kind: 0, size: 0, origin: None };

    #[inline(always)]
    pub(super) fn is(self, kind: u64, size: usize) -> bool {
        self.kind == kind && self.size == size
    }
}

/// What a thread keeps of the innermost call, if that is a hot function that alone answers for its events.
pub(crate) struct Repeats {
    /// Tells the calls apart whose events repeat; 0 while there is no such call, and while it is suspended.
    call: Cell<u64>,
    /// What `call` was last.
    last: Cell<u64>,
    /// Those that may hold repeats that are not settled, from the first on.
    sites: [Cell<Option<Repeating>>; CAPACITY],
}

#[derive(Clone, Copy)]
struct Repeating {
    slot: &'static SiteSlot,
    /// Its repeats before this call.
    before: u64,
}

impl Repeats {
    /// The numbers of calls leave room below for 1 + an [`Op`].
    const STEP: u64 = 4;

    pub(crate) const fn new() -> Repeats {
        Repeats { call: Cell::new(0), last: Cell::new(0), sites: [const { Cell::new(None) }; CAPACITY] }
    }

    /// What is the same in all repeats of one operation in one call; never 0. While there is no such call it is less than
    /// ever belongs to a [`Repeat`].
    #[inline(always)]
    fn kind(&self, op: Op) -> u64 {
        kind_of(self.call.get(), op)
    }

    /// The call's number; never 0, also if a signal's handler suspends the call meanwhile.
    fn call_or_next(&self) -> u64 {
        let call = self.call.get();
        if call != 0 {
            return call;
        }
        let next = self.last.get().wrapping_add(Repeats::STEP);
        self.last.set(next);
        self.call.set(next);
        next
    }

    /// From here on no event is a repeat, and what was counted is forgotten: it is in another process's record.
    pub(crate) fn forget(&self) {
        self.call.set(0);
        self.sites.iter().for_each(|site| site.set(None));
    }
}

/// See [`Repeats::kind`].
#[inline(always)]
fn kind_of(call: u64, op: Op) -> u64 {
    call | (op as u64 + 1)
}

/// Counts the event if it is the repeat that is expected next; nothing is known of it.
///
/// NOTE: nobody asks whether a panic is at work: then no event is a repeat. A panic begins with an allocation for the
/// exception, which returns into the panic's own code as no repeat does; it comes to `known`, which suspends them all. (What
/// follows may have the stacks of repeats: a `drop` that cleans up returns to another place, and a C function without a frame
/// hides that.)
#[inline(always)]
pub(super) fn record(thread: &'static ThreadState, event: &Event, frame: usize) -> Option<()> {
    let kind = thread.repeats.kind(event.op);
    let stack = thread.recent.expected(frame, kind, event.size)?;
    count(thread, event, stack)?;
    thread.recent.came_as_expected(stack);
    Some(())
}

/// Counts the event if it is any repeat.
#[inline(always)]
pub(super) fn find(thread: &'static ThreadState, event: &Event, frame: usize) -> Option<()> {
    if thread.repeats.call.get() == 0 {
        return None;
    }
    let kind = thread.repeats.kind(event.op);
    let stack = thread.recent.find_repeat(frame, kind, event.size)?;
    count(thread, event, stack)?;
    thread.recent.came(stack);
    Some(())
}

/// Counts the event, which comes from `stack` and is a repeat unless the block says otherwise.
///
/// PERF: `freed_by` stays what it is: another place that frees such blocks may have been later, and either is true.
#[inline(always)]
fn count(thread: &ThreadState, event: &Event, stack: Recognised<'_>) -> Option<()> {
    let (live, Seen { slot, counts, .. }) = (&thread.live, stack.seen());
    match event.op {
        Op::Alloc => live.push(live.place_for(event.block)?, event.block, counts, Some(slot)),
        Op::Free => {
            let (newest, origin) = live.newest_of_alone(event.block, counts)?;
            // A repeat has an origin, and where there is none, the two are no one.
            if address(origin) != address(stack.repeat().origin) {
                return None;
            }
            live.pop(newest);
        }
        Op::Realloc => return None,
    }
    add(&slot.site.repeats, 1);
    Some(())
}

/// Whether the site's repeats may be of this size: all are of one.
#[inline(always)]
pub(super) fn have_size(slot: &SiteSlot, size: usize) -> bool {
    slot.site.repeat_sum.get() == 0 || slot.site.repeat_size.get() == size as u64
}

/// Takes events like this one for repeats from here on, in the innermost call, which alone answers for it, unless they are
/// counted one by one. This one came along `stack`, has been counted, and was not the first that the call has from there;
/// `origin` is the site of the block that it freed.
#[cold]
#[inline(never)]
pub(super) fn expect(
    thread: &ThreadState,
    op: Op,
    size: usize,
    stack: Recognised<'_>,
    origin: Option<&'static SiteSlot>,
) {
    if let Some(repeat) = may_repeat(thread, op, size, stack.seen(), origin) {
        stack.set_repeat(repeat);
    }
}

fn may_repeat(
    thread: &ThreadState,
    op: Op,
    size: usize,
    seen: Seen,
    origin: Option<&'static SiteSlot>,
) -> Option<Repeat> {
    let (repeats, part) = (&thread.repeats, thread.part.get());
    let site = &seen.slot.site;
    let (bytes, from) = (size as u64, origin.map_or(0, |origin| origin.site.number.get()));
    let is_said = site.repeat_sum.get() != 0;
    if is_said && (site.repeat_size.get(), site.repeat_from.get()) != (bytes, from) {
        return None;
    }
    let is_for_this = |place: &&Cell<Option<Repeating>>| {
        place.get().is_none_or(|repeating| std::ptr::eq(repeating.slot, seen.slot))
    };
    let place = repeats.sites.iter().find(is_for_this)?;
    if !is_said {
        site.repeat_size.set(bytes);
        site.repeat_from.set(from);
        site.repeat_sum.set(repeat_sum(site.hash.get(), bytes, from));
    }
    if place.get().is_none() {
        place.set(Some(Repeating { slot: seen.slot, before: site.repeats.get() }));
    }
    part.head().repeating.set(1);
    Some(Repeat { kind: kind_of(repeats.call_or_next(), op), size, origin })
}

/// From here on no event is a repeat: another scope begins inside the innermost call, or a panic is at work.
///
/// NOTE: nothing is settled, because the scope may be a hot function that handles a signal, and the recorder in the middle of a
/// repeat. One that leaves the heap alone leaves the repeats alone.
#[inline(always)]
pub(crate) fn suspend(thread: &ThreadState) {
    thread.repeats.call.set(0);
}

/// From here on no event is a repeat, and the thread's counts hold those that were. Before the innermost call ends, or
/// something is counted in one inside it.
#[inline]
pub(crate) fn settle(thread: &ThreadState) {
    if thread.repeats.sites[0].get().is_some() {
        settle_call(thread);
    }
}

#[cold]
#[inline(never)]
fn settle_call(thread: &ThreadState) {
    let (repeats, head) = (&thread.repeats, thread.part.get().head());
    for Repeating { slot, before } in repeats.sites.iter().map_while(Cell::take) {
        let site = &slot.site;
        let events = site.repeats.get().wrapping_sub(before);
        add(&head.repeats, events);
        let more = if site.op.get() & op_bit::OPERATION == Op::Free as u64 {
            Counts { frees: events, ..Counts::ZERO }
        } else {
            let bytes = events.wrapping_mul(site.repeat_size.get());
            Counts { allocs: events, bytes, ..Counts::ZERO }
        };
        thread.counted.set(thread.counted.get().plus(more));
    }
    repeats.call.set(0);
    // A process that is killed here has its sum written before it says that there is nothing to add.
    compiler_fence(Ordering::SeqCst);
    head.repeating.set(0);
}
