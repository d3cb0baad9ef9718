//! The audit's flags come to the user's, and take none of them away; whatever the profile says.

use serde_json::Value;

use crate::support::{Outcome, Project, named, shared_target_dir};

/// The audit worked: seven calls, each with an allocation on the line that has it.
#[track_caller]
fn assert_seen(outcome: Outcome, function: &str) -> Value {
    let report = outcome.exits(100).json();
    let found = named(&report["functions"], "name", function);
    assert_eq!([&found["calls"], &found["allocs"]], [7, 7], "{report:#}");
    let finding = named(&report["findings"], "rule", "heap-in-hot-path");
    assert_eq!(finding["place"]["file"], "src/lib.rs", "{report:#}");
    assert_eq!(finding["place"]["column"], 27, "{report:#}");
    report
}

pub(crate) fn triple() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn flags_of_every_level_survive() {
    const FLAG: &str = "--cfg=users_own";
    let project = || Project::own("flags", "app");
    let configured = |text: &str| {
        let project = project();
        project.write(".cargo/config.toml", text);
        project.check_json("").run()
    };
    let triple = triple();
    assert_seen(configured(&format!("[build]\nrustflags = [\"{FLAG}\"]")), "flags::hot");
    assert_seen(configured(&format!("[target.{triple}]\nrustflags = \"{FLAG}\"")), "flags::hot");
    assert_seen(configured(&format!("[target.'cfg(unix)']\nrustflags = [\"{FLAG}\"]")), "flags::hot");
    let both =
        format!("[build]\nrustflags = [\"--cfg=lost\"]\n[target.'cfg(unix)']\nrustflags = [\"{FLAG}\"]");
    assert_seen(configured(&both), "flags::hot");
    // A string cannot be merged with a list, and cargo takes equal flags of two levels for what they are.
    assert_seen(configured(&format!("[build]\nrustflags = \"{FLAG}\"")), "flags::hot");
    let equal = format!("[build]\nrustflags = [\"{FLAG}\"]\n[target.{triple}]\nrustflags = [\"{FLAG}\"]");
    assert_seen(configured(&equal), "flags::hot");
    // A list without a flag puts nothing in force.
    let empty = format!("[build]\nrustflags = [\"{FLAG}\"]\n[target.{triple}]\nrustflags = []");
    assert_seen(configured(&empty), "flags::hot");

    assert_seen(project().check_json("").env("RUSTFLAGS", FLAG).run(), "flags::hot");
    let encoded = project();
    let encoded =
        encoded.check_json("").env("CARGO_ENCODED_RUSTFLAGS", FLAG).env("RUSTFLAGS", "--cfg=lost").run();
    assert_seen(encoded, "flags::hot");
    assert_seen(project().check_json("").env("CARGO_BUILD_RUSTFLAGS", FLAG).run(), "flags::hot");
    let of_triple = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace('-', "_"));
    assert_seen(project().check_json("").env(&of_triple, FLAG).run(), "flags::hot");

    for config in [
        format!("build.rustflags=[\"{FLAG}\"]"),
        format!("target.{triple}.rustflags=[\"{FLAG}\"]"),
        format!("target.'cfg(unix)'.rustflags=[\"{FLAG}\"]"),
        format!("target.\"cfg(unix)\".rustflags = \"{FLAG}\""),
        format!("build.rustflags=\"{FLAG}\""),
    ] {
        assert_seen(project().check_json("").arg("--config").arg(config).run(), "flags::hot");
    }
    let file = project();
    file.write("more.toml", &format!("[target.'cfg(unix)']\nrustflags = [\"{FLAG}\"]\n"));
    assert_seen(file.check_json("--config more.toml").run(), "flags::hot");
}

