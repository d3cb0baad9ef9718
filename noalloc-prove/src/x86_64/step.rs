//! What one instruction does to the registers' values.
//!
//! Whatever is not spelled out here makes every register that the instruction writes "anything".

use iced_x86::{FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

use super::decode::named_address;
use super::frame::SOMEWHERE;
use super::registers::{RBP, RSP, State, moved, number};
use crate::code::{Base, Sets, Value};
use crate::image::{Image, Pointer};

/// What the transfer function needs besides the state.
pub(super) struct Stepper<'s, 'a> {
    /// An address of the frame was taken: its words can be reached by whom no instruction shows.
    pub(super) is_taken: bool,
    pub(super) image: &'s Image<'a>,
    pub(super) sets: &'s mut Sets,
    pub(super) info: &'s mut InstructionInfoFactory,
}

impl Stepper<'_, '_> {
    /// Applies one instruction.
    pub(super) fn step(&mut self, instruction: &Instruction, state: &mut State) {
        if instruction.is_invalid() {
            return;
        }
        if is_call(instruction) {
            return state.call();
        }
        if self.moves_stack(instruction, state) {
            return;
        }
        self.note_store(instruction, state);
        self.note_odd_use(instruction, state);
        if let Some((register, value)) = self.written(instruction, state) {
            self.note_taken(register, value);
            return state.set(register, value);
        }
        if reads_only(instruction.mnemonic()) || is_store(instruction) {
            return;
        }
        // PERF: the general answer below costs as much as decoding; most instructions are of this kind.
        if is_simple(instruction.mnemonic()) {
            if instruction.op0_kind() == OpKind::Register
                && let Some(register) = number(instruction.op0_register())
            {
                self.note_changed(instruction, register, state);
                state.set(register, Value::Any);
            }
            return;
        }
        for used in self.info.info(instruction).used_registers() {
            if let Some(register) = number(used.register())
                && !matches!(register, RSP | RBP)
                && matches!(state.get(register), Value::Frame(_))
            {
                self.is_taken = true;
            }
            let is_written = !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::None);
            if is_written && let Some(register) = number(used.register()) {
                state.set(register, Value::Any);
            }
        }
    }

    /// `push`, `pop` and `leave`.
    fn moves_stack(&mut self, instruction: &Instruction, state: &mut State) -> bool {
        let is_whole = instruction.op_count() == 1 && instruction.stack_pointer_increment().abs() == 8;
        let register = match instruction.op0_kind() {
            OpKind::Register => number(instruction.op0_register()),
            _ => None,
        };
        match instruction.mnemonic() {
            Mnemonic::Push if is_whole => {
                let value = self.operand(instruction, 0, state);
                self.is_taken |= is_frame(value);
                state.move_stack_pointer(-8);
                self.store(state, state.stack_pointer(), 8, value);
            }
            Mnemonic::Pop if is_whole => {
                let value = self.word_of_frame(state, state.stack_pointer());
                state.move_stack_pointer(8);
                if let Some(register) = register {
                    state.set(register, value);
                } else {
                    self.store(state, SOMEWHERE, 0, Value::Any);
                }
            }
            Mnemonic::Leave => {
                let base = state.get(RBP);
                state.set(RSP, base);
                state.move_stack_pointer(8);
                state.set(RBP, Value::Any);
            }
            _ => return false,
        }
        true
    }

    /// A store changes the private words that it hits.
    fn note_store(&mut self, instruction: &Instruction, state: &mut State) {
        let is_memory = instruction.op_count() > 0 && instruction.op0_kind() == OpKind::Memory;
        if !is_memory || matches!(instruction.mnemonic(), Mnemonic::Cmp | Mnemonic::Test) {
            return;
        }
        let stored = match instruction.mnemonic() {
            Mnemonic::Mov => self.operand(instruction, 1, state),
            _ => Value::Any,
        };
        self.is_taken |= is_frame(stored);
        let index = number(instruction.memory_index()).map(|index| state.get(index));
        self.is_taken |= index.is_some_and(is_frame);
        let Some(Value::Frame(base)) = number(instruction.memory_base()).map(|base| state.get(base)) else {
            return;
        };
        self.is_taken |= instruction.memory_index() != Register::None;
        let offset = moved(base, instruction.memory_displacement64().cast_signed());
        let size = i32::try_from(instruction.memory_size().size()).unwrap_or(0);
        self.store(state, offset, size, if size == 8 { stored } else { Value::Any });
    }

    /// A frame address in any other register than the two that hold it by convention was taken.
    fn note_taken(&mut self, register: usize, value: Value) {
        self.is_taken |= is_frame(value) && !matches!(register, RSP | RBP);
    }

    /// The stack or frame pointer as a source of something that is not followed: its value may go anywhere.
    fn note_odd_use(&mut self, instruction: &Instruction, state: &State) {
        let is_followed =
            matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Add | Mnemonic::Cmp | Mnemonic::Test);
        let is_pointer = |operand: u32| {
            instruction.op_kind(operand) == OpKind::Register
                && number(instruction.op_register(operand))
                    .is_some_and(|register| matches!(register, RSP | RBP) && is_frame(state.get(register)))
        };
        let is_exchange =
            matches!(instruction.mnemonic(), Mnemonic::Xchg | Mnemonic::Xadd | Mnemonic::Cmpxchg);
        let first = u32::from(!is_exchange);
        if !is_followed && (first..instruction.op_count()).any(is_pointer) {
            self.is_taken = true;
        }
    }

    /// Arithmetic that is not followed may turn an address of the frame into a lower one.
    fn note_changed(&mut self, instruction: &Instruction, register: usize, state: &State) {
        let is_new = matches!(
            instruction.mnemonic(),
            Mnemonic::Mov | Mnemonic::Lea | Mnemonic::Movzx | Mnemonic::Movsx | Mnemonic::Movsxd
        );
        if !is_new && register != RSP && matches!(state.get(register), Value::Frame(_)) {
            self.is_taken = true;
        }
    }

    /// PERF: words that may not be read are not kept either.
    fn store(&self, state: &mut State, offset: i32, size: i32, value: Value) {
        if !self.is_taken {
            state.frame.store(offset, size, value);
        }
    }

    fn word_of_frame(&self, state: &State, offset: i32) -> Value {
        if self.is_taken { Value::Any } else { state.frame.get(offset) }
    }

    /// The one register that an instruction writes, and its new value, where that can be told.
    fn written(&mut self, instruction: &Instruction, state: &State) -> Option<(usize, Value)> {
        if instruction.op_count() != 2 || instruction.op0_kind() != OpKind::Register {
            return None;
        }
        let register = number(instruction.op0_register())?;
        let width = instruction.op0_register().size();
        if width < 4 {
            return None;
        }
        let value = match instruction.mnemonic() {
            Mnemonic::Lea if width == 8 => self.address(instruction, state),
            Mnemonic::Mov if width == 8 || is_immediate(instruction.op1_kind()) => {
                self.operand(instruction, 1, state)
            }
            Mnemonic::Movsxd if width == 8 => table_entry(instruction, state),
            Mnemonic::Add if width == 8 => add(state.get(register), self.operand(instruction, 1, state)),
            Mnemonic::Sub if width == 8 => match (state.get(register), self.operand(instruction, 1, state)) {
                (Value::Frame(offset), Value::Constant(by)) => {
                    Value::Frame(moved(offset, by.cast_signed().wrapping_neg()))
                }
                (Value::Frame(_), _) => Value::Frame(SOMEWHERE),
                _ => Value::Any,
            },
            Mnemonic::Xor if is_same_register(instruction) => Value::Constant(0),
            mnemonic if width == 8 && is_conditional_move(mnemonic) => {
                let other = self.operand(instruction, 1, state);
                let image = self.image;
                self.sets.join(state.get(register), other, |address| image.function_at(address).is_some())
            }
            _ => return None,
        };
        Some((register, value))
    }

    /// The address that `lea` computes.
    fn address(&self, instruction: &Instruction, state: &State) -> Value {
        if let Some(address) = named_address(instruction) {
            return Value::Constant(address);
        }
        let base = number(instruction.memory_base()).map_or(Value::Any, |base| state.get(base));
        let displacement = instruction.memory_displacement64();
        let is_indexed = instruction.memory_index() != Register::None;
        let index = number(instruction.memory_index()).map_or(Value::Any, |index| state.get(index));
        match base {
            _ if matches!(index, Value::Frame(_)) => Value::Frame(SOMEWHERE),
            Value::Frame(_) if is_indexed => Value::Frame(SOMEWHERE),
            Value::Frame(offset) => Value::Frame(moved(offset, displacement.cast_signed())),
            Value::Constant(address) if !is_indexed => Value::Constant(address.wrapping_add(displacement)),
            Value::Argument(_) if !is_indexed && displacement == 0 => base,
            // Position-independent tables may also be summed up by `lea`.
            _ if displacement == 0 && instruction.memory_index_scale() == 1 && is_indexed => {
                table_target(base, index).unwrap_or(Value::Any)
            }
            _ => Value::Any,
        }
    }

    /// The value of an operand that is read with 64 bits.
    pub(super) fn operand(&self, instruction: &Instruction, operand: u32, state: &State) -> Value {
        match instruction.op_kind(operand) {
            OpKind::Register => number(instruction.op_register(operand))
                .filter(|_| instruction.op_register(operand).size() == 8)
                .map_or(Value::Any, |register| state.get(register)),
            OpKind::Memory => self.loaded(instruction, state),
            kind if is_immediate(kind) => Value::Constant(instruction.immediate(operand)),
            _ => Value::Any,
        }
    }

    /// The value of an 8-byte load.
    fn loaded(&self, instruction: &Instruction, state: &State) -> Value {
        if let Some(address) = named_address(instruction) {
            return self.word_at(address);
        }
        let displacement = instruction.memory_displacement64();
        let base = number(instruction.memory_base()).map(|base| state.get(base));
        let is_plain = instruction.segment_prefix() == Register::None;
        let offset = i32::try_from(displacement.cast_signed()).ok();
        if instruction.memory_index() != Register::None || !is_plain {
            let table = match base {
                None if instruction.memory_base() == Register::None => Some(displacement),
                Some(Value::Constant(address)) => Some(address.wrapping_add(displacement)),
                _ => None,
            };
            return match (table, offset) {
                (Some(table), _) if is_plain && instruction.memory_index_scale() == 8 => {
                    Value::AbsoluteTable(table)
                }
                (_, Some(offset)) => Value::Loaded { offset, base: Base::Unknown },
                _ => Value::Any,
            };
        }
        let Some(offset) = offset else { return Value::Any };
        let base = match base {
            Some(Value::Constant(address)) => return self.word_at(address.wrapping_add(displacement)),
            Some(Value::Frame(base)) => return self.word_of_frame(state, moved(base, i64::from(offset))),
            Some(Value::Argument(argument)) => Base::Argument(argument),
            Some(Value::Loaded { offset, base: Base::Argument(argument) }) => {
                Base::Field { argument, offset }
            }
            Some(Value::Static(address)) => u32::try_from(address).map_or(Base::Unknown, Base::Static),
            _ => Base::Unknown,
        };
        Value::Loaded { offset, base }
    }

    fn word_at(&self, address: u64) -> Value {
        match self.image.constant(address) {
            Some(Pointer::Address(target)) => Value::Constant(target),
            Some(Pointer::Import(import)) => Value::Import(import),
            Some(Pointer::Opaque) => Value::Any,
            None => Value::Static(address),
        }
    }
}

