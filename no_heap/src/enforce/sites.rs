//! Where a thread's hot functions used the heap: call stacks in a table of fixed size.

use std::cell::Cell;
use std::ffi::c_void;

use super::thread::Op;

/// Different places kept for the calls that are running; more are only counted.
const ROWS: usize = 32;

/// Return addresses kept of each, innermost first.
pub(super) const FRAMES: usize = 32;

/// One operation at one place.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) op: Op,
    /// Hot functions entered before the block was allocated may free it: it is theirs. This many scopes.
    pub(super) owners: u32,
    pub(super) count: u64,
    pub(super) bytes: u64,
    depth: usize,
    frames: [usize; FRAMES],
}

impl Row {
    const EMPTY: Row = Row { op: Op::Alloc, owners: 0, count: 0, bytes: 0, depth: 0, frames: [0; FRAMES] };

    pub(super) fn frames(&self) -> &[usize] {
        &self.frames[..self.depth]
    }

    fn is_at(&self, other: &Row) -> bool {
        self.op == other.op && self.owners == other.owners && self.frames() == other.frames()
    }
}

/// See the module. Rows of inner calls come after those of outer ones.
pub(super) struct Sites {
    rows: [Cell<Row>; ROWS],
    len: Cell<usize>,
    /// Events without a row.
    unplaced: Cell<u64>,
}

impl Sites {
    pub(super) const fn new() -> Sites {
        Sites { rows: [const { Cell::new(Row::EMPTY) }; ROWS], len: Cell::new(0), unplaced: Cell::new(0) }
    }

    pub(super) fn len(&self) -> usize {
        self.len.get()
    }

    pub(super) fn unplaced(&self) -> u64 {
        self.unplaced.get()
    }

    /// The rows from number `first` on.
    pub(super) fn since(&self, first: usize) -> impl Iterator<Item = Row> {
        self.rows[..self.len.get()].iter().skip(first).map(Cell::get)
    }

    /// Counts an event in the call whose rows begin at `first` and whose scope is at the address `end`.
    #[inline(never)]
    pub(super) fn add(&self, op: Op, owners: u32, bytes: u64, first: usize, end: usize) {
        let mut new = Row { op, owners, count: 1, bytes, ..Row::EMPTY };
        new.depth = trace(&mut new.frames, end);
        let len = self.len.get();
        for cell in &self.rows[first.min(len)..len] {
            let row = cell.get();
            if row.is_at(&new) {
                cell.set(Row { count: row.count + 1, bytes: row.bytes.saturating_add(bytes), ..row });
                return;
            }
        }
        match self.rows.get(len) {
            Some(cell) => {
                cell.set(new);
                self.len.set(len + 1);
            }
            None => self.unplaced.set(self.unplaced.get() + 1),
        }
    }

    /// Forgets the rows from number `first` on.
    pub(super) fn truncate(&self, first: usize) {
        self.len.set(first.min(self.len.get()));
        if first == 0 {
            self.unplaced.set(0);
        }
    }

    /// Puts equal rows from number `first` on together, where two calls inside one have done the same.
    pub(super) fn fold(&self, outer: usize, first: usize) {
        let mut kept = first;
        for index in first..self.len.get() {
            let row = self.rows[index].get();
            match self.rows[outer..kept].iter().find(|cell| cell.get().is_at(&row)) {
                Some(cell) => {
                    let known = cell.get();
                    let (count, bytes) = (known.count + row.count, known.bytes.saturating_add(row.bytes));
                    cell.set(Row { count, bytes, ..known });
                }
                None => {
                    self.rows[kept].set(row);
                    kept += 1;
                }
            }
        }
        self.len.set(kept);
    }
}

/// The return addresses from here to the scope at `end`, innermost first; how many there are.
fn trace(frames: &mut [usize; FRAMES], end: usize) -> usize {
    let mut len = 0;
    let mut reached = false;
    let mut visit = |ip: *mut c_void, stack_pointer: usize| {
        // Where stack pointers are not known, the stack goes on to its end; what is not the user's is left out later.
        reached = stack_pointer > end;
        if reached || len == FRAMES {
            return false;
        }
        frames[len] = ip.addr();
        len += 1;
        true
    };
    #[cfg(unix)]
    // SAFETY: `trace_unsynchronized` must not run on several threads at once only where the platform's unwinder is
    // not thread-safe (Windows' dbghelp); here it is libunwind's `_Unwind_Backtrace`.
    unsafe {
        backtrace::trace_unsynchronized(|frame| visit(frame.ip(), frame.sp().addr()));
    }
    #[cfg(not(unix))]
    backtrace::trace(|frame| visit(frame.ip(), frame.sp().addr()));
    // The last one is in the function that holds the guard.
    if reached { len.saturating_sub(1) } else { len }
}
