//! The order of the passes that all roots share: survey, doom, trace, statics, doom again.
//!
//! Doom comes twice: first to know which calls do not come back, so that values do not flow past them; then on
//! the finished graph.

use crate::code::{FunctionCode, Survey};
use crate::graph::{Doom, Graph, Guards, Statics, resolve_statics};
use crate::image::Image;
use crate::symbols::Classes;
use crate::x86_64::{NeverReturn, Reader};

/// The finished graph, and what later readings of single functions need.
pub(crate) struct Analysis {
    pub graph: Graph,
    pub never: NeverReturn,
}

/// Runs the passes over all functions of an image. `guards`: addresses of the functions marked as guards.
pub(crate) fn analyse(image: &Image<'_>, guards: &[u64]) -> Analysis {
    let mut reader = Reader::new(image);
    let mut survey = reader.survey();
    let classes = Classes::of(image);
    let mut functions = std::mem::take(&mut survey.functions);
    let (never_functions, never_imports) = Doom::of(&functions, &Vec::new(), &classes).lists();
    let never = NeverReturn { functions: never_functions, imports: never_imports };
    let stored = trace(image, &mut reader, &survey, &never, &mut functions);
    let flawed: Vec<bool> = functions.iter().map(|code| code.flaw.is_some()).collect();
    let statics = Statics { image, survey: &survey, sets: &reader.sets, stored: &stored, flawed: &flawed };
    let sets = resolve_statics(&statics, &mut functions);
    let guards = Guards::of(image, &functions, &sets, guards);
    Analysis { graph: Graph::new(functions, sets, classes, guards), never }
}

/// Traces every function that needs it; answers the stores to writable memory, by address.
fn trace(
    image: &Image<'_>,
    reader: &mut Reader<'_, '_>,
    survey: &Survey,
    never: &NeverReturn,
    functions: &mut [FunctionCode],
) -> Vec<(u64, crate::code::Value)> {
    let mut stored = Vec::new();
    for (index, code) in functions.iter_mut().enumerate() {
        let needs_trace = survey.needs_trace.get(index).copied().unwrap_or(false) && code.flaw.is_none();
        if let (true, Some(function)) = (needs_trace, image.functions.get(index)) {
            let traced = reader.trace(function, survey, never);
            *code = traced.code;
            stored.extend(traced.stored);
        }
    }
    stored.sort_by_key(|store| store.0);
    stored
}
