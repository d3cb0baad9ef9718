//! What a user's machine and workspace may look like: folders, compilers in wrappers, other cargos, other people's
//! sources, trees that cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, Project, Tool, named, repository, scrub, shared_target_dir};

/// Seven calls of `hot`, each with its allocation on the line that has it.
#[track_caller]
fn assert_seen(outcome: Outcome) -> Value {
    let report = outcome.exits(100).json();
    let hot = named(&report["functions"], "name", "setups::hot");
    assert_eq!([&hot["calls"], &hot["allocs"], &hot["frees"]], [7, 7, 7], "{report:#}");
    let finding = named(&report["findings"], "rule", "heap-in-hot-path");
    assert_eq!(finding["place"]["file"], "src/main.rs", "{report:#}");
    report
}

/// A program of `sh` beside the project's manifest.
fn script(project: &Project, name: &str, text: &str) -> PathBuf {
    let path = project.root.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn builds_go_to_the_folders_that_are_configured() {
    let project = Project::own("setups", "app");
    // What is built on the way stands where every other fixture finds it.
    let build_dir = shared_target_dir();
    project.write(
        ".cargo/config.toml",
        &format!("[build]\ntarget-dir = \"of the file\"\nbuild-dir = {build_dir:?}\n"),
    );
    let check = |folder: &str, tool: Tool| {
        assert_seen(tool.run());
        let there = fs::read_dir(&project.root).unwrap().map(|entry| entry.unwrap().file_name());
        let made: Vec<_> = there.filter(|name| project.root.join(name).join("noalloc").exists()).collect();
        assert_eq!(made, [folder], "nothing is built elsewhere");
        let audit = project.root.join(folder).join("noalloc");
        assert!(audit.join("last-check.json").exists());
        let released = format!("{}/release", crate::flags::triple());
        assert!(audit.join(&released).join("setups").exists(), "the program lies there");
        assert!(
            !audit.join(&released).join("deps").exists(),
            "and what it was made of in the build directory"
        );
        fs::remove_dir_all(project.root.join(folder)).unwrap();
    };
    let tool = || project.check_json("--bin setups");
    check("of the file", tool().without_env("CARGO_TARGET_DIR").without_env("CARGO_BUILD_BUILD_DIR"));
    check("of the variable", tool().built_in("of the variable"));
    check("of the option", tool().arg("--target-dir").arg("of the option"));
}

#[test]
fn what_wraps_the_compiler_wraps_the_audits_too() {
    let wrap = |level: &str, set: &dyn Fn(&Project, &Path, Tool) -> Tool| {
        let project = Project::own("setups", "app");
        let said = project.root.join("said");
        let wrapper = script(&project, "wrapper", &format!("echo \"$@\" >> {said:?}\nexec \"$@\""));
        // Compiled anew for each of them.
        let source = fs::read_to_string(project.root.join("src/main.rs")).unwrap();
        project.write("src/main.rs", &format!("{source}// {level}\n"));
        assert_seen(set(&project, &wrapper, project.check_json("--bin setups")).run());
        let said = fs::read_to_string(said).unwrap_or_default();
        let compiled = said.lines().find(|line| line.contains("--crate-name setups"));
        assert!(compiled.is_some_and(|line| line.contains("noalloc_audit")), "{level}:\n{said}");
    };
    let variable =
        |name: &'static str| move |_: &Project, wrapper: &Path, tool: Tool| tool.env(name, wrapper);
    wrap("RUSTC_WRAPPER", &variable("RUSTC_WRAPPER"));
    wrap("RUSTC_WORKSPACE_WRAPPER", &variable("RUSTC_WORKSPACE_WRAPPER"));
    for key in ["rustc-wrapper", "rustc-workspace-wrapper"] {
        wrap(key, &|project, wrapper, tool| {
            project.write(".cargo/config.toml", &format!("[build]\n{key} = {wrapper:?}\n"));
            tool
        });
        wrap(&format!("--config {key}"), &|_, wrapper, tool| {
            tool.arg("--config").arg(format!("build.{key}={wrapper:?}"))
        });
    }
}

/// `cargo +NAME noalloc` is the cargo of that toolchain, which calls us with its own path and rustup's variable.
#[test]
fn the_cargo_that_called_does_all_the_work_and_hears_what_it_has_to() {
    let project = Project::own("setups", "app");
    let list = project.root.join("said");
    let real = std::env::var("CARGO").unwrap();
    let cargo = script(
        &project,
        "cargo",
        &format!("echo \"[$RUSTUP_TOOLCHAIN]\" \"$@\" >> {list:?}\nexec {real:?} \"$@\""),
    );
    // Of the name that rustup has given, where it is there at all, because the compiler is found by it.
    let toolchain = std::env::var("RUSTUP_TOOLCHAIN").unwrap_or_default();
    let report = assert_seen(project.check_json("--bin setups --offline").env("CARGO", &cargo).run());
    let said = fs::read_to_string(&list).unwrap();
    let calls = said.lines().map(|line| line.split_once("] ").expect("the toolchain stands first"));
    // It is also asked for its version.
    let calls: Vec<(&str, &str)> = calls.filter(|(_, words)| !words.starts_with('-')).collect();
    let [(first, metadata), (second, build)] = calls[..] else { panic!("{said}") };
    assert_eq!([first, second].map(|name| name.trim_start_matches('[')), [toolchain.as_str(); 2]);
    assert!(metadata.starts_with("metadata ") && build.starts_with("build "), "{said}");
    assert!(metadata.contains(" --offline") && build.contains(" --offline"), "{said}");
    // By now the lock file is up to date.
    for word in ["--locked", "--frozen", "--all-features", "--no-default-features"] {
        fs::remove_file(&list).unwrap();
        let tool = project.check_json("--bin setups").arg(word).env("CARGO", &cargo);
        assert_seen(tool.run());
        let said = fs::read_to_string(&list).unwrap();
        assert_eq!(said.matches(&format!(" {word}")).count(), 2, "{said}");
    }
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    assert_eq!(report["environment"]["rustc"], String::from_utf8_lossy(&version).trim());
}

#[test]
fn other_peoples_sources_may_lie_in_the_workspace() {
    let run = Project::own("vendored", "app").check_json("--bin vendored --offline").run().exits(100);
    let report = run.json();
    let finding = |function: &str| {
        let finding = named(&report["findings"], "function", function);
        let place = &finding["place"];
        let place = format!("{}:{}:{}", place["file"].as_str().unwrap(), place["line"], place["column"]);
        (place, finding["construct"].clone(), finding["chain"].clone())
    };
    // What a vendored crate does is reported where the user has called it.
    let (place, _, chain) = finding("vendored::hashes");
    assert_eq!(place, "src/main.rs:7:27");
    let boxed = named(&chain, "function", "hashed::boxed");
    assert_eq!([&boxed["file"], &boxed["crate"]], ["vendor/hashed/src/lib.rs", "hashed"], "{boxed:#}");
    assert_eq!(boxed["user"], false, "{boxed:#}");
    // A promise of that crate's author is reported in that crate.
    let (place, construct, _) = finding("hashed::hot");
    assert_eq!((place.as_str(), construct.as_str()), ("vendor/hashed/src/lib.rs:14:27", Some("Box::new")));
    for function in ["vendored::hashes", "hashed::hot"] {
        assert_eq!(named(&report["functions"], "name", function)["calls"], 7);
    }
}

/// What is published is all that is needed, and its frames are not taken for somebody else's.
#[test]
fn no_heap_may_come_from_a_registry() {
    let project = Project::own("setups", "app");
    let vendor = project.root.join("vendor");
    let package = |more: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        scrub(&mut cargo);
        cargo.args(["package", "--no-verify", "--allow-dirty", "-p", "no_heap", "-p", "noalloc-macros"]);
        cargo.args(more).arg("--target-dir").arg(&vendor).current_dir(repository()).output().unwrap()
    };
    // What it asks the registry for may not have been asked yet.
    let mut packed = package(&["--offline"]);
    if !packed.status.success() {
        packed = package(&[]);
    }
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    for name in ["no_heap", "noalloc-macros"] {
        let file = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
        let mut unpack = Command::new("tar");
        unpack.arg("-xzf").arg(vendor.join(format!("package/{file}.crate"))).arg("-C").arg(&project.root);
        assert!(unpack.status().unwrap().success());
        project.write(&format!("{file}/.cargo-checksum.json"), "{\"files\":{}}");
        fs::rename(project.root.join(file), vendor.join(name)).unwrap();
    }
    // Beside the packages this folder must hold nothing.
    for entry in fs::read_dir(&vendor).unwrap().map(|entry| entry.unwrap().path()) {
        if !entry.join("Cargo.toml").exists() {
            fs::remove_dir_all(&entry).or_else(|_| fs::remove_file(&entry)).unwrap();
        }
    }
    let config = repository().join("tests/fixtures/vendored/.cargo/config.toml");
    project.write(".cargo/config.toml", &fs::read_to_string(config).unwrap());
    let manifest = fs::read_to_string(project.root.join("Cargo.toml")).unwrap();
    let (before, _) = manifest.split_once("no_heap = ").unwrap();
    let dependencies = "no_heap = { version = \"*\", registry = \"house\" }\n\n\
                        [patch.crates-io]\nnoalloc-macros = { path = \"vendor/noalloc-macros\" }\n\n\
                        [profile.bench]\nopt-level = 0\n";
    project.write("Cargo.toml", &format!("{before}{dependencies}"));
    let report = assert_seen(project.check_json("--bin setups --offline").run());
    let finding = named(&report["findings"], "rule", "heap-in-hot-path");
    let chain = finding["chain"].as_array().unwrap().iter();
    let users: Vec<&Value> =
        chain.filter(|frame| frame["user"] == true).map(|frame| &frame["function"]).collect();
    assert_eq!(users, ["setups::hot"]);
}

