//! From an address or a table slot to the function behind it, through linkage stubs.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};

use super::decode::named_address;
use crate::code::{OpenCall, Target, Value};
use crate::image::{Image, Memory, Pointer};

/// A stub is `[endbr64] [push] jmp *[slot]`, and nothing else.
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
    let is_before_the_jump =
        |at: &Instruction| matches!(at.mnemonic(), Mnemonic::Endbr64 | Mnemonic::Nop | Mnemonic::Push);
    (0..LONGEST_STUB)
        .map(|_| decoder.decode())
        .find(|instruction| !is_before_the_jump(instruction))
        .filter(|instruction| instruction.flow_control() == FlowControl::IndirectBranch)
        .and_then(|jump| named_address(&jump))
}

#[cfg(test)]
mod tests {
    use super::code;
    use crate::code::{OpenCall, Target};
    use crate::image::{Image, Memory, Pointer};

    /// What stands at 0x2000, where these bytes lie among the stubs; the first import's slot is at 0x8000.
    fn check(bytes: &[u8], expected: Result<Target, OpenCall>) {
        let image = Image::made(&[(0x2000, bytes, Memory::Stubs)], &[])
            .with_section(0x8000, &[0; 8], Memory::ReadOnly)
            .with_imports(&["memcpy"])
            .with_pointers(&[(0x8000, Pointer::Import(0))]);
        assert_eq!(code(&image, 0x2000), expected, "{bytes:02x?}");
    }

    #[test]
    fn a_stub_does_nothing_but_jump() {
        // jmp [0x8000]
        check(&[0xff, 0x25, 0xfa, 0x5f, 0, 0], Ok(Target::Import(0)));
        // endbr64 before it
        check(&[0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25, 0xf6, 0x5f, 0, 0], Ok(Target::Import(0)));
        // call +0 before it
        check(&[0xe8, 0, 0, 0, 0, 0xff, 0x25, 0xf5, 0x5f, 0, 0], Err(OpenCall::Into(0x2000)));
        // push 0; jmp to the beginning of the table; the stub behind it
        check(
            &[0x68, 0, 0, 0, 0, 0xe9, 0, 0, 0, 0, 0xff, 0x25, 0xf0, 0x5f, 0, 0],
            Err(OpenCall::Into(0x2000)),
        );
    }
}
