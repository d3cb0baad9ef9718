//! Functions that `--fn` names, with or without the attribute.

use no_heap::descriptor::{as_written, site_id};
use no_heap::record::HotEntry;
use noalloc_prove::{FunctionRef, Program};

use super::hot;
use crate::model::{Asked, Found, FunctionName, HotId, Proofs, Run};

/// Edits between a pattern and a name that is still near.
const NEAR: usize = 2;
/// So many near names are worth showing.
const MOST_NEAR: usize = 5;

/// Proves every function that a pattern names. All instances of a generic function are one function; a hot one is
/// proved from its marker, because its own symbol is only the way into the guard.
pub(super) fn add(program: &Program<'_>, patterns: &[String], proofs: &mut Proofs) {
    let mut hot = Proofs::default();
    hot::add(program, &mut hot);
    let is_hot = |name: &FunctionName| hot.found.iter().any(|found| path(found) == *name);
    for pattern in patterns {
        let marked = hot
            .found
            .iter()
            .filter(|found| names_of(found).iter().any(|name| is_named(name.as_str(), pattern)));
        let marked: Vec<&Found> = marked.collect();
        let functions = program.functions_matching(pattern);
        let others = functions.iter().map(|function| (function, FunctionName::new(&function.name)));
        let others: Vec<(&FunctionRef, FunctionName)> = others.filter(|(_, name)| !is_hot(name)).collect();
        if !marked.is_empty() || !others.is_empty() {
            proofs.matched.push(pattern.clone());
        }
        marked.into_iter().for_each(|found| add_hot(program, found, proofs));
        others.iter().for_each(|(function, name)| add_other(program, function, name, proofs));
    }
    if proofs.matched.len() < patterns.len() {
        proofs.names = names(program);
    }
}

fn add_hot(program: &Program<'_>, found: &Found, proofs: &mut Proofs) {
    let id = found.entry.id;
    let sites = program.sites().unwrap_or_default();
    let instances = sites.iter().filter(|site| site.site == id).flat_map(|site| &site.instances);
    // Two patterns may name the same function.
    if proofs.by_function.insert(HotId(id), instances.map(|at| program.prove(*at)).collect()).is_none() {
        proofs.found.push(found.clone());
    }
}

/// One entry for each instance: together they are one function.
fn add_other(program: &Program<'_>, function: &FunctionRef, name: &FunctionName, proofs: &mut Proofs) {
    let id = site_id(name.as_str(), "", 0, 0);
    let address = function.address.or(function.inlined_copies.first().copied());
    if proofs.found.iter().any(|found| found.entry.id == id && found.address == address) {
        return;
    }
    let instances = proofs.by_function.entry(HotId(id)).or_default();
    instances.extend(function.address.map(|address| program.prove(address)));
    let around = function.inlined_copies.iter().filter_map(|copy| program.function_name(*copy));
    let mut inlined_into: Vec<String> =
        around.map(|name| FunctionName::new(&name).as_str().to_owned()).collect();
    inlined_into.sort_unstable();
    inlined_into.dedup();
    let entry = HotEntry { id, path: name.as_str().to_owned(), ..HotEntry::default() };
    proofs.found.push(Found { entry, plain: true, address, inlined_into });
}

fn path(found: &Found) -> FunctionName {
    FunctionName::new(&found.entry.path)
}

/// Of a function that a macro has moved, the name that was written, too.
fn names_of(found: &Found) -> Vec<FunctionName> {
    let HotEntry { path, written, .. } = &found.entry;
    let written = as_written(path, written);
    written.iter().chain([path]).map(|name| FunctionName::new(name)).collect()
}

/// Whether a path is the pattern or ends in it, whole segments only.
fn is_named(path: &str, pattern: &str) -> bool {
    path.strip_suffix(pattern).is_some_and(|front| front.is_empty() || front.ends_with("::"))
}

/// Paths of the functions that have code, each once.
fn names(program: &Program<'_>) -> Vec<String> {
    let mut names: Vec<String> =
        program.function_names().map(|name| FunctionName::new(&name).as_str().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The first pattern that names nothing in any binary, with the names that come near it.
pub(crate) fn near(runs: &[Run], asked: &Asked) -> Option<(String, Vec<String>)> {
    let is_matched = |pattern: &&String| runs.iter().any(|run| run.proofs.matched.contains(*pattern));
    let missing = asked.functions.iter().find(|pattern| !is_matched(pattern))?;
    let wanted = missing.rsplit("::").next().unwrap_or(missing);
    let distance = |name: &str| {
        let last = name.rsplit("::").next().unwrap_or(name);
        if last.contains(wanted) { 0 } else { strsim::levenshtein(last, wanted) }
    };
    let names = runs.iter().flat_map(|run| &run.proofs.names);
    let readable = names.filter(|name| !name.contains(['{', '<']));
    let mut near: Vec<(usize, &str)> = readable
        .map(|name| (distance(name), name.as_str()))
        .filter(|(distance, _)| *distance <= NEAR)
        .collect();
    near.sort_unstable();
    near.dedup();
    Some((missing.clone(), near.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()))
}
