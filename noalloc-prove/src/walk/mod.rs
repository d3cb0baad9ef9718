//! One root's walk over the shared graph: breadth first along live edges, with dispatch by context.
//!
//! Exact calls come first, to the end. Only when nothing but formatting is open is the conditional tier tried.

mod assume;
mod certainty;
mod evidence;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::HashMap;

use crate::analysis::Analysis;
use crate::code::{Block, Flaw, OpenCall, Target};
use crate::dispatch::{Context, NO_CONTEXT, cause, resolve};
use crate::image::Image;
use crate::memo::Memo;
use crate::proof::{CallAddress, Cause, Origin};
use crate::symbols::Class;

pub(crate) use evidence::{proof, verdict};

/// Different contexts of one function; further ones share the one in which nothing is known.
const CONTEXTS: u16 = 64;
/// More places than this are not visited for one root.
const MOST_NODES: usize = 100_000;

/// What is shared by all walks over a program.
#[derive(Clone, Copy)]
pub(crate) struct Ground<'g, 'a> {
    pub(crate) image: &'g Image<'a>,
    pub(crate) analysis: &'g Analysis,
    pub(crate) memo: &'g Memo,
}

/// A function in a context, or an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    target: Target,
    context: Context,
}

/// A place that was reached.
struct Node {
    place: Place,
    /// From which node and by which of its blocks it was reached first.
    parent: Option<(u32, u32)>,
    /// Reached over a call that was resolved by assumption only.
    assumed: bool,
}

/// A call between two nodes.
#[derive(Clone, Copy)]
struct Step {
    from: u32,
    block: u32,
    to: u32,
}

/// Something that could not be followed: at which node, at which of its calls, why.
struct Doubt {
    node: u32,
    block: Option<u32>,
    cause: Cause,
    open: Option<OpenCall>,
}

/// Everything that one root reaches.
pub(crate) struct Walk<'g, 'a> {
    ground: Ground<'g, 'a>,
    nodes: Vec<Node>,
    steps: Vec<Step>,
    doubts: Vec<Doubt>,
    /// Node and class of every sink.
    sinks: Vec<(u32, Class)>,
    index: HashMap<Place, u32>,
    contexts: HashMap<Target, u16>,
    next: usize,
    assuming: bool,
    overflowed: bool,
    /// Functions that formatting may call, where the conditional tier was used.
    assumed: Option<Vec<u64>>,
}

impl<'g, 'a> Walk<'g, 'a> {
    /// Walks from a function.
    pub(crate) fn from(ground: Ground<'g, 'a>, root: u32) -> Self {
        let mut walk = Self {
            ground,
            nodes: Vec::new(),
            steps: Vec::new(),
            doubts: Vec::new(),
            sinks: Vec::new(),
            index: HashMap::new(),
            contexts: HashMap::new(),
            next: 0,
            assuming: false,
            overflowed: false,
            assumed: None,
        };
        walk.reach(Place { target: Target::Function(root), context: NO_CONTEXT }, None);
        if ground.analysis.graph.doom.never_returns(Target::Function(root), &ground.analysis.graph.sets)
            || ground.analysis.graph.doom.block(root, 0)
        {
            walk.doubt(0, None, Cause::NeverReturns);
        }
        walk.run();
        walk.assume();
        walk
    }

    fn run(&mut self) {
        while self.next < self.nodes.len() {
            let node = self.next;
            self.next += 1;
            if self.nodes.len() > MOST_NODES {
                if !std::mem::replace(&mut self.overflowed, true) {
                    self.doubt(0, None, Cause::TooComplex);
                }
                return;
            }
            self.visit(node);
        }
    }

    fn visit(&mut self, node: usize) {
        let Some(place) = self.nodes.get(node).map(|node| node.place) else { return };
        let index = u32::try_from(node).unwrap_or(u32::MAX);
        let class = self.ground.analysis.graph.class(place.target).filter(|_| node > 0);
        match (class, place.target) {
            (Some(class), target) if class.is_sink() => {
                self.sinks.push((index, class));
                if let (Target::Function(function), true) =
                    (target, self.ground.analysis.graph.classes.looks_into(target))
                {
                    self.function(index, function, &place.context);
                }
            }
            (Some(_), _) => {}
            (None, Target::Function(function)) => self.function(index, function, &place.context),
            (None, Target::Import(import)) => {
                let name = self.ground.image.import_name(import).to_owned();
                self.doubt(index, None, Cause::Import { name });
            }
            (None, _) => {}
        }
    }