fn is_frame(value: Value) -> bool {
    matches!(value, Value::Frame(_))
}

/// `movsxd reg, dword [table + index * 4]`: scale 4 pins which register is the index.
fn table_entry(instruction: &Instruction, state: &State) -> Value {
    let is_entry = instruction.op1_kind() == OpKind::Memory
        && instruction.memory_index() != Register::None
        && instruction.memory_index_scale() == 4;
    let base = number(instruction.memory_base()).map(|base| state.get(base));
    match base {
        Some(Value::Constant(table)) if is_entry => {
            Value::TableEntry(table.wrapping_add(instruction.memory_displacement64()))
        }
        _ => Value::Any,
    }
}

fn table_target(left: Value, right: Value) -> Option<Value> {
    match (left, right) {
        (Value::TableEntry(table), Value::Constant(base))
        | (Value::Constant(base), Value::TableEntry(table)) => {
            (table == base).then_some(Value::TableTarget(table))
        }
        _ => None,
    }
}

fn add(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Frame(offset), Value::Constant(by)) => Value::Frame(moved(offset, by.cast_signed())),
        (Value::Frame(_), _) | (_, Value::Frame(_)) => Value::Frame(SOMEWHERE),
        (Value::Constant(left), Value::Constant(right)) => Value::Constant(left.wrapping_add(right)),
        _ => table_target(left, right).unwrap_or(Value::Any),
    }
}

