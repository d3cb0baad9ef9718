//! Step 7: evidence becomes findings and one verdict for each hot function. One rule a file.
//!
//! No I/O: everything that was seen is handed in.

pub(crate) mod accepted;
mod advice;
mod contradiction;
mod exceptions;
mod free_in_hot_path;
mod group;
mod heap_in_hot_path;
mod may_allocate;
mod outside_hot_functions;
mod over_budget;
mod pattern;
mod policy;
mod stale_permit;
mod unexercised;
mod unplaced;
mod unproved;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use no_heap::record::THREADS;

use crate::model::{
    Audited, Bench, CHeap, Counts, Finding, FunctionVerdict, HotFn, HotId, HotReport, Level, Op, Permit,
    Place, Policy, Problem, ProofReport, ProofState, Rule, Site, Span, Status, Step, Target, Verdict,
};

use advice::advise;
use group::Group;
use policy::Governing;

/// What the earlier steps found, over all targets.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) targets: Vec<(Target, Status)>,
    pub(crate) benches: Vec<Bench>,
    pub(crate) functions: BTreeMap<HotId, (HotFn, Counts)>,
    /// What is proved of each, over all targets that have its code.
    pub(crate) proofs: BTreeMap<HotId, ProofReport>,
    /// Targets whose binary has the function, and whether they called it.
    pub(crate) homes: BTreeMap<HotId, Vec<(Target, bool)>>,
    /// Called in a target where C's memory was not counted.
    pub(crate) c_uncounted: BTreeSet<HotId>,
    /// Sites of each target apart: [`Site::freed_by`] counts within one.
    pub(crate) sites: Vec<Vec<Site>>,
    /// By place and reason.
    pub(crate) permits: BTreeMap<(Place, Option<String>), Permit>,
    pub(crate) problems: Vec<Problem>,
}

impl Evidence {
    /// Puts the targets together: a hot function is the same in every binary.
    pub(crate) fn gather(audited: Vec<Audited>, skipped: Vec<(Target, String)>) -> Evidence {
        let mut evidence = Evidence::default();
        let mut unentered = Vec::new();
        for target in audited {
            unentered.extend(target.unentered);
            for (id, (_, counts)) in &target.functions {
                evidence.homes.entry(*id).or_default().push((target.target.clone(), counts.calls > 0));
                if target.c_uncounted.is_some() && counts.calls > 0 {
                    evidence.c_uncounted.insert(*id);
                }
            }
            evidence.targets.push((target.target, target.status));
            evidence.benches.extend(target.benches);
            for permit in target.permits {
                let key = (permit.place.clone(), permit.reason.clone());
                match evidence.permits.entry(key) {
                    Entry::Occupied(mut known) => known.get_mut().add(&permit),
                    Entry::Vacant(new) => drop(new.insert(permit)),
                }
            }
            evidence.sites.push(target.sites);
            evidence.problems.extend(target.problems);
            for (id, proof) in target.proofs {
                let joined = match evidence.proofs.remove(&id) {
                    Some(earlier) => earlier.and(proof),
                    None => proof,
                };
                evidence.proofs.insert(id, joined);
            }
            for (id, (hot, counts)) in target.functions {
                let (_, total) = evidence.functions.entry(id).or_insert_with(|| (hot, Counts::default()));
                total.add(&counts);
            }
        }
        for hot in unentered {
            // Another target may have entered it.
            let is_it =
                |other: &HotFn| other.place.file == hot.place.file && other.place.line == hot.place.line;
            if !evidence.functions.values().any(|(other, _)| is_it(other)) {
                evidence.functions.insert(hot.id, (hot, Counts::default()));
            }
        }
        let skipped = skipped.into_iter().map(|(target, reason)| (target, Status::Skipped { reason }));
        evidence.targets.extend(skipped);
        evidence
    }
}

/// What a rule looks at for one hot function.
pub(crate) struct Case<'a> {
    pub(crate) hot: &'a HotFn,
    pub(crate) counts: &'a Counts,
    pub(crate) proof: &'a ProofReport,
    pub(crate) groups: &'a [group::Group],
    pub(crate) governing: &'a Governing<'a>,
    /// The memory that C takes is counted in each target that called the function.
    pub(crate) is_c_counted: bool,
}

