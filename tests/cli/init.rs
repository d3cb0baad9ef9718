//! `init`, `completions`, `man`, and the commands and files that the documentation shows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Project, repository};

/// A package that knows nothing of the tool.
fn fresh() -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "# mine\n[package]\nname = \"fresh\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    project.write("src/lib.rs", "//! Fresh.\n");
    project
}

/// The tool that runs here lies in a clone, and `no_heap` beside it.
#[test]
fn what_init_sets_up_can_be_checked() {
    let project = fresh();
    let words = ["init", "--ci", "github"];
    let dry = project.noalloc(words).arg("--dry-run").run().exits(0).stderr;
    for line in [
        "Adding Cargo.toml: the dependency `no_heap` from this tool's own clone, the benchmark `hot` and the name \
         `noalloc_audit` for rustc's check of `cfg`s",
        "Creating benches/hot.rs: a first benchmark",
        "Creating .github/workflows/noalloc.yml: a workflow",
    ] {
        assert!(dry.contains(line), "{dry}");
    }
    assert!(!project.root.join("benches").exists() && !project.root.join(".github").exists());
    project.noalloc(words).run().exits(0);
    // Of what it depends on now, the versions that other tests have built.
    fs::copy(repository().join("Cargo.lock"), project.root.join("Cargo.lock")).unwrap();
    let manifest = fs::read_to_string(project.root.join("Cargo.toml")).unwrap();
    assert!(manifest.starts_with("# mine\n[package]\nname = \"fresh\"\n"), "{manifest}");
    project.write(
        "src/lib.rs",
        "//! Fresh.\n\n/// Whether this is an audit.\npub const AUDIT: bool = cfg!(noalloc_audit);\n",
    );
    let run = project.check_json("").run().exits(0);
    assert!(!run.stderr.contains("warning"), "rustc knows the `cfg`:\n{}", run.stderr);
    let report = run.json();
    assert_eq!(report["functions"][0]["calls"], 1000, "{report:#}");
    assert_eq!(report["verdict"], "pass");
    let again = project.noalloc(words).run().exits(0).stderr;
    assert!(again.contains("everything is there already"), "{again}");
}

/// The names in a folder and all below it, each with what stands in it, or where it leads.
fn everything(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for path in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        if let Ok(link) = fs::read_link(&path) {
            all.insert(path, format!("-> {}", link.display()));
        } else if path.is_dir() {
            all.extend(everything(&path));
            all.insert(path, String::new());
        } else if !path.is_file() {
            all.insert(path, "no file".to_owned());
        } else {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            all.insert(path, text);
        }
    }
    all
}

