//! Binaries that no proof can be made of: 96, with what was seen, and never silence.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Outcome, Project, named};

/// The executable of `program`, after something was done to it.
fn doctored(command: &str, program: &str) -> Outcome {
    let project = Project::shared("doctored");
    let doctor = project.root.join("doctor");
    std::fs::set_permissions(&doctor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let words = command.split_whitespace().chain(["--bin", program]);
    project.noalloc(words).env("RUSTC_WORKSPACE_WRAPPER", &doctor).run()
}

#[track_caller]
fn refused(program: &str, seen: &str) {
    let run = doctored("prove", program).exits(96);
    assert!(run.errors().contains(seen), "{}", run.stderr);
    assert!(run.errors().contains(&format!("--> src/bin/{program}.rs")), "{}", run.stderr);
    assert!(!run.stdout.contains("pass"), "{}", run.stdout);
    let report = doctored("prove --format json", program).exits(96);
    assert_eq!(report.json()["verdict"], "fail");
    crate::schema::check(&report);
}

#[test]
fn a_binary_that_nothing_happened_to_is_proved() {
    let report = doctored("prove --format json", "whole").exits(0).json();
    assert_eq!(named(&report["functions"], "name", "doctored::sum")["verdict"], "proved");
}

#[test]
fn a_stripped_binary_is_refused() {
    refused("stripped", "no function symbols");
}

#[test]
fn a_binary_whose_marker_is_gone_is_refused() {
    refused("unmarked", "no `.noheap` section");
}

/// What is not in the marker would be no part of any proof.
#[test]
fn a_binary_with_code_that_is_not_in_its_marker_is_refused() {
    refused("misplaced", "code of `doctored::sum` is in the binary and not in its `.noheap` section");
}

#[test]
fn a_binary_that_was_cut_is_refused() {
    refused("cut", "the file is cut or corrupt");
}

#[test]
fn a_binary_with_a_damaged_header_is_refused() {
    refused("corrupt", "the file is cut or corrupt");
}

#[test]
fn a_binary_of_another_architecture_is_refused() {
    refused("foreign", "not 64-bit x86");
}

#[test]
fn what_is_no_binary_at_all_is_refused() {
    refused("garbage", "not an ELF file");
}

#[test]
fn an_allocator_that_no_table_knows_is_refused() {
    refused("bump", "wrap");
}

#[test]
fn a_refusal_reads_well() {
    insta::assert_snapshot!(doctored("prove", "stripped").exits(96).errors());
}

/// A check counts all the same, but where a proof is required, none is no pass.
#[test]
fn a_check_that_requires_a_proof_fails_without_one() {
    let report = doctored("check --no-timing --require-proof --format json", "unmarked").exits(100).json();
    let sum = named(&report["functions"], "name", "doctored::sum");
    assert_eq!((&sum["calls"], &sum["proof"]["state"]), (&1.into(), &"not-analysed".into()));
    assert!(report["problems"][0]["message"].as_str().unwrap().contains(".noheap"), "{report:#}");
}
