//! Which programs bring a global allocator of their own: guessed before the build, from what the last build was and from
//! the source.
//!
//! A wrong guess costs time and nothing else: what was linked is what the compiler says. A right one saves a build that
//! fails.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Whose;
use super::answers::Answers;
use crate::files;
use crate::model::{Certainty, DeclaredAllocator, PlannedTarget};

/// Whose allocator a target may have.
pub(super) struct Guess {
    pub(super) planned: PlannedTarget,
    /// Its sources declare an allocator.
    pub(super) declares: bool,
    pub(super) whose: Whose,
    /// It had the audit's the last time, and its sources look the same.
    pub(super) is_sure: bool,
}

impl Guess {
    pub(super) fn new(planned: &PlannedTarget, search: &Search<'_>, answers: &Answers) -> Guess {
        let declares = search.finds_one(planned);
        let last = answers.of(planned, declares);
        let otherwise = if declares { Whose::Program } else { Whose::Audit };
        Guess {
            planned: planned.clone(),
            declares,
            whose: last.unwrap_or(otherwise),
            is_sure: last == Some(Whose::Audit),
        }
    }
}

/// Looks through sources for allocators, each folder once.
pub(super) struct Search<'a> {
    /// What a source text declares.
    declared: &'a dyn Fn(&str) -> Vec<DeclaredAllocator>,
    /// The files in a folder that declare an allocator for audits.
    found: RefCell<BTreeMap<PathBuf, Vec<PathBuf>>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(declared: &'a dyn Fn(&str) -> Vec<DeclaredAllocator>) -> Search<'a> {
        Search { declared, found: RefCell::default() }
    }

    /// Whether the target's own files, its library's, or those of packages below it declare one.
    pub(super) fn finds_one(&self, planned: &PlannedTarget) -> bool {
        let of_package = ["src", "benches", "tests", "examples"].map(|name| planned.package_root.join(name));
        let of_package = of_package.iter().flat_map(|folder| self.below(folder));
        let mut own = of_package.filter(|path| !is_another_target(path, planned));
        let beside = || folder_of(planned).is_some_and(|folder| !self.below(&folder).is_empty());
        let below = || {
            planned.path_dependencies.iter().any(|root| {
                let source = root.join("src");
                let is_program =
                    |path: &PathBuf| *path == source.join("main.rs") || path.starts_with(source.join("bin"));
                !self.below(&source).iter().all(is_program)
            })
        };
        own.next().is_some() || beside() || below()
    }

    /// Where the library's main file declares one that is in every audit.
    pub(super) fn in_library(&self, planned: &PlannedTarget) -> Option<DeclaredAllocator> {
        let text = files::read_linked(&planned.library.as_ref()?.source).ok()?;
        (self.declared)(&text).into_iter().find(|found| found.in_audits == Certainty::Always)
    }

    fn below(&self, root: &Path) -> Vec<PathBuf> {
        let mut found = self.found.borrow_mut();
        let declares = |path: &PathBuf| {
            let text = files::read_linked(path).unwrap_or_default();
            (self.declared)(&text).iter().any(|found| found.in_audits != Certainty::Never)
        };
        let search = || rust_files(root).into_iter().filter(declares).collect();
        found.entry(root.to_owned()).or_insert_with(search).clone()
    }
}

/// Folder of the modules that the target's main file declares, where no other target's are.
fn folder_of(planned: &PlannedTarget) -> Option<PathBuf> {
    let main = planned.source.file_stem()?;
    let folder = planned.source.parent()?;
    let is_usual = folder == planned.package_root.join("src");
    match main.to_str() {
        Some("main" | "lib" | "mod") => (!is_usual).then(|| folder.to_owned()),
        _ => Some(folder.join(main)),
    }
}

/// Main files of other targets have allocators of their own.
fn is_another_target(path: &Path, planned: &PlannedTarget) -> bool {
    let folders = ["benches", "tests", "examples", "src/bin"].map(|folder| planned.package_root.join(folder));
    path != planned.source
        && (folders.iter().any(|folder| path.starts_with(folder)) || path.ends_with("src/main.rs"))
}

/// In the order of their names; not those of other packages.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // Not through links, which may lead round in a circle.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        if is_folder && !hidden && !path.join("Cargo.toml").exists() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
