//! Programs that targets of several parts have run: each is one target of the whole, as on one machine.

use std::collections::btree_map::Entry;

use crate::model::{Audited, Site};

/// `audited` is in the order of the whole.
pub(super) fn joined(audited: Vec<Audited>) -> Vec<Audited> {
    let mut whole: Vec<Audited> = Vec::with_capacity(audited.len());
    for target in audited {
        match whole.iter_mut().find(|known| known.executable == target.executable) {
            Some(known) => join(known, target),
            None => whole.push(target),
        }
    }
    whole
}

/// What the same executable did elsewhere. What is known of its code is the same.
fn join(known: &mut Audited, other: Audited) {
    for (id, (hot, counts)) in other.functions {
        match known.functions.entry(id) {
            Entry::Occupied(mut entry) => entry.get_mut().1.add(&counts),
            Entry::Vacant(entry) => drop(entry.insert((hot, counts))),
        }
    }
    for (id, proof) in other.proofs {
        known.proofs.entry(id).or_insert(proof);
    }
    let first = known.sites.len();
    let first_process = known.sites.last().map_or(0, |site| site.process + 1);
    known.sites.extend(other.sites.into_iter().map(|site| Site {
        freed_by: site.freed_by.map(|index| first + index),
        process: first_process + site.process,
        ..site
    }));
    known.permits.extend(other.permits);
    if known.linked_blocks.is_empty() {
        known.linked_blocks = other.linked_blocks;
    }
    known.benches.extend(other.benches);
    known.problems.extend(other.problems);
}
