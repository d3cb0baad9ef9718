//! Instructions into blocks: how each one ends and what may follow it.

use std::collections::BTreeMap;

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind};

use super::decode::named_address;
use super::targets;
use crate::code::{Block, Exit, FunctionCode, NO_BLOCK, OpenCall, Target, Value};
use crate::image::{Function, Image, LandingSite};

/// What is known before the blocks of a function are built.
pub(super) struct Plan<'p, 'a> {
    pub(super) image: &'p Image<'a>,
    pub(super) function: &'p Function,
    pub(super) landing: &'p [LandingSite],
    /// By jump instruction: where its table leads.
    pub(super) tables: &'p BTreeMap<u64, Table>,
    /// By instruction: what an indirect call or jump goes through.
    pub(super) values: &'p BTreeMap<u64, Value>,
}

/// Targets of one jump table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) base: u64,
    pub(super) targets: Vec<u64>,
    /// Something speaks for more targets than these.
    pub(super) incomplete: bool,
}

struct Builder<'p, 'a> {
    plan: &'p Plan<'p, 'a>,
    starts: Vec<u64>,
    code: FunctionCode,
    /// How an empty block behind the last one ends, when the last call may return over the function's end.
    trailing: Option<Exit>,
    /// Successors of the block at hand.
    scratch: Vec<u32>,
}

/// Builds the blocks of one function. `leaders` are addresses at which blocks may start.
pub(super) fn build(plan: &Plan<'_, '_>, instructions: &[Instruction], leaders: &[u64]) -> FunctionCode {
    let firsts = firsts(plan.function, instructions, leaders);
    // PERF: room is made once for all blocks; lists that grow were a tenth of the first reading.
    let mut starts = Vec::with_capacity(firsts.len());
    starts.extend(firsts.iter().filter_map(|first| instructions.get(*first)).map(Instruction::ip));
    let code = FunctionCode {
        start: plan.function.start,
        blocks: Vec::with_capacity(firsts.len()),
        successors: Vec::with_capacity(firsts.len() + firsts.len() / 2),
        ..FunctionCode::default()
    };
    let mut builder = Builder { plan, starts, code, trailing: None, scratch: Vec::new() };
    for index in 0..firsts.len() {
        let bound = firsts.get(index + 1).copied().unwrap_or(instructions.len());
        let Some(last) = instructions.get(bound.wrapping_sub(1)) else { break };
        builder.add(index, last);
    }
    if let Some(exit) = builder.trailing {
        builder.push(plan.function.end, None, exit, &[]);
    }
    builder.code
}

/// The first instruction of each block, by index: those of the leaders that are an instruction's address.
fn firsts(function: &Function, instructions: &[Instruction], leaders: &[u64]) -> Vec<usize> {
    // PERF: a bit for each byte of the function, instead of sorting: there is a leader for every fourth instruction.
    let offset = |address: u64| usize::try_from(address.wrapping_sub(function.start)).unwrap_or(usize::MAX);
    let mut is_leader = vec![0u64; offset(function.end) / 64 + 1];
    for leader in leaders {
        let offset = offset(*leader);
        if let Some(bits) = is_leader.get_mut(offset / 64) {
            *bits |= 1 << (offset % 64);
        }
    }
    let starts_block = |instruction: &Instruction| {
        let offset = offset(instruction.ip());
        is_leader.get(offset / 64).is_some_and(|bits| bits >> (offset % 64) & 1 == 1)
    };
    let mut firsts = Vec::with_capacity(leaders.len().min(instructions.len()));
    firsts.extend(instructions.iter().enumerate().filter(|(_, i)| starts_block(i)).map(|(index, _)| index));
    firsts
}

impl Builder<'_, '_> {
    fn add(&mut self, index: usize, last: &Instruction) {
        let start = self.starts.get(index).copied().unwrap_or(0);
        let mut successors = std::mem::take(&mut self.scratch);
        successors.clear();
        let exit = self.exit(last, &mut successors);
        self.push(start, Some(last), exit, &successors);
        self.scratch = successors;
    }

    fn push(&mut self, start: u64, last: Option<&Instruction>, exit: Exit, successors: &[u32]) {
        let at = last.map_or(start, Instruction::ip);
        let (pad, catches) = match exit {
            Exit::Call(_) => self.landing(at),
            _ => (NO_BLOCK, false),
        };
        let first_successor = self.code.successors.len();
        self.code.successors.extend(successors);
        self.code.blocks.push(Block {
            start: self.offset(start),
            end: self.offset(last.map_or(start, Instruction::next_ip)),
            last: self.offset(at),
            last_length: last.and_then(|last| u8::try_from(last.len()).ok()).unwrap_or(0),
            catches,
            exit,
            pad,
            first_successor: small(first_successor),
            successor_count: small(successors.len()),
        });
    }

