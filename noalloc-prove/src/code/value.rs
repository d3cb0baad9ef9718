//! What a register may hold: the small set of facts that decides where an indirect call goes.
//!
//! Values on the stack are followed only where no pointer can reach them (`x86_64::frame`); everything else there is
//! left out on purpose, because it would need an assumption about aliasing.

use std::collections::HashMap;

/// Integer arguments that are passed in registers.
pub(crate) const ARGUMENTS: usize = 6;

/// More alternatives than this are treated as "anything".
const LARGEST_SET: usize = 12;
/// More distinct sets than this do not occur outside of made-up binaries.
const MOST_SETS: usize = 1 << 16;

/// An abstract value of a 64-bit register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// No path leads here.
    Unreached,
    /// Anything.
    Any,
    /// Exactly this number or address.
    Constant(u64),
    /// The address of an imported function.
    Import(u32),
    /// One of a set of function addresses.
    OneOf(u32),
    /// An entry of the relative jump table at this address.
    TableEntry(u64),
    /// A target out of the relative jump table at this address.
    TableTarget(u64),
    /// An entry of the table of absolute addresses at this address.
    AbsoluteTable(u64),
    /// What the function got as this argument.
    Argument(u8),
    /// In this function's own stack frame, at this distance from the stack pointer at its entry (`i32::MIN`: not
    /// known).
    Frame(i32),
    /// Loaded from writable memory at this address.
    Static(u64),
    /// Loaded from `base + offset`.
    Loaded {
        /// Distance from the base.
        offset: i32,
        /// What the address was computed from.
        base: Base,
    },
}

impl Value {
    /// The value where the sets have other numbers: `known[n]` is what set `n` is now; see [`Sets::absorb`].
    pub(crate) fn renamed(self, known: &[Self]) -> Self {
        match self {
            Self::OneOf(set) => known.get(set as usize).copied().unwrap_or(Self::Any),
            other => other,
        }
    }
}

/// Where the pointer of a load came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Base {
    /// Not known.
    Unknown,
    /// An argument of the function.
    Argument(u8),
    /// Loaded from an argument's object at an offset: a vtable out of a fat pointer in memory, for example.
    Field {
        /// Which argument.
        argument: u8,
        /// Where in its object.
        offset: i32,
    },
    /// Writable memory at this address.
    ///
    /// PERF: 32 bits keep a [`Value`] at 16 bytes; sixteen of them are copied for every block. An address above is
    /// not kept.
    Static(u32),
}

/// A call or jump whose target the function alone does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenCall {
    /// Through this value.
    Value(Value),
    /// A jump whose table of targets cannot be read completely.
    Table,
    /// To an address that is no function's start.
    Into(u64),
    /// Bytes that are no instruction.
    Undecodable,
}

/// Sets of function addresses, each once.
#[derive(Default)]
pub(crate) struct Sets {
    sets: Vec<Vec<u64>>,
    index: HashMap<Vec<u64>, u32>,
}

impl Sets {
    /// The members of a set, ascending.
    pub(crate) fn members(&self, set: u32) -> &[u64] {
        self.sets.get(set as usize).map_or(&[], Vec::as_slice)
    }

    /// Takes over the sets of another part of the program; answers by their numbers there what they are here.
    pub(crate) fn absorb(&mut self, other: Self) -> Vec<Value> {
        other.sets.into_iter().map(|members| self.intern(members)).collect()
    }

    fn intern(&mut self, members: Vec<u64>) -> Value {
        match (members.as_slice(), self.index.get(&members)) {
            ([only], _) => Value::Constant(*only),
            (_, Some(known)) => Value::OneOf(*known),
            _ if members.len() > LARGEST_SET || self.sets.len() >= MOST_SETS => Value::Any,
            _ => {
                let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
                self.index.insert(members.clone(), number);
                self.sets.push(members);
                Value::OneOf(number)
            }
        }
    }

    /// What is known when either value may be there. `is_function` tells which numbers are worth a set.
    pub(crate) fn join(&mut self, left: Value, right: Value, is_function: impl Fn(u64) -> bool) -> Value {
        match (left, right) {
            (Value::Unreached, other) | (other, Value::Unreached) => return other,
            _ if left == right => return left,
            (Value::Frame(_), Value::Frame(_)) => return Value::Frame(i32::MIN),
            _ => {}
        }
        let mut members = Vec::new();
        for value in [left, right] {
            match value {
                Value::Constant(address) if is_function(address) => members.push(address),
                Value::OneOf(set) => members.extend_from_slice(self.members(set)),
                _ => return Value::Any,
            }
        }
        members.sort_unstable();
        members.dedup();
        self.intern(members)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sets, Value};

    #[test]
    fn functions_join_to_sets_and_everything_else_to_anything() {
        let mut sets = Sets::default();
        let mut join = |left, right| sets.join(left, right, |address| address >= 0x1000);
        let pair = join(Value::Constant(0x2000), Value::Constant(0x1000));
        assert_eq!(pair, join(Value::Constant(0x1000), Value::Constant(0x2000)));
        assert_eq!(pair, join(pair, Value::Constant(0x1000)));
        assert_eq!(join(Value::Constant(1), Value::Constant(2)), Value::Any);
        assert_eq!(join(Value::Unreached, Value::Frame(8)), Value::Frame(8));
        assert_eq!(join(Value::Frame(16), Value::Frame(8)), Value::Frame(i32::MIN));
        assert_eq!(join(Value::Argument(0), Value::Argument(1)), Value::Any);
        assert!(matches!(pair, Value::OneOf(0)));
        assert_eq!(sets.members(0), [0x1000, 0x2000]);
    }

    #[test]
    fn sets_of_another_part_keep_their_members() {
        let join =
            |sets: &mut Sets, left, right| sets.join(Value::Constant(left), Value::Constant(right), |_| true);
        let (mut one, mut other) = (Sets::default(), Sets::default());
        let kept = join(&mut one, 1, 2);
        let (new, same) = (join(&mut other, 3, 4), join(&mut other, 2, 1));
        assert_eq!((new, kept), (Value::OneOf(0), Value::OneOf(0)));
        let known = one.absorb(other);
        assert_eq!(same.renamed(&known), kept);
        assert_eq!(new.renamed(&known), Value::OneOf(1));
        assert_eq!(one.members(1), [3, 4]);
        assert_eq!(Value::OneOf(7).renamed(&known), Value::Any);
        assert_eq!(Value::Constant(7).renamed(&known), Value::Constant(7));
    }

    #[test]
    fn a_set_that_grows_too_large_is_anything() {
        let mut sets = Sets::default();
        let joined = (0..13).fold(Value::Unreached, |sum, n| sets.join(sum, Value::Constant(n), |_| true));
        assert_eq!(joined, Value::Any);
    }
}
