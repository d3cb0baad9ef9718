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

#[cfg(test)]
mod tests {
    use super::reached_blocks;
    use crate::code::{Exit, Target};
    use crate::graph::test_support::{block, catching, function, graph};

    #[test]
    fn nothing_is_alive_behind_a_call_that_does_not_return() {
        let traps = function(vec![block(Exit::Trap, &[])]);
        let code = function(vec![
            block(Exit::Flow, &[1, 3]),
            block(Exit::Call(Target::Function(0)), &[2]),
            block(Exit::Return, &[]),
            block(Exit::Return, &[]),
        ]);
        let graph = graph(vec![traps, code]);
        let live: Vec<bool> = (0..4).map(|block| graph.is_live(1, block)).collect();
        assert_eq!(live, [true, false, false, true]);
        assert!(graph.edges(1).is_empty(), "and its call is no edge");
    }

    #[test]
    fn a_pad_is_alive_only_where_it_catches() {
        let returns = || function(vec![block(Exit::Return, &[])]);
        let mut code = function(vec![
            catching(Target::Function(0), &[1], 2),
            block(Exit::Return, &[]),
            block(Exit::Call(Target::Function(1)), &[1]),
        ]);
        let caught = graph(vec![returns(), returns(), code.clone()]);
        assert!(caught.is_live(2, 2));
        assert_eq!(caught.live_catches(2), [0]);
        code.blocks[0].catches = false;
        assert_eq!(reached_blocks(&code), [true, true, true], "unwinding reaches it all the same");
        let cleanup = graph(vec![returns(), returns(), code]);
        assert!(!cleanup.is_live(2, 2), "cleaning up is no path that returns");
        assert!(cleanup.live_catches(2).is_empty());
    }

    #[test]
    fn a_function_that_never_returns_keeps_its_blocks() {
        let dies = function(vec![block(Exit::Call(Target::Null), &[1]), block(Exit::Trap, &[])]);
        let graph = graph(vec![dies]);
        assert!(graph.is_live(0, 0) && graph.is_live(0, 1));
    }
}
