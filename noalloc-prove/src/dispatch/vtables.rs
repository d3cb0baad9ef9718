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