/// A call in the sense of the calling convention; `syscall` is not one.
pub(super) fn is_call(instruction: &Instruction) -> bool {
    match instruction.flow_control() {
        FlowControl::IndirectCall => true,
        FlowControl::Call => instruction.op_count() == 1,
        _ => false,
    }
}

/// Writes its first operand and no other register.
fn is_simple(mnemonic: Mnemonic) -> bool {
    matches!(
        mnemonic,
        Mnemonic::Mov
            | Mnemonic::Lea
            | Mnemonic::Movzx
            | Mnemonic::Movsx
            | Mnemonic::Movsxd
            | Mnemonic::Add
            | Mnemonic::Sub
            | Mnemonic::And
            | Mnemonic::Or
            | Mnemonic::Xor
            | Mnemonic::Shl
            | Mnemonic::Shr
            | Mnemonic::Sar
            | Mnemonic::Not
            | Mnemonic::Neg
            | Mnemonic::Inc
            | Mnemonic::Dec
            | Mnemonic::Movups
            | Mnemonic::Movaps
            | Mnemonic::Movdqu
            | Mnemonic::Movdqa
    )
}

fn is_store(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Mov && instruction.op0_kind() == OpKind::Memory
}

fn reads_only(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Nop | Mnemonic::Cmp | Mnemonic::Test | Mnemonic::Endbr64 | Mnemonic::Push)
}

