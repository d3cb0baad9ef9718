//! Which hot functions answer for an event, and with which stack. Everything off the short path of `record`.

use super::recent::{Key, Recognised};
use super::sites::Whose;
use super::table::Of;
use super::{Event, Heap, Op, Seen, Updating, add, permits, process, raise, repeats, sites, table};
use crate::record::{SiteFlag, Thread};
use crate::registry::{HOT_FUNCTIONS, HotFn};
use crate::scope::{Counts, Kind, Scope, ThreadState, this_thread};
use crate::stack::{End, Trace};

/// Why a hot function does not answer for an event.
#[derive(Clone, Copy)]
enum Refused {
    /// Somebody's permit is open.
    Permitted,
    /// A panic is at work.
    Unwinding,
}

/// Counts one event, whatever it is and wherever it happens, and returns its block.
///
/// PERF: the event comes in pieces, so that the shorter ways need not put it into memory.
#[inline(never)]
pub(super) fn record(op: Op, before: *mut u8, block: *mut u8, size: usize, frame: usize) -> *mut u8 {
    record_event(this_thread(), &Event { heap: Heap::Rust, op, block, before, size }, frame);
    block
}

/// Counts one event, see [`record`].
pub(super) fn record_event(thread: &'static ThreadState, event: &Event, frame: usize) {
    let quiet = Quiet::enter(thread);
    // SAFETY: the scopes of this thread stay in their guards' frames until they are left, and this call happens inside
    // of them.
    let Some(innermost) = (unsafe { quiet.scope.as_ref() }) else { return };
    if event.heap != Heap::Rust {
        thread.of_c.set(thread.of_c.get().plus(event.counts()));
    }
    if !matches!(innermost.kind(), Kind::Hot(_)) {
        return outside(thread, innermost, event, frame);
    }
    if let Some(refused) = refused(innermost) {
        return leave_out(thread, innermost, refused, event);
    }
    innermost.touch(thread);
    thread.counted.set(thread.counted.get().plus(event.counts()));
    let part = thread.part.get();
    if !part.is_none() {
        let _updating = Updating::begin(part.head());
        attribute(thread, innermost, event, frame);
        if innermost.alone().is_none() {
            follow_unseen(thread, event);
        }
    }
}

/// While it lives, this thread is in no scope: what the recorder does itself is no event.
struct Quiet<'thread> {
    thread: &'thread ThreadState,
    scope: *const Scope,
}

