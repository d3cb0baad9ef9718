//! The sixteen general registers and what each may hold at one point of a function.

use iced_x86::Register;

use crate::code::{ARGUMENTS, Sets, Value};
use crate::image::Image;

pub(super) const RAX: usize = 0;
pub(super) const RCX: usize = 1;
pub(super) const RDX: usize = 2;
pub(super) const RSP: usize = 4;
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
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    values: [Value; 16],
}

impl State {
    /// Before any path was followed.
    pub(super) fn unreached() -> Self {
        Self { values: [Value::Unreached; 16] }
    }

    /// At a function's entry.
    pub(super) fn entry() -> Self {
        let mut state = Self { values: [Value::Any; 16] };
        for (argument, register) in (0u8..).zip(PASSED) {
            state.values[register] = Value::Argument(argument);
        }
        state.values[RSP] = Value::Frame;
        state
    }

    pub(super) fn get(&self, register: usize) -> Value {
        self.values.get(register).copied().unwrap_or(Value::Any)
    }

    /// Sets a register. The stack pointer always points into the frame.
    pub(super) fn set(&mut self, register: usize, value: Value) {
        if register != RSP
            && let Some(slot) = self.values.get_mut(register)
        {
            *slot = value;
        }
    }

    /// Forgets what a call may overwrite.
    pub(super) fn call(&mut self) {
        for register in CLOBBERED {
            self.set(register, Value::Any);
        }
    }

    pub(super) fn arguments(&self) -> [Value; ARGUMENTS] {
        PASSED.map(|register| self.get(register))
    }

    /// Joins what another path brings; tells whether anything new came.
    pub(super) fn merge(&mut self, other: &Self, image: &Image<'_>, sets: &mut Sets) -> bool {
        let mut changed = false;
        for (mine, theirs) in self.values.iter_mut().zip(other.values) {
            if *mine == theirs || *mine == Value::Any {
                continue;
            }
            let joined = sets.join(*mine, theirs, |address| image.function_at(address).is_some());
            changed |= joined != *mine;
            *mine = joined;
        }
        changed
    }
}
