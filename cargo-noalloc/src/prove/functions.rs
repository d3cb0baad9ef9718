//! Functions that `--fn` names, with or without the attribute.

use no_heap::descriptor::{as_written, site_id};
use no_heap::record::HotEntry;
use noalloc_prove::{FunctionRef, Program};

use super::hot;
use crate::model::{Asked, Found, FunctionName, HotId, Proofs, Run, is_called, is_exported_as};

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
        let is_wanted = |name: &FunctionName| is_called(name.as_str(), pattern);
        let marked = hot.found.iter().filter(|found| names_of(found).iter().any(is_wanted));
        let marked: Vec<&Found> = marked.collect();
        let part = part(pattern);
        let mut functions = program.functions_where(part, &|name| is_wanted(&FunctionName::new(name)));
        if marked.is_empty() && functions.is_empty() {
            // By the path that a crate exports it under.
            functions = program
                .functions_where(part, &|name| is_exported_as(FunctionName::new(name).as_str(), pattern));
        }
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
    let entry = HotEntry { id, path: name.as_str().to_owned(), ..HotEntry::default() };
    proofs.found.push(Found { entry, plain: true, address, copies: function.inlined_copies.clone() });
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

/// The longest text that every symbol has which a pattern names.
fn part(pattern: &str) -> &str {
    let last = pattern.rsplit("::").next().unwrap_or(pattern);
    let last = last.strip_prefix("r#").unwrap_or(last);
    last.split('*').max_by_key(|piece| piece.len()).unwrap_or_default()
}

/// Paths of the functions that have code, each once.
fn names(program: &Program<'_>) -> Vec<String> {
    let mut names: Vec<String> =
        program.function_names().map(|name| FunctionName::new(&name).as_str().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A pattern that names nothing in any binary.
pub(crate) struct Missing {
    pub(crate) pattern: String,
    /// Names that come near it.
    pub(crate) near: Vec<String>,
}

/// The patterns that name nothing in any binary.
pub(crate) fn missing(runs: &[Run], asked: &Asked) -> Vec<Missing> {
    let is_matched = |pattern: &&String| runs.iter().any(|run| run.proofs.matched.contains(*pattern));
    let missing = asked.functions.iter().filter(|pattern| !is_matched(pattern));
    missing.map(|pattern| Missing { pattern: pattern.clone(), near: near(runs, pattern) }).collect()
}

fn near(runs: &[Run], missing: &str) -> Vec<String> {
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
    near.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}
