//! Calls that the callee's code alone does not decide: what the caller passes decides them.
//!
//! Exact: a vtable or a function whose address is passed as an argument, one context for each. Conditional:
//! formatting (`core::fmt`), whose writers and functions are those that the reachable code itself creates.

mod context;
mod formatting;
mod vtables;

pub(crate) use context::{Bound, Context, FORMATTER, NO_CONTEXT};
pub(crate) use formatting::{
    Role, formatters, has_only_the_formatter_inside, is_given_inside, is_handed_on, is_inside, stays_inside,
};
pub(crate) use vtables::{holds_function, is_vtable, method};

use crate::code::{Base, OpenCall, Target, Value};
use crate::image::{Image, Pointer};
use crate::proof::{Cause, Origin, Slot};
use crate::x86_64::code_target;

/// Vtable layout: destructor, size, alignment, then the methods.
pub(crate) const FIRST_METHOD: i32 = 24;

/// The target of an open call in a context; `None` when the context does not decide it.
pub(crate) fn resolve(image: &Image<'_>, open: OpenCall, context: &Context) -> Option<Target> {
    let OpenCall::Value(value) = open else { return None };
    let address = match value {
        Value::Argument(argument) => context.constant(argument)?,
        Value::Loaded { offset, base: Base::Argument(argument) } => {
            pointer(image, context.constant(argument)?, offset)?
        }
        Value::Loaded { offset, base: Base::Field { argument, offset: field } } => {
            let table = pointer(image, context.constant(argument)?, field)?;
            pointer(image, table, offset)?
        }
        _ => return None,
    };
    code_target(image, address).ok()
}

fn pointer(image: &Image<'_>, base: u64, offset: i32) -> Option<u64> {
    match image.constant(base.wrapping_add_signed(i64::from(offset)))? {
        Pointer::Address(address) => Some(address),
        _ => None,
    }
}

/// Why an open call is open, in the words of a proof.
pub(crate) fn cause(open: OpenCall) -> Cause {
    let value = match open {
        OpenCall::Value(value) => value,
        OpenCall::Table => return Cause::JumpTable,
        OpenCall::Into(address) => return Cause::JumpInto { address },
        OpenCall::Undecodable => return Cause::Undecodable,
    };
    match value {
        Value::Unreached => Cause::Unreached,
        Value::Constant(address) => Cause::JumpInto { address },
        Value::TableEntry(_) | Value::TableTarget(_) | Value::AbsoluteTable(_) => Cause::JumpTable,
        Value::Argument(argument) => Cause::FunctionPointer { origin: Origin::Argument(argument) },
        Value::Static(address) => Cause::FunctionPointer { origin: Origin::Static(address) },
        Value::Loaded { offset, base } => Cause::DynamicCall { slot: slot(offset), receiver: receiver(base) },
        Value::Any | Value::Import(_) | Value::OneOf(_) | Value::Frame(_) => {
            Cause::FunctionPointer { origin: Origin::Memory }
        }
    }
}

fn slot(offset: i32) -> Slot {
    match offset {
        0 => Slot::First,
        _ if offset >= FIRST_METHOD && offset % 8 == 0 => {
            Slot::Method(u32::try_from((offset - FIRST_METHOD) / 8).unwrap_or(u32::MAX))
        }
        _ => Slot::Field(offset),
    }
}

fn receiver(base: Base) -> Origin {
    match base {
        Base::Unknown => Origin::Memory,
        Base::Argument(argument) => Origin::Argument(argument),
        Base::Field { argument, offset } => Origin::Field { argument, offset },
        Base::Static(address) => Origin::Static(u64::from(address)),
    }
}