impl<'thread> Quiet<'thread> {
    fn enter(thread: &'thread ThreadState) -> Quiet<'thread> {
        Quiet { thread, scope: thread.scope.replace(std::ptr::null()) }
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.thread.scope.set(self.scope);
    }
}

/// Whether the hot function `innermost` is excused.
fn refused(innermost: &Scope) -> Option<Refused> {
    if std::thread::panicking() {
        return Some(Refused::Unwinding);
    }
    let excused = permits::foreign_permits() && !innermost.permitted_outside() && permits::permitted();
    excused.then_some(Refused::Permitted)
}

/// An event whose innermost scope is no hot function.
fn outside(thread: &ThreadState, innermost: &Scope, event: &Event, frame: usize) {
    match innermost.kind() {
        Kind::SelfTest => process::self_tested(event.heap, innermost, frame, thread.stack.get()),
        Kind::Permit(_) => {
            excuse(thread, innermost, event.counts());
            match beyond_permits(innermost) {
                Some(hot) => leave_out(thread, hot, Refused::Permitted, event),
                None => thread.others.set(thread.others.get().plus(event.counts())),
            }
        }
        Kind::Bench(index) => {
            thread.others.set(thread.others.get().plus(event.counts()));
            count_outside(thread, innermost, index, event, frame);
        }
        Kind::Hot(_) => thread.others.set(thread.others.get().plus(event.counts())),
    }
}

/// Counts the event where its stack is told that leads to `pass`, of the benchmark whose counters are at `index`. What becomes
/// of the block is nobody's concern.
fn count_outside(thread: &ThreadState, pass: &Scope, index: u32, event: &Event, frame: usize) {
    let part = thread.part.get();
    if index as usize >= part.hot_count() {
        return;
    }
    let _updating = Updating::begin(part.head());
    let mut walk = Walk::new(frame, pass, event.heap);
    walk.reach(pass, thread);
    let of = Of { hot: index, op: event.site_op() };
    match table::find_or_insert(part, of, walk.trace.frames(), walk.flags) {
        Some(seen) => sites::count_event(thread, pass, seen, event),
        None => sites::count_unsited(part.counts(index), event),
    }
}

/// Counts that a pass of a benchmark begins whose counters are at `index`, and returns its number.
pub(crate) fn begin_pass(thread: &ThreadState, index: u32) -> u64 {
    let part = thread.part.get();
    if index as usize >= part.hot_count() {
        return 0;
    }
    let passes = &part.counts(index).calls;
    add(passes, 1);
    passes.get()
}

/// The hot function that answers for this thread when no permit is open; `None` outside of all.
fn beyond_permits(innermost: &Scope) -> Option<&Scope> {
    let mut scopes = std::iter::successors(Some(innermost), |scope| scope.outer());
    let first = scopes.find(|scope| !matches!(scope.kind(), Kind::Permit(_)))?;
    matches!(first.kind(), Kind::Hot(_)).then_some(first)
}

/// Whether a hot function runs here that a permit could excuse.
pub(crate) fn is_in_hot() -> bool {
    innermost(this_thread()).is_some_and(|innermost| beyond_permits(innermost).is_some())
}

fn innermost(thread: &ThreadState) -> Option<&Scope> {
    // SAFETY: null, or a scope that this thread has entered; it stays in its guard's frame until it is left.
    unsafe { thread.scope.get().as_ref() }
}

/// Counts that the permit with this index is entered, and returns what its scope is.
///
/// One that is open already counts what happens in here, and would count it twice: the inner scope is nobody's.
pub(crate) fn permit(index: u32) -> Kind {
    let thread = this_thread();
    let part = thread.part.get();
    if (index as usize) < part.hot_count() {
        add(&part.counts(index).calls, 1);
    }
    let scopes = std::iter::successors(innermost(thread), |scope| scope.outer());
    let mut permits = scopes.map(Scope::kind).take_while(|kind| matches!(kind, Kind::Permit(_)));
    let is_open = permits.any(|kind| kind == Kind::Permit(index));
    Kind::Permit(if is_open { HotFn::UNREGISTERED } else { index })
}

/// Counts for the permit and those around it what they let pass. There is a hot function outside of them.
fn excuse(thread: &ThreadState, permit: &Scope, counts: Counts) {
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    let _updating = Updating::begin(part.head());
    for scope in std::iter::successors(Some(permit), |scope| scope.outer()) {
        let Kind::Permit(index) = scope.kind() else { break };
        if (index as usize) < part.hot_count() {
            let total = part.counts(index);
            let events = counts.allocs.wrapping_add(counts.reallocs).wrapping_add(counts.frees);
            add(&total.allocs, counts.allocs);
            add(&total.reallocs, counts.reallocs);
            add(&total.frees, counts.frees);
            add(&total.bytes, counts.bytes);
            // There are no sites of permits.
            add(&total.unsited, events);
            add(&total.unsited_bytes, counts.bytes);
        }
    }
}

/// A permit has ended in which inner hot functions did this: the one around it does not answer for it.
#[cold]
pub(crate) fn excuse_inner(thread: &ThreadState, permit: &Scope, counts: Counts) {
    excuse(thread, permit, counts);
    if let (Some(Kind::Hot(hot)), false) =
        (beyond_permits(permit).map(Scope::kind), thread.part.get().is_none())
    {
        let events = counts.allocs.wrapping_add(counts.reallocs).wrapping_add(counts.frees);
        add(&thread.part.get().counts(hot).permitted, events);
    }
}

/// Counts it where a reader can see that it was left out, and why. The block's fate is followed all the same.
fn leave_out(thread: &ThreadState, hot: &Scope, refused: Refused, event: &Event) {
    thread.others.set(thread.others.get().plus(event.counts()));
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    follow_unseen(thread, event);
    if let Kind::Hot(hot) = hot.kind() {
        let counts = part.counts(hot);
        match refused {
            Refused::Permitted => add(&counts.permitted, 1),
            Refused::Unwinding => add(&counts.unwinding, 1),
        }
    }
}

/// Follows the block for the calls that do not answer for the event: those beyond a permit, and earlier activations of
/// a function that does. It may be one that they have allocated.
fn follow_unseen(thread: &ThreadState, event: &Event) {
    match event.op {
        Op::Alloc => {}
        Op::Realloc => thread.live.moved_unseen(event.before, event.block),
        Op::Free => thread.live.freed_unseen(event.block),
    }
}

/// Records the event for every hot function that is running, each with the stack up to its own guard.
fn attribute(thread: &'static ThreadState, innermost: &Scope, event: &Event, frame: usize) {
    let part = thread.part.get();
    // PERF: a trace has room for many frames, and most events come from a stack that was seen lately.
    let mut walk: Option<Walk<'_>> = None;
    let mut from = frame;
    let mut inner = None;
    // An inner site that is missing, or that has less than its whole stack, does not tell inner stacks apart; and C code
    // need not keep the frame pointers that stacks are recognised by.
    let mut all_told_apart = event.heap == Heap::Rust;
    let mut scope = Some(innermost);
    while let Some(current) = scope {
        let Kind::Hot(hot) = current.kind() else { break };
        let counts = part.counts(hot);
        let whose = Whose::of(thread, counts, event);
        let op = event.site_op() | whose.bits();
        let key = Key::new(hot, op, inner);
        let known = if all_told_apart { thread.recent.find(from, current.frame(), key) } else { None };
        let seen = known.map(Recognised::seen).or_else(|| {
            let walk = walk.get_or_insert_with(|| Walk::new(frame, innermost, event.heap));
            walk.reach(current, thread);
            let seen = table::find_or_insert(part, Of { hot, op }, walk.trace.frames(), walk.flags)?;
            if all_told_apart && walk.flags == 0 {
                thread.recent.remember(from, current.frame(), key, thread.stack.get(), seen);
            }
            Some(seen)
        });
        match seen {
            Some(seen) => sites::count_event(thread, current, seen, event),
            None => sites::count_unsited(counts, event),
        }
        sites::follow_block(thread, counts, event, whose, seen);
        inner = seen.map(|seen| seen.number);
        all_told_apart &=
            seen.is_some_and(Seen::has_whole_stack) && walk.as_ref().is_none_or(|walk| walk.flags == 0);
        from = current.frame();
        scope = current.next();
        if let Some(outer) = scope.filter(|outer| is_permitted_between(outer, current)) {
            return note_permitted(part, outer);
        }
    }
}

/// Whether somebody's permit was opened inside `outer` and around `inner`: then `outer` does not answer for what
/// `inner` does.
pub(super) fn is_permitted_between(outer: &Scope, inner: &Scope) -> bool {
    inner.permitted_outside() && !outer.permitted_outside()
}

fn note_permitted(part: Thread, outer: &Scope) {
    if let Kind::Hot(hot) = outer.kind() {
        add(&part.counts(hot).permitted, 1);
    }
}

/// One event's stack, followed outwards as far as it is needed.
struct Walk<'scopes> {
    trace: Trace,
    /// Frame pointer of the allocator method.
    frame: usize,
    /// How far the frame pointers have been followed.
    at: usize,
    /// Whose frames come first.
    heap: Heap,
    /// See [`SiteFlag`].
    flags: u64,
    /// The first scope that was not reached yet.
    next: Option<&'scopes Scope>,
}