    fn exit(&mut self, last: &Instruction, successors: &mut Vec<u32>) -> Exit {
        if last.is_invalid() {
            return Exit::Tail(self.open(OpenCall::Undecodable));
        }
        match last.flow_control() {
            FlowControl::Return => Exit::Return,
            FlowControl::Exception => Exit::Trap,
            FlowControl::Interrupt if last.mnemonic() == Mnemonic::Int3 => Exit::Trap,
            FlowControl::ConditionalBranch | FlowControl::XbeginXabortXend => {
                let exit = self.jump(last.near_branch_target(), successors);
                match (exit, self.run_on(last, successors)) {
                    (Exit::Flow, after) => after,
                    // Two ways out of the function at once: no compiler writes that.
                    (Exit::Tail(_), Exit::Tail(_)) => Exit::Tail(self.open(OpenCall::Into(last.next_ip()))),
                    (exit, _) => exit,
                }
            }
            FlowControl::UnconditionalBranch => self.jump(last.near_branch_target(), successors),
            FlowControl::Call if is_near(last) => {
                let target = targets::code(self.plan.image, last.near_branch_target());
                self.call(target, last, successors)
            }
            FlowControl::IndirectCall => {
                let target = self.indirect(last);
                self.call(target, last, successors)
            }
            FlowControl::IndirectBranch => self.indirect_jump(last, successors),
            _ => self.run_on(last, successors),
        }
    }

    fn call(
        &mut self,
        target: Result<Target, OpenCall>,
        last: &Instruction,
        successors: &mut Vec<u32>,
    ) -> Exit {
        let target = target.unwrap_or_else(|open| self.open(open));
        match self.index(last.next_ip()) {
            Some(next) => successors.push(next),
            // The last instruction of a compiled function calls what never returns; a hand-written one may run on.
            None if self.plan.function.framed => {}
            None => {
                self.trailing = Some(self.behind_the_end());
                successors.push(small(self.starts.len()));
            }
        }
        Exit::Call(target)
    }

    fn jump(&mut self, target: u64, successors: &mut Vec<u32>) -> Exit {
        match self.index(target) {
            Some(block) => {
                successors.push(block);
                Exit::Flow
            }
            None => Exit::Tail(targets::code(self.plan.image, target).unwrap_or_else(|open| self.open(open))),
        }
    }

    fn indirect_jump(&mut self, last: &Instruction, successors: &mut Vec<u32>) -> Exit {
        let Some(table) = self.plan.tables.get(&last.ip()) else {
            let target = self.indirect(last).unwrap_or_else(|open| self.open(open));
            return Exit::Tail(target);
        };
        successors.extend(table.targets.iter().filter_map(|target| self.index(*target)));
        self.code.tables.push((small(self.code.blocks.len()), table.base));
        if table.incomplete { Exit::Tail(self.open(OpenCall::Table)) } else { Exit::Flow }
    }

    fn indirect(&self, last: &Instruction) -> Result<Target, OpenCall> {
        let is_near = last.is_jmp_near_indirect() || last.is_call_near_indirect();
        if !is_near {
            return Err(OpenCall::Undecodable);
        }
        if last.op0_kind() == OpKind::Memory
            && let Some(address) = named_address(last)
        {
            return targets::slot(self.plan.image, address);
        }
        match self.plan.values.get(&last.ip()) {
            Some(Value::Constant(address)) => targets::code(self.plan.image, *address),
            Some(Value::Import(import)) => Ok(Target::Import(*import)),
            Some(value) => Err(OpenCall::Value(*value)),
            None => Err(OpenCall::Value(Value::Unreached)),
        }
    }

    fn run_on(&mut self, last: &Instruction, successors: &mut Vec<u32>) -> Exit {
        match self.index(last.next_ip()) {
            Some(next) => {
                successors.push(next);
                Exit::Flow
            }
            None => self.behind_the_end(),
        }
    }

    /// Runs over the function's end: into the next function when it stands right there.
    fn behind_the_end(&mut self) -> Exit {
        let end = self.plan.function.end;
        match self.plan.image.function_at(end) {
            Some(next) => Exit::Tail(Target::Function(next)),
            None => Exit::Tail(self.open(OpenCall::Into(end))),
        }
    }

    fn landing(&self, at: u64) -> (u32, bool) {
        let after = self.plan.landing.partition_point(|site| site.start <= at);
        let site = after.checked_sub(1).and_then(|index| self.plan.landing.get(index));
        match site.filter(|site| at < site.end) {
            Some(site) => (self.index(site.pad).unwrap_or(NO_BLOCK), site.catches),
            None => (NO_BLOCK, false),
        }
    }

    fn open(&mut self, call: OpenCall) -> Target {
        self.code.opens.push(call);
        Target::Open(small(self.code.opens.len() - 1))
    }

    fn index(&self, address: u64) -> Option<u32> {
        // PERF: half of all questions are about the block right behind the one at hand.
        let next = self.code.blocks.len() + 1;
        if self.starts.get(next) == Some(&address) {
            return Some(small(next));
        }
        self.starts.binary_search(&address).ok().map(small)
    }

    fn offset(&self, address: u64) -> u32 {
        u32::try_from(address.wrapping_sub(self.plan.function.start)).unwrap_or(u32::MAX)
    }
}

fn is_near(instruction: &Instruction) -> bool {
    matches!(instruction.op0_kind(), OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
