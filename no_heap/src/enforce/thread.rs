//! What the hot functions of this thread do, counted while they run.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Promised;
use super::sites::{Row, Sites};

/// What was done with the heap.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Op {
    Alloc,
    Realloc,
    Free,
}

/// What a scope does to the events inside it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Hot(Promised),
    Permit,
    /// One allocation that must arrive here.
    Probe,
}

/// One entry of the stack of guards. It lies in the guard's own frame, from `enter` to `leave`.
pub(super) struct Scope {
    kind: Kind,
    outer: Cell<*const Scope>,
    /// Hot functions around this one, and this one.
    depth: Cell<u32>,
    /// Number of the call on this thread is in the warm-up.
    is_warming_up: Cell<bool>,
    first_row: Cell<usize>,
    requests: Cell<u64>,
    bytes: Cell<u64>,
    /// Frees of blocks that were there before the call.
    foreign_frees: Cell<u64>,
    /// Allocated blocks that the table had no room for: frees of unknown blocks may be theirs.
    untracked: Cell<u64>,
}

impl Scope {
    pub(super) const fn new(kind: Kind) -> Scope {
        Scope {
            kind,
            outer: Cell::new(ptr::null()),
            depth: Cell::new(0),
            is_warming_up: Cell::new(false),
            first_row: Cell::new(0),
            requests: Cell::new(0),
            bytes: Cell::new(0),
            foreign_frees: Cell::new(0),
            untracked: Cell::new(0),
        }
    }

    fn outer(&self) -> Option<&Scope> {
        // SAFETY: null, or a scope that was entered before this one and is left after it.
        unsafe { self.outer.get().as_ref() }
    }

    fn promised(&self) -> Option<&Promised> {
        match &self.kind {
            Kind::Hot(promised) => Some(promised),
            Kind::Permit | Kind::Probe => None,
        }
    }

    /// The hot function around this one that answers for what this one does.
    fn outer_hot(&self) -> Option<&Scope> {
        self.outer().filter(|outer| outer.promised().is_some())
    }

    /// Whether a block that the first `owners` hot functions answer for is that of a call of the function of `scope`: of a
    /// recursion any call that runs may free what another has taken.
    fn has_taken_it(&self, owners: u32, scope: &Scope) -> bool {
        let key = |scope: &Scope| scope.promised().map(|promised| promised.key);
        self.answering().any(|other| other.depth.get() <= owners && key(other) == key(scope))
    }

    /// This scope and the hot functions around it, up to the nearest permit.
    fn answering(&self) -> impl Iterator<Item = &Scope> {
        std::iter::successors(self.promised().map(|_| self), |scope| scope.outer_hot())
    }
}

const BLOCKS: usize = 128;
const FUNCTIONS: usize = 32;

struct Thread {
    /// Innermost scope; null outside of all and while this module is at work.
    scope: Cell<*const Scope>,
    sites: Sites,
    /// Blocks that running hot functions have allocated: address, depth of the innermost of them.
    blocks: [Cell<(usize, u32)>; BLOCKS],
    block_count: Cell<usize>,
    /// Calls of functions with a warm-up, by their key.
    calls: [Cell<(usize, u64)>; FUNCTIONS],
}

thread_local! {
    // Constant and without a destructor: there at any time of the thread's life, in the allocator too.
    static THREAD: Thread = const { Thread {
        scope: Cell::new(ptr::null()),
        sites: Sites::new(),
        blocks: [const { Cell::new((0, 0)) }; BLOCKS],
        block_count: Cell::new(0),
        calls: [const { Cell::new((0, 0)) }; FUNCTIONS],
    } };
}

/// Set once the probe has arrived.
static ARRIVED: AtomicBool = AtomicBool::new(false);

/// Whether this thread is inside any scope.
#[inline]
pub(crate) fn active() -> bool {
    THREAD.try_with(|thread| !thread.scope.get().is_null()).unwrap_or(false)
}

/// Whether allocations of this program arrive here.
pub(super) fn is_installed() -> bool {
    if !ARRIVED.load(Ordering::Relaxed) {
        let scope = Scope::new(Kind::Probe);
        let _entered = Entered::enter(&scope);
        drop(std::hint::black_box(Box::new(std::hint::black_box(1u8))));
    }
    ARRIVED.load(Ordering::Relaxed)
}

