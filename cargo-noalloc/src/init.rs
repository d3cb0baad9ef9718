//! `cargo noalloc init`: the dependency, a first benchmark, and a job for CI.
//!
//! Says what it is about to do, keeps the manifest's formatting, and overwrites nothing without being told to.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::options::{Ci, InitOptions};
use crate::shell::Shell;

const BENCH: &str = "benches/hot.rs";

/// A file and what is to stand in it.
struct Step {
    path: PathBuf,
    text: String,
    /// What is done to it, as a verb that a green line begins with.
    verb: &'static str,
    /// What is said of it.
    what: String,
    /// Something else stands there.
    replaces: bool,
}

/// Does it, or with `--dry-run` only says it.
pub(crate) fn init(
    manifest: &Path,
    root: &Path,
    options: &InitOptions,
    shell: Shell,
) -> Result<Exit, Failure> {
    let steps = steps(manifest, root, options)?;
    if steps.is_empty() {
        shell.status("Finished", "everything is there already");
        return Ok(Exit::Pass);
    }
    for step in &steps {
        let shown = step.path.strip_prefix(root).unwrap_or(&step.path).display();
        shell.status(step.verb, &format!("{shown}: {}", step.what));
    }
    if options.dry_run {
        shell.status("Finished", "`--dry-run`: nothing was written");
        return Ok(Exit::Pass);
    }
    if let Some(step) = steps.iter().find(|step| step.replaces && !options.yes) {
        let shown = step.path.strip_prefix(root).unwrap_or(&step.path).display();
        if !shell.agrees(&format!("{shown} is there already; replace it?")) {
            return Err(Failure::new(
                Exit::Usage,
                format!("{shown} is there already, and nothing was written"),
            )
            .help("`--yes` replaces it, `--dry-run` shows what would be done"));
        }
    }
    for step in &steps {
        let folder = step.path.parent().unwrap_or(root);
        fs::create_dir_all(folder).and_then(|()| files::replace(&step.path, &step.text)).map_err(
            |error| {
                Failure::new(Exit::SetUp, format!("`{}` could not be written: {error}", step.path.display()))
            },
        )?;
    }
    shell.status("Finished", "now call your hot functions in benches/hot.rs, then run `cargo noalloc check`");
    Ok(Exit::Pass)
}

fn steps(manifest: &Path, root: &Path, options: &InitOptions) -> Result<Vec<Step>, Failure> {
    let folder = manifest.parent().unwrap_or(root);
    let mut steps = Vec::new();
    let before = fs::read_to_string(manifest).map_err(|error| {
        Failure::new(Exit::MetadataFailed, format!("`{}` cannot be read: {error}", manifest.display()))
    })?;
    let (after, added) = edited(&before, options.no_heap.as_deref())?;
    if !added.is_empty() {
        let what = added.join(" and ");
        steps.push(Step { path: manifest.to_owned(), text: after, verb: "Adding", what, replaces: false });
    }
    let mut create = |path: PathBuf, text: &str, what: &str| {
        let there = fs::read_to_string(&path).ok();
        if there.as_deref() != Some(text) {
            let replaces = there.is_some();
            let verb = if replaces { "Replacing" } else { "Creating" };
            steps.push(Step { path, text: text.to_owned(), verb, what: what.to_owned(), replaces });
        }
    };
    // A benchmark that is there is somebody's work.
    if !folder.join(BENCH).exists() {
        create(folder.join(BENCH), FIRST_BENCH, "a first benchmark");
    }
    match options.ci {
        Some(Ci::Github) => create(root.join(".github/workflows/noalloc.yml"), GITHUB, "a workflow"),
        Some(Ci::Gitlab) => create(root.join(".gitlab-ci.yml"), GITLAB, "a job"),
        None => {}
    }
    Ok(steps)
}

/// The manifest with what it lacks, and what that is.
fn edited(text: &str, path: Option<&str>) -> Result<(String, Vec<&'static str>), Failure> {
    let mut manifest: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Failure::new(Exit::MetadataFailed, format!("the manifest does not parse: {}", error.message()))
    })?;
    let mut added = Vec::new();
    let dependencies = manifest.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
    if dependencies.get("no_heap").is_none() {
        dependencies["no_heap"] = match path {
            Some(path) => {
                let mut inline = toml_edit::InlineTable::new();
                inline.insert("path", path.into());
                value(inline)
            }
            None => value(no_heap_version()),
        };
        added.push("the dependency `no_heap`");
    }
    let benches = manifest.entry("bench").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(benches) = benches.as_array_of_tables_mut() {
        let named = |bench: &Table| bench.get("name").and_then(Item::as_str) == Some("hot");
        if !benches.iter().any(named) {
            let mut bench = Table::new();
            bench["name"] = value("hot");
            bench["harness"] = value(false);
            benches.push(bench);
            added.push("the benchmark `hot`");
        }
    }
    Ok((manifest.to_string(), added))
}

/// `0.1` of `0.1.0`: the recorder and the tool are released together.
fn no_heap_version() -> &'static str {
    env!("CARGO_PKG_VERSION").rsplit_once('.').map_or(env!("CARGO_PKG_VERSION"), |(minor, _)| minor)
}

const FIRST_BENCH: &str = r#"//! Calls every hot function. `cargo noalloc check` counts and times what they do; `cargo bench` times only.

use no_heap::{Bencher, no_heap};

/// An example: put `#[no_heap]` on your own functions instead, and call them below.
#[no_heap]
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(17, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)))
}

#[no_heap::bench]
fn checksum_of_a_packet(b: &mut Bencher) {
    let packet = [7; 1500];
    b.iter(|| checksum(&packet));
}

no_heap::main!();
"#;

const GITHUB: &str = include_str!("init/github.yml");

const GITLAB: &str = include_str!("init/gitlab.yml");

#[cfg(test)]
mod tests {
    use super::edited;

    #[test]
    fn formatting_and_comments_stay() {
        let text = "# mine\n[package]\nname   = \"app\"  # odd\n\n[dependencies]\nlog = \"0.4\" # keep\n";
        let (after, added) = edited(text, None).expect("it is a manifest");
        assert_eq!(added.len(), 2);
        let expected = format!("{text}no_heap = \"0.1\"\n\n[[bench]]\nname = \"hot\"\nharness = false\n");
        assert_eq!(after, expected);
        let (again, added) = edited(&after, None).expect("it is a manifest");
        assert_eq!((again, added.len()), (after, 0));
    }

    #[test]
    fn a_manifest_that_does_not_parse_is_refused() {
        assert!(edited("[package\n", None).is_err());
    }
}
