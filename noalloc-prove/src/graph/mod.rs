//! Whole-program passes over the blocks: what never comes back, what is alive, what must happen.
//!
//! Shared by all roots of a program. Nothing here depends on a root.

mod dominators;
mod doom;
mod guards;
mod live;
mod must;
mod statics;

pub(crate) use dominators::unavoidable;
pub(crate) use doom::Doom;
pub(crate) use guards::Guards;
pub(crate) use live::{live_blocks, reached_blocks};
pub(crate) use must::{Must, avoids_callee, callers};
pub(crate) use statics::{Statics, resolve_statics};

use crate::code::{Block, Exit, FunctionCode, NO_BLOCK, Target};
use crate::symbols::{Class, Classes};

/// Alternatives of a call that may go to one of several functions.
pub(crate) type TargetSets = Vec<Vec<Target>>;

/// The finished call graph.
pub(crate) struct Graph {
    pub functions: Vec<FunctionCode>,
    pub sets: TargetSets,
    pub classes: Classes,
    pub doom: Doom,
    pub guards: Guards,
    /// By function, by block: on some path that neither unwinds nor is doomed.
    live: Vec<Vec<bool>>,
    edges: Vec<Edge>,
    /// By function: where its edges start.
    first_edge: Vec<u32>,
}

/// A call out of a live block of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub block: u32,
    pub target: Target,
}

impl Graph {
    pub(crate) fn new(
        functions: Vec<FunctionCode>,
        sets: TargetSets,
        classes: Classes,
        guards: Guards,
    ) -> Self {
        let doom = Doom::of(&functions, &sets, &classes);
        let live =
            (0u32..).zip(&functions).map(|(index, code)| live_blocks(code, index, &doom, &sets)).collect();
        let mut graph =
            Self { functions, sets, classes, doom, guards, live, edges: Vec::new(), first_edge: Vec::new() };
        for function in 0..u32::try_from(graph.functions.len()).unwrap_or(0) {
            graph.first_edge.push(u32::try_from(graph.edges.len()).unwrap_or(u32::MAX));
            graph.add_edges(function);
        }
        graph
    }

    pub(crate) fn code(&self, function: u32) -> &FunctionCode {
        static NONE: FunctionCode = FunctionCode {
            start: 0,
            blocks: Vec::new(),
            successors: Vec::new(),
            opens: Vec::new(),
            tables: Vec::new(),
            flaw: Some(crate::code::Flaw::NoBytes),
        };
        self.functions.get(function as usize).unwrap_or(&NONE)
    }

    pub(crate) fn is_live(&self, function: u32, block: u32) -> bool {
        let blocks = self.live.get(function as usize);
        blocks.and_then(|blocks| blocks.get(block as usize)).copied().unwrap_or(false)
    }

    /// What is known of a target by its name.
    pub(crate) fn class(&self, target: Target) -> Option<Class> {
        let (classes, index) = match target {
            Target::Function(index) => (&self.classes.functions, index),
            Target::Import(index) => (&self.classes.imports, index),
            _ => return None,
        };
        classes.get(index as usize).copied().flatten()
    }

    /// Calls out of a function on live paths to what may come back, one entry for each alternative. What a guard
    /// does for the audit is not among them.
    pub(crate) fn edges(&self, function: u32) -> &[Edge] {
        let from = self.first_edge.get(function as usize).copied().unwrap_or(0) as usize;
        let to = self.first_edge.get(function as usize + 1).map_or(self.edges.len(), |to| *to as usize);
        self.edges.get(from..to).unwrap_or(&[])
    }

    fn add_edges(&mut self, function: u32) {
        let Some(code) = self.functions.get(function as usize) else { return };
        for (index, block) in (0u32..).zip(&code.blocks) {
            let (Exit::Call(target) | Exit::Tail(target)) = block.exit else { continue };
            if !self.is_live(function, index) {
                continue;
            }
            let alternatives = alternatives(&self.sets, &target);
            let returning = alternatives.iter().filter(|target| {
                !self.doom.never_returns(**target, &self.sets) && !self.guards.is_audit(function, **target)
            });
            self.edges.extend(returning.map(|target| Edge { block: index, target: *target }));
        }
    }

    /// Landing pads that catch a panic on a live path and may then go on normally; [`NO_BLOCK`] when the pad is
    /// outside of the function.
    pub(crate) fn live_catches(&self, function: u32) -> Vec<u32> {
        let is_live_catch = |index: u32, block: &Block| {
            let is_doomed = block.pad != NO_BLOCK && self.doom.block(function, block.pad);
            block.catches && self.is_live(function, index) && !is_doomed
        };
        let blocks = (0u32..).zip(&self.code(function).blocks);
        blocks.filter(|(index, block)| is_live_catch(*index, block)).map(|(index, _)| index).collect()
    }
}

/// The alternatives of a target: itself, or the members of its set.
pub(crate) fn alternatives<'t>(sets: &'t TargetSets, target: &'t Target) -> &'t [Target] {
    match target {
        Target::OneOf(set) => sets.get(*set as usize).map_or(&[], Vec::as_slice),
        _ => std::slice::from_ref(target),
    }
}

#[cfg(test)]
pub(crate) mod test_support {
    //! Graphs made by hand.

    use super::{Graph, Guards};
    use crate::code::{Block, Exit, FunctionCode, NO_BLOCK, Target};
    use crate::symbols::{Class, Classes};

    /// The one import of a graph made by hand.
    pub(crate) const MALLOC: Target = Target::Import(0);

    /// A block with its successors, which [`function`] lays out.
    pub(crate) type Sketch = (Exit, Vec<u32>, Option<u32>);

    pub(crate) fn block(exit: Exit, successors: &[u32]) -> Sketch {
        (exit, successors.to_vec(), None)
    }

    pub(crate) fn catching(target: Target, successors: &[u32], pad: u32) -> Sketch {
        (Exit::Call(target), successors.to_vec(), Some(pad))
    }

    pub(crate) fn function(sketches: Vec<Sketch>) -> FunctionCode {
        let mut code = FunctionCode { start: 0x1000, ..FunctionCode::default() };
        for (index, (exit, successors, pad)) in (0u32..).zip(sketches) {
            let first_successor = code.successors.len() as u32;
            code.successors.extend(&successors);
            code.blocks.push(Block {
                start: index * 8,
                end: index * 8 + 8,
                last: index * 8 + 3,
                last_length: 5,
                catches: pad.is_some(),
                exit,
                pad: pad.unwrap_or(NO_BLOCK),
                first_successor,
                successor_count: successors.len() as u32,
            });
        }
        code
    }

    pub(crate) fn graph(functions: Vec<FunctionCode>) -> Graph {
        let classes = Classes {
            functions: vec![None; functions.len()],
            imports: vec![Some(Class::Allocates)],
            ..Classes::default()
        };
        Graph::new(functions, Vec::new(), classes, Guards::default())
    }
}
