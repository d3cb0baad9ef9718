//! A function's code without its architecture: blocks, how each one ends, and what is known of a value.
//!
//! The border between the architecture folders (`x86_64/`; an `aarch64/` would fill the same types) and every
//! later pass. Nothing here decodes an instruction, nothing behind here knows a register's name.

mod value;

pub(crate) use value::{ARGUMENTS, Base, OpenCall, Sets, Value};

/// No block.
pub(crate) const NO_BLOCK: u32 = u32::MAX;

/// Where a call or a jump out of the function goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// A function of this image, by index.
    Function(u32),
    /// A function of another shared object, by index.
    Import(u32),
    /// Address zero: the call crashes, it does not allocate.
    Null,
    /// Not known here; an index into the function's open calls.
    Open(u32),
    /// One of several; an index into the program's target sets.
    OneOf(u32),
}

/// How a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Goes on in its successors.
    Flow,
    /// Calls, and goes on in its successors when the call returns.
    Call(Target),
    /// Leaves the function by a jump; a conditional one also has successors.
    Tail(Target),
    /// Returns to the caller.
    Return,
    /// Stops the program.
    Trap,
}

/// A run of instructions that is entered at its start only and left at its end only.
///
/// PERF: addresses are offsets from the function's start, and what is rare (open calls, many successors) stays
/// outside: 150,000 of these live at once in a 3 MB program.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub start: u32,
    pub end: u32,
    /// Offset of the last instruction.
    pub last: u32,
    /// Length of the last instruction in bytes.
    pub last_length: u8,
    /// The landing pad catches: a panic in this block's call may go on normally.
    pub catches: bool,
    pub exit: Exit,
    /// Landing pad of this block's call, or [`NO_BLOCK`].
    pub pad: u32,
    pub(crate) first_successor: u32,
    pub(crate) successor_count: u32,
}

/// Why a function's blocks cannot be relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Its bytes are not in the file.
    NoBytes,
    /// Its exception table cannot be read.
    ExceptionTable,
    /// The analysis used up its budget.
    Budget,
    /// It jumps through a register in a way that its blocks do not show.
    Thunk,
}

/// A function's blocks; the first one is its entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionCode {
    pub start: u64,
    pub blocks: Vec<Block>,
    pub successors: Vec<u32>,
    pub opens: Vec<OpenCall>,
    /// (block, base) of the jump tables that were read.
    pub tables: Vec<(u32, u64)>,
    pub flaw: Option<Flaw>,
}

impl FunctionCode {
    /// A function that cannot be analysed.
    pub(crate) fn flawed(start: u64, flaw: Flaw) -> Self {
        Self { start, flaw: Some(flaw), ..Self::default() }
    }

    /// The blocks that may follow one of this function's blocks.
    pub(crate) fn successors_of(&self, block: &Block) -> &[u32] {
        let first = block.first_successor as usize;
        self.successors.get(first..first + block.successor_count as usize).unwrap_or(&[])
    }

    /// The address of an offset within this function.
    pub(crate) fn address(&self, offset: u32) -> u64 {
        self.start.wrapping_add(u64::from(offset))
    }

    /// Renames the sets in its open calls; see [`Sets::absorb`].
    pub(crate) fn rename_sets(&mut self, known: &[Value]) {
        for open in &mut self.opens {
            if let OpenCall::Value(value) = open {
                *value = value.renamed(known);
            }
        }
    }

    /// What is known about an open call.
    pub(crate) fn open(&self, index: u32) -> OpenCall {
        self.opens.get(index as usize).copied().unwrap_or(OpenCall::Value(Value::Any))
    }
}

/// What the first, flow-free reading of all functions yields.
#[derive(Default)]
pub(crate) struct Survey {
    pub functions: Vec<FunctionCode>,
    /// Every address that an instruction materialises, ascending.
    pub materialised: Vec<u64>,
    /// Direct stores to writable memory, by address.
    pub static_writes: Vec<StaticWrite>,
    /// Instructions read.
    pub instructions: usize,
}

impl Survey {
    /// One survey from those of the parts of a program, in their order.
    pub(crate) fn join(parts: Vec<Self>) -> Self {
        let mut whole = Self::default();
        for mut part in parts {
            whole.functions.append(&mut part.functions);
            whole.materialised.append(&mut part.materialised);
            whole.static_writes.append(&mut part.static_writes);
            whole.instructions += part.instructions;
        }
        // PERF: not the unstable sort: this one finds the runs that the parts have sorted.
        whole.materialised.sort();
        whole.materialised.dedup();
        whole.static_writes.sort();
        whole
    }
}

/// An instruction that stores to memory whose address it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StaticWrite {
    pub address: u64,
    /// Bytes written; 0 when that is not known.
    pub size: u64,
    pub function: u32,
}

/// What the calls of a function pass: read only where that can decide something for a root.
#[derive(Default)]
pub(crate) struct Arguments {
    /// By block that ends in a call or tail call: the argument registers before it. Ascending blocks.
    calls: Vec<(u32, [Value; ARGUMENTS])>,
}

impl Arguments {
    /// From blocks and their argument registers, by ascending block.
    pub(crate) const fn new(calls: Vec<(u32, [Value; ARGUMENTS])>) -> Self {
        Self { calls }
    }

    /// The argument registers at the end of a block.
    pub(crate) fn at(&self, block: u32) -> [Value; ARGUMENTS] {
        let found = self.calls.binary_search_by_key(&block, |entry| entry.0).ok();
        found.and_then(|index| self.calls.get(index)).map_or([Value::Any; ARGUMENTS], |entry| entry.1)
    }
}
