//! A workspace without a package at its root, whose members know `no_heap` in every way that cargo has.

use crate::support::{Project, named};

#[test]
fn every_way_to_depend_on_no_heap_is_seen() {
    let run = Project::shared("family").check_json("--workspace --benches --lib").run().exits(100);
    let report = run.json();
    // The benchmark calls each function seven times, the library's test its own once.
    for (name, calls) in [("below::hot", 7), ("optional::hot", 7), ("renamed::hot", 7), ("dev_only::hot", 1)]
    {
        let function = named(&report["functions"], "name", name);
        assert_eq!([&function["calls"], &function["allocs"]], [calls, calls], "{function:#}");
    }
    let permitted = named(&report["functions"], "name", "below::permitted");
    assert_eq!([&permitted["calls"], &permitted["allocs"], &permitted["frees"]], [7, 0, 0], "{permitted:#}");
    let copied: Vec<_> =
        report["functions"].as_array().unwrap().iter().filter(|f| f["name"] == "copied::hot").collect();
    let mut bytes: Vec<_> = copied.iter().map(|function| function["bytes"].as_u64().unwrap()).collect();
    bytes.sort_unstable();
    assert_eq!(bytes, [28, 56], "two versions of a crate are two functions: {copied:#?}");
    let skipped = named(&report["targets"], "name", "wanting");
    assert_eq!(skipped["status"], "skipped", "{skipped:#}");
}

#[test]
fn features_are_those_of_the_command_line() {
    for words in ["-F wanted", "--features app/wanted", "--all-features"] {
        let run = Project::shared("family").check_json(&format!("-p app --bench wanting {words}")).run();
        assert_eq!(named(&run.json()["targets"], "name", "wanting")["status"], "ok", "{words}");
    }
}