impl Case<'_> {
    /// Whether the whole promise is proved: frees count, unless they are allowed.
    fn keeps_its_promise(&self) -> bool {
        let frees_nothing = self.hot.promise.allow_free || self.proof.may_free == Some(false);
        self.proof.state == ProofState::Proved && frees_nothing
    }

    /// Whether no call may ask for memory; where some may, the budget decides.
    fn forbids_requests(&self) -> bool {
        let promise = &self.hot.promise;
        !promise.has_budget() && promise.bytes == Some(0)
    }

    /// How bad a finding of `rule` is here.
    fn level(&self, rule: Rule) -> Level {
        // What is allowed is left out in the end; until then it is the least there is.
        self.governing.level(self.hot, rule).unwrap_or(Level::Note)
    }

    /// What happened at a place, but for what the warm-up allows.
    fn groups_beyond_warmup(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| group.last_call > self.hot.promise.warmup)
    }

    /// A finding about what happened at a place.
    fn finding_of(&self, rule: Rule, group: &Group) -> Finding {
        let pattern = pattern::of(group, self.counts.calls);
        let advice = advise(group, pattern, self.counts.calls);
        Finding {
            construct: group.construct(),
            op: Some(group.op),
            is_c: group.c_function.is_some(),
            count: group.count,
            reallocs: group.reallocs,
            affected: group.affected.among(self.counts.calls),
            bytes: group.bytes,
            sizes: Some(group.sizes),
            pattern: Some(pattern),
            chain: group.chain.clone(),
            cut: group.cut,
            reason: advice.reason,
            help: advice.help,
            labels: advice.labels,
            ..self.finding(rule, group.span.clone())
        }
    }

    /// A finding of this case that every field has still to be told to.
    fn finding(&self, rule: Rule, span: Span) -> Finding {
        // Where no frame could be named, the function itself is the nearest place there is.
        let span = if span.start.line == 0 { Span::point(self.hot.place.clone()) } else { span };
        Finding { calls: self.counts.calls, ..Finding::new(rule, self.level(rule), self.hot.id, span) }
    }
}

/// Every rule looks at every hot function.
pub(crate) fn judge(mut evidence: Evidence, policy: &Policy) -> Verdict {
    let governing: BTreeMap<HotId, Governing<'_>> =
        evidence.functions.iter().map(|(id, (hot, _))| (*id, Governing::new(policy, hot))).collect();
    let groups = group::by_place(&evidence.sites, |site| exceptions::covering(site, &governing).is_none());
    let name = |id: HotId| evidence.functions.get(&id).map_or_else(String::new, |(hot, _)| hot.name.clone());
    let ignored = exceptions::used(evidence.sites.iter().flatten(), &governing, name);
    let mut placed: BTreeMap<HotId, unplaced::Placed> = BTreeMap::new();
    evidence.sites.iter().flatten().for_each(|site| placed.entry(site.hot).or_default().add(site));
    let freed_in = freed_in(evidence.sites.iter().flatten());
    let (mut findings, mut functions) = (Vec::new(), Vec::new());
    for (hot, counts) in evidence.functions.values() {
        let governing = &governing[&hot.id];
        let hot = &governing.apply(hot);
        let groups = groups.get(&hot.id).map_or(&[][..], Vec::as_slice);
        let mut proof = evidence.proofs.get(&hot.id).cloned().unwrap_or_else(ProofReport::not_analysed);
        let freed_in = freed_in.get(&hot.id).copied().unwrap_or_default();
        evidence.problems.extend(doubt_what_was_seen(hot, counts, freed_in, &mut proof));
        let proof_seen = exceptions::without_ignored(&proof, governing);
        let is_c_counted = !evidence.c_uncounted.contains(&hot.id);
        let case = Case { hot, counts, proof: &proof_seen, groups, governing, is_c_counted };
        evidence.problems.extend(contradiction::find(&case));
        let mut own = Vec::new();
        own.extend(heap_in_hot_path::find(&case));
        own.extend(free_in_hot_path::find(&case));
        own.extend(unplaced::find(&case, placed.remove(&hot.id).unwrap_or_default()));
        own.extend(over_budget::find(&case));
        own.extend(may_allocate::find(&case));
        own.extend(unproved::find(&case));
        if !policy.may_miss_calls(|| evidence.functions.values().any(|(_, counts)| counts.calls > 0)) {
            own.extend(unexercised::find(&case));
        }
        own.retain(|finding| !is_ignored_doubt(finding, governing));
        let mut homes = evidence.homes.remove(&hot.id).unwrap_or_default();
        if counts.calls > 0 {
            homes.retain(|(_, called)| *called);
        }
        let targets = homes.into_iter().map(|(target, _)| target).collect();
        let report = report(&case, &own);
        let c_heap = report.c_heap.filter(|_| is_c_counted);
        functions.push(HotReport { proof: proof.without_syntax(), targets, c_heap, ..report });
        own.retain(|finding| governing.level(hot, finding.rule).is_some());
        findings.append(&mut own);
    }
    let permits: Vec<Permit> = evidence.permits.into_values().collect();
    findings.extend(permits.iter().filter_map(|permit| stale_permit::find(permit, &functions, policy)));
    findings.extend(outside_hot_functions::find(&evidence.benches, policy));
    let mut problems = policy::unmatched(evidence.problems, &functions, policy);
    let mut sites: Vec<Site> = evidence.sites.into_iter().flatten().map(Site::without_syntax).collect();
    sort(&mut findings, &mut functions, &mut sites, &mut problems);
    Verdict {
        proof_only: policy.proof_only,
        targets: evidence.targets,
        benches: evidence.benches,
        functions,
        findings,
        compared: None,
        ignored,
        permits,
        sites,
        problems,
    }
}

