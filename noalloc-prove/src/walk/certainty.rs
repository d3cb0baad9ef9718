//! "Always" or "on some paths": which nodes and calls every returning path of the root passes.

use std::collections::HashMap;

use super::{Step, Walk};
use crate::code::{Exit, Target};
use crate::graph::{Must, avoids_callee, unavoidable};

/// Which calls of a walk are always made.
pub(super) struct Certain {
    /// By node: every returning path of the root comes here.
    nodes: Vec<bool>,
    blocks: HashMap<u32, Vec<bool>>,
    /// By function and callee: some returning path of the function does without the callee.
    avoided: HashMap<(u32, Target), bool>,
}

impl Certain {
    pub(super) fn of(walk: &Walk<'_, '_>) -> Self {
        let mut certain =
            Self { nodes: vec![false; walk.nodes.len()], blocks: HashMap::new(), avoided: HashMap::new() };
        let mut by_node: Vec<Vec<Step>> = vec![Vec::new(); walk.nodes.len()];
        for step in &walk.steps {
            if let Some(list) = by_node.get_mut(step.from as usize) {
                list.push(*step);
            }
        }
        let mut waiting = vec![0u32];
        while let Some(node) = waiting.pop() {
            let Some(known) = certain.nodes.get_mut(node as usize) else { continue };
            if std::mem::replace(known, true) {
                continue;
            }
            for step in by_node.get(node as usize).into_iter().flatten() {
                if certain.is_unavoidable(walk, step) || certain.is_called_anyway(walk, step) {
                    waiting.push(step.to);
                }
            }
        }
        certain
    }

    /// Whether every returning path of the root makes this call, and it always reaches a sink.
    pub(super) fn always(&mut self, walk: &Walk<'_, '_>, step: &Step, must: &Must) -> bool {
        let is_here = self.nodes.get(step.from as usize).copied().unwrap_or(false);
        let target = walk.nodes.get(step.to as usize).map(|node| node.place.target);
        let reaches = target.is_some_and(|target| must.includes(&walk.ground.analysis.graph, target));
        is_here && reaches && self.is_unavoidable(walk, step)
    }

    /// Whether every returning path of the calling function calls the same function, here or at another place: a
    /// guard that is not recording runs the body, too.
    fn is_called_anyway(&mut self, walk: &Walk<'_, '_>, step: &Step) -> bool {
        let place = |node: u32| walk.nodes.get(node as usize).map(|node| node.place.target);
        let (Some(Target::Function(function)), Some(callee)) = (place(step.from), place(step.to)) else {
            return false;
        };
        let graph = &walk.ground.analysis.graph;
        let avoids = || avoids_callee(graph, function, callee);
        !walk.is_assumed(step.to) && !*self.avoided.entry((function, callee)).or_insert_with(avoids)
    }

    /// Whether every returning path of the calling function makes the call, and it goes nowhere else.
    fn is_unavoidable(&mut self, walk: &Walk<'_, '_>, step: &Step) -> bool {
        let Some(Target::Function(function)) =
            walk.nodes.get(step.from as usize).map(|node| node.place.target)
        else {
            return false;
        };
        let is_passed =
            self.blocks.entry(function).or_insert_with(|| unavoidable(&walk.ground.analysis.graph, function));
        let is_passed = is_passed.get(step.block as usize).copied().unwrap_or(false);
        let Some((_, block)) = walk.block(step.from, step.block) else { return false };
        let is_only = match block.exit {
            Exit::Call(target) => !matches!(target, Target::OneOf(_)),
            Exit::Tail(target) => !matches!(target, Target::OneOf(_)) && block.successor_count == 0,
            _ => false,
        };
        is_passed && is_only && !walk.is_assumed(step.to)
    }
}
