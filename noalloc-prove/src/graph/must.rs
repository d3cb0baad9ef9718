//! Functions in which every returning path reaches a sink of some kind: "always", not "on some paths".

use super::{Graph, alternatives};
use crate::code::{Block, Exit, NO_BLOCK, Target};
use crate::symbols::Class;

/// A caller is looked at this often at most; then it stays "on some paths", which claims less.
const TRIES: u8 = 16;

/// By function: who calls it on a live path. Each caller once.
pub(crate) fn callers(graph: &Graph) -> Vec<Vec<u32>> {
    let count = graph.functions.len();
    let mut callers = vec![Vec::new(); count];
    for function in 0..u32::try_from(count).unwrap_or(0) {
        for edge in graph.edges(function) {
            let Target::Function(callee) = edge.target else { continue };
            let Some(list) = callers.get_mut(callee as usize) else { continue };
            if list.last() != Some(&function) {
                list.push(function);
            }
        }
    }
    callers
}

/// Functions that must reach a sink.
pub(crate) struct Must {
    functions: Vec<bool>,
    is_sink: fn(Class) -> bool,
}

impl Must {
    pub(crate) fn of(graph: &Graph, callers: &[Vec<u32>], is_sink: fn(Class) -> bool) -> Self {
        let count = graph.functions.len();
        let mut must = Self { functions: vec![false; count], is_sink };
        let mut waiting: Vec<u32> = (0..u32::try_from(count).unwrap_or(0)).rev().collect();
        let mut tries = vec![0u8; count];
        while let Some(function) = waiting.pop() {
            let index = function as usize;
            let is_named = graph.class(Target::Function(function)).is_some();
            if must.functions[index] || is_named || tries[index] >= TRIES {
                continue;
            }
            tries[index] += 1;
            if must.avoids(graph, function) {
                continue;
            }
            must.functions[index] = true;
            waiting.extend(callers.get(index).into_iter().flatten());
        }
        must
    }

    /// Whether a call to the target reaches a sink on every path that returns.
    pub(crate) fn includes(&self, graph: &Graph, target: Target) -> bool {
        if let Some(class) = graph.class(target) {
            return (self.is_sink)(class);
        }
        match target {
            Target::Function(function) => self.functions.get(function as usize).copied().unwrap_or(false),
            _ => false,
        }
    }

    fn avoids(&self, graph: &Graph, function: u32) -> bool {
        avoids(graph, function, |target| self.includes(graph, target))
    }
}

/// Whether some live path of a function returns without having called `callee` itself. Also when nothing returns.
pub(crate) fn avoids_callee(graph: &Graph, function: u32, callee: Target) -> bool {
    avoids(graph, function, |target| target == callee)
}

/// Whether some live path returns without a call of what is wanted. Also when nothing returns.
fn avoids(graph: &Graph, function: u32, is_wanted: impl Fn(Target) -> bool) -> bool {
    let code = graph.code(function);
    let mut is_seen = vec![false; code.blocks.len()];
    let (mut waiting, mut met) = (vec![0u32], false);
    while let Some(index) = waiting.pop() {
        let Some(block) = code.blocks.get(index as usize) else { return true };
        let is_first = !std::mem::replace(&mut is_seen[index as usize], true);
        if !is_first || !graph.is_live(function, index) {
            continue;
        }
        if block.catches && block.pad != NO_BLOCK {
            waiting.push(block.pad);
        }
        match passage(graph, function, block, &is_wanted) {
            Passage::Wanted => met = true,
            Passage::Out => return true,
            Passage::Nowhere => {}
            Passage::On => waiting.extend(code.successors_of(block)),
        }
        if matches!(block.exit, Exit::Tail(_)) {
            waiting.extend(code.successors_of(block));
        }
    }
    !met
}

fn passage(graph: &Graph, function: u32, block: &Block, is_wanted: impl Fn(Target) -> bool) -> Passage {
    let (Exit::Call(target) | Exit::Tail(target)) = block.exit else {
        return if block.exit == Exit::Return { Passage::Out } else { Passage::On };
    };
    let never = |target: &Target| graph.doom.never_returns(*target, &graph.sets);
    let alternatives = alternatives(&graph.sets, &target);
    let mut returning = alternatives.iter().filter(|target| !never(target)).peekable();
    if returning.peek().is_none() && !alternatives.is_empty() {
        return Passage::Nowhere;
    }
    match returning.all(|target| is_wanted(*target) && !graph.guards.is_audit(function, *target)) {
        true if !alternatives.is_empty() => Passage::Wanted,
        _ if matches!(block.exit, Exit::Tail(_)) => Passage::Out,
        _ => Passage::On,
    }
}

/// Where a path goes at the end of a block.
enum Passage {
    Wanted,
    Out,
    Nowhere,
    On,
}

#[cfg(test)]
mod tests {
    use super::{Must, avoids_callee, callers};
    use crate::code::{Exit, FunctionCode, Target};
    use crate::graph::test_support::{MALLOC, block, catching, function, graph};
    use crate::symbols::Class;

    fn must(functions: Vec<FunctionCode>) -> Vec<bool> {
        let graph = graph(functions);
        Must::of(&graph, &callers(&graph), |class| class == Class::Allocates).functions
    }

    #[test]
    fn always_means_on_every_path_that_returns() {
        let always = function(vec![block(Exit::Call(MALLOC), &[1]), block(Exit::Return, &[])]);
        let through = function(vec![block(Exit::Tail(Target::Function(0)), &[])]);
        let sometimes = function(vec![
            block(Exit::Flow, &[1, 2]),
            block(Exit::Tail(Target::Function(0)), &[]),
            block(Exit::Return, &[]),
        ]);
        let or_dies = function(vec![
            block(Exit::Flow, &[1, 2]),
            block(Exit::Tail(Target::Function(0)), &[]),
            block(Exit::Trap, &[]),
        ]);
        let endless = function(vec![block(Exit::Flow, &[0])]);
        assert_eq!(
            must(vec![always, through, sometimes, or_dies, endless]),
            [true, true, false, true, false]
        );
    }
    #[test]
    fn a_caught_panic_may_go_around_the_call() {
        let always = function(vec![block(Exit::Call(MALLOC), &[1]), block(Exit::Return, &[])]);
        let catches = function(vec![
            catching(Target::Null, &[1], 3),
            block(Exit::Call(MALLOC), &[2]),
            block(Exit::Return, &[]),
            block(Exit::Return, &[]),
        ]);
        assert_eq!(must(vec![always, catches]), [true, false]);
    }

    #[test]
    fn a_function_that_both_arms_call_is_called_anyway() {
        let leaf = || function(vec![block(Exit::Return, &[])]);
        let arms = |second| {
            function(vec![
                block(Exit::Flow, &[1, 2]),
                block(Exit::Call(Target::Function(0)), &[3]),
                block(Exit::Call(Target::Function(second)), &[3]),
                block(Exit::Return, &[]),
            ])
        };
        let graph = graph(vec![leaf(), leaf(), arms(0), arms(1)]);
        assert!(!avoids_callee(&graph, 2, Target::Function(0)));
        assert!(avoids_callee(&graph, 3, Target::Function(0)));
        assert!(avoids_callee(&graph, 0, Target::Function(1)), "who calls nothing does without it");
    }
}
