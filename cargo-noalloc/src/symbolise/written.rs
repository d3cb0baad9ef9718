//! Hot functions whose bodies another macro has moved are called what their authors called them.
//!
//! The guard is where the attribute was left: in a function inside the one that was written, or beside it. What that macro
//! does around it is in no count, and the report has to admit it.

use std::collections::BTreeMap;

use no_heap::descriptor::as_written;
use no_heap::record::HotEntry;

use crate::model::{Audited, FunctionName, HotFn, HotId, Problem, Step};

/// `entries` are the binary's own descriptions.
pub(super) fn apply<'a>(entries: impl Iterator<Item = &'a HotEntry>, audited: &mut Audited) {
    let moved = entries.filter(|entry| !entry.block).filter_map(|entry| {
        let written = as_written(&entry.path, &entry.written)?;
        Some((HotId(entry.id), FunctionName::new(&written).as_str().to_owned()))
    });
    let moved: BTreeMap<HotId, String> = moved.collect();
    let mut made: BTreeMap<&str, Vec<HotId>> = BTreeMap::new();
    moved.iter().for_each(|(id, written)| made.entry(written).or_default().push(*id));
    for (written, ids) in made {
        let Some((first, _)) = audited.functions.get(&ids[0]) else { continue };
        // The macro has put the attribute on the function itself, too: nothing is outside of a guard.
        let place = first.place.clone();
        let is_itself = |(hot, _): &(HotFn, _)| hot.name == written && hot.place == place;
        if audited.functions.values().any(is_itself) {
            continue;
        }
        let names =
            ids.iter().filter_map(|id| audited.functions.get(id)).map(|(hot, _)| format!("`{}`", hot.name));
        let names = names.collect::<Vec<_>>().join(", ");
        let message = format!(
            "`{written}`: another macro has moved its body and `#[no_heap]` into {names}: that is what is counted and proved, \
             and not what the macro does around it"
        );
        audited.problems.push(Problem::new(Step::Symbolise, message));
        // Several cannot share one name.
        if let [only] = ids[..]
            && let Some((hot, _)) = audited.functions.get_mut(&only)
        {
            written.clone_into(&mut hot.name);
        }
    }
}
