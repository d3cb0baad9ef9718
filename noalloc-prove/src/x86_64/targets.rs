//! From an address or a table slot to the function behind it, through linkage stubs.

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use super::decode::named_address;
use crate::code::{OpenCall, Target, Value};
use crate::image::{Image, Memory, Pointer};

/// A stub is `[endbr64] [push] jmp *[slot]`.
const LONGEST_STUB: usize = 3;
/// A stub may lead to a stub; nothing sensible leads further.
const DEEPEST: u32 = 3;

/// What stands at a code address.
pub(crate) fn code(image: &Image<'_>, address: u64) -> Result<Target, OpenCall> {
    code_below(image, address, DEEPEST)
}

/// What a pointer-sized slot in constant memory leads to.
pub(super) fn slot(image: &Image<'_>, address: u64) -> Result<Target, OpenCall> {
    slot_below(image, address, DEEPEST)
}

fn code_below(image: &Image<'_>, address: u64, depth: u32) -> Result<Target, OpenCall> {
    if let Some(function) = image.function_at(address) {
        return Ok(Target::Function(function));
    }
    if address == 0 {
        return Ok(Target::Null);
    }
    let is_stub = depth > 0 && image.memory(address) == Some(Memory::Stubs);
    match is_stub.then(|| stub(image, address)).flatten() {
        Some(through) => slot_below(image, through, depth - 1),
        None => Err(OpenCall::Into(address)),
    }
}

fn slot_below(image: &Image<'_>, address: u64, depth: u32) -> Result<Target, OpenCall> {
    match image.constant(address) {
        Some(Pointer::Import(import)) => Ok(Target::Import(import)),
        Some(Pointer::Address(target)) => code_below(image, target, depth),
        Some(Pointer::Opaque) => Err(OpenCall::Value(Value::Any)),
        None => Err(OpenCall::Value(Value::Static(address))),
    }
}

fn stub(image: &Image<'_>, address: u64) -> Option<u64> {
    let bytes = image.tail(address)?;
    let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
    (0..LONGEST_STUB)
        .map(|_| decoder.decode())
        .find(|instruction| instruction.flow_control() == FlowControl::IndirectBranch)
        .and_then(|jump| named_address(&jump))
}
