//! The action and the workflows that the documentation shows, which run on other machines: what can be false of them here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

use crate::support::repository;

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn yaml(text: &str) -> Value {
    yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn action() -> Value {
    yaml(&read("action.yml"))
}

/// The action, and each block of YAML in docs/ci.md; `init` writes two of these, as another test sees to.
fn documents() -> Vec<Value> {
    let page = read("docs/ci.md");
    let blocks = page.split("```yaml\n").skip(1).map(|rest| yaml(rest.split("```").next().unwrap()));
    let documents: Vec<Value> = blocks.chain([action()]).collect();
    assert!(documents.len() > 5, "{}", documents.len());
    documents
}

/// All that stands below `key`, wherever that is.
fn below<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    match value {
        Value::Object(fields) => {
            let here = fields.get(key).into_iter();
            here.chain(fields.values().flat_map(|value| below(value, key))).collect()
        }
        Value::Array(list) => list.iter().flat_map(|value| below(value, key)).collect(),
        _ => Vec::new(),
    }
}

fn steps(document: &Value) -> Vec<&Value> {
    below(document, "steps").into_iter().flat_map(|steps| steps.as_array().unwrap()).collect()
}

fn scripts(document: &Value) -> Vec<&str> {
    steps(document).into_iter().filter_map(|step| step["run"].as_str()).collect()
}

fn found(pattern: &str, text: &str) -> BTreeSet<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found[1].to_owned()).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_action_uses_the_inputs_that_it_declares() {
    assert_eq!(found(r"inputs\.([\w-]+)", &read("action.yml")), keys(&action()["inputs"]));
}

#[test]
fn the_documentation_gives_the_action_inputs_that_it_has() {
    let (name, inputs) = (own_name(), keys(&action()["inputs"]));
    let documents = documents();
    let own = documents.iter().flat_map(steps).filter(|step| {
        step["uses"].as_str().is_some_and(|uses| uses.split('@').next() == Some(name.as_str()))
    });
    let given: Vec<BTreeSet<String>> = own.map(|step| keys(&step["with"])).collect();
    assert!(!given.is_empty(), "{name} is nowhere used");
    assert!(given.iter().all(|given| given.is_subset(&inputs)), "{given:?}");
}

/// `owner/name` on GitHub, from the manifest.
fn own_name() -> String {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let url = manifest["workspace"]["package"]["repository"].as_str().unwrap();
    url.strip_prefix("https://github.com/").unwrap().to_owned()
}

#[test]
fn what_is_installed_is_this_tool() {
    let url = format!("https://github.com/{}", own_name());
    let mut installed = 0;
    for document in documents() {
        for line in
            scripts(&document).into_iter().chain(below(&document, "script").into_iter().flat_map(lines))
        {
            let Some(words) = line.strip_prefix("cargo install ") else { continue };
            installed += 1;
            let from_git = format!("--locked --git {url} cargo-noalloc");
            let from_here = "--locked --path \"$GITHUB_ACTION_PATH/cargo-noalloc\"";
            assert!(words.trim() == from_git || words.trim() == from_here, "{line}");
        }
    }
    assert!(installed > 3, "{installed}");
    assert!(read("cargo-noalloc/Cargo.toml").contains("name = \"cargo-noalloc\""));
}