/// Does `work` outside of all scopes: what it does to the heap is nobody's.
pub(super) fn quietly<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(*const Scope);
    impl Drop for Restore {
        fn drop(&mut self) {
            THREAD.with(|thread| thread.scope.set(self.0));
        }
    }
    let _restore = Restore(THREAD.with(|thread| thread.scope.replace(ptr::null())));
    work()
}

/// A request; `block` is null when it was refused.
#[inline(never)]
pub(crate) fn allocated(block: *mut u8, size: usize) {
    event(|thread, innermost| {
        thread.remember(block, innermost);
        thread.request(innermost, Op::Alloc, size);
    });
}

/// A request to resize.
#[inline(never)]
pub(crate) fn resized(before: *mut u8, block: *mut u8, size: usize) {
    event(|thread, innermost| {
        match thread.find(before) {
            Some(index) if !block.is_null() => {
                let (_, owners) = thread.blocks[index].get();
                thread.blocks[index].set((block.addr(), owners));
            }
            // What a call has made larger is its own to free, as in an audit.
            None => thread.remember(block, innermost),
            Some(_) => {}
        }
        thread.request(innermost, Op::Realloc, size);
    });
}

/// A free.
#[inline(never)]
pub(crate) fn freed(block: *mut u8, size: usize) {
    event(|thread, innermost| {
        let owners = thread.find(block).map_or(0, |index| thread.forget(index));
        if std::thread::panicking() {
            return;
        }
        let mut matters = false;
        let foreign = |scope: &&Scope| !(owners > 0 && innermost.has_taken_it(owners, scope));
        for scope in innermost.answering().take_while(|scope| scope.depth.get() > owners).filter(foreign) {
            scope.foreign_frees.set(scope.foreign_frees.get() + 1);
            let allowed = scope.promised().is_some_and(|promised| promised.promise.allow_free);
            matters |= !allowed && !scope.is_warming_up.get();
        }
        if matters {
            thread.place(innermost, Op::Free, owners, size);
        }
    });
}

fn event(tell: impl FnOnce(&Thread, &Scope)) {
    let _ = THREAD.try_with(|thread| {
        let innermost = thread.scope.replace(ptr::null());
        // SAFETY: null, or a scope that this thread has entered and not left; it lies in its guard's frame.
        if let Some(innermost) = unsafe { innermost.as_ref() } {
            match innermost.kind {
                Kind::Probe => ARRIVED.store(true, Ordering::Relaxed),
                Kind::Hot(_) | Kind::Permit => tell(thread, innermost),
            }
        }
        thread.scope.set(innermost);
    });
}

impl Thread {
    fn request(&self, innermost: &Scope, op: Op, size: usize) {
        if std::thread::panicking() {
            return;
        }
        let mut matters = false;
        for scope in innermost.answering() {
            scope.requests.set(scope.requests.get() + 1);
            scope.bytes.set(scope.bytes.get().saturating_add(size as u64));
            matters |= !scope.is_warming_up.get();
        }
        if matters {
            self.place(innermost, op, 0, size);
        }
    }

    fn place(&self, innermost: &Scope, op: Op, owners: u32, size: usize) {
        self.sites.add(op, owners, size as u64, innermost.first_row.get(), ptr::from_ref(innermost).addr());
    }

    fn remember(&self, block: *mut u8, innermost: &Scope) {
        let owner = innermost.promised().map(|_| innermost.depth.get());
        let (Some(owner), false) = (owner, block.is_null()) else { return };
        let len = self.block_count.get();
        match self.blocks.get(len) {
            Some(row) => {
                row.set((block.addr(), owner));
                self.block_count.set(len + 1);
            }
            None => innermost.untracked.set(innermost.untracked.get() + 1),
        }
    }

    fn find(&self, block: *mut u8) -> Option<usize> {
        self.blocks[..self.block_count.get()].iter().rposition(|row| row.get().0 == block.addr())
    }

    /// Takes the block out; how many scopes it belonged to.
    fn forget(&self, index: usize) -> u32 {
        let (_, owners) = self.blocks[index].get();
        let last = self.block_count.get() - 1;
        for index in index..last {
            self.blocks[index].set(self.blocks[index + 1].get());
        }
        self.block_count.set(last);
        owners
    }

