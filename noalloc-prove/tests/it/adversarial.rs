//! Where a proof could be fooled, and what keeps it from being: each test fails when its safeguard is removed.

use noalloc_prove::{
    Cause, Certainty, Frees, FunctionRef, Operation, Program, Proof, Refusal, SiteRoots, State,
};

use crate::subjects::{Built, Options, build, build_tiny, build_with, has_static_c_library, run, site};
use crate::tools;

struct Asked<'b> {
    program: Program<'b>,
}

impl<'b> Asked<'b> {
    fn new(built: &'b Built) -> Self {
        Self { program: Program::parse(&built.bytes).expect("a subject") }
    }

    fn roots(&self, name: &str) -> SiteRoots {
        let sites = self.program.sites().expect("marked");
        sites.into_iter().find(|found| found.site == site(name)).expect("a case")
    }

    fn site(&self, name: &str) -> Proof {
        self.program.prove_site(&self.roots(name))
    }

    fn named(&self, name: &str) -> Vec<FunctionRef> {
        self.program.functions_matching(name)
    }
}

/// A function that vanished into its callers has no code to prove, only copies that could be overlooked.
#[test]
fn an_inlined_function_is_never_proved() {
    let built = build("release");
    let asked = Asked::new(&built);
    for name in ["adversarial::always_inlined", "adversarial::tail_merged"] {
        let found = asked.named(name);
        assert!(!found.is_empty(), "{name}: the debug information knows it");
        assert!(
            found.iter().all(|function| function.address.is_none() && !function.inlined_copies.is_empty()),
            "{found:?}"
        );
    }
    assert_eq!(asked.site("inlined_allocation").state, State::MayAllocate);
}

/// The marker takes the address, so the body is compiled for every argument; the plain function was specialised.
#[test]
fn a_constant_caller_does_not_prove_the_marked_function() {
    let built = build("release");
    let asked = Asked::new(&built);
    let plain = asked.named("adversarial::constant_only");
    let states: Vec<State> = plain
        .iter()
        .filter_map(|function| function.address)
        .map(|at| asked.program.prove(at).state)
        .collect();
    assert!(states.iter().all(|state| *state == State::Proved), "the trap is gone: {plain:?} {states:?}");
    assert_eq!(asked.site("constant_only_marked").state, State::MayAllocate);
}

/// Identical functions are merged; each site is judged by its own marker's address, whatever symbols say.
#[test]
fn merged_twins_are_both_judged() {
    for profile in ["release", "size", "fat"] {
        let built = build(profile);
        let asked = Asked::new(&built);
        for (name, state) in [
            ("twin_one", State::Proved),
            ("twin_two", State::Proved),
            ("noisy_twin_one", State::MayAllocate),
            ("noisy_twin_two", State::MayAllocate),
        ] {
            assert_eq!(asked.site(name).state, state, "{profile} {name}");
        }
    }
}

/// What the runtime puts around a hot function that is called inside is the audit's work: the first call may take
/// memory there. Only that is left out: the body, the outer function, and what dies in a guard all count.
#[test]
fn a_hot_function_inside_is_judged_by_its_body() {
    for profile in ["o1", "release", "size", "thin", "fat", "abort"] {
        let built = build(profile);
        let asked = Asked::new(&built);
        for name in ["nested_clean", "nested_deep"] {
            let proof = asked.site(name);
            assert_eq!(
                (proof.state, proof.may_free),
                (State::Proved, Frees::Never),
                "{profile} {name}: {proof:#?}"
            );
        }
        for name in ["nested_drop", "nested_argument"] {
            let proof = asked.site(name);
            assert_eq!(
                (proof.state, proof.may_free),
                (State::Proved, Frees::May),
                "{profile} {name}: {proof:#?}"
            );
        }
        for name in [
            "nested_noisy",
            "nested_deep_noisy",
            "nested_beside_the_heap",
            "nested_result",
            "guard_that_drops",
        ] {
            assert_eq!(asked.site(name).state, State::MayAllocate, "{profile} {name}");
        }
    }
}

/// The body of a hot function inside always runs, so what it always does the outer one always does.
#[test]
fn an_inner_body_that_always_allocates_makes_the_outer_one_always_allocate() {
    let built = build("release");
    let proof = Asked::new(&built).site("nested_noisy");
    let takes = proof.sites.iter().filter(|site| site.operation == Operation::Allocate);
    let always = takes.filter(|site| site.certainty == Certainty::Always).count();
    assert!(always >= 2, "the call of the guard, and the place in the body: {proof:#?}");
}

/// Code whose tails were merged has lost a location, not a call: every allocation of both arms is there.
#[test]
fn merged_tails_keep_their_calls() {
    let built = build("size");
    let proof = Asked::new(&built).site("merged_tails");
    assert_eq!(proof.state, State::MayAllocate);
    assert!(proof.sites.iter().any(|site| site.operation != Operation::Free));
}

