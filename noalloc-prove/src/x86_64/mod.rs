//! x86-64: machine code into the blocks, targets and values of `code`.
//!
//! Three readings, each of one function at a time: `survey` (all functions, no values), `trace` (those with
//! indirect branches, after it is known which functions never return), `arguments` (those a root reaches). Another
//! architecture would offer the same three.

mod blocks;
mod decode;
mod flow;
mod frame;
mod registers;
mod step;
mod tables;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind};

pub(crate) use decode::Kept;
pub(crate) use flow::NeverReturn;
pub(crate) use targets::code as code_target;

use crate::code::{Arguments, Exit, Flaw, FunctionCode, Sets, StaticWrite, Survey, Value};
use crate::image::{Function, Image, LandingSite, Memory, Pointer, landing_sites};
use crate::symbols::is_indirect_thunk;
use blocks::{Plan, Table};
use flow::{Ends, Flow};
use step::Stepper;
use tables::TableReader;

/// New tables make new blocks, which make new values; nested deeper than this is given up.
const ROUNDS: usize = 12;
/// Steps of value propagation for each instruction of the program. Measured on a 3 MB program: below 4.
const STEPS: u64 = 48;

/// Reads functions; keeps its buffers from one to the next.
pub(crate) struct Reader<'r, 'a> {
    pub(crate) image: &'r Image<'a>,
    decoded: decode::Decoded,
    info: InstructionInfoFactory,
    fuel: u64,
    /// Sets of function addresses that values refer to.
    pub(crate) sets: Sets,
}

/// What a trace finds out about one function.
pub(crate) struct Traced {
    pub(crate) code: FunctionCode,
    /// (static, value): what its direct stores to writable memory write.
    pub(crate) stored: Vec<(u64, Value)>,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(crate) fn new(image: &'r Image<'a>) -> Self {
        let info = InstructionInfoFactory::new();
        Self { image, decoded: decode::Decoded::default(), info, fuel: 0, sets: Sets::default() }
    }

    /// First reading: the blocks of these functions, without the values of registers; and by function, what the
    /// second reading need not decode anew.
    ///
    /// PERF: those that are traced have half of all instructions, and decoding them again took a twelfth of the time.
    pub(crate) fn survey(&mut self, range: Range<usize>) -> (Survey, Vec<Option<Kept>>) {
        let (mut survey, mut kept) = (Survey::default(), Vec::with_capacity(range.len()));
        let first = range.start;
        for (index, function) in (first..).zip(self.image.functions.get(range).unwrap_or(&[])) {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let code = self.survey_one(function);
            let is_traced = self.decoded.needs_trace && code.flaw.is_none();
            kept.push(is_traced.then(|| self.decoded.keep()));
            survey.functions.push(code);
            survey.materialised.append(&mut self.decoded.materialised);
            let writes = self.decoded.static_writes.iter();
            survey.static_writes.extend(writes.map(|write| StaticWrite {
                address: write.0,
                size: write.1,
                function: index,
            }));
            survey.instructions += self.decoded.instructions.len();
        }
        survey.materialised.sort_unstable();
        survey.materialised.dedup();
        survey.static_writes.sort_unstable();
        (survey, kept)
    }

    /// Steps for functions with so many instructions.
    pub(crate) fn refuel(&mut self, instructions: usize) {
        self.fuel = STEPS * instructions as u64;
    }

    fn survey_one(&mut self, function: &Function) -> FunctionCode {
        let landing = match self.decode(function) {
            Ok(landing) => landing,
            Err(flaw) => return FunctionCode::flawed(function.start, flaw),
        };
        if self.image.names(function).iter().any(|name| is_indirect_thunk(name)) {
            return FunctionCode::flawed(function.start, Flaw::Thunk);
        }
        let (tables, values) = (BTreeMap::new(), BTreeMap::new());
        let plan = Plan { image: self.image, function, landing: &landing, tables: &tables, values: &values };
        blocks::build(&plan, &self.decoded.instructions, &self.decoded.leaders)
    }

    fn decode(&mut self, function: &Function) -> Result<Vec<LandingSite>, Flaw> {
        let landing = landing_sites(self.image, function);
        let sites = landing.as_deref().unwrap_or(&[]);
        self.decoded.read(self.image, function, sites).ok_or(Flaw::NoBytes)?;
        landing.ok_or(Flaw::ExceptionTable)
    }