    /// Takes out the blocks of the scope at `depth`, which nobody around it answers for. They are not the last ones
    /// when it has freed blocks of the scopes around it.
    fn disown(&self, depth: u32) {
        let mut kept = 0;
        for row in &self.blocks[..self.block_count.get()] {
            if row.get().1 < depth {
                self.blocks[kept].set(row.get());
                kept += 1;
            }
        }
        self.block_count.set(kept);
    }

    /// Whether this call is one of the first so many on this thread.
    fn is_warming_up(&self, promised: &Promised) -> bool {
        let warmup = promised.promise.warmup;
        if warmup == 0 {
            return false;
        }
        for cell in &self.calls {
            let (key, calls) = cell.get();
            if key == promised.key || key == 0 {
                cell.set((promised.key, calls + 1));
                return calls < warmup;
            }
        }
        quietly(|| more_calls(promised.key)).is_some_and(|calls| calls < warmup)
    }
}

/// Earlier calls of a function that `Thread::calls` has no room for, counting this one from now on. `None` at the very
/// end of a thread.
fn more_calls(key: usize) -> Option<u64> {
    thread_local! {
        static MORE: RefCell<BTreeMap<usize, u64>> = const { RefCell::new(BTreeMap::new()) };
    }
    MORE.try_with(|more| {
        let mut more = more.borrow_mut();
        let calls = more.entry(key).or_default();
        *calls += 1;
        *calls - 1
    })
    .ok()
}

/// A scope that was entered, and is left when this is dropped, also when the body panics.
pub(super) struct Entered<'scope>(&'scope Scope);

impl<'scope> Entered<'scope> {
    pub(super) fn enter(scope: &'scope Scope) -> Entered<'scope> {
        THREAD.with(|thread| {
            let outer = thread.scope.get();
            scope.outer.set(outer);
            let around = scope.outer().map_or(0, |outer| outer.depth.get());
            scope.depth.set(around + u32::from(scope.promised().is_some()));
            scope.first_row.set(thread.sites.len());
            if let Some(promised) = scope.promised() {
                scope.is_warming_up.set(thread.is_warming_up(promised));
            }
            thread.scope.set(scope);
        });
        Entered(scope)
    }

    /// Leaves it; what there is to say when the promise was broken.
    pub(super) fn leave(self) -> Option<Broken> {
        let scope = self.0;
        let promised = scope.promised()?;
        let promise = &promised.promise;
        let frees = scope.foreign_frees.get().saturating_sub(scope.untracked.get());
        let over = scope.requests.get() > promise.allocs || scope.bytes.get() > promise.bytes;
        let freed = frees > 0 && !promise.allow_free;
        let broken = !scope.is_warming_up.get() && (over || freed);
        let told = broken.then(|| {
            quietly(|| {
                THREAD.with(|thread| Broken {
                    promised: *promised,
                    requests: scope.requests.get(),
                    bytes: scope.bytes.get(),
                    rows: thread
                        .sites
                        .since(scope.first_row.get())
                        .filter(|row| is_told(row, scope, over, freed))
                        .collect(),
                    unplaced: thread.sites.unplaced(),
                })
            })
        });
        drop(self);
        told
    }
}

/// Whether a row belongs to what is wrong with the call of `scope`.
fn is_told(row: &Row, scope: &Scope, over: bool, freed: bool) -> bool {
    match row.op {
        Op::Alloc | Op::Realloc => over,
        Op::Free => freed && row.owners < scope.depth.get(),
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let scope = self.0;
        THREAD.with(|thread| {
            thread.scope.set(scope.outer.get());
            let Some(outer) = scope.outer_hot().filter(|_| scope.promised().is_some()) else {
                thread.sites.truncate(scope.first_row.get());
                if scope.promised().is_some() {
                    thread.disown(scope.depth.get());
                }
                return;
            };
            outer.untracked.set(outer.untracked.get() + scope.untracked.get());
            // Blocks that the inner call leaves behind are the outer one's.
            for row in &thread.blocks[..thread.block_count.get()] {
                let (block, owners) = row.get();
                row.set((block, owners.min(outer.depth.get())));
            }
            thread.sites.fold(outer.first_row.get(), scope.first_row.get());
        });
    }
}

/// A promise that a call broke.
pub(super) struct Broken {
    pub(super) promised: Promised,
    pub(super) requests: u64,
    pub(super) bytes: u64,
    pub(super) rows: Vec<Row>,
    /// Events of which no place is known.
    pub(super) unplaced: u64,
}
