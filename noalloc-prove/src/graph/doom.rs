//! Doomed blocks: every path from them ends the program or unwinds, none returns.
//!
//! This drops landing pads and the formatting of panic messages by itself, without a list of their names (lists
//! gave false alarms). The least fixpoint over all functions at once, so an endless loop is not doomed.
//! Linear in the size of the graph: each block is looked at again only when one of its exits becomes doomed.

use super::{TargetSets, alternatives};
use crate::code::{Exit, FunctionCode, NO_BLOCK, Target};
use crate::symbols::{Class, Classes};

/// Marks an entry of the reverse edges as "is the landing pad of".
const PAD: u32 = 1 << 31;

/// What never comes back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doom {
    functions: Vec<bool>,
    imports: Vec<bool>,
    blocks: Vec<bool>,
    /// By function: the number of its first block among all blocks.
    first: Vec<u32>,
}

impl Doom {
    pub(crate) fn of(functions: &[FunctionCode], sets: &TargetSets, classes: &Classes) -> Self {
        let mut first = Vec::with_capacity(functions.len());
        let mut total = 0u32;
        for code in functions {
            first.push(total);
            total = total.saturating_add(u32::try_from(code.blocks.len()).unwrap_or(u32::MAX));
        }
        let is_never = |class: &Option<Class>| *class == Some(Class::NeverReturns);
        let doom = Self {
            functions: classes.functions.iter().map(is_never).collect(),
            imports: classes.imports.iter().map(is_never).collect(),
            blocks: vec![false; total as usize],
            first,
        };
        let mut pass = Pass::new(doom, functions, sets, classes);
        pass.run();
        pass.doom
    }

    /// Whether every path from a block ends the program or unwinds.
    pub(crate) fn block(&self, function: u32, block: u32) -> bool {
        let index = self.first.get(function as usize).and_then(|first| first.checked_add(block));
        index.and_then(|index| self.blocks.get(index as usize)).copied().unwrap_or(false)
    }

    /// Whether a call to the target never comes back.
    pub(crate) fn never_returns(&self, target: Target, sets: &TargetSets) -> bool {
        let get = |list: &[bool], index: u32| list.get(index as usize).copied().unwrap_or(false);
        match target {
            Target::Function(index) => get(&self.functions, index),
            Target::Import(index) => get(&self.imports, index),
            Target::Null | Target::Open(_) => false,
            Target::OneOf(_) => {
                let members = alternatives(sets, &target);
                let is_set = |member: &Target| matches!(member, Target::OneOf(_));
                !members.is_empty() && members.iter().all(|m| !is_set(m) && self.never_returns(*m, sets))
            }
        }
    }

    /// By function and by import.
    pub(crate) fn lists(&self) -> (Vec<bool>, Vec<bool>) {
        (self.functions.clone(), self.imports.clone())
    }
}

struct Pass<'p> {
    doom: Doom,
    functions: &'p [FunctionCode],
    sets: &'p TargetSets,
    classes: &'p Classes,
    /// By block (of all): its function.
    owner: Vec<u32>,
    /// By block: successors that are not doomed yet.
    open: Vec<u32>,
    before: Reverse,
    callers: Reverse,
    waiting: Vec<u32>,
}

impl<'p> Pass<'p> {
    fn new(doom: Doom, functions: &'p [FunctionCode], sets: &'p TargetSets, classes: &'p Classes) -> Self {
        let mut owner = Vec::with_capacity(doom.blocks.len());
        let successors = functions.iter().map(|code| code.successors.len()).sum();
        let (mut before, mut calls) = (Vec::with_capacity(successors), Vec::with_capacity(successors));
        let mut open = Vec::with_capacity(doom.blocks.len());
        for ((function, code), first) in (0u32..).zip(functions).zip(&doom.first) {
            for (index, block) in (0u32..).zip(&code.blocks) {
                let here = first + index;
                owner.push(function);
                open.push(block.successor_count);
                before.extend(code.successors_of(block).iter().map(|next| (first + next, here)));
                if block.catches && block.pad != NO_BLOCK {
                    before.push((first + block.pad, here | PAD));
                }
                if let Exit::Call(target) | Exit::Tail(target) = block.exit {
                    let known = alternatives(sets, &target).iter().filter_map(function_of);
                    calls.extend(known.map(|callee| (callee, here)));
                }
            }
        }
        let before = Reverse::new(&before, doom.blocks.len());
        let callers = Reverse::new(&calls, functions.len());
        Self { doom, functions, sets, classes, owner, open, before, callers, waiting: Vec::new() }
    }

    fn run(&mut self) {
        for block in 0..u32::try_from(self.owner.len()).unwrap_or(0) {
            self.check(block);
        }
        while let Some(block) = self.waiting.pop() {
            for entry in self.before.of(block).to_vec() {
                if entry & PAD == 0 {
                    self.open[entry as usize] = self.open[entry as usize].saturating_sub(1);
                }
                self.check(entry & !PAD);
            }
            self.doom_function(block);
        }
    }