/// Each of these is one doubt, with its own way there.
fn is_ignored_doubt(finding: &Finding, governing: &Governing<'_>) -> bool {
    let is_doubt = finding.rule == Rule::Unproved && !finding.chain.is_empty();
    is_doubt && governing.ignores(Rule::Unproved, &finding.chain).is_some()
}

/// By hot function: calls in which it freed, of the stack that has most of them.
fn freed_in<'a>(sites: impl Iterator<Item = &'a Site>) -> BTreeMap<HotId, u64> {
    let mut freed_in: BTreeMap<HotId, u64> = BTreeMap::new();
    for site in sites.filter(|site| site.op == Op::Free) {
        let most = freed_in.entry(site.hot).or_default();
        *most = site.calls.affected.max(*most);
    }
    freed_in
}

/// What was counted is a fact: a proof that says otherwise is wrong, and the report says so.
///
/// The proof speaks of calls that return. Where none of those allocated, one did that has ended the process or its thread
/// for ever, and contradicts nothing; of the calls of a warm-up that is not known. Of frees it is never known, but where
/// there are more such calls (`freed_in`, of one stack) than threads that can be in one.
fn doubt_what_was_seen(
    hot: &HotFn,
    counts: &Counts,
    freed_in: u64,
    proof: &mut ProofReport,
) -> Option<Problem> {
    let allocated = counts.allocs + counts.reallocs > 0;
    let returned = counts.max_requests > 0 || hot.promise.warmup > 0;
    let wrong_of_allocs = proof.state == ProofState::Proved && allocated && returned;
    let freed = proof.may_free == Some(false) && counts.frees > 0;
    if freed {
        proof.may_free = None;
    }
    let what = if wrong_of_allocs {
        proof.state = ProofState::Unknown;
        "allocate"
    } else if freed && freed_in > THREADS as u64 {
        "free"
    } else {
        return None;
    };
    Some(Problem::new(
        Step::Judge,
        format!(
            "`{}` was proved not to {what}, and yet it did: please report this as a bug of the proof",
            hot.name
        ),
    ))
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
        c_heap: Some(CHeap::of(counts)),
        calls: counts.calls,
        allocs: counts.allocs,
        reallocs: counts.reallocs,
        frees: counts.frees,
        bytes: counts.bytes,
        max_allocs: counts.max_allocs,
        max_requests: counts.max_requests,
        max_bytes: counts.max_bytes,
        verdict: verdict(case, findings),
        proof: case.proof.clone(),
        targets: Vec::new(),
        may_allocate_at: findings.iter().filter(|finding| finding.rule == Rule::MayAllocate).count(),
    }
}

