//! Blocks that every returning path of a function passes.

use super::{Graph, alternatives};
use crate::code::{Exit, FunctionCode, NO_BLOCK};

const UNSEEN: u32 = u32::MAX;

/// By block: does every live path from the entry to a return pass it? All false when no path returns.
pub(crate) fn unavoidable(graph: &Graph, function: u32) -> Vec<bool> {
    let code = graph.code(function);
    let mut is_passed = vec![false; code.blocks.len()];
    let flow = Flow::of(graph, function, code);
    let Some(mut block) = flow.dominator_of_exit() else { return is_passed };
    loop {
        if let Some(passed) = is_passed.get_mut(block as usize) {
            *passed = true;
        }
        let above = flow.idom.get(block as usize).copied().unwrap_or(block);
        if above == block || above == UNSEEN {
            return is_passed;
        }
        block = above;
    }
}

/// Immediate dominators of the live blocks (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm").
struct Flow {
    /// By block: its place in reverse postorder.
    order: Vec<u32>,
    idom: Vec<u32>,
    exits: Vec<u32>,
}

impl Flow {
    fn of(graph: &Graph, function: u32, code: &FunctionCode) -> Self {
        let next = |index: u32| onward(graph, function, code, index);
        let sequence = reverse_postorder(code.blocks.len(), next);
        let mut flow = Self {
            order: vec![UNSEEN; code.blocks.len()],
            idom: vec![UNSEEN; code.blocks.len()],
            exits: Vec::new(),
        };
        for (place, block) in (0u32..).zip(&sequence) {
            flow.order[*block as usize] = place;
        }
        flow.exits = sequence.iter().copied().filter(|block| is_exit(graph, code, *block)).collect();
        if let Some(entry) = sequence.first() {
            flow.idom[*entry as usize] = *entry;
        }
        // Irreducible flow needs more rounds; a compiler's needs two.
        for _ in 0..8 {
            if !flow.round(&sequence, next) {
                return flow;
            }
        }
        // Not settled: claim nothing.
        flow.exits.clear();
        flow
    }

    fn round(&mut self, sequence: &[u32], next: impl Fn(u32) -> Vec<u32>) -> bool {
        let mut changed = false;
        for block in sequence {
            for after in next(*block) {
                let known = self.idom[after as usize];
                let merged = if known == UNSEEN { *block } else { self.meet(known, *block) };
                let is_entry = self.order[after as usize] == 0;
                if !is_entry && merged != known {
                    self.idom[after as usize] = merged;
                    changed = true;
                }
            }
        }
        changed
    }

    fn meet(&self, mut left: u32, mut right: u32) -> u32 {
        while left != right {
            let (left_order, right_order) = (self.order[left as usize], self.order[right as usize]);
            if left_order > right_order {
                left = self.idom[left as usize];
            } else {
                right = self.idom[right as usize];
            }
        }
        left
    }

    fn dominator_of_exit(&self) -> Option<u32> {
        let mut exits = self.exits.iter().copied();
        let first = exits.next()?;
        Some(exits.fold(first, |left, right| self.meet(left, right)))
    }
}

fn onward(graph: &Graph, function: u32, code: &FunctionCode, index: u32) -> Vec<u32> {
    let Some(block) = code.blocks.get(index as usize) else { return Vec::new() };
    let is_dead_end =
        matches!(block.exit, Exit::Call(target) if graph.doom.never_returns(target, &graph.sets));
    let mut next = if is_dead_end { Vec::new() } else { code.successors_of(block).to_vec() };
    if block.catches && block.pad != NO_BLOCK {
        next.push(block.pad);
    }
    next.retain(|block| graph.is_live(function, *block));
    next
}

fn is_exit(graph: &Graph, code: &FunctionCode, index: u32) -> bool {
    match code.blocks.get(index as usize).map(|block| block.exit) {
        Some(Exit::Return) => true,
        Some(Exit::Tail(target)) => alternatives(&graph.sets, &target)
            .iter()
            .any(|target| !graph.doom.never_returns(*target, &graph.sets)),
        _ => false,
    }
}

fn reverse_postorder(count: usize, next: impl Fn(u32) -> Vec<u32>) -> Vec<u32> {
    let mut sequence = Vec::new();
    let mut is_seen = vec![false; count];
    let mut path: Vec<(u32, Vec<u32>)> = Vec::new();
    if let Some(entry) = is_seen.first_mut() {
        *entry = true;
        path.push((0, next(0)));
    }
    while let Some((block, rest)) = path.last_mut() {
        match rest.pop() {
            Some(after) if !is_seen[after as usize] => {
                is_seen[after as usize] = true;
                path.push((after, next(after)));
            }
            Some(_) => {}
            None => {
                sequence.push(*block);
                path.pop();
            }
        }
    }
    sequence.reverse();
    sequence
}

#[cfg(test)]
mod tests {
    use super::unavoidable;
    use crate::code::{Exit, Target};
    use crate::graph::test_support::{block, function, graph};

    #[test]
    fn a_branch_is_avoidable_and_what_joins_it_is_not() {
        let diamond = function(vec![
            block(Exit::Flow, &[1, 2]),
            block(Exit::Flow, &[3]),
            block(Exit::Call(Target::Null), &[3]),
            block(Exit::Return, &[]),
        ]);
        assert_eq!(unavoidable(&graph(vec![diamond]), 0), [true, false, false, true]);
    }

    #[test]
    fn a_doomed_branch_does_not_make_the_other_one_avoidable() {
        let checked =
            function(vec![block(Exit::Flow, &[1, 2]), block(Exit::Trap, &[]), block(Exit::Return, &[])]);
        assert_eq!(unavoidable(&graph(vec![checked]), 0), [true, false, true]);
    }

    #[test]
    fn nothing_is_unavoidable_where_nothing_returns() {
        assert_eq!(unavoidable(&graph(vec![function(vec![block(Exit::Flow, &[0])])]), 0), [false]);
    }
}