/// GitLab's scripts are lists of lines.
fn lines(script: &Value) -> impl Iterator<Item = &str> {
    script.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[test]
fn scripts_are_bash_and_hold_no_text_of_others() {
    let mut seen = 0;
    for script in documents().iter().flat_map(scripts) {
        seen += 1;
        let check = Command::new("bash").args(["-n", "-c", script]).output().unwrap();
        assert!(check.status.success(), "{script}\n{}", String::from_utf8_lossy(&check.stderr));
        // The name of a branch would be run: what comes from outside goes through the environment.
        assert!(!script.contains("${{"), "{script}");
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn scripts_know_every_variable_that_they_use() {
    for document in &documents() {
        for step in steps(document) {
            let Some(script) = step["run"].as_str() else { continue };
            let mut known = found(r"(?m)^\s*(\w+)=", script);
            known.extend(step["env"].as_object().into_iter().flat_map(|env| env.keys().cloned()));
            for used in found(r"\$\{?(\w+)", script) {
                let of_runner = used.starts_with("RUNNER_") || used.starts_with("GITHUB_");
                assert!(of_runner || known.contains(&used), "`{used}` in\n{script}");
            }
        }
    }
}

#[test]
fn the_action_names_the_shell_of_each_script() {
    let action = action();
    for step in steps(&action).into_iter().filter(|step| step["run"].is_string()) {
        assert_eq!(step["shell"], "bash", "GitHub demands it of composite actions: {step:#}");
    }
}

#[test]
fn what_is_uploaded_was_written_before() {
    let mut uploads = 0;
    for document in &documents() {
        let mut written = BTreeSet::new();
        for step in steps(document) {
            let script = step["run"].as_str().unwrap_or_default();
            written.extend(found(r"--format [\w-]+=(?:\S*/)?([\w$.-]+)", script));
            for file in
                [&step["with"]["sarif_file"], &step["with"]["path"]].into_iter().filter_map(Value::as_str)
            {
                // A cache is no upload.
                if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/cache@")) {
                    continue;
                }
                uploads += 1;
                let name = file.rsplit('/').next().unwrap().replace("${{ matrix.part }}", "$PART");
                assert!(written.contains(&name), "`{name}` among {written:?}");
            }
        }
    }
    assert!(uploads >= 3, "{uploads}");
}

#[test]
fn one_action_has_one_version_everywhere() {
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for step in documents().iter().flat_map(steps) {
        let Some(uses) = step["uses"].as_str() else { continue };
        let (name, version) = uses.split_once('@').expect("a version is named");
        // Those of one repository are published together.
        let repository: Vec<&str> = name.split('/').take(2).collect();
        versions.entry(repository.join("/")).or_default().insert(version.to_owned());
    }
    let uneven: Vec<_> = versions.iter().filter(|(_, versions)| versions.len() > 1).collect();
    assert!(versions.len() > 3 && uneven.is_empty(), "{uneven:?}");
}

/// What GitHub is asked, in words, when `gh` answers with these numbers of comments that have our mark.
fn asked_of_github(ours: &str) -> String {
    let action = action();
    let script = scripts(&action).into_iter().find(|script| script.contains("gh api")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("noalloc.md"), "the report\n").unwrap();
    let answer =
        "#!/bin/sh\necho \"$@\" >> asked\ncase \"$*\" in *--paginate*) printf '%s' \"$OURS\";; esac\n";
    fs::write(path("gh"), answer).unwrap();
    fs::set_permissions(path("gh"), fs::Permissions::from_mode(0o755)).unwrap();
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = [folder.path().to_owned()].into_iter().chain(std::env::split_paths(&others));
    // As GitHub runs a script of `shell: bash`.
    let run = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(folder.path())
        .env("PATH", std::env::join_paths(all).unwrap())
        .envs([("COMMENTS", "of/this/one"), ("EARLIER", "of/all"), ("OURS", ours)])
        .env("RUNNER_TEMP", folder.path())
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let comment = fs::read_to_string(path("comment.md")).unwrap();
    assert_eq!(comment, "<!-- cargo-noalloc -->\nthe report\n");
    let asked = fs::read_to_string(path("asked")).unwrap();
    asked.lines().last().unwrap().replace(Path::new(folder.path()).to_str().unwrap(), "…")
}

#[test]
fn the_action_keeps_one_comment_up_to_date() {
    let body = "--field body=@…/comment.md";
    assert_eq!(asked_of_github(""), format!("api --silent --method POST of/this/one {body}"));
    for ours in ["17\n", "17\n23\n"] {
        assert_eq!(asked_of_github(ours), format!("api --silent --method PATCH of/all/17 {body}"));
    }
}