fn verdict(case: &Case<'_>, findings: &[Finding]) -> FunctionVerdict {
    let counts = case.counts;
    let found = |rule: Rule| findings.iter().any(|finding| finding.rule == rule);
    if case.governing.is_proof_only() {
        by_proof(case)
    } else if counts.calls == 0 {
        FunctionVerdict::Unexercised
    } else if found(Rule::HeapInHotPath) || found(Rule::OverBudget) {
        FunctionVerdict::Allocates
    } else if found(Rule::FreeInHotPath) {
        FunctionVerdict::Frees
    } else if counts.allocs + counts.reallocs + counts.frees > 0 {
        FunctionVerdict::WithinBudget
    } else if case.keeps_its_promise() {
        FunctionVerdict::Proved
    } else {
        FunctionVerdict::Clean
    }
}

fn by_proof(case: &Case<'_>) -> FunctionVerdict {
    match case.proof.state {
        ProofState::Proved if case.keeps_its_promise() => FunctionVerdict::Proved,
        ProofState::Proved => FunctionVerdict::MayFree,
        ProofState::MayAllocate => FunctionVerdict::MayAllocate,
        ProofState::Unknown | ProofState::NotAnalysed => FunctionVerdict::Unknown,
        ProofState::Absent => FunctionVerdict::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::doubt_what_was_seen;
    use crate::model::{Counts, HotFn, HotId, Place, Promise, ProofReport, ProofState};

    /// The state, whether it may free, and what is said to be a bug.
    fn doubted(
        warmup: u64,
        counts: &Counts,
        freed_in: u64,
    ) -> (ProofState, Option<bool>, Option<&'static str>) {
        let place = Place { file: "src/lib.rs".to_owned(), line: 1, column: 1 };
        let promise = Promise { warmup, ..Promise::BARE };
        let hot =
            HotFn { id: HotId(1), name: "f".to_owned(), place, attributed: true, by_code: false, promise };
        let mut proof =
            ProofReport { state: ProofState::Proved, may_free: Some(false), ..ProofReport::not_analysed() };
        let problem = doubt_what_was_seen(&hot, counts, freed_in, &mut proof);
        let said = problem.map(|problem| {
            let is = |what: &&str| problem.message.starts_with(&format!("`f` was proved not to {what},"));
            ["allocate", "free"].into_iter().find(is).unwrap()
        });
        (proof.state, proof.may_free, said)
    }

    #[test]
    fn what_a_call_that_returned_allocated_is_held_against_a_proof() {
        let none = Counts { calls: 9, ..Counts::default() };
        assert_eq!(doubted(0, &none, 0), (ProofState::Proved, Some(false), None));
        for one in [Counts { allocs: 1, ..none.clone() }, Counts { reallocs: 1, ..none }] {
            let proved = (ProofState::Proved, Some(false), None);
            assert_eq!(doubted(0, &one, 0), proved, "that call never returned");
            let wrong = (ProofState::Unknown, Some(false), Some("allocate"));
            assert_eq!(doubted(0, &Counts { max_requests: 1, ..one.clone() }, 0), wrong);
            assert_eq!(doubted(3, &one, 0), wrong, "it may have been in the warm-up");
        }
    }

    #[test]
    fn frees_in_more_calls_than_there_are_threads_are_held_against_a_proof() {
        let freed = Counts { calls: 999, frees: 999, ..Counts::default() };
        assert_eq!(doubted(0, &freed, 256), (ProofState::Proved, None, None), "none may have returned");
        assert_eq!(doubted(0, &freed, 257), (ProofState::Proved, None, Some("free")));
        let both = Counts { allocs: 1, max_requests: 1, ..freed };
        assert_eq!(doubted(0, &both, 257), (ProofState::Unknown, None, Some("allocate")));
    }
}
