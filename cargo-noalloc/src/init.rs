//! `cargo noalloc init`: the dependency, a first benchmark, and a job for CI.
//!
//! Says what it is about to do, keeps what stands in manifests as it is, and overwrites nothing without being told to. All
//! is written or nothing, and nothing through a link that leads out of the package and its workspace.

mod lines;
mod lints;
mod manifest;
mod origin;
mod transaction;

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::options::{Ci, InitOptions};
use crate::shell::Shell;
use manifest::{Dependency, Lints, Manifest};
use origin::Gone;
use transaction::Change;

const BENCH: &str = "benches/hot.rs";

/// A change, and what is said of it.
struct Step {
    change: Change,
    /// What is done to it, as a verb that a green line begins with.
    verb: &'static str,
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
    let places = Places { manifest, folder: manifest.parent().unwrap_or(root), root };
    let steps = steps(&places, options)?;
    if steps.is_empty() {
        shell.status("Finished", "everything is there already");
        return Ok(Exit::Pass);
    }
    for Step { change, verb, what, .. } in &steps {
        shell.status(verb, &format!("{}: {what}", places.shown(&change.path)));
    }
    if options.dry_run {
        shell.status("Finished", "`--dry-run`: nothing was written");
        return Ok(Exit::Pass);
    }
    if let Some(step) = steps.iter().find(|step| step.replaces && !options.yes) {
        let shown = places.shown(&step.change.path);
        if !shell.agrees(&format!("{shown} is there already; replace it?")) {
            return Err(Failure::new(
                Exit::Usage,
                format!("{shown} is there already, and nothing was written"),
            )
            .help("`--yes` replaces it, `--dry-run` shows what would be done"));
        }
    }
    // Manifests come last: they name files that are there.
    let changes: Vec<Change> = steps.into_iter().rev().map(|step| step.change).collect();
    transaction::write(&changes).map_err(|(path, error)| {
        Failure::new(Exit::SetUp, format!("`{}` could not be written: {error}", places.shown(&path)))
            .note("no file was changed")
    })?;
    shell.status("Finished", "now call your hot functions in benches/hot.rs, then run `cargo noalloc check`");
    Ok(Exit::Pass)
}

/// Where things are.
struct Places<'a> {
    /// Of the package.
    manifest: &'a Path,
    /// Of the package.
    folder: &'a Path,
    /// Of the workspace.
    root: &'a Path,
}

impl Places<'_> {
    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap_or(path).display().to_string()
    }

    /// Where something is written that is meant to stand at `path`: behind its links, which must not lead outside.
    fn target(&self, path: &Path) -> Result<PathBuf, Failure> {
        let link = fs::read_link(path).is_ok();
        let real = if link { fs::canonicalize(path).ok() } else { through_folders(path) };
        let inside = |real: &PathBuf| {
            [self.folder, self.root].iter().any(|folder| real.starts_with(files::real(folder)))
        };
        real.clone().filter(inside).ok_or_else(|| {
            let where_to = real.or_else(|| fs::read_link(path).ok()).unwrap_or_default();
            let message =
                format!("{} leads out of the package, to `{}`", self.shown(path), where_to.display());
            Failure::new(Exit::SetUp, message)
                .note("nothing was written: a symbolic link is followed inside the workspace only")
                .help("take the link away, or write that file by hand")
        })
    }

    fn read(&self, path: &Path) -> Result<String, Failure> {
        files::read_linked(path).map_err(|error| {
            Failure::new(Exit::MetadataFailed, format!("{} cannot be read: {error}", self.shown(path)))
        })
    }
}

/// A place in the folders that are there, without the links among them.
fn through_folders(path: &Path) -> Option<PathBuf> {
    let there = path.ancestors().skip(1).find(|folder| folder.exists())?;
    Some(fs::canonicalize(there).ok()?.join(path.strip_prefix(there).ok()?))
}