    /// Second reading of one function: indirect branches and jump tables by the values of registers. `surveyed` are
    /// its blocks by the first reading, `kept` what that reading kept.
    pub(crate) fn trace(
        &mut self,
        function: &Function,
        surveyed: &FunctionCode,
        kept: Kept,
        survey: &Survey,
        never: &NeverReturn,
    ) -> Traced {
        self.decoded.restore(kept);
        match self.trace_or_flaw(function, surveyed, survey, never) {
            Ok(traced) => traced,
            Err(flaw) => Traced { code: FunctionCode::flawed(function.start, flaw), stored: Vec::new() },
        }
    }

    fn trace_or_flaw(
        &mut self,
        function: &Function,
        surveyed: &FunctionCode,
        survey: &Survey,
        never: &NeverReturn,
    ) -> Result<Traced, Flaw> {
        let landing = landing_sites(self.image, function).ok_or(Flaw::ExceptionTable)?;
        let stores = self.stores();
        let mut leaders = self.decoded.leaders.clone();
        let mut tables: BTreeMap<u64, Table> = BTreeMap::new();
        let mut rebuilt: Option<FunctionCode> = None;
        for _ in 0..ROUNDS {
            let code = rebuilt.as_ref().unwrap_or(surveyed);
            let ends = self.flow(code, never, &stores, false).ok_or(Flaw::Budget)?;
            let values = through(code, &ends);
            let found = self.new_tables(function, survey, &values, &tables);
            if found.is_empty() {
                return Ok(self.finish(function, &landing, &leaders, tables, &values, &ends.stored));
            }
            leaders.extend(found.values().flat_map(|table| &table.targets));
            tables.extend(found);
            let plan =
                Plan { image: self.image, function, landing: &landing, tables: &tables, values: &values };
            rebuilt = Some(blocks::build(&plan, &self.decoded.instructions, &leaders));
        }
        Err(Flaw::Budget)
    }

    fn new_tables(
        &self,
        function: &Function,
        survey: &Survey,
        values: &BTreeMap<u64, Value>,
        known: &BTreeMap<u64, Table>,
    ) -> BTreeMap<u64, Table> {
        let instructions = self.decoded.instructions.as_slice();
        let materialised = survey.materialised.as_slice();
        let reader = TableReader { image: self.image, function, instructions, materialised };
        let unread = values.iter().filter(|(jump, _)| !known.contains_key(jump) && self.is_jump(**jump));
        unread.filter_map(|(jump, value)| Some((*jump, reader.read(*jump, *value)?))).collect()
    }

    fn is_jump(&self, address: u64) -> bool {
        let instructions = &self.decoded.instructions;
        let found = instructions.binary_search_by_key(&address, Instruction::ip).ok();
        found.and_then(|index| instructions.get(index)).is_some_and(Instruction::is_jmp_near_indirect)
    }

    /// Builds the final blocks. Where a function has tables and blocks that nothing reaches, the tables are
    /// held to be incomplete.
    fn finish(
        &self,
        function: &Function,
        landing: &[LandingSite],
        leaders: &[u64],
        mut tables: BTreeMap<u64, Table>,
        values: &BTreeMap<u64, Value>,
        stored: &[(u64, Value)],
    ) -> Traced {
        let build = |tables: &BTreeMap<u64, Table>| {
            let plan = Plan { image: self.image, function, landing, tables, values };
            blocks::build(&plan, &self.decoded.instructions, leaders)
        };
        let mut code = build(&tables);
        if !tables.is_empty() && self.has_orphans(&code) {
            tables.values_mut().for_each(|table| table.incomplete = true);
            code = build(&tables);
        }
        Traced { code, stored: self.named_stores(stored) }
    }

    /// Stores by the static they write to. One that no path seems to reach may write anything.
    fn named_stores(&self, stored: &[(u64, Value)]) -> Vec<(u64, Value)> {
        let mut named: Vec<(u64, Value)> =
            stored.iter().filter_map(|(at, value)| Some((self.written_by(*at)?, *value))).collect();
        let seen: BTreeSet<u64> = stored.iter().map(|store| store.0).collect();
        let unseen = self.stores().into_iter().filter(|at| !seen.contains(at));
        named.extend(unseen.filter_map(|at| Some((self.written_by(at)?, Value::Any))));
        named
    }

    fn has_orphans(&self, code: &FunctionCode) -> bool {
        let is_reached = crate::graph::reached_blocks(code);
        code.blocks.iter().zip(is_reached).any(|(block, is_reached)| {
            let start = code.address(block.start);
            let end = code.address(block.end);
            let from = self.decoded.instructions.partition_point(|i| i.ip() < start);
            let mut inside = self.decoded.instructions.iter().skip(from).take_while(|i| i.ip() < end);
            !is_reached && inside.any(|instruction| !is_padding(instruction))
        })
    }

