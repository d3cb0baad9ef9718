//! The order of the passes that all roots share: survey, doom, trace, statics, doom again.
//!
//! Doom comes twice: first to know which calls do not come back, so that values do not flow past them; then on
//! the finished graph.

use crate::code::{FunctionCode, Sets, Survey, Value};
use crate::graph::{Doom, Graph, Guards, Statics, resolve_statics};
use crate::image::Image;
use crate::parts;
use crate::symbols::Classes;
use crate::x86_64::{Kept, NeverReturn, Reader};

/// Instructions that even the smallest program is taken to have.
const SLACK: usize = 10_000;

/// The finished graph, and what later readings of single functions need.
pub(crate) struct Analysis {
    pub graph: Graph,
    pub never: NeverReturn,
}

/// Runs the passes over all functions of an image. `guards`: addresses of the functions marked as guards.
pub(crate) fn analyse(image: &Image<'_>, guards: &[u64]) -> Analysis {
    let ends = parts::split(&image.functions);
    let (mut survey, kept) = survey(image, &ends);
    let mut functions = std::mem::take(&mut survey.functions);
    let classes = Classes::of(image, &functions);
    let (never_functions, never_imports) = Doom::of(&functions, &Vec::new(), &classes).lists();
    let never = NeverReturn { functions: never_functions, imports: never_imports };
    let (sets, stored) = trace(image, &ends, &survey, &never, &mut functions, kept);
    let flawed: Vec<bool> = functions.iter().map(|code| code.flaw.is_some()).collect();
    let statics = Statics { image, survey: &survey, sets: &sets, stored: &stored, flawed: &flawed };
    let sets = resolve_statics(&statics, &mut functions);
    let guards = Guards::of(image, &functions, &sets, guards, &classes.of_the_runtime(image));
    Analysis { graph: Graph::new(functions, sets, classes, guards), never }
}

/// Surveys all functions; answers also by part, by function, what was kept of them. `ends`: where their parts end.
fn survey(image: &Image<'_>, ends: &[usize]) -> (Survey, Vec<Vec<Option<Kept>>>) {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ranges = starts.zip(ends).map(|(start, end)| start..*end).collect();
    let surveyed = parts::each(ranges, |range| Reader::new(image).survey(range));
    let (surveys, kept) = surveyed.into_iter().unzip();
    (Survey::join(surveys), kept)
}

/// Traces every function that needs it; answers the sets that their values refer to, and the stores to writable
/// memory, by address.
fn trace(
    image: &Image<'_>,
    ends: &[usize],
    survey: &Survey,
    never: &NeverReturn,
    functions: &mut [FunctionCode],
    kept: Vec<Vec<Option<Kept>>>,
) -> (Sets, Vec<(u64, Value)>) {
    let (mut parts, mut rest, mut start) = (Vec::new(), functions, 0);
    for (end, kept) in ends.iter().zip(kept) {
        let (part, behind) = rest.split_at_mut_checked(end - start).unwrap_or_default();
        parts.push((start, part, kept));
        (rest, start) = (behind, *end);
    }
    let traced = parts::each(parts, |(first, part, kept)| {
        let mut reader = Reader::new(image);
        let stored = trace_part(&mut reader, survey, never, first, part.iter_mut().zip(kept));
        (reader.sets, stored, part)
    });
    let (mut sets, mut stored) = (Sets::default(), Vec::new());
    for (own, stores, part) in traced {
        let known = sets.absorb(own);
        part.iter_mut().for_each(|code| code.rename_sets(&known));
        stored.extend(stores.into_iter().map(|(at, value)| (at, value.renamed(&known))));
    }
    stored.sort_by_key(|store| store.0);
    (sets, stored)
}

/// Traces functions with what was kept of them. The first one has this index.
fn trace_part<'f>(
    reader: &mut Reader<'_, '_>,
    survey: &Survey,
    never: &NeverReturn,
    first: usize,
    part: impl Iterator<Item = (&'f mut FunctionCode, Option<Kept>)>,
) -> Vec<(u64, Value)> {
    let mut stored = Vec::new();
    // Every part may take as many steps as the whole program should: which functions are given up must not depend on
    // their neighbours.
    reader.refuel(survey.instructions + SLACK);
    for (index, (code, kept)) in (first..).zip(part) {
        if let (Some(kept), Some(function)) = (kept, reader.image.functions.get(index)) {
            let traced = reader.trace(function, code, kept, survey, never);
            *code = traced.code;
            stored.extend(traced.stored);
        }
    }
    stored
}