#[test]
fn the_users_own_builds_stay_fresh() {
    let project = Project::own("flags", "fresh");
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg=users_own\"]\n");
    let build = || {
        let mut command = std::process::Command::new("cargo");
        crate::support::scrub(&mut command);
        command.args(["build", "--verbose"]).current_dir(&project.root);
        let output = command.env("CARGO_TARGET_DIR", shared_target_dir()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    build();
    assert_seen(project.check_json("").run(), "flags::hot");
    let again = build();
    assert!(again.contains("Fresh flags") && !again.contains("Compiling"), "{again}");
}

#[test]
fn no_profile_takes_the_lines_away() {
    let words = "--bin profiles --cargo-profile release";
    let report = assert_seen(Project::shared("profiles").check_json(words).run(), "profiles::hot");
    assert_eq!(named(&report["functions"], "name", "profiles::asleep")["verdict"], "unexercised");
    assert_eq!(report["problems"], Value::Array(Vec::new()));
}

#[test]
fn paths_may_have_spaces_quotes_and_letters_of_any_kind() {
    let project = Project::own("endings", "größe \"of' the $HOME/ünd");
    let report = project.check_json("--bench exits").run().exits(103).json();
    assert_eq!(named(&report["functions"], "name", "endings::hot")["calls"], 7);
    assert_eq!(report["findings"][0]["place"]["file"], "src/lib.rs");
}

#[test]
fn a_target_directory_of_any_name_may_be_given() {
    let project = Project::shared("bare");
    let target = tempfile::tempdir().unwrap();
    let odd = target.path().join("größe \"of' it");
    let run = project.check("").arg("--target-dir").arg(&odd).run().exits(4);
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
}

#[test]
fn a_triple_may_be_given() {
    let report = Project::shared("endings").check_json("--bench exits").arg("--target").arg(triple()).run();
    assert_eq!(report.exits(103).json()["environment"]["target"], triple());
}

#[test]
fn the_runner_of_the_target_runs_it() {
    let project = Project::own("endings", "app");
    let runner = "[target.'cfg(unix)']\nrunner = [\"sh\", \"-c\", \"echo ran by a runner; exec \\\"$@\\\"\", \"sh\"]\n";
    project.write(".cargo/config.toml", runner);
    let run = project.check_json("--bench exits").run().exits(103);
    assert!(run.stderr.contains("ran by a runner"), "{}", run.stderr);
    assert_eq!(run.json()["functions"][0]["calls"], 7);
}

#[test]
fn a_runner_may_be_given_on_the_command_line() {
    let project = Project::shared("endings");
    let runner = ["sh", "-c", "echo ran by a runner; exec \"$@\"", "sh"];
    for key in [triple(), "'cfg(unix)'".to_owned()] {
        let tool = project.check_json("--bench exits").arg("--config");
        let run = tool.arg(format!("target.{key}.runner={runner:?}")).run().exits(103);
        assert!(run.stderr.contains("ran by a runner"), "{}", run.stderr);
        assert_eq!(run.json()["functions"][0]["calls"], 7);
    }
}

/// A runner that names itself, then runs what it gets.
fn named_runner(name: &str) -> [String; 4] {
    ["sh".into(), "-c".into(), format!("echo \"ran by {name}\"; exec \"$@\""), "sh".into()]
}

#[test]
fn of_two_runners_the_one_runs_that_cargo_would_take() {
    let triple = triple();
    let ran_by = |name: &str, config: &str, variable: Option<&str>, words: [&str; 2]| {
        let project = Project::own("endings", "app");
        project.write(".cargo/config.toml", config);
        let (keys, runners) = (words, words.map(|word| named_runner(&format!("the option's {word}"))));
        let mut tool = project.check("--bench exits");
        for (key, runner) in keys.iter().zip(&runners).filter(|(key, _)| !key.is_empty()) {
            tool = tool.arg("--config").arg(format!("target.{key}.runner={runner:?}"));
        }
        if let Some(words) = variable {
            let upper = triple.to_uppercase().replace('-', "_");
            tool = tool.env(&format!("CARGO_TARGET_{upper}_RUNNER"), words);
        }
        let said = tool.run().exits(103).stderr;
        assert!(said.contains(&format!("ran by {name}")), "{name}, not:\n{said}");
    };
    let file = |key: &str| format!("[target.{key}]\nrunner = {:?}\n", named_runner("the file's"));
    ran_by("the file's", &file(&triple), None, ["'cfg(unix)'", ""]);
    ran_by("the option's 'cfg(unix)'", &file("'cfg(unix)'"), None, ["'cfg(unix)'", ""]);
    ran_by(&format!("the option's {triple}"), &file(&triple), None, [&triple, "'cfg(unix)'"]);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("runner");
    std::fs::write(&script, "echo ran by the variable\nexec \"$@\"\n").unwrap();
    let variable = format!("sh {}", script.display());
    ran_by("the variable", &file("'cfg(unix)'"), Some(&variable), ["'cfg(unix)'", ""]);
    ran_by(&format!("the option's {triple}"), "", Some(&variable), [&triple, ""]);
}