    fn stores(&self) -> Vec<u64> {
        let writes = |i: &&Instruction| decode::written_static(self.image, i).is_some();
        self.decoded.instructions.iter().filter(writes).map(Instruction::ip).collect()
    }

    fn written_by(&self, at: u64) -> Option<u64> {
        let index = self.decoded.instructions.binary_search_by_key(&at, Instruction::ip).ok()?;
        decode::written_static(self.image, self.decoded.instructions.get(index)?)
    }

    fn flow(
        &mut self,
        code: &FunctionCode,
        never: &NeverReturn,
        stores: &[u64],
        wants_arguments: bool,
    ) -> Option<Ends> {
        let instructions = self.decoded.instructions.as_slice();
        let is_taken = frame::seems_taken(instructions);
        let stepper = Stepper { is_taken, image: self.image, sets: &mut self.sets, info: &mut self.info };
        Flow { stepper, instructions, code, never, stores, wants_arguments, fuel: &mut self.fuel }.run()
    }

    /// Third reading, of a function whose blocks are final: what its calls pass.
    pub(crate) fn arguments(
        &mut self,
        function: &Function,
        code: &FunctionCode,
        never: &NeverReturn,
    ) -> Arguments {
        if self.decode(function).is_err() {
            return Arguments::default();
        }
        self.refuel(self.decoded.instructions.len() + 100);
        let Some(ends) = self.flow(code, never, &[], true) else { return Arguments::default() };
        let is_exit = |exit: Exit| matches!(exit, Exit::Call(_) | Exit::Tail(_));
        let blocks = (0u32..).zip(&code.blocks).zip(ends.arguments);
        let calls = blocks.filter(|((_, block), _)| is_exit(block.exit));
        Arguments::new(calls.filter_map(|((index, _), arguments)| Some((index, arguments?))).collect())
    }

    /// The same reading without values: (block, address) of functions and data whose address a block takes.
    pub(crate) fn constants(&mut self, function: &Function, code: &FunctionCode) -> Vec<(u32, u64)> {
        let mut constants = Vec::new();
        if self.decode(function).is_err() {
            return constants;
        }
        let mut instructions = self.decoded.instructions.iter().peekable();
        for (index, block) in (0u32..).zip(&code.blocks) {
            let end = code.address(block.end);
            while let Some(instruction) = instructions.next_if(|i| i.ip() < end) {
                let mut note = |address| constants.push((index, address));
                self.taken(instruction, &mut note);
            }
        }
        constants
    }

    /// Addresses that an instruction brings into a register.
    fn taken(&self, instruction: &Instruction, note: &mut impl FnMut(u64)) {
        if instruction.flow_control() != FlowControl::Next {
            return;
        }
        let is_immediate = matches!(instruction.op1_kind(), OpKind::Immediate32 | OpKind::Immediate64);
        if self.image.fixed && instruction.op_count() == 2 && is_immediate {
            note(instruction.immediate(1));
        }
        let Some(address) = decode::named_address(instruction) else { return };
        let has_memory = (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory);
        if instruction.mnemonic() == Mnemonic::Lea {
            note(address);
        } else if has_memory && self.image.memory(address) == Some(Memory::ReadOnly) {
            let words = (instruction.memory_size().size() / 8).min(8) as u64;
            for word in (0..words).map(|word| address + 8 * word) {
                if let Some(Pointer::Address(target)) = self.image.constant(word) {
                    note(target);
                }
            }
        }
    }
}

fn through(code: &FunctionCode, ends: &Ends) -> BTreeMap<u64, Value> {
    let blocks = code.blocks.iter().zip(&ends.through);
    blocks.filter_map(|(block, value)| Some((code.address(block.last), (*value)?))).collect()
}

fn is_padding(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3 | Mnemonic::Ud2)
}

#[cfg(test)]
mod tests {
    use super::{NeverReturn, Reader};
    use crate::code::{Exit, FunctionCode, OpenCall, Target};
    use crate::image::{Image, Memory};

    /// Surveys and traces the function at 0x1000; another one stands at 0x2000, a table at 0x3000.
    fn trace(code: &[u8], table: &[u8]) -> FunctionCode {
        let sections = [
            (0x1000, code, Memory::Code),
            (0x2000, [0xc3].as_slice(), Memory::Code),
            (0x3000, table, Memory::ReadOnly),
        ];
        let image = Image::made(&sections, &[(0x1000, 0x1000 + code.len() as u64), (0x2000, 0x2001)]);
        let mut reader = Reader::new(&image);
        let (survey, _) = reader.survey(0..2);
        reader.refuel(10_000);
        reader.decode(&image.functions[0]).expect("it has code");
        let kept = reader.decoded.keep();
        reader.trace(&image.functions[0], &survey.functions[0], kept, &survey, &NeverReturn::default()).code
    }

