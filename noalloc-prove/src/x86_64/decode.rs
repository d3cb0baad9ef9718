//! Bytes of one function into instructions, and where its blocks must start.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use crate::image::{Function, Image, LandingSite, Memory};

/// One function's instructions and what a single look at each of them tells.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) instructions: Vec<Instruction>,
    /// Where blocks start; not sorted yet, may contain addresses that are no instruction's.
    pub(super) leaders: Vec<u64>,
    /// Some branch or store needs the values of registers.
    pub(super) needs_trace: bool,
    pub(super) materialised: Vec<u64>,
    pub(super) static_writes: Vec<(u64, u64)>,
}

/// What a later reading of the same function needs of it.
pub(crate) struct Kept {
    instructions: Box<[Instruction]>,
    leaders: Box<[u64]>,
}

impl Decoded {
    /// A copy, of which only as much is kept as there is.
    pub(super) fn keep(&self) -> Kept {
        Kept { instructions: self.instructions.as_slice().into(), leaders: self.leaders.as_slice().into() }
    }

    /// As after the reading whose result was kept; only its instructions and leaders are there.
    pub(super) fn restore(&mut self, kept: Kept) {
        self.instructions = kept.instructions.into_vec();
        self.leaders = kept.leaders.into_vec();
    }

    /// Decodes a function anew, keeping the buffers.
    pub(super) fn read(
        &mut self,
        image: &Image<'_>,
        function: &Function,
        landing: &[LandingSite],
    ) -> Option<()> {
        self.instructions.clear();
        self.leaders.clear();
        self.materialised.clear();
        self.static_writes.clear();
        self.needs_trace = false;
        let length = usize::try_from(function.end - function.start).ok()?;
        let bytes = image.bytes(function.start, length)?;
        let mut decoder = Decoder::with_ip(64, bytes, function.start, DecoderOptions::NONE);
        self.leaders.push(function.start);
        while decoder.can_decode() {
            let instruction = decoder.decode();
            self.note(image, function, &instruction);
            self.instructions.push(instruction);
        }
        self.leaders.extend(landing.iter().map(|site| site.pad));
        Some(())
    }

    fn note(&mut self, image: &Image<'_>, function: &Function, instruction: &Instruction) {
        if instruction.is_invalid() {
            self.leaders.push(instruction.next_ip());
            return;
        }
        match instruction.flow_control() {
            FlowControl::Next => self.note_plain(image, instruction),
            FlowControl::ConditionalBranch
            | FlowControl::UnconditionalBranch
            | FlowControl::XbeginXabortXend => {
                let target = instruction.near_branch_target();
                if (function.start..function.end).contains(&target) {
                    self.leaders.push(target);
                }
                self.leaders.push(instruction.next_ip());
            }
            FlowControl::IndirectBranch | FlowControl::IndirectCall => {
                self.leaders.push(instruction.next_ip());
                self.needs_trace |= !instruction.is_ip_rel_memory_operand();
                self.note_displacement(image, instruction);
            }
            _ => self.leaders.push(instruction.next_ip()),
        }
    }

    fn note_plain(&mut self, image: &Image<'_>, instruction: &Instruction) {
        let is_relative = instruction.is_ip_rel_memory_operand();
        if is_relative && instruction.mnemonic() == Mnemonic::Lea {
            self.materialised.push(instruction.ip_rel_memory_address());
        } else if let Some(target) = written_static(image, instruction) {
            let size = instruction.memory_size().size() as u64;
            self.static_writes.push((target, size));
            self.needs_trace |= size == 8;
        }
        self.note_displacement(image, instruction);
        if image.fixed && instruction.mnemonic() == Mnemonic::Mov && is_immediate(instruction.op1_kind()) {
            self.materialised.push(instruction.immediate(1));
        }
    }

    /// In a program with fixed addresses, `[table + index * 8]` takes the table's address.
    fn note_displacement(&mut self, image: &Image<'_>, instruction: &Instruction) {
        let has_memory = (0..instruction.op_count()).any(|n| instruction.op_kind(n) == OpKind::Memory);
        if image.fixed && has_memory && !instruction.is_ip_rel_memory_operand() {
            self.materialised.push(instruction.memory_displacement64());
        }
    }
}

/// The writable address that an instruction stores to, when the instruction itself names it.
pub(super) fn written_static(image: &Image<'_>, instruction: &Instruction) -> Option<u64> {
    if instruction.op_count() == 0 || instruction.op0_kind() != OpKind::Memory {
        return None;
    }
    if matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Push | Mnemonic::Bt) {
        return None;
    }
    let target = named_address(instruction)?;
    (image.memory(target) == Some(Memory::Writable)).then_some(target)
}

/// The address of a memory operand that no register takes part in.
pub(super) fn named_address(instruction: &Instruction) -> Option<u64> {
    if instruction.is_ip_rel_memory_operand() {
        return Some(instruction.ip_rel_memory_address());
    }
    let none = Register::None;
    let is_absolute = instruction.memory_base() == none && instruction.memory_index() == none;
    let is_plain = instruction.segment_prefix() == none;
    (is_absolute && is_plain).then(|| instruction.memory_displacement64())
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(kind, OpKind::Immediate32 | OpKind::Immediate64 | OpKind::Immediate32to64)
}