    /// A function is doomed with its entry; an allocator by name is never held to be.
    fn doom_function(&mut self, block: u32) {
        let function = self.owner[block as usize];
        let is_entry = self.doom.first.get(function as usize) == Some(&block);
        let is_named = self.classes.functions.get(function as usize).copied().flatten().is_some();
        if !is_entry || is_named {
            return;
        }
        if let Some(doomed) = self.doom.functions.get_mut(function as usize) {
            *doomed = true;
        }
        for caller in self.callers.of(function).to_vec() {
            self.check(caller);
        }
    }

    fn check(&mut self, index: u32) {
        let here = index as usize;
        if self.doom.blocks[here] {
            return;
        }
        let function = self.owner[here];
        let first = self.doom.first[function as usize];
        if self.is_doomed(function, index - first, self.open[here] == 0) {
            self.doom.blocks[here] = true;
            self.waiting.push(index);
        }
    }

    /// `all`: no successor is left that is not doomed (also when there was none).
    fn is_doomed(&self, function: u32, index: u32, all: bool) -> bool {
        let Some(block) = self.functions[function as usize].blocks.get(index as usize) else { return false };
        let has_successors = block.successor_count > 0;
        match block.exit {
            Exit::Trap => true,
            Exit::Return => false,
            Exit::Flow => has_successors && all,
            Exit::Tail(target) => all && self.doom.never_returns(target, self.sets),
            Exit::Call(target) => {
                // A pad may cover its own call, as those of functions that must not unwind do: what unwinds out of
                // it comes back to it, and still nothing returns.
                let is_caught = block.catches && block.pad != index && !self.doom.block(function, block.pad);
                !is_caught && (all || self.doom.never_returns(target, self.sets))
            }
        }
    }
}

fn function_of(target: &Target) -> Option<u32> {
    match target {
        Target::Function(index) => Some(*index),
        _ => None,
    }
}

/// Edges by their end: `of(x)` are all `y` with an edge `(x, y)`.
struct Reverse {
    starts: Vec<u32>,
    entries: Vec<u32>,
}

impl Reverse {
    fn new(edges: &[(u32, u32)], count: usize) -> Self {
        let mut starts = vec![0u32; count + 1];
        for (end, _) in edges {
            if let Some(slot) = starts.get_mut(*end as usize + 1) {
                *slot += 1;
            }
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![0u32; starts.last().copied().unwrap_or(0) as usize];
        for (end, entry) in edges {
            let Some(at) = next.get_mut(*end as usize) else { continue };
            if let Some(slot) = entries.get_mut(*at as usize) {
                *slot = *entry;
                *at += 1;
            }
        }
        Self { starts, entries }
    }

    fn of(&self, index: u32) -> &[u32] {
        let index = index as usize;
        let range = self.starts.get(index).zip(self.starts.get(index + 1));
        range.and_then(|(from, to)| self.entries.get(*from as usize..*to as usize)).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::Doom;
    use crate::code::{Exit, FunctionCode, Target};
    use crate::graph::test_support::{block, catching, function};
    use crate::symbols::Classes;

    fn doomed(functions: &[FunctionCode]) -> Vec<bool> {
        let classes = Classes {
            functions: vec![None; functions.len()],
            imports: vec![Some(crate::symbols::Class::NeverReturns)],
            ..Classes::default()
        };
        Doom::of(functions, &Vec::new(), &classes).functions
    }

    #[test]
    fn what_only_traps_or_calls_such_is_doomed_and_a_loop_is_not() {
        let traps = function(vec![block(Exit::Trap, &[])]);
        let calls = function(vec![block(Exit::Call(Target::Function(0)), &[1]), block(Exit::Return, &[])]);
        let spins = function(vec![block(Exit::Flow, &[0])]);
        let branches = function(vec![
            block(Exit::Flow, &[1, 2]),
            block(Exit::Tail(Target::Function(0)), &[]),
            block(Exit::Return, &[]),
        ]);
        let aborts = function(vec![block(Exit::Call(Target::Import(0)), &[])]);
        assert_eq!(doomed(&[traps, calls, spins, branches, aborts]), [true, true, false, false, true]);
    }

    #[test]
    fn functions_that_only_call_each_other_are_not_doomed() {
        let one = function(vec![block(Exit::Tail(Target::Function(1)), &[])]);
        let two = function(vec![block(Exit::Tail(Target::Function(0)), &[])]);
        assert_eq!(doomed(&[one, two]), [false, false]);
    }

    #[test]
    fn a_pad_that_covers_its_own_call_is_doomed_with_it() {
        let traps = function(vec![block(Exit::Trap, &[])]);
        let pad = catching(Target::Function(0), &[1], 2);
        let must_not_unwind =
            function(vec![catching(Target::Null, &[1], 2), block(Exit::Return, &[]), pad.clone()]);
        let ends = function(vec![catching(Target::Function(0), &[1], 2), block(Exit::Return, &[]), pad]);
        assert_eq!(doomed(&[traps, must_not_unwind, ends]), [true, false, true]);
    }

    #[test]
    fn a_caught_panic_is_not_the_end() {
        let traps = function(vec![block(Exit::Trap, &[])]);
        let catches = function(vec![
            catching(Target::Function(0), &[1], 2),
            block(Exit::Trap, &[]),
            block(Exit::Return, &[]),
        ]);
        assert_eq!(doomed(&[traps, catches]), [true, false]);
    }
}