/// `link` makes something in the package, where the path is of another folder; that is refused.
#[track_caller]
fn refused(name: &str, link: &dyn Fn(&Project, &Path), says: &str) {
    let (project, outside) = (fresh(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("mine"), "mine").unwrap();
    fs::create_dir(outside.path().join("folder")).unwrap();
    link(&project, outside.path());
    // Cargo's own file is written anew when anything is asked of it.
    project.noalloc(["list"]).run().exits(0);
    let before = [everything(&project.root), everything(outside.path())];
    let refused = project.noalloc(["init", "--ci", "gitlab", "--yes"]).run().exits(96).stderr;
    assert!(refused.contains(says), "{name}: {refused}");
    assert_eq!([everything(&project.root), everything(outside.path())], before, "{name}");
}

#[test]
fn init_does_all_or_nothing() {
    refused(
        "a benchmark that is elsewhere",
        &|project, outside| {
            fs::create_dir(project.root.join("benches")).unwrap();
            symlink(outside.join("mine"), project.root.join("benches/hot.rs")).unwrap();
        },
        "benches/hot.rs leads out of the package",
    );
    refused(
        "a benchmark that will be elsewhere",
        &|project, outside| {
            fs::create_dir(project.root.join("benches")).unwrap();
            symlink(outside.join("not there"), project.root.join("benches/hot.rs")).unwrap();
        },
        "benches/hot.rs leads out of the package",
    );
    refused(
        "benchmarks that are elsewhere",
        &|project, outside| symlink(outside.join("folder"), project.root.join("benches")).unwrap(),
        "benches/hot.rs leads out of the package",
    );
    refused(
        "a job that is elsewhere",
        &|project, outside| symlink(outside.join("mine"), project.root.join(".gitlab-ci.yml")).unwrap(),
        ".gitlab-ci.yml leads out of the package",
    );
    refused(
        "a manifest that is elsewhere",
        &|project, outside| {
            let manifest = project.root.join("Cargo.toml");
            fs::rename(&manifest, outside.join("manifest")).unwrap();
            symlink(outside.join("manifest"), manifest).unwrap();
        },
        "Cargo.toml leads out of the package",
    );
    refused(
        "a folder in the place of a file",
        &|project, _| fs::create_dir(project.root.join(".gitlab-ci.yml")).unwrap(),
        ".gitlab-ci.yml is no regular file",
    );
    refused(
        "a pipe in the place of a file",
        &|project, _| {
            let job = project.root.join(".gitlab-ci.yml");
            rustix::fs::mknodat(rustix::fs::CWD, job, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
        },
        ".gitlab-ci.yml is no regular file",
    );
    refused(
        "a file in the place of a folder",
        &|project, _| _ = project.write("benches", "mine"),
        "benches/hot.rs` could not be written",
    );
}

#[test]
fn links_inside_the_package_are_followed() {
    let project = fresh();
    let at = |path: &str| project.root.join(path);
    fs::create_dir(at("measured")).unwrap();
    symlink("measured", at("benches")).unwrap();
    fs::rename(at("Cargo.toml"), at("manifest")).unwrap();
    symlink("manifest", at("Cargo.toml")).unwrap();
    project.noalloc(["init"]).run().exits(0);
    assert!(at("measured/hot.rs").is_file());
    assert!(fs::read_link(at("benches")).is_ok() && fs::read_link(at("Cargo.toml")).is_ok());
    assert!(fs::read_to_string(at("manifest")).unwrap().contains("no_heap"));
}

#[test]
fn a_manifest_keeps_its_mark_and_its_line_ends() {
    let project = fresh();
    let manifest = project.root.join("Cargo.toml");
    let before = format!("\u{feff}{}", fs::read_to_string(&manifest).unwrap().replace('\n', "\r\n"));
    fs::write(&manifest, &before).unwrap();
    project.noalloc(["init"]).run().exits(0);
    let after = fs::read_to_string(&manifest).unwrap();
    assert!(after.starts_with(&before), "{after:?}");
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count(), "{after:?}");
}

#[test]
fn a_member_gets_what_its_workspace_shares() {
    let project = Project::empty();
    let no_heap = repository().join("no_heap");
    project.write(
        "Cargo.toml",
        &format!("[workspace]\nmembers = [\"app\"]\n\n[workspace.dependencies]\nno_heap = {{ path = {no_heap:?} }}\n\n[workspace.lints.rust]\nunexpected_cfgs = \"deny\"\n"),
    );
    project.write(
        "app/Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lints]\nworkspace = true\n",
    );
    project.write("app/src/lib.rs", "//! Empty.\n");
    let said = project.noalloc(["init", "-p", "app"]).run().exits(0).stderr;
    for line in [
        "Adding app/Cargo.toml: the dependency `no_heap` and the benchmark `hot`\n",
        "Adding Cargo.toml: the name `noalloc_audit` for rustc's check of `cfg`s\n",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let read = |path: &str| fs::read_to_string(project.root.join(path)).unwrap();
    assert!(
        read("app/Cargo.toml").contains("no_heap = { workspace = true }\n"),
        "{}",
        read("app/Cargo.toml")
    );
    let lint = "unexpected_cfgs = { level = \"deny\", check-cfg = [\"cfg(noalloc_audit)\"] }\n";
    assert!(read("Cargo.toml").ends_with(lint), "{}", read("Cargo.toml"));
}

#[test]
fn a_package_may_call_the_dependency_by_another_name() {
    let project = fresh();
    let no_heap = repository().join("no_heap");
    let manifest = fs::read_to_string(project.root.join("Cargo.toml")).unwrap();
    let dependency = format!("[dependencies]\nhot = {{ package = \"no_heap\", path = {no_heap:?} }}\n");
    project.write("Cargo.toml", &format!("{manifest}\n{dependency}"));
    let said = project.noalloc(["init"]).run().exits(0).stderr;
    assert!(!said.contains("dependency"), "{said}");
    fs::copy(repository().join("Cargo.lock"), project.root.join("Cargo.lock")).unwrap();
    let report = project.check_json("").run().exits(0).json();
    assert_eq!(report["functions"][0]["calls"], 1000, "{report:#}");
}

#[test]
fn init_replaces_nothing_without_being_told() {
    let project = fresh();
    let file = ".gitlab-ci.yml";
    project.write(file, "mine: true\n");
    let words = ["init", "--ci", "gitlab"];
    let refused = project.noalloc(words).run().exits(2);
    assert!(
        refused.stderr.contains(".gitlab-ci.yml is there already, and nothing was written"),
        "{}",
        refused.stderr
    );
    assert_eq!(fs::read_to_string(project.root.join(file)).unwrap(), "mine: true\n");
    assert!(!project.root.join("benches").exists());
    project.noalloc(words).arg("--yes").run().exits(0);
    assert!(fs::read_to_string(project.root.join(file)).unwrap().contains("cargo noalloc check"));
}

#[test]
fn every_shell_gets_its_completions_and_man_its_page() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = Project::empty().noalloc(["completions", shell]).run().exits(0).stdout;
        assert!(text.contains("cargo-noalloc") && text.contains("require-proof"), "{shell}: {text}");
    }
    let page = Project::empty().noalloc(["man"]).run().exits(0).stdout;
    assert!(page.contains(".TH cargo-noalloc 1") && page.contains("heap allocations"), "{page}");
}