    /// `cmp edi, bound; ja default; lea rax, [table]; movsxd rcx, [rax+rdi*4]; add rcx, rax; jmp rcx`, then two
    /// returns and the default's `ud2`.
    fn jump_through_table(bound: u8) -> Vec<u8> {
        let mut code = vec![0x83, 0xff, bound, 0x77, 0x12];
        code.extend([0x48, 0x8d, 0x05, 0xf4, 0x1f, 0, 0]);
        code.extend([0x48, 0x63, 0x0c, 0xb8, 0x48, 0x01, 0xc1, 0xff, 0xe1]);
        code.extend([0xc3, 0xc3, 0x0f, 0x0b]);
        code
    }

    /// Entries for the returns at 0x1015 and 0x1016.
    const TABLE: [u8; 8] = [0x15, 0xe0, 0xff, 0xff, 0x16, 0xe0, 0xff, 0xff];

    fn jump_of(code: &FunctionCode) -> (Exit, Vec<u32>) {
        let block = code.blocks.iter().find(|block| block.last == 0x13).expect("the jump ends a block");
        let start = |index: &u32| code.blocks[*index as usize].start;
        (block.exit, code.successors_of(block).iter().map(start).collect())
    }

    #[test]
    fn a_jump_table_is_read_to_its_end() {
        let code = trace(&jump_through_table(1), &TABLE);
        assert_eq!(jump_of(&code), (Exit::Flow, vec![0x15, 0x16]));
        assert!(code.opens.is_empty());
    }

    #[test]
    fn a_table_that_ends_before_its_bound_is_open() {
        let code = trace(&jump_through_table(2), &TABLE);
        let (exit, _) = jump_of(&code);
        assert!(matches!(exit, Exit::Tail(Target::Open(open)) if code.open(open) == OpenCall::Table));
    }

    #[test]
    fn a_table_that_leaves_blocks_unreached_is_open() {
        let code = trace(&jump_through_table(0), &TABLE[..4]);
        let (exit, _) = jump_of(&code);
        assert!(matches!(exit, Exit::Tail(Target::Open(open)) if code.open(open) == OpenCall::Table));
    }

    #[test]
    fn a_table_that_begins_with_its_own_function_is_open() {
        // and edi, 1; lea rax, [table]; movsxd rcx, [rax+rdi*4]; add rcx, rax; jmp rcx
        let mut code = vec![0x83, 0xe7, 0x01, 0x48, 0x8d, 0x05, 0xf6, 0x1f, 0, 0];
        code.extend([0x48, 0x63, 0x0c, 0xb8, 0x48, 0x01, 0xc1, 0xff, 0xe1]);
        // The function itself, and the one at 0x2000: it is a table of functions.
        let code = trace(&code, &[0, 0xe0, 0xff, 0xff, 0, 0xf0, 0xff, 0xff]);
        assert_eq!(code.opens, [OpenCall::Table]);
    }

    #[test]
    fn ends_of_blocks_are_told_apart() {
        let check = |bytes: &[u8], expected: Exit| {
            assert_eq!(trace(bytes, &[]).blocks[0].exit, expected, "{bytes:02x?}");
        };
        check(&[0xc3], Exit::Return);
        check(&[0x0f, 0x0b], Exit::Trap);
        check(&[0xe9, 0xfb, 0x0f, 0, 0], Exit::Tail(Target::Function(1)));
        check(&[0xe8, 0xfb, 0x0f, 0, 0, 0xc3], Exit::Call(Target::Function(1)));
        // lea rax, [0x2000]; jmp rax
        check(&[0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0, 0xff, 0xe0], Exit::Tail(Target::Function(1)));
        // syscall does not end anything
        check(&[0x0f, 0x05, 0xc3], Exit::Flow);
    }

    #[test]
    fn what_cannot_be_followed_is_open() {
        let check = |bytes: &[u8], expected| {
            let code = trace(bytes, &[]);
            assert_eq!(code.opens.first(), Some(&expected), "{bytes:02x?}");
        };
        check(&[0x06], OpenCall::Undecodable);
        // jmp into the middle of nowhere
        check(&[0xe9, 0, 0x40, 0, 0], OpenCall::Into(0x5005));
        // runs over its end
        check(&[0x90], OpenCall::Into(0x1001));
    }
}
