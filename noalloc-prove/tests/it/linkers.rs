//! Whichever linker made the binary: the marker is whole, and the proofs are the same.

use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};

use noalloc_prove::{Assumption, Frees, Program, State};

use crate::subjects::{Built, Options, Ran, build, build_with, run, site};
use crate::{linker, tools};

/// What the C compiler calls each, and its own name.
const LINKERS: [(&str, &str); 3] = [("bfd", "GNU ld"), ("lld", "LLD"), ("mold", "mold")];

/// Which linker made a binary: all but GNU ld leave a note.
fn linker_of(built: &Built) -> &'static str {
    let left = |note: &str| built.bytes.windows(note.len()).any(|window| window == note.as_bytes());
    if left("\0Linker: LLD ") {
        "LLD"
    } else if left("\0mold ") {
        "mold"
    } else {
        "GNU ld"
    }
}

/// A proof without its addresses.
type Answer = (State, Frees, Option<Discriminant<Assumption>>);

/// What is proved of each case; each has to be in the marker.
fn proofs(built: &Built, cases: &BTreeMap<String, Ran>) -> BTreeMap<String, Answer> {
    let program = Program::parse(&built.bytes).unwrap_or_else(|refusal| panic!("{refusal}"));
    let sites: BTreeMap<u64, _> = program.sites().expect("marked").into_iter().map(|s| (s.site, s)).collect();
    let of_case = |name: &String| {
        let roots = sites.get(&site(name)).unwrap_or_else(|| panic!("{name} is in no marker"));
        let proof = program.prove_site(roots);
        (name.clone(), (proof.state, proof.may_free, proof.assumption.as_ref().map(discriminant)))
    };
    cases.keys().map(of_case).collect()
}

/// The linkers of this machine, with the compiler's argument that chooses each; none for the usual one.
fn linkers(usual: &str) -> Vec<(&'static str, String)> {
    let mut linkers = Vec::new();
    for (flag, name) in LINKERS {
        if name == usual {
            linkers.push((name, String::new()));
        } else if linker::has_linker(flag) {
            linkers.push((name, format!("-Clink-arg=-fuse-ld={flag}")));
        } else {
            tools::absent(name);
        }
    }
    linkers
}

fn built_by(linker: &str, profile: &str, flags: &str) -> Built {
    let built = build_with(profile, Options { flags, ..Options::default() });
    assert_eq!(linker_of(&built), linker, "{profile} {flags}");
    built
}

#[test]
fn a_proof_is_the_same_whichever_linker_made_the_binary() {
    for profile in ["release", "fat"] {
        let usual = build(profile);
        let expected = proofs(&usual, &run(&usual.path));
        for (name, flag) in linkers(linker_of(&usual)).into_iter().filter(|(_, flag)| !flag.is_empty()) {
            let built = built_by(name, profile, &flag);
            let found = proofs(&built, &run(&built.path));
            let differ = expected.iter().filter(|(case, expected)| found[*case] != **expected);
            let differ: Vec<_> = differ.map(|(case, expected)| (case, expected, found[case])).collect();
            assert!(differ.is_empty(), "{profile} {name}: {differ:#?}");
        }
    }
}

/// Two functions of the same code become one: their markers stay two, and no instance of a hot function gets lost that
/// way.
#[test]
fn what_a_linker_merges_stays_in_the_marker() {
    let usual = linker_of(&build("release"));
    // GNU ld merges nothing.
    for (name, flag) in linkers(usual).into_iter().filter(|(name, _)| *name != "GNU ld") {
        let built = built_by(name, "release", &format!("{flag} -Clink-arg=-Wl,--icf=all"));
        let cases = run(&built.path);
        for (case, (state, ..)) in proofs(&built, &cases) {
            assert!(state != State::Proved || cases[&case].truth == "Free", "{name}: false proof of {case}");
            assert_ne!(state, State::Absent, "{name}: {case}");
        }
    }
}