#[test]
fn the_documentation_shows_the_files_that_init_writes() {
    let docs = fs::read_to_string(repository().join("docs/ci.md")).unwrap();
    for file in ["github.yml", "gitlab.yml"] {
        let text = fs::read_to_string(repository().join("cargo-noalloc/src/init").join(file)).unwrap();
        assert!(docs.contains(&format!("```yaml\n{text}```")), "{file} in docs/ci.md is another one");
    }
}

/// In an empty folder a command that is understood gets as far as looking for a manifest.
#[test]
fn every_command_in_the_documentation_is_understood() {
    let files = fs::read_dir(repository().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.chain([repository().join("README.md"), repository().join("action.yml")]);
    let mut commands = 0;
    for file in files.filter(|file| file.is_file()) {
        let text = fs::read_to_string(&file).unwrap().replace("\\\n", " ");
        for line in text.lines() {
            let line = line
                .trim()
                .trim_start_matches("- ")
                .trim_start_matches("run: ")
                .trim_start_matches("entry: ");
            let Some(words) = line.trim_start_matches("$ ").strip_prefix("cargo noalloc ") else { continue };
            let words = words.split(" #").next().unwrap().split(" > ").next().unwrap();
            let words = words.split_whitespace().map(|word| {
                word.replace("$ARGS", "--workspace")
                    .replace("$PART", "1")
                    .replace("\"$RUNNER_TEMP/", "")
                    .replace('"', "")
            });
            let words: Vec<String> = words.collect();
            let run = Project::empty().noalloc(&words).run();
            assert!(matches!(run.code, Some(0 | 102)), "{}: {line}\n{}", file.display(), run.stderr);
            commands += 1;
        }
    }
    assert!(commands >= 15, "{commands}");
}
