//! The attribute adds no warning to a crate: every edition, every build, rustc's lints and clippy's.

use crate::support::{Build, cargo, fixtures};

fn check(build: Build, features: &[&str]) {
    let mut cargo = cargo(build);
    cargo.current_dir(fixtures()).args([
        "clippy",
        "--locked",
        "-p",
        "linted-2018",
        "-p",
        "linted-2021",
        "-p",
    ]);
    let output = cargo.arg("linted-2024").args(features).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{build:?} {features:?}: {said}");
    assert!(!said.contains("lib.rs:"), "not even a warning: {said}");
}

#[test]
fn no_lint_complains_of_the_attribute() {
    check(Build::Plain, &[]);
    check(Build::Audit, &[]);
    check(Build::Plain, &["--features", "linted-2024/enforce"]);
}
