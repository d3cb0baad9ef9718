//! What a function is known to be passed: one node of the walk for each different knowledge.

use super::{holds_function, is_vtable};
use crate::code::{ARGUMENTS, Base, Value};
use crate::image::Image;

/// What is known about one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Bound {
    /// Nothing.
    Unknown,
    /// It is this function, this vtable, or this constant that holds a function.
    Constant(u64),
    /// It points into the stack frame of a function that was reached from the root.
    Inside,
    /// It was read from such a place.
    InsideField,
}

/// What is known about all arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Context([Bound; ARGUMENTS]);

/// Nothing is known.
pub(crate) const NO_CONTEXT: Context = Context([Bound::Unknown; ARGUMENTS]);

/// `core::fmt::write` calls `fmt(value, formatter)` with its own formatter, on its own stack.
pub(crate) const FORMATTER: Context =
    Context([Bound::Unknown, Bound::Inside, Bound::Unknown, Bound::Unknown, Bound::Unknown, Bound::Unknown]);

impl Context {
    /// What a call passes, seen from a caller in its own context.
    pub(crate) fn passed(image: &Image<'_>, values: [Value; ARGUMENTS], caller: &Self) -> Self {
        Self(values.map(|value| match value {
            Value::Constant(address) if is_worth_a_context(image, address) => Bound::Constant(address),
            Value::Argument(argument) => caller.get(argument),
            Value::Frame(_) => Bound::Inside,
            Value::Loaded { base: Base::Argument(argument), .. } if caller.get(argument) == Bound::Inside => {
                Bound::InsideField
            }
            _ => Bound::Unknown,
        }))
    }

    pub(crate) fn get(&self, argument: u8) -> Bound {
        self.0.get(usize::from(argument)).copied().unwrap_or(Bound::Unknown)
    }

    pub(crate) fn constant(&self, argument: u8) -> Option<u64> {
        match self.get(argument) {
            Bound::Constant(address) => Some(address),
            _ => None,
        }
    }
}

fn is_worth_a_context(image: &Image<'_>, address: u64) -> bool {
    image.function_at(address).is_some() || is_vtable(image, address) || holds_function(image, address)
}
