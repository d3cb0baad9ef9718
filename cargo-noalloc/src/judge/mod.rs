//! Step 7: evidence becomes findings and one verdict for each hot function. One rule a file.
//!
//! No I/O: everything that was seen is handed in.

mod advice;
mod free_in_hot_path;
mod group;
mod heap_in_hot_path;
mod pattern;
mod unexercised;

use std::collections::BTreeMap;

use crate::model::{
    Audited, Bench, Counts, Finding, FunctionVerdict, HotFn, HotId, HotReport, Level, Problem, ProofState,
    Rule, Site, Status, Target, Verdict,
};

/// What the earlier steps found, over all targets.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) targets: Vec<(Target, Status)>,
    pub(crate) benches: Vec<Bench>,
    pub(crate) functions: BTreeMap<HotId, (HotFn, Counts)>,
    /// Sites of each target apart: [`Site::freed_by`] counts within one.
    pub(crate) sites: Vec<Vec<Site>>,
    pub(crate) problems: Vec<Problem>,
}

impl Evidence {
    /// Puts the targets together: a hot function is the same in every binary.
    pub(crate) fn gather(audited: Vec<Audited>, skipped: Vec<(Target, String)>) -> Evidence {
        let mut evidence = Evidence::default();
        for target in audited {
            evidence.targets.push((target.target, target.status));
            evidence.benches.extend(target.benches);
            evidence.sites.push(target.sites);
            evidence.problems.extend(target.problems);
            for (id, (hot, counts)) in target.functions {
                let (_, total) = evidence.functions.entry(id).or_insert_with(|| (hot, Counts::default()));
                total.add(&counts);
            }
        }
        let skipped = skipped.into_iter().map(|(target, reason)| (target, Status::Skipped { reason }));
        evidence.targets.extend(skipped);
        evidence
    }
}

/// What the user asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) require_exercised: bool,
}

impl Policy {
    fn level(self, rule: Rule) -> Level {
        match rule {
            Rule::Unexercised if self.require_exercised => Level::Error,
            rule => rule.default_level(),
        }
    }
}

/// What a rule looks at for one hot function.
pub(crate) struct Case<'a> {
    pub(crate) hot: &'a HotFn,
    pub(crate) counts: &'a Counts,
    pub(crate) groups: &'a [group::Group],
    pub(crate) policy: Policy,
}

impl Case<'_> {
    /// A finding of this case that every field has still to be told to.
    fn finding(&self, rule: Rule, span: crate::model::Span) -> Finding {
        Finding {
            rule,
            level: self.policy.level(rule),
            hot: self.hot.id,
            span,
            construct: None,
            dyn_trait: None,
            op: None,
            count: 0,
            calls_affected: 0,
            calls: self.counts.calls,
            bytes: 0,
            sizes: None,
            pattern: None,
            escape: crate::model::Escape::Unknown,
            freed_at: None,
            chain: Vec::new(),
            labels: Vec::new(),
            reason: String::new(),
            help: None,
        }
    }
}

/// Every rule looks at every hot function.
pub(crate) fn judge(evidence: Evidence, policy: Policy) -> Verdict {
    let groups = group::by_place(&evidence.sites);
    let mut findings = Vec::new();
    let mut functions = Vec::new();
    for (hot, counts) in evidence.functions.values() {
        let none = Vec::new();
        let groups = groups.get(&hot.id).unwrap_or(&none);
        let case = Case { hot, counts, groups, policy };
        let mut own = Vec::new();
        own.extend(heap_in_hot_path::find(&case));
        own.extend(free_in_hot_path::find(&case));
        own.extend(unexercised::find(&case));
        functions.push(report(&case, &own));
        findings.append(&mut own);
    }
    let mut problems = evidence.problems;
    let mut sites: Vec<Site> = evidence.sites.into_iter().flatten().collect();
    sort(&mut findings, &mut functions, &mut sites, &mut problems);
    Verdict { targets: evidence.targets, benches: evidence.benches, functions, findings, sites, problems }
}

/// The one place where order is made: same input, same bytes out.
fn sort(
    findings: &mut [Finding],
    functions: &mut [HotReport],
    sites: &mut [Site],
    problems: &mut Vec<Problem>,
) {
    findings.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.span.clone(), finding.rule, finding.op, finding.hot);
        key(a).cmp(&key(b))
    });
    functions.sort_by(|a, b| (&a.hot.place, &a.hot.name).cmp(&(&b.hot.place, &b.hot.name)));
    // Stable: stacks at one place stay in the order of their records, which is that of their addresses.
    sites.sort_by(|a, b| {
        let span = |site: &Site| site.source.as_ref().map(|source| source.span.clone());
        (a.hot, span(a), a.op).cmp(&(b.hot, span(b), b.op))
    });
    problems.sort();
    problems.dedup();
}

fn report(case: &Case<'_>, findings: &[Finding]) -> HotReport {
    let counts = case.counts;
    HotReport {
        hot: case.hot.clone(),
        calls: counts.calls,
        allocs: counts.allocs,
        reallocs: counts.reallocs,
        frees: counts.frees,
        bytes: counts.bytes,
        max_allocs: counts.max_allocs,
        max_requests: counts.max_requests,
        max_bytes: counts.max_bytes,
        verdict: verdict(case, findings),
        proof: ProofState::NotAnalysed,
    }
}

fn verdict(case: &Case<'_>, findings: &[Finding]) -> FunctionVerdict {
    let counts = case.counts;
    let found = |rule: Rule| findings.iter().any(|finding| finding.rule == rule);
    if counts.calls == 0 {
        FunctionVerdict::Unexercised
    } else if found(Rule::HeapInHotPath) || found(Rule::OverBudget) {
        FunctionVerdict::Allocates
    } else if found(Rule::FreeInHotPath) {
        FunctionVerdict::Frees
    } else if counts.allocs + counts.reallocs + counts.frees > 0 {
        FunctionVerdict::WithinBudget
    } else {
        FunctionVerdict::Clean
    }
}
