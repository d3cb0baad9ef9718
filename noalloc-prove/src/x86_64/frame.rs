//! Words of a function's own stack frame that only its own instructions can touch: where the compiler keeps a
//! register's value for a while.
//!
//! A function that takes any address of its frame has no such words: from a pointer into an object the whole object
//! can be reached, below and above, and nothing tells where an object ends. Nor has one that indexes its frame.

use iced_x86::{Instruction, Mnemonic, Register};

use crate::code::Value;

/// An offset that is not known.
pub(super) const SOMEWHERE: i32 = i32::MIN;
/// More private words than this are forgotten.
const MOST_WORDS: usize = 24;

/// Known values of private words, by ascending offset from the stack pointer at the function's entry.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frame {
    words: Vec<(i32, Value)>,
}

impl Clone for Frame {
    fn clone(&self) -> Self {
        Self { words: self.words.clone() }
    }

    fn clone_from(&mut self, source: &Self) {
        self.words.clone_from(&source.words);
    }
}

impl Frame {
    pub(super) fn get(&self, offset: i32) -> Value {
        let found = self.words.binary_search_by_key(&offset, |word| word.0).ok();
        found.and_then(|index| self.words.get(index)).map_or(Value::Any, |word| word.1)
    }

    /// A store of `size` bytes (0: not known) at an offset. `value` is what a whole word then holds.
    pub(super) fn store(&mut self, offset: i32, size: i32, value: Value) {
        if offset == SOMEWHERE || size == 0 {
            return self.words.clear();
        }
        let end = offset.saturating_add(size);
        self.words.retain(|word| word.0 >= end || word.0.saturating_add(8) <= offset);
        let is_kept = size == 8 && offset < 0 && self.words.len() < MOST_WORDS && is_worth_keeping(value);
        if let (true, Err(at)) = (is_kept, self.words.binary_search_by_key(&offset, |word| word.0)) {
            self.words.insert(at, (offset, value));
        }
    }

    /// Everything below the stack pointer is lost.
    pub(super) fn cut(&mut self, stack_pointer: i32) {
        match stack_pointer {
            SOMEWHERE => self.words.clear(),
            _ => self.words.retain(|word| word.0 >= stack_pointer),
        }
    }

    /// Keeps what another path agrees with; tells whether anything changed.
    pub(super) fn merge(&mut self, other: &Self, mut join: impl FnMut(Value, Value) -> Value) -> bool {
        if self.words == other.words {
            return false;
        }
        let mut changed = false;
        let mut theirs = other.words.iter().peekable();
        self.words.retain_mut(|word| {
            while theirs.next_if(|their| their.0 < word.0).is_some() {}
            let their = theirs.next_if(|their| their.0 == word.0).map_or(Value::Any, |their| their.1);
            let joined = if their == word.1 { their } else { join(word.1, their) };
            changed |= joined != word.1;
            word.1 = joined;
            joined != Value::Any
        });
        changed
    }
}

fn is_worth_keeping(value: Value) -> bool {
    match value {
        Value::Constant(number) => number >= 0x1000,
        Value::Any | Value::Unreached | Value::Static(_) => false,
        _ => true,
    }
}

/// Whether a function seems to take an address of its frame.
///
/// PERF: it saves a run. Seeming so only forgets words; seeming not to is corrected by the run.
pub(super) fn seems_taken(instructions: &[Instruction]) -> bool {
    let is_frame = |register| matches!(register, Register::RSP | Register::RBP);
    instructions.iter().any(|instruction| {
        instruction.mnemonic() == Mnemonic::Lea
            && is_frame(instruction.memory_base())
            && !is_frame(instruction.op0_register())
    })
}

#[cfg(test)]
mod tests {
    use super::{Frame, SOMEWHERE};
    use crate::code::Value;

    #[test]
    fn a_word_is_what_was_stored_last_and_nothing_after_a_partial_store() {
        let mut frame = Frame::default();
        frame.store(-16, 8, Value::Argument(1));
        frame.store(-24, 8, Value::Argument(2));
        assert_eq!((frame.get(-16), frame.get(-24)), (Value::Argument(1), Value::Argument(2)));
        frame.store(-12, 4, Value::Any);
        assert_eq!((frame.get(-16), frame.get(-24)), (Value::Any, Value::Argument(2)));
        frame.store(-24, 8, Value::Any);
        assert_eq!(frame.get(-24), Value::Any);
        frame.store(-16, 8, Value::Argument(1));
        frame.store(SOMEWHERE, 8, Value::Any);
        assert_eq!(frame.get(-16), Value::Any);
    }

    #[test]
    fn what_lies_below_the_stack_pointer_is_lost() {
        let mut frame = Frame::default();
        frame.store(-16, 8, Value::Argument(1));
        frame.cut(-8);
        assert_eq!(frame.get(-16), Value::Any);
    }

    #[test]
    fn paths_keep_what_they_agree_on() {
        let (mut one, mut other) = (Frame::default(), Frame::default());
        one.store(-16, 8, Value::Argument(1));
        one.store(-24, 8, Value::Argument(2));
        other.store(-16, 8, Value::Argument(1));
        let join = |left: Value, right: Value| if left == right { left } else { Value::Any };
        assert!(one.merge(&other, join));
        assert_eq!((one.get(-16), one.get(-24)), (Value::Argument(1), Value::Any));
        assert!(!one.merge(&other, join));
    }
}