impl<'scopes> Walk<'scopes> {
    /// Starts at the allocator method's frame; `innermost` is the first scope to reach.
    fn new(frame: usize, innermost: &'scopes Scope, heap: Heap) -> Walk<'scopes> {
        Walk { trace: Trace::new(), frame, at: frame, heap, flags: 0, next: Some(innermost) }
    }

    /// Lengthens the stack up to the guard of `scope`.
    fn reach(&mut self, scope: &Scope, thread: &ThreadState) {
        while let Some(next) = self.next {
            self.flags |= self.follow(next.frame(), thread);
            self.next = next.next();
            if std::ptr::eq(next, scope) {
                return;
            }
        }
    }

    /// Lengthens the stack up to the guard at `end`; returns the flags that say how well it went.
    fn follow(&mut self, end: usize, thread: &ThreadState) -> u64 {
        // A C function without a frame of its own leaves its caller's pointer where it was: the chain would lead on, past
        // the frame of the caller.
        if self.flags == 0 && self.heap == Heap::Rust {
            match self.trace.walk(&mut self.at, end, thread.stack.get()) {
                End::Reached => return 0,
                End::Full => return SiteFlag::Truncated as u64,
                End::Broken => {}
            }
        }
        if self.flags & SiteFlag::Truncated as u64 != 0 {
            return 0;
        }
        match self.trace.unwind(self.frame, end) {
            End::Reached => SiteFlag::Unwound as u64,
            End::Full => SiteFlag::Unwound as u64 | SiteFlag::Truncated as u64,
            End::Broken => SiteFlag::Unwound as u64 | SiteFlag::Incomplete as u64,
        }
    }
}

/// A call in which something happened has ended: if it is the function's last that runs, the blocks that are alive have
/// escaped; its figures may be the largest so far.
#[inline(never)]
pub(crate) fn close_call(thread: &ThreadState, scope: &Scope, hot: u32, counts: Counts) {
    if scope
        .outer()
        .is_some_and(|outer| matches!(outer.kind(), Kind::Hot(_)) && is_permitted_between(outer, scope))
    {
        scope.hide_counts(thread);
    }
    let part = thread.part.get();
    if part.is_none() {
        return;
    }
    let totals = part.counts(hot);
    if scope.is_last_of_its_function() {
        thread.live.close(totals);
    }
    if counts.is_none() {
        return;
    }
    // The largest figures are held against a budget, which the first calls of a warm-up need not keep. Blocks have
    // none.
    let warmup = HOT_FUNCTIONS.get(hot as usize).map_or(0, |function| function.promise.warmup);
    let totals = part.counts(hot);
    if scope.call().saturating_sub(totals.before_thread.get()) <= warmup {
        return;
    }
    raise(&totals.max_allocs, counts.allocs);
    raise(&totals.max_requests, counts.allocs.wrapping_add(counts.reallocs));
    // A thread's own count wraps around. Where all requests together were too many bytes to say, each call's share
    // is not known.
    let bytes = if totals.bytes.get() == u64::MAX { u64::MAX } else { counts.bytes };
    raise(&totals.max_bytes, bytes);
}

/// A scope was left that is not the innermost: this thread has switched stacks inside a hot function. From here on
/// no scope on the stack can be trusted to be there.
#[cold]
pub(crate) fn lost_order() {
    let thread = this_thread();
    repeats::settle(thread);
    thread.scope.set(std::ptr::null());
    thread.live.forget();
    thread.stamps.clear();
    process::lose_call();
}
