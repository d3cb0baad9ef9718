//! A workspace without a package at its root, whose members know `no_heap` in every way that cargo has.

use crate::support::{Project, add_lock_file, named, repository};

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

/// Version of a package in this repository's lock file: one that the machine has.
fn locked(package: &str) -> String {
    let lock = std::fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let rest = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).unwrap().1;
    rest.split_once('"').unwrap().0.to_owned()
}

/// A copy of a registry's package in the workspace, beside a member that depends on the registry's: cargo builds both,
/// and neither `itoa` nor `itoa@1.0.0` says which one is meant.
#[test]
fn a_member_may_share_name_and_version_with_a_package_of_the_registry() {
    let (project, version) = (Project::empty(), locked("itoa"));
    let package = |name: &str| {
        let no_heap = repository().join("no_heap");
        let version = if name == "itoa" { &version } else { "0.1.0" };
        format!(
            "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n\n[dependencies]\n\
             no_heap = {{ path = {no_heap:?}, default-features = false }}\n"
        )
    };
    let test = |krate: &str| format!("#[test]\nfn calls() {{\n    assert_eq!({krate}::hot(7), 7);\n}}\n");
    project.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"a copy/of\", \"app\"]\n");
    project.write("a copy/of/Cargo.toml", &package("itoa"));
    let own = "#[no_heap::no_heap]\npub fn hot(n: u8) -> u8 {\n    *std::hint::black_box(Box::new(n))\n}\n";
    project.write("a copy/of/src/lib.rs", own).write("a copy/of/tests/calls.rs", &test("itoa"));
    project.write("app/Cargo.toml", &format!("{}itoa = \"={version}\"\n", package("app")));
    let of_registry = "itoa::Buffer::new().format(n).parse().unwrap_or_default()";
    project.write(
        "app/src/lib.rs",
        &format!("#[no_heap::no_heap]\npub fn hot(n: u8) -> u8 {{\n    {of_registry}\n}}\n"),
    );
    project.write("app/tests/calls.rs", &test("app"));
    add_lock_file(&project.root);

    let report = project.check_json("--workspace --tests").run().exits(100).json();
    for (name, allocs) in [("itoa::hot", 1), ("app::hot", 0)] {
        let function = named(&report["functions"], "name", name);
        assert_eq!([&function["calls"], &function["allocs"]], [1, allocs], "{function:#}");
    }
    // By its name, and as cargo takes it where that is not enough.
    let path = format!("path+file://{}#itoa@{version}", project.root.join("a%20copy/of").display());
    for spec in ["itoa", &format!("itoa@{version}"), &path] {
        let only = project.check_json("--tests").arg("-p").arg(spec).run().exits(100).json();
        assert_eq!(only["functions"].as_array().unwrap().len(), 1, "{spec}: {only:#}");
        assert_eq!(only["functions"][0]["name"], "itoa::hot", "{spec}");
    }
}
