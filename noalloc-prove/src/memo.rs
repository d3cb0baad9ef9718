//! What is found out about single functions only when some root needs it, and then kept for all roots.

use std::sync::OnceLock;

use crate::code::{Arguments, Target};
use crate::dispatch::is_vtable;
use crate::graph::{Graph, Must, callers};
use crate::image::Image;
use crate::proof::State;
use crate::symbols::Class;
use crate::walk::{Ground, Walk, verdict};
use crate::x86_64::Reader;

/// Answers that are computed once.
pub(crate) struct Memo {
    arguments: Vec<OnceLock<Arguments>>,
    created: Vec<OnceLock<Box<[u64]>>>,
    callers: OnceLock<Vec<Vec<u32>>>,
    open: OnceLock<Vec<bool>>,
    must_allocate: OnceLock<Must>,
    must_free: OnceLock<Must>,
    vtables: OnceLock<Vec<u64>>,
    names: Vec<OnceLock<String>>,
    verdicts: Vec<OnceLock<State>>,
}

impl Memo {
    pub(crate) fn new(functions: usize) -> Self {
        Self {
            arguments: (0..functions).map(|_| OnceLock::new()).collect(),
            created: (0..functions).map(|_| OnceLock::new()).collect(),
            callers: OnceLock::new(),
            open: OnceLock::new(),
            must_allocate: OnceLock::new(),
            must_free: OnceLock::new(),
            vtables: OnceLock::new(),
            names: (0..functions).map(|_| OnceLock::new()).collect(),
            verdicts: (0..functions).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What a function's calls pass.
    pub(crate) fn arguments(&self, ground: Ground<'_, '_>, function: u32) -> &Arguments {
        static NOTHING: Arguments = Arguments::new(Vec::new());
        let Some(slot) = self.arguments.get(function as usize) else { return &NOTHING };
        slot.get_or_init(|| {
            let Some(place) = ground.image.functions.get(function as usize) else {
                return Arguments::default();
            };
            let analysis = ground.analysis;
            Reader::new(ground.image).arguments(place, analysis.graph.code(function), &analysis.never)
        })
    }

    /// Functions and vtables whose address some live block of a function takes, ascending.
    pub(crate) fn created(&self, ground: Ground<'_, '_>, function: u32) -> &[u64] {
        let Some(slot) = self.created.get(function as usize) else { return &[] };
        slot.get_or_init(|| {
            let image = ground.image;
            let Some(place) = image.functions.get(function as usize) else { return Box::default() };
            let graph = &ground.analysis.graph;
            let constants = Reader::new(image).constants(place, graph.code(function));
            let live = constants.into_iter().filter(|(block, _)| graph.is_live(function, *block));
            let is_worth = |at: &u64| image.function_at(*at).is_some() || is_vtable(image, *at);
            let mut created: Vec<u64> = live.map(|constant| constant.1).filter(is_worth).collect();
            created.sort_unstable();
            created.dedup();
            created.into()
        })
    }

    /// Everything that is laid out like a vtable, ascending.
    pub(crate) fn vtables(&self, image: &Image<'_>) -> &[u64] {
        self.vtables.get_or_init(|| image.constant_words().filter(|at| is_vtable(image, *at)).collect())
    }

    /// The readable name of a function.
    pub(crate) fn name(&self, ground: Ground<'_, '_>, function: u32) -> &str {
        let Some(slot) = self.names.get(function as usize) else { return "?" };
        slot.get_or_init(|| ground.image.readable_name(function))
    }

    /// A function's own verdict.
    pub(crate) fn verdict(&self, ground: Ground<'_, '_>, function: u32) -> State {
        let Some(slot) = self.verdicts.get(function as usize) else { return State::Unknown };
        *slot.get_or_init(|| verdict(&Walk::from(ground, function)))
    }

    /// Whether what a call passes can matter: the callee, or something below it, has an open call.
    pub(crate) fn needs_context(&self, ground: Ground<'_, '_>, target: Target) -> bool {
        let Target::Function(function) = target else { return false };
        let graph = &ground.analysis.graph;
        let open = self.open.get_or_init(|| reaches_open(graph, self.callers(graph)));
        open.get(function as usize).copied().unwrap_or(false)
    }

    /// Functions in which every returning path allocates.
    pub(crate) fn must_allocate(&self, graph: &Graph) -> &Must {
        self.must_allocate.get_or_init(|| Must::of(graph, self.callers(graph), Class::takes))
    }

    /// Functions in which every returning path frees.
    pub(crate) fn must_free(&self, graph: &Graph) -> &Must {
        self.must_free.get_or_init(|| Must::of(graph, self.callers(graph), |class| class == Class::Frees))
    }

    fn callers(&self, graph: &Graph) -> &[Vec<u32>] {
        self.callers.get_or_init(|| callers(graph))
    }
}

fn reaches_open(graph: &Graph, callers: &[Vec<u32>]) -> Vec<bool> {
    let count = u32::try_from(graph.functions.len()).unwrap_or(0);
    let is_open =
        |function: u32| graph.edges(function).iter().any(|edge| matches!(edge.target, Target::Open(_)));
    let mut reaches: Vec<bool> = (0..count).map(is_open).collect();
    let mut waiting: Vec<u32> = (0..count).filter(|function| reaches[*function as usize]).collect();
    while let Some(function) = waiting.pop() {
        for caller in callers.get(function as usize).into_iter().flatten() {
            let Some(known) = reaches.get_mut(*caller as usize) else { continue };
            if !std::mem::replace(known, true) {
                waiting.push(*caller);
            }
        }
    }
    reaches
}
