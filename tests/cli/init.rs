//! `init`, `completions`, `man`, and the commands and files that the documentation shows.

use std::fs;

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

#[test]
fn what_init_sets_up_can_be_checked() {
    let project = fresh();
    let no_heap = repository().join("no_heap");
    let words = ["init", "--ci", "github", "--no-heap", no_heap.to_str().unwrap()];
    let dry = project.noalloc(words).arg("--dry-run").run().exits(0).stderr;
    for line in [
        "Adding Cargo.toml: the dependency `no_heap` and the benchmark `hot`",
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
    let report = project.check_json("").run().exits(0).json();
    assert_eq!(report["functions"][0]["calls"], 1000, "{report:#}");
    assert_eq!(report["verdict"], "pass");
    let again = project.noalloc(words).run().exits(0).stderr;
    assert!(again.contains("everything is there already"), "{again}");
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