/// Runs `words` where the folder `root` cannot be written, not even by root. `None`: this machine cannot do that.
fn where_nothing_can_be_written(root: &Path) -> Option<Command> {
    const BOUND: &str =
        "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && cd \"$0\" && exec \"$@\"";
    let spaces: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    spaces.into_iter().find_map(|space| {
        let inside = || {
            let mut command = Command::new("unshare");
            command.args(space).args(["sh", "-c", BOUND]).arg(root);
            command
        };
        let probe = inside().args(["sh", "-c", "! touch probe && test -f Cargo.toml"]).output();
        let done = probe.is_ok_and(|probe| probe.status.success());
        (done && !root.join("probe").exists()).then(inside)
    })
}

/// Nobody can install such a right, so that no gate fails for want of it.
#[expect(clippy::print_stderr, reason = "who runs the tests has to hear of it")]
fn not_allowed(what: &str) {
    eprintln!("not tried, because this machine does not allow {what}");
}

#[test]
fn a_tree_that_cannot_be_written_is_checked_into_another_folder() {
    let project = Project::own("setups", "app");
    // Cargo itself would write it.
    let check = |read_only: Option<Command>| {
        let mut tool = project.check_json("--bin setups");
        tool.inside(read_only?);
        Some(tool.run())
    };
    assert_seen(project.check_json("--bin setups").run());
    let Some(run) = check(where_nothing_can_be_written(&project.root)) else {
        return not_allowed("`unshare` and `mount`, which make a folder read-only");
    };
    assert_seen(run);
    // Where the target directory lies in the tree, it is said what is in the way.
    let mut inside = project.check("--bin setups").arg("--target-dir").arg("target");
    inside.inside(where_nothing_can_be_written(&project.root).unwrap());
    let refused = inside.run();
    assert!(refused.code.is_some_and(|code| code != 0 && code != 100), "{}", refused.stderr);
    assert!(refused.stderr.contains("--target-dir"), "the way out is named:\n{}", refused.stderr);
}
