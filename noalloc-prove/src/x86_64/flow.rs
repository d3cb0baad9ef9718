//! Values of registers along the paths of one function, until nothing new comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::registers::State;
use super::step::{Stepper, is_call};
use crate::code::{ARGUMENTS, Exit, FunctionCode, NO_BLOCK, Target, Value};

/// Functions and imports that never return, by index.
#[derive(Clone, Default)]
pub(crate) struct NeverReturn {
    pub(crate) functions: Vec<bool>,
    pub(crate) imports: Vec<bool>,
}

impl NeverReturn {
    fn includes(&self, target: Target) -> bool {
        let (list, index) = match target {
            Target::Function(index) => (&self.functions, index),
            Target::Import(index) => (&self.imports, index),
            _ => return false,
        };
        list.get(index as usize).copied().unwrap_or(false)
    }
}

/// What the paths of a function bring to the ends of its blocks.
pub(super) struct Ends {
    /// By block: what its indirect call or jump goes through.
    pub(super) through: Vec<Option<Value>>,
    /// By block: the argument registers at its call; empty unless asked for.
    pub(super) arguments: Vec<Option<[Value; ARGUMENTS]>>,
    /// By instruction: the value that a store to a named static writes.
    pub(super) stored: Vec<(u64, Value)>,
}

/// One function under propagation.
pub(super) struct Flow<'f, 'a> {
    pub(super) stepper: Stepper<'f, 'a>,
    pub(super) instructions: &'f [Instruction],
    pub(super) code: &'f FunctionCode,
    pub(super) never: &'f NeverReturn,
    /// Addresses of instructions whose stored value is wanted, ascending.
    pub(super) stores: &'f [u64],
    /// Argument registers are noted.
    pub(super) wants_arguments: bool,
    /// Steps that may still be spent.
    pub(super) fuel: &'f mut u64,
}

impl Flow<'_, '_> {
    /// Runs to the fixpoint; nothing when the fuel runs out.
    ///
    /// Whether the frame has private words is only known in the end, so a run that finds that its address is taken
    /// counts for nothing but that.
    pub(super) fn run(mut self) -> Option<Ends> {
        let was_taken = self.stepper.is_taken;
        let ends = self.run_once()?;
        if self.stepper.is_taken == was_taken { Some(ends) } else { self.run_once() }
    }

    fn run_once(&mut self) -> Option<Ends> {
        let count = self.code.blocks.len();
        let mut states = vec![State::unreached(); count];
        let arguments = vec![None; if self.wants_arguments { count } else { 0 }];
        let mut ends = Ends { through: vec![None; count], arguments, stored: Vec::new() };
        let Some(entry) = states.first_mut() else { return Some(ends) };
        *entry = State::entry();
        // PERF: lower blocks first is nearly the order of the flow; any other order visits blocks twice as often.
        let mut waiting = BinaryHeap::from([Reverse(0u32)]);
        let mut is_waiting = vec![false; count];
        let mut after = State::unreached();
        while let Some(Reverse(block)) = waiting.pop() {
            let index = block as usize;
            is_waiting[index] = false;
            after.clone_from(&states[index]);
            self.block(index, &mut after, &mut ends)?;
            let mut merge = |next: u32, state: &State, stepper: &mut Stepper<'_, '_>| {
                let next_index = next as usize;
                let changed = states[next_index].merge(state, stepper.image, stepper.sets);
                if changed && !std::mem::replace(&mut is_waiting[next_index], true) {
                    waiting.push(Reverse(next));
                }
            };
            let Some(block) = self.code.blocks.get(index) else { continue };
            if !matches!(block.exit, Exit::Call(target) if self.never.includes(target)) {
                for next in self.code.successors_of(block) {
                    merge(*next, &after, &mut self.stepper);
                }
            }
            if block.pad != NO_BLOCK {
                after.call();
                merge(block.pad, &after, &mut self.stepper);
            }
        }
        Some(ends)
    }

    /// Steps through one block and notes what its end needs.
    fn block(&mut self, index: usize, state: &mut State, ends: &mut Ends) -> Option<()> {
        let block = self.code.blocks.get(index)?;
        let (start, end) = (self.code.address(block.start), self.code.address(block.end));
        let from = self.instructions.partition_point(|instruction| instruction.ip() < start);
        for instruction in self.instructions.get(from..)?.iter().take_while(|i| i.ip() < end) {
            *self.fuel = self.fuel.checked_sub(1)?;
            if is_indirect(instruction) && !instruction.is_ip_rel_memory_operand() {
                ends.through[index] = Some(self.stepper.operand(instruction, 0, state));
            }
            if self.wants_arguments && (is_call(instruction) || matches!(block.exit, Exit::Tail(_))) {
                ends.arguments[index] = Some(state.arguments());
            }
            if !self.stores.is_empty() && self.stores.binary_search(&instruction.ip()).is_ok() {
                ends.stored.push((instruction.ip(), self.stored(instruction, state)));
            }
            self.stepper.step(instruction, state);
        }
        Some(())
    }

    /// What a store writes: known for `mov` and `xchg` of a whole word only.
    fn stored(&self, instruction: &Instruction, state: &State) -> Value {
        let is_whole = instruction.memory_size().size() == 8;
        let is_plain = matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Xchg);
        match instruction.op1_kind() {
            OpKind::Memory => Value::Any,
            _ if is_whole && is_plain => self.stepper.operand(instruction, 1, state),
            _ => Value::Any,
        }
    }
}

fn is_indirect(instruction: &Instruction) -> bool {
    matches!(instruction.flow_control(), FlowControl::IndirectBranch | FlowControl::IndirectCall)
}
