//! Sites that the user's exceptions cover. They make no findings, and the report says what was left out and why.

use std::collections::BTreeMap;

use super::policy::Governing;
use crate::model::{HotId, Ignore, Ignored, Op, ProofReport, Rule, Site, Whose};

/// The exception that covers what a site did, if there is one.
pub(super) fn covering<'a>(site: &Site, governing: &BTreeMap<HotId, Governing<'a>>) -> Option<&'a Ignore> {
    let rule = if site.op == Op::Free { Rule::FreeInHotPath } else { Rule::HeapInHotPath };
    governing.get(&site.hot)?.ignores(rule, &site.chain)
}

/// Everything that was left out, by exception and hot function.
pub(super) fn used<'a>(
    sites: impl Iterator<Item = &'a Site>,
    governing: &BTreeMap<HotId, Governing<'_>>,
    name: impl Fn(HotId) -> String,
) -> Vec<Ignored> {
    let mut used: BTreeMap<(&Ignore, String), Ignored> = BTreeMap::new();
    for site in sites {
        // The free of a temporary is no finding, so there is nothing to leave out.
        let is_none = matches!(site.whose, Some(Whose::Own | Whose::Unknown));
        let Some(by) = covering(site, governing).filter(|_| !is_none) else { continue };
        let function = name(site.hot);
        let entry = used.entry((by, function.clone()));
        let entry =
            entry.or_insert_with(|| Ignored { by: by.clone(), function, sites: 0, count: 0, bytes: 0 });
        entry.sites += 1;
        entry.count += site.count;
        entry.bytes += site.bytes;
    }
    used.into_values().collect()
}

/// What the rules may see of a proof's evidence. The state stays: nothing becomes proved by not looking.
pub(super) fn without_ignored(proof: &ProofReport, governing: &Governing<'_>) -> ProofReport {
    let mut seen = proof.clone();
    // Of a list that was cut, nobody knows what else stands there.
    if !proof.truncated {
        let covers = |rule: Rule, site: &Site| governing.ignores(rule, &site.chain).is_some();
        // Whose use of the heap does not count may use it.
        seen.reachable.retain(|reachable| {
            let rules = [Rule::MayAllocate, Rule::HeapInHotPath];
            !rules.into_iter().any(|rule| covers(rule, &reachable.site))
        });
    }
    seen
}