fn steps(places: &Places<'_>, options: &InitOptions) -> Result<Vec<Step>, Failure> {
    let mut manifest = Manifest::parse(&places.read(places.manifest)?, &places.shown(places.manifest))?;
    let of_root = places.root.join("Cargo.toml");
    let mut workspace = match files::real(&of_root) == files::real(places.manifest) {
        true => None,
        false => Some(Manifest::parse(&places.read(&of_root)?, &places.shown(&of_root))?),
    };
    let name = manifest.no_heap();
    if name.is_none() {
        let shares = workspace.as_ref().unwrap_or(&manifest).shares_no_heap();
        let dependency = dependency(shares, options)?;
        manifest.depend(&dependency, &files::real(places.folder));
    }
    manifest.bench();
    match (manifest.lints(), &mut workspace) {
        (Lints::OfWorkspace, Some(workspace)) => workspace.declare_cfg(Lints::OfWorkspace),
        (lints, _) => manifest.declare_cfg(lints),
    }
    let mut files = vec![(
        places.folder.join(BENCH),
        first_bench(name.as_deref().unwrap_or("no_heap")),
        "a first benchmark",
    )];
    // A benchmark that is there is somebody's work.
    files.retain(|(path, ..)| !path.exists());
    match options.ci {
        Some(Ci::Github) => {
            files.push((places.root.join(".github/workflows/noalloc.yml"), GITHUB.to_owned(), "a workflow"));
        }
        Some(Ci::Gitlab) => files.push((places.root.join(".gitlab-ci.yml"), GITLAB.to_owned(), "a job")),
        None => {}
    }
    // Where a benchmark stands elsewhere, it is refused and not taken for somebody's work.
    places.target(&places.folder.join(BENCH))?;
    let mut steps = Vec::new();
    let of_package = std::iter::once((&manifest, places.manifest));
    for (manifest, path) in of_package.chain(workspace.as_ref().map(|workspace| (workspace, &*of_root))) {
        if !manifest.added.is_empty() {
            let change = Change { path: places.target(path)?, text: manifest.text() };
            let what = listed(&manifest.added);
            steps.push(Step { change, verb: "Adding", what, replaces: false });
        }
    }
    for (path, text, what) in files {
        steps.push(new(places, &path, text, what)?);
    }
    steps.retain(|step| files::read_linked(&step.change.path).ok().as_ref() != Some(&step.change.text));
    Ok(steps)
}

fn new(places: &Places<'_>, path: &Path, text: String, what: &str) -> Result<Step, Failure> {
    let path = places.target(path)?;
    let replaces = files::is_there(&path);
    if replaces && !path.is_file() {
        let message = format!("{} is no regular file, and nothing was written", places.shown(&path));
        return Err(Failure::new(Exit::SetUp, message));
    }
    let verb = if replaces { "Replacing" } else { "Creating" };
    Ok(Step { change: Change { path, text }, verb, what: what.to_owned(), replaces })
}

fn dependency(shared: bool, options: &InitOptions) -> Result<Dependency<'_>, Failure> {
    if let Some(path) = &options.no_heap {
        return Ok(Dependency::Given(path));
    }
    if shared {
        return Ok(Dependency::OfWorkspace);
    }
    origin::of_this_tool().map(Dependency::Of).map_err(|Gone(folder)| {
        let message =
            format!("this tool was installed from `{}`, which is not there any more", folder.display());
        Failure::new(Exit::SetUp, message)
            .note("the `no_heap` that belongs to it lay beside that folder")
            .help("name it with `--no-heap PATH`, or add the dependency yourself: `cargo add no_heap`")
    })
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// Where `no_heap` is called `name`.
fn first_bench(name: &str) -> String {
    if name == "no_heap" {
        return FIRST_BENCH.to_owned();
    }
    FIRST_BENCH
        .replace("use no_heap::{", &format!("use {name}::{{"))
        .replace("#[no_heap]", &format!("#[no_heap(crate = {name})]"))
        .replace("#[no_heap::bench]", &format!("#[{name}::bench(crate = {name})]"))
        .replace("no_heap::main!", &format!("{name}::main!"))
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