    fn function(&mut self, node: u32, function: u32, context: &Context) {
        let graph = &self.ground.analysis.graph;
        let code = graph.code(function);
        if let Some(flaw) = code.flaw {
            return self.doubt(node, None, flaw_cause(flaw));
        }
        for block in graph.live_catches(function) {
            self.doubt(node, Some(block), Cause::CaughtPanic);
        }
        for edge in graph.edges(function) {
            match edge.target {
                Target::Open(open) => self.open(node, edge.block, code.open(open), context),
                Target::Null | Target::OneOf(_) => {}
                target => self.call(node, function, edge.block, target, context),
            }
        }
    }

    fn open(&mut self, node: u32, block: u32, open: OpenCall, context: &Context) {
        let Some(Target::Function(function)) = self.nodes.get(node as usize).map(|node| node.place.target)
        else {
            return;
        };
        match resolve(self.ground.image, open, context) {
            Some(Target::Null) => {}
            Some(target) if self.never_returns(target) => {}
            Some(target) => self.call(node, function, block, target, context),
            None => {
                self.doubts.push(Doubt { node, block: Some(block), cause: cause(open), open: Some(open) });
            }
        }
    }

    fn never_returns(&self, target: Target) -> bool {
        let graph = &self.ground.analysis.graph;
        graph.doom.never_returns(target, &graph.sets)
    }

    fn call(&mut self, node: u32, caller: u32, block: u32, target: Target, context: &Context) {
        let passed = if self.ground.memo.needs_context(self.ground, target) {
            let passed = self.ground.memo.arguments(self.ground, caller).at(block);
            Context::passed(self.ground.image, passed, context)
        } else {
            NO_CONTEXT
        };
        self.reach(Place { target, context: passed }, Some((node, block)));
    }

    /// Adds a place, or finds it, and the step that leads there.
    fn reach(&mut self, mut place: Place, parent: Option<(u32, u32)>) {
        let count = self.contexts.entry(place.target).or_insert(0);
        if *count >= CONTEXTS && !self.index.contains_key(&place) {
            place.context = NO_CONTEXT;
        }
        let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let to = *self.index.entry(place).or_insert(new);
        if to == new {
            *count = count.saturating_add(1);
            self.nodes.push(Node { place, parent, assumed: self.assuming });
        }
        if let Some((from, block)) = parent {
            self.steps.push(Step { from, block, to });
        }
    }

    fn doubt(&mut self, node: u32, block: Option<u32>, cause: Cause) {
        self.doubts.push(Doubt { node, block, cause, open: None });
    }

    fn block(&self, node: u32, block: u32) -> Option<(u64, &Block)> {
        let Target::Function(function) = self.nodes.get(node as usize)?.place.target else { return None };
        let code = self.ground.analysis.graph.code(function);
        Some((code.start, code.blocks.get(block as usize)?))
    }

    fn call_address(&self, node: u32, block: u32) -> Option<CallAddress> {
        let (start, block) = self.block(node, block)?;
        let instruction = start.wrapping_add(u64::from(block.last));
        Some(CallAddress { instruction, length: block.last_length })
    }

    /// Calls from the root down to a node.
    fn chain(&self, node: u32) -> Vec<CallAddress> {
        let mut chain = Vec::new();
        let mut below = node;
        while let Some((above, block)) = self.nodes.get(below as usize).and_then(|node| node.parent) {
            chain.extend(self.call_address(above, block));
            below = above;
        }
        chain.reverse();
        chain
    }

    fn is_assumed(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.assumed)
    }
}

fn flaw_cause(flaw: Flaw) -> Cause {
    match flaw {
        Flaw::NoBytes => Cause::MissingCode,
        Flaw::ExceptionTable => Cause::ExceptionTable,
        Flaw::Budget => Cause::TooComplex,
        Flaw::Thunk => Cause::FunctionPointer { origin: Origin::Memory },
    }
}
