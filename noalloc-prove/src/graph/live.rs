//! Which blocks of a function lie on a path that may return normally.

use super::{Doom, TargetSets};
use crate::code::{Block, Exit, FunctionCode, NO_BLOCK};

/// By block: can it be reached from the entry, calls and landing pads taken as they come?
pub(crate) fn reached_blocks(code: &FunctionCode) -> Vec<bool> {
    spread(code, |_| true, |block| (block.pad != NO_BLOCK).then_some(block.pad), |_| true)
}

/// By block: can it be reached without unwinding (but for a pad that catches) and without passing a doomed
/// block? In a function whose entry is doomed, no block is left out.
pub(crate) fn live_blocks(code: &FunctionCode, function: u32, doom: &Doom, sets: &TargetSets) -> Vec<bool> {
    let all = doom.block(function, 0);
    let is_allowed = |block: u32| all || !doom.block(function, block);
    let pad = |block: &Block| (block.catches && block.pad != NO_BLOCK).then_some(block.pad);
    let goes_on =
        |block: &Block| !matches!(block.exit, Exit::Call(target) if doom.never_returns(target, sets));
    spread(code, is_allowed, pad, goes_on)
}

fn spread(
    code: &FunctionCode,
    is_allowed: impl Fn(u32) -> bool,
    pad: impl Fn(&Block) -> Option<u32>,
    goes_on: impl Fn(&Block) -> bool,
) -> Vec<bool> {
    let mut is_reached = vec![false; code.blocks.len()];
    let mut waiting = vec![0u32];
    while let Some(index) = waiting.pop() {
        let Some(block) = code.blocks.get(index as usize) else { continue };
        let Some(seen) = is_reached.get_mut(index as usize) else { continue };
        if !is_allowed(index) || std::mem::replace(seen, true) {
            continue;
        }
        if goes_on(block) {
            waiting.extend(code.successors_of(block));
        }
        waiting.extend(pad(block));
    }
    is_reached
}
