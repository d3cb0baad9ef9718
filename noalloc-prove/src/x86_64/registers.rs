//! The sixteen general registers and what each may hold at one point of a function.

use iced_x86::Register;

use super::frame::{Frame, SOMEWHERE};
use crate::code::{ARGUMENTS, Sets, Value};
use crate::image::Image;

pub(super) const RAX: usize = 0;
pub(super) const RCX: usize = 1;
pub(super) const RDX: usize = 2;
pub(super) const RSP: usize = 4;
pub(super) const RBP: usize = 5;
pub(super) const RSI: usize = 6;
pub(super) const RDI: usize = 7;
pub(super) const R8: usize = 8;
pub(super) const R9: usize = 9;

/// System V: the registers that carry the first six integer arguments.
const PASSED: [usize; ARGUMENTS] = [RDI, RSI, RDX, RCX, R8, R9];
/// System V: the registers that a call may overwrite.
const CLOBBERED: [usize; 9] = [RAX, RCX, RDX, RSI, RDI, R8, R9, 10, 11];

/// The number of a general register, whatever its width.
pub(super) fn number(register: Register) -> Option<usize> {
    let full = register.full_register();
    full.is_gpr64().then(|| full.number())
}

/// What every register may hold.
#[derive(Debug, PartialEq)]
pub(super) struct State {
    values: [Value; 16],
    pub(super) frame: Frame,
}

impl Clone for State {
    fn clone(&self) -> Self {
        Self { values: self.values, frame: self.frame.clone() }
    }

    // PERF: the derived one would take memory for the frame's words each time.
    fn clone_from(&mut self, source: &Self) {
        self.values = source.values;
        self.frame.clone_from(&source.frame);
    }
}

impl State {
    /// Before any path was followed.
    pub(super) fn unreached() -> Self {
        Self { values: [Value::Unreached; 16], frame: Frame::default() }
    }

    /// At a function's entry.
    pub(super) fn entry() -> Self {
        let mut state = Self { values: [Value::Any; 16], frame: Frame::default() };
        for (argument, register) in (0u8..).zip(PASSED) {
            state.values[register] = Value::Argument(argument);
        }
        state.values[RSP] = Value::Frame(0);
        state
    }

    pub(super) fn get(&self, register: usize) -> Value {
        self.values.get(register).copied().unwrap_or(Value::Any)
    }

    /// Sets a register. The stack pointer always points into the frame.
    pub(super) fn set(&mut self, register: usize, value: Value) {
        let value = match (register, value) {
            (RSP, Value::Frame(_)) => value,
            (RSP, _) => Value::Frame(SOMEWHERE),
            _ => value,
        };
        if let Some(slot) = self.values.get_mut(register) {
            *slot = value;
        }
    }

    /// Where the stack pointer points.
    pub(super) fn stack_pointer(&self) -> i32 {
        match self.get(RSP) {
            Value::Frame(offset) => offset,
            _ => SOMEWHERE,
        }
    }

    /// Moves the stack pointer.
    pub(super) fn move_stack_pointer(&mut self, by: i32) {
        let offset = self.stack_pointer();
        self.set(RSP, Value::Frame(moved(offset, i64::from(by))));
    }

    /// Forgets what a call may overwrite.
    pub(super) fn call(&mut self) {
        for register in CLOBBERED {
            self.set(register, Value::Any);
        }
        let stack_pointer = self.stack_pointer();
        self.frame.cut(stack_pointer);
    }

    pub(super) fn arguments(&self) -> [Value; ARGUMENTS] {
        PASSED.map(|register| self.get(register))
    }

    /// Joins what another path brings; tells whether anything new came.
    pub(super) fn merge(&mut self, other: &Self, image: &Image<'_>, sets: &mut Sets) -> bool {
        if self.get(RSP) == Value::Unreached {
            self.clone_from(other);
            return true;
        }
        let mut changed = false;
        for (mine, theirs) in self.values.iter_mut().zip(other.values) {
            if *mine == theirs || *mine == Value::Any {
                continue;
            }
            let joined = sets.join(*mine, theirs, |address| image.function_at(address).is_some());
            changed |= joined != *mine;
            *mine = joined;
        }
        let join = |mine, theirs| sets.join(mine, theirs, |address| image.function_at(address).is_some());
        self.frame.merge(&other.frame, join) || changed
    }
}

/// An offset in the frame moved by some bytes; what is not known or not sensible stays unknown.
pub(super) fn moved(offset: i32, by: i64) -> i32 {
    let sum = i64::from(offset).checked_add(by).and_then(|sum| i32::try_from(sum).ok());
    if offset == SOMEWHERE { SOMEWHERE } else { sum.unwrap_or(SOMEWHERE) }
}
