//! Programs with a `#[global_allocator]` of their own.
//!
//! The text search is a prediction that saves a build in the common case: a target whose allocator stands in a
//! file that is not searched, or behind a `cfg`, is still found, by rustc's error.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::{OwnAllocator, PlannedTarget};

const ATTRIBUTE: &str = "#[global_allocator]";

/// Whether the target's source seems to define the program's allocator, whatever is configured.
pub(super) fn defines_one(planned: &PlannedTarget) -> bool {
    let found = usual_files(planned).into_iter().find_map(|path| in_file(&path));
    found.is_some_and(|found| !found.configured)
}

/// The allocator of a target that has one: first where programs define it, then in the package's other files,
/// then in the packages around it.
pub(super) fn find(
    planned: &PlannedTarget,
    user_roots: &[PathBuf],
    workspace: &Path,
) -> Option<OwnAllocator> {
    let package = || rust_files(&planned.package_root);
    let others =
        || user_roots.iter().filter(|root| **root != planned.package_root).flat_map(|root| rust_files(root));
    let beside = folder_of(planned);
    let its_own = usual_files(planned)
        .into_iter()
        .chain(beside.iter().flat_map(|folder| rust_files(folder)))
        .chain(package().into_iter().filter(|path| !is_another_target(path, planned)))
        .map(|path| (path, false));
    let programs = package().into_iter().filter(|path| is_program(path, planned)).map(|path| (path, true));
    let (path, of_another_program, found) = its_own
        .chain(programs)
        .chain(others().map(|path| (path, false)))
        .find_map(|(path, another)| in_file(&path).map(|found| (path, another, found)))?;
    let path = path.strip_prefix(workspace).unwrap_or(&path);
    let place = format!("{}:{}:{}", path.display(), found.line, found.column);
    Some(OwnAllocator { place, item: found.item, of_another_program })
}

/// The target's main file and the package's library.
fn usual_files(planned: &PlannedTarget) -> [PathBuf; 2] {
    [planned.source.clone(), planned.package_root.join("src/lib.rs")]
}

/// Folder of the modules that the target's main file declares.
fn folder_of(planned: &PlannedTarget) -> Option<PathBuf> {
    let main = planned.source.file_stem()?;
    let folder = planned.source.parent()?;
    Some(if main == "main" || main == "mod" { folder.to_owned() } else { folder.join(main) })
}

/// Main files of other targets have allocators of their own.
fn is_another_target(path: &Path, planned: &PlannedTarget) -> bool {
    let folders = ["benches", "tests", "examples", "src/bin"].map(|folder| planned.package_root.join(folder));
    path != planned.source
        && (folders.iter().any(|folder| path.starts_with(folder)) || path.ends_with("src/main.rs"))
}

/// Cargo builds a package's programs beside its benchmarks and tests.
fn is_program(path: &Path, planned: &PlannedTarget) -> bool {
    let source = planned.package_root.join("src");
    path != planned.source && (path == source.join("main.rs") || path.starts_with(source.join("bin")))
}

/// In the order of their names; not those that cargo has built.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        // Not through links, which may lead round in a circle.
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        if is_folder && !hidden && !path.join("CACHEDIR.TAG").exists() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The attribute in a source text.
#[derive(Debug, PartialEq)]
struct Found {
    line: usize,
    column: usize,
    /// Another attribute above may take it away.
    configured: bool,
    item: Option<(String, String, String)>,
}

fn in_file(path: &Path) -> Option<Found> {
    in_text(&fs::read_to_string(path).ok()?)
}

/// The first line that starts with the attribute: not one in a comment, not one in a string.
fn in_text(text: &str) -> Option<Found> {
    let (index, line) =
        text.lines().enumerate().find(|(_, line)| line.trim_start().starts_with(ATTRIBUTE))?;
    let above = text.lines().take(index).filter(|line| !line.trim().is_empty()).last();
    let after: Vec<&str> = text.lines().skip(index).collect();
    let after = after.join("\n");
    Some(Found {
        line: index + 1,
        column: line.len() - line.trim_start().len() + 1,
        configured: above.is_some_and(|line| line.trim_start().starts_with("#[cfg")),
        item: item(after.trim_start().strip_prefix(ATTRIBUTE)?),
    })
}

/// `static NAME: TYPE = VALUE;`, on one line or several.
fn item(text: &str) -> Option<(String, String, String)> {
    let (before, rest) = text.split_once("static ")?;
    // Between them may be a `pub` or another attribute, but no other item.
    let (declaration, _) = rest.split_once(';').filter(|_| !before.contains([';', '{']))?;
    let (name, rest) = declaration.split_once(':')?;
    // `= ` stands in no type without a default.
    let (ty, value) = rest.split_once(" =")?;
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some((flat(name), flat(ty), flat(value)))
}

#[cfg(test)]
mod tests {
    use super::in_text;

    #[test]
    fn comments_and_strings_are_not_taken_for_the_attribute() {
        let found = in_text("use a;\n  #[global_allocator]\nstatic A: X = X;").unwrap();
        assert_eq!((found.line, found.column, found.configured), (2, 3, false));
        assert_eq!(in_text("// #[global_allocator]\nlet s = \"#[global_allocator]\";"), None);
    }

    #[test]
    fn the_static_is_read_as_it_is_written() {
        let item = |text: &str| in_text(text).unwrap().item.unwrap();
        let own = |name: &str, ty: &str, value: &str| (name.to_owned(), ty.to_owned(), value.to_owned());
        assert_eq!(
            item("#[global_allocator]\npub(crate) static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;"),
            own("GLOBAL", "mimalloc::MiMalloc", "mimalloc::MiMalloc")
        );
        assert_eq!(
            item("#[global_allocator] static A: Cap<System> =\n    Cap::new(System, usize::MAX);"),
            own("A", "Cap<System>", "Cap::new(System, usize::MAX)")
        );
        assert!(in_text("#[cfg(unix)]\n#[global_allocator]\nstatic A: X = X;").unwrap().configured);
    }
}