fn is_same_register(instruction: &Instruction) -> bool {
    instruction.op1_kind() == OpKind::Register && instruction.op0_register() == instruction.op1_register()
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

fn is_conditional_move(mnemonic: Mnemonic) -> bool {
    matches!(
        mnemonic,
        Mnemonic::Cmova
            | Mnemonic::Cmovae
            | Mnemonic::Cmovb
            | Mnemonic::Cmovbe
            | Mnemonic::Cmove
            | Mnemonic::Cmovg
            | Mnemonic::Cmovge
            | Mnemonic::Cmovl
            | Mnemonic::Cmovle
            | Mnemonic::Cmovne
            | Mnemonic::Cmovno
            | Mnemonic::Cmovnp
            | Mnemonic::Cmovns
            | Mnemonic::Cmovo
            | Mnemonic::Cmovp
            | Mnemonic::Cmovs
    )
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory};

    use super::super::registers::{RAX, RCX, State};
    use super::Stepper;
    use crate::code::{Sets, Value};
    use crate::image::Image;

    /// Runs a few instructions from a function's entry; answers the state after them, and whether the frame was taken.
    fn run(bytes: &[u8]) -> (State, bool) {
        let (image, mut sets, mut info) = (Image::empty(), Sets::default(), InstructionInfoFactory::new());
        let mut stepper = Stepper { is_taken: false, image: &image, sets: &mut sets, info: &mut info };
        let mut state = State::entry();
        for instruction in &mut Decoder::with_ip(64, bytes, 0x1000, DecoderOptions::NONE) {
            stepper.step(&instruction, &mut state);
        }
        (state, stepper.is_taken)
    }

    fn check(bytes: &[u8], register: usize, expected: Value) {
        assert_eq!(run(bytes).0.get(register), expected, "{bytes:02x?}");
    }

    #[test]
    fn values_go_through_registers() {
        // mov rax, rdi
        check(&[0x48, 0x89, 0xf8], RAX, Value::Argument(0));
        // mov eax, edi: half of it
        check(&[0x89, 0xf8], RAX, Value::Any);
        // xor eax, eax; mov al, 1
        check(&[0x31, 0xc0], RAX, Value::Constant(0));
        check(&[0x31, 0xc0, 0xb0, 0x01], RAX, Value::Any);
        // lea rax, [rip+0x10]
        check(&[0x48, 0x8d, 0x05, 0x10, 0, 0, 0], RAX, Value::Constant(0x1017));
        // mov rax, rdi; call +0
        check(&[0x48, 0x89, 0xf8, 0xe8, 0, 0, 0, 0], RAX, Value::Any);
        // mov rcx, rdi; cpuid
        check(&[0x48, 0x89, 0xf9, 0x0f, 0xa2], RCX, Value::Any);
    }

    #[test]
    fn a_spilled_value_comes_back_unless_its_word_can_be_reached() {
        // mov [rsp-8], rdi; mov rax, [rsp-8]
        let spill = [0x48, 0x89, 0x7c, 0x24, 0xf8];
        let reload = [0x48, 0x8b, 0x44, 0x24, 0xf8];
        check(&[spill, reload].concat(), RAX, Value::Argument(0));
        // lea rcx, [rsp-16] in between: a pointer that may go up to the word
        let below = [0x48, 0x8d, 0x4c, 0x24, 0xf0];
        check(&[spill, below, reload].concat(), RAX, Value::Any);
        // lea rcx, [rsp]: behind what the word belongs to, or in the middle of it; it may go down
        let behind = [0x48, 0x8d, 0x4c, 0x24, 0];
        check(&[spill, behind, reload].concat(), RAX, Value::Any);
        // push rdi; pop rax
        check(&[0x57, 0x58], RAX, Value::Argument(0));
    }

    #[test]
    fn a_frame_that_is_indexed_or_escapes_has_no_private_words() {
        // mov [rsp+rcx*8-64], rdi
        assert!(run(&[0x48, 0x89, 0x7c, 0xcc, 0xc0]).1);
        // xchg rax, rsp
        assert!(run(&[0x48, 0x94]).1);
        // mov rax, rsp; and rax, -32
        assert!(run(&[0x48, 0x89, 0xe0, 0x48, 0x83, 0xe0, 0xe0]).1);
        // push rbp; mov rbp, rsp; sub rsp, 32: the usual beginning
        assert!(!run(&[0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20]).1);
    }
}
