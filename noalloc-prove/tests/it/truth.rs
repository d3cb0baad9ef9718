//! Every profile: the stated truth is what the counting allocator sees, and no proof contradicts either.

use std::collections::BTreeMap;

use noalloc_prove::{Certainty, Frees, Operation, Program, Proof, SiteRoots, State};

use crate::subjects::{PROFILES, Ran, build, run, site};

struct Judged {
    name: String,
    ran: Ran,
    proof: Proof,
}

fn judge(profile: &str) -> Vec<Judged> {
    let built = build(profile);
    let ran = run(&built.path);
    assert!(ran.len() >= 90, "{profile}: {} cases", ran.len());
    let program = Program::parse(&built.bytes).unwrap_or_else(|refusal| panic!("{profile}: {refusal}"));
    let sites: BTreeMap<u64, SiteRoots> =
        program.sites().expect("marked").into_iter().map(|site| (site.site, site)).collect();
    let addresses: Vec<u64> = sites.values().flat_map(|site| &site.instances).copied().collect();
    let one_by_one: Vec<Proof> = addresses.iter().map(|address| program.prove(*address)).collect();
    let again = Program::parse(&built.bytes).expect("as before");
    assert!(again.prove_all(&addresses) == one_by_one, "{profile}: proofs depend on what else is proved");
    let judged = |(name, ran): (String, Ran)| {
        let proof = program.prove_site(&sites[&site(&name)]);
        Judged { name, ran, proof }
    };
    ran.into_iter().map(judged).collect()
}

fn check_run(profile: &str, case: &Judged) {
    let Ran { truth, frees, taken, freed } = &case.ran;
    let is_true = match truth.as_str() {
        "Free" | "Conditional" | "Outside" => *taken == 0,
        "Allocates" => *taken > 0,
        other => panic!("no such truth: {other}"),
    };
    // Only optimised code makes no copies that its source does not ask for.
    assert!(is_true || profile == "dev", "{profile} {}: {truth}, but it took {taken}", case.name);
    assert_eq!(*frees, *freed > 0, "{profile} {}: frees {freed}", case.name);
}

fn check_proof(profile: &str, case: &Judged) {
    let Judged { name, ran, proof } = case;
    assert_ne!(proof.state, State::Absent, "{profile} {name}");
    if proof.state == State::Proved {
        assert_eq!(ran.truth, "Free", "{profile}: false proof of {name}: {proof:#?}");
        assert_eq!(ran.taken, 0, "{profile}: {name} was proved and took memory");
        assert!(
            ran.freed == 0 || proof.may_free != Frees::Never,
            "{profile}: {name} frees, proof says never"
        );
    }
    let always = |operation: fn(Operation) -> bool| {
        proof.sites.iter().any(|site| site.certainty == Certainty::Always && operation(site.operation))
    };
    // The C library's own memory is not counted.
    if ran.truth != "Outside" {
        let takes = always(|operation| operation != Operation::Free);
        assert!(!takes || ran.taken > 0, "{profile} {name}: always, but it took nothing");
        let frees = always(|operation| operation == Operation::Free);
        assert!(!frees || ran.freed > 0, "{profile} {name}: always, but it freed nothing");
    }
    for site in &proof.sites {
        assert!(site.depth < site.chain.len() && !site.sink.is_empty(), "{profile} {name}: {site:?}");
    }
}

fn report(profile: &str, cases: &[Judged]) {
    let free = || cases.iter().filter(|case| case.ran.truth == "Free");
    let count = |state| free().filter(|case| case.proof.state == state).count();
    let conditional = free().filter(|case| case.proof.assumption.is_some()).count();
    println!(
        "{profile}: {} cases, {} free: {} proved ({conditional} conditionally), {} unknown, {} false alarms",
        cases.len(),
        free().count(),
        count(State::Proved),
        count(State::Unknown),
        count(State::MayAllocate),
    );
    let is_missed = |case: &&Judged| case.ran.truth != "Free" && case.proof.state == State::Unknown;
    for case in free().filter(|case| case.proof.state != State::Proved).chain(cases.iter().filter(is_missed))
    {
        let causes: Vec<_> = case.proof.unknowns.iter().map(|unknown| &unknown.cause).take(2).collect();
        let sinks: Vec<_> =
            case.proof.sites.iter().filter(|site| site.operation != Operation::Free).take(1).collect();
        let sinks: Vec<_> = sinks.iter().map(|site| &site.sink).collect();
        println!("  {} ({}) {:?} {causes:?} {sinks:?}", case.name, case.ran.truth, case.proof.state);
    }
}

fn check(profile: &str) -> Vec<Judged> {
    let cases = judge(profile);
    report(profile, &cases);
    for case in &cases {
        check_run(profile, case);
        check_proof(profile, case);
    }
    cases
}

#[test]
fn no_profile_has_a_false_proof() {
    for profile in PROFILES {
        let cases = check(profile);
        let count = |truth: &str, state| {
            cases.iter().filter(|case| case.ran.truth == truth && case.proof.state == state).count()
        };
        if profile == "release" {
            assert!(count("Free", State::Proved) >= 30);
            assert!(count("Free", State::MayAllocate) <= 1);
        }
        if profile != "dev" {
            // What allocates is found, but for calls of which nobody knows where they go.
            assert!(count("Allocates", State::Unknown) <= 12, "{profile}");
        }
    }
}
