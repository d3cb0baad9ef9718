//! Vtables: destructor (or zero), size, alignment, methods.

use super::FIRST_METHOD;
use crate::image::{Image, Memory, Pointer};

/// Whether constant data at an address is laid out like a vtable. Decides which constants are worth following,
/// never where a call goes.
pub(crate) fn is_vtable(image: &Image<'_>, address: u64) -> bool {
    if !address.is_multiple_of(8) || image.memory(address) != Some(Memory::ReadOnly) {
        return false;
    }
    let destructor = match image.constant(address) {
        Some(Pointer::Address(0)) => true,
        Some(Pointer::Address(target)) => image.function_at(target).is_some(),
        Some(Pointer::Import(_)) => true,
        _ => false,
    };
    let number = |at: u64| if image.is_relocated(at) { None } else { image.word(at) };
    let (Some(size), Some(alignment)) = (number(address + 8), number(address + 16)) else { return false };
    destructor && alignment.is_power_of_two() && alignment <= 1 << 29 && size % alignment == 0
}

/// Whether constant data at an address begin with a function pointer, as the key of a thread-local does.
pub(crate) fn holds_function(image: &Image<'_>, address: u64) -> bool {
    let is_constant = address.is_multiple_of(8) && image.memory(address) == Some(Memory::ReadOnly);
    let first = if is_constant { image.constant(address) } else { None };
    matches!(first, Some(Pointer::Address(target)) if image.function_at(target).is_some())
}

/// The function in a slot of a vtable, where the words up to it look like methods.
pub(crate) fn method(image: &Image<'_>, vtable: u64, offset: i32) -> Option<u64> {
    let at = |offset: i32| match image.constant(vtable.wrapping_add_signed(i64::from(offset)))? {
        Pointer::Address(address) => Some(address),
        _ => None,
    };
    let methods = (FIRST_METHOD..offset).step_by(8);
    let is_method = |offset: i32| at(offset).is_some_and(|to| to == 0 || image.function_at(to).is_some());
    let mut methods = methods.into_iter();
    if offset > 0 && (offset < FIRST_METHOD || !methods.all(is_method)) {
        return None;
    }
    at(offset).filter(|address| image.function_at(*address).is_some())
}

#[cfg(test)]
mod tests {
    use super::{holds_function, is_vtable, method};
    use crate::image::{Image, Memory, Pointer};

    const TABLE: u64 = 0x8000;

    /// Asks about four words at `TABLE`: destructor, size, alignment, first method; functions stand at 0x1000 and
    /// 0x1040.
    fn check(words: [u64; 4], pointers: &[(u64, Pointer)], memory: Memory, ask: impl Fn(&Image<'_>)) {
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let code = [0xc3; 0x41];
        ask(&Image::of_functions(&code).with_section(TABLE, &data, memory).with_pointers(pointers));
    }

    #[test]
    fn a_vtable_is_told_by_its_layout() {
        let pointers = [(TABLE, Pointer::Address(0x1000)), (TABLE + 24, Pointer::Address(0x1040))];
        let is = |words, pointers: &[_], memory, expected| {
            check(words, pointers, memory, |image| {
                assert_eq!(is_vtable(image, TABLE), expected, "{words:?}");
            });
        };
        is([0, 24, 8, 0], &pointers, Memory::ReadOnly, true);
        is([0, 24, 8, 0], &pointers[1..], Memory::ReadOnly, true);
        is([0, 24, 8, 0], &pointers, Memory::Writable, false);
        is([0, 20, 8, 0], &pointers, Memory::ReadOnly, false);
        is([0, 24, 3, 0], &pointers, Memory::ReadOnly, false);
        is([0, 24, 8, 0], &[(TABLE, Pointer::Address(0x1008))], Memory::ReadOnly, false);
        is([0, 24, 8, 0], &[(TABLE + 8, Pointer::Address(0x1000))], Memory::ReadOnly, false);
    }

    #[test]
    fn a_method_is_a_function_behind_functions() {
        let pointers = [(TABLE, Pointer::Address(0x1000)), (TABLE + 24, Pointer::Address(0x1040))];
        check([0, 24, 8, 0], &pointers, Memory::ReadOnly, |image| {
            assert_eq!(method(image, TABLE, 0), Some(0x1000));
            assert_eq!(method(image, TABLE, 24), Some(0x1040));
            assert_eq!(method(image, TABLE, 8), None, "the size is no method");
            assert_eq!(method(image, TABLE, 32), None, "behind its end");
        });
    }

    #[test]
    fn only_constant_memory_holds_a_function() {
        let pointers = [(TABLE, Pointer::Address(0x1040))];
        check([0; 4], &pointers, Memory::ReadOnly, |image| {
            assert!(holds_function(image, TABLE) && !holds_function(image, TABLE + 8));
        });
        check([0; 4], &pointers, Memory::Writable, |image| assert!(!holds_function(image, TABLE)));
    }
}