/// An allocator that ends in none that is known, out of line or dissolved into its callers, is refused.
#[test]
fn an_unknown_allocator_is_refused() {
    for profile in ["o1", "release"] {
        let built = build_with(profile, Options { features: "bump", ..Options::default() });
        let refusal = Program::parse(&built.bytes).expect_err("the allocator is unknown");
        println!("{profile}: {refusal}");
        let is_about_it = matches!(
            refusal,
            Refusal::AllocatorUnrecognised { .. }
                | Refusal::AllocatorInlined { .. }
                | Refusal::AllocatorMissing
        );
        assert!(is_about_it, "{profile}: {refusal:?}");
    }
}

/// `__rust_alloc` ends in `malloc` for large blocks; its copies for small ones, inlined by fat LTO, do not.
#[test]
fn an_allocator_that_is_known_for_some_sizes_only_is_refused() {
    let built = build_with("fat", Options { features: "classes", ..Options::default() });
    let refusal = Program::parse(&built.bytes).expect_err("small blocks come from a static");
    assert!(matches!(refusal, Refusal::AllocatorInlined { .. }), "{refusal:?}");
}

/// Replaces every occurrence of some bytes by others of the same length.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let mut at = 0;
    while let Some(found) = changed[at..].windows(from.len()).position(|window| window == from) {
        changed[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
    }
    changed
}

/// A name says what a function does only where it is the C library's: the linker noted of which library each is.
#[test]
fn a_function_of_another_library_is_not_believed() {
    let built = build("release");
    let foreign = Built { bytes: replaced(&built.bytes, b"\0libc.so.6\0", b"\0libx.so.6\0"), ..built };
    let asked = Asked::new(&foreign);
    for (name, import) in [("ffi_strlen", "strlen"), ("sleep", "sched_yield")] {
        let proof = asked.site(name);
        let is_named = |cause: &Cause| matches!(cause, Cause::Import { name } if name == import);
        assert_eq!(proof.state, State::Unknown, "{name}: {proof:#?}");
        assert!(proof.unknowns.iter().any(|unknown| is_named(&unknown.cause)), "{name}: {proof:#?}");
    }
    assert_eq!(asked.site("ffi_malloc").state, State::MayAllocate, "an allocator is one wherever it is from");
}

/// What lies among the constants is one only where the loader protects them.
#[test]
fn a_section_that_stays_writable_holds_no_constants() {
    let options =
        Options { features: "unprotected", flags: "-Clink-arg=-Wl,-z,norelro", ..Options::default() };
    check_all(&build_with("release", options));
}

/// The C library may be linked in: then its functions are code like any other, but for its allocator and what
/// chooses among its own bodies of a function.
///
/// Only where there is one to link in.
#[test]
fn a_c_library_that_is_linked_in_is_no_ground_for_a_false_proof() {
    if !has_static_c_library() {
        return tools::absent("C library to link in");
    }
    let options = Options { flags: "-Ctarget-feature=+crt-static", ..Options::default() };
    check_all(&build_with("release", options));
}

/// Nothing is proved that took memory, or could have.
fn check_all(built: &Built) {
    let cases = run(&built.path);
    let asked = Asked::new(built);
    let mut proved = 0;
    for (name, ran) in &cases {
        let proof = asked.site(name);
        let is_proved = proof.state == State::Proved;
        assert!(!is_proved || (ran.truth == "Free" && ran.taken == 0), "{name} {ran:?}: {proof:#?}");
        assert!(!is_proved || ran.freed == 0 || proof.may_free != Frees::Never, "{name} {ran:?}: {proof:#?}");
        proved += usize::from(is_proved);
    }
    assert!(proved >= 30, "{proved} of {}", cases.len());
}

/// Without `__rust_alloc` and without the runtime's allocator, the places where the debug information shows an
/// allocation must lead to a recognised allocator; when they do not, every verdict would be "proved".
#[test]
fn a_dissolved_allocator_must_still_be_seen() {
    let own = build_tiny("abort");
    assert!(Program::parse(&own).is_ok(), "the runtime's allocator is known by name");
    let foreign = replaced(&own, b"7no_heap", b"7my_heap");
    assert!(Program::parse(&foreign).is_ok(), "it still ends in `malloc`");
    let unknown = replaced(&foreign, b"\0malloc\0", b"\0mylloc\0");
    let refusal = Program::parse(&unknown).expect_err("nothing that is known allocates");
    assert!(matches!(refusal, Refusal::AllocatorInlined { .. }), "{refusal:?}");
    let stripped = replaced(&build_tiny("tiny"), b"7no_heap", b"7my_heap");
    assert_eq!(
        Program::parse(&stripped).err(),
        Some(Refusal::AllocatorMissing),
        "nothing shows how it allocates"
    );
}
