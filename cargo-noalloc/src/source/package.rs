//! The files of one package, parsed when somebody looks for a name that the first file does not have.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use proc_macro2::Span as TokenSpan;
use syn::Item;

use super::Sources;
use super::file::SourceFile;

/// A file with its neighbours.
pub(super) struct Package<'a> {
    /// The file in which something was found.
    pub(super) file: &'a SourceFile,
    sources: &'a Sources,
    others: OnceCell<Vec<Rc<SourceFile>>>,
}

/// A package with more files is searched no further: names repeat in it anyway.
const MOST_FILES: usize = 400;

impl<'a> Package<'a> {
    pub(super) fn new(sources: &'a Sources, file: &'a SourceFile) -> Package<'a> {
        Package { file, sources, others: OnceCell::new() }
    }

    /// The file that some tokens stand in.
    pub(super) fn owner(&self, tokens: TokenSpan) -> &SourceFile {
        let loaded = self.others.get().map_or(&[][..], Vec::as_slice);
        loaded.iter().map(|file| &**file).find(|file| file.has(tokens)).unwrap_or(self.file)
    }

    /// All items of the file, those of its inline modules too.
    pub(super) fn own_items(&self) -> impl Iterator<Item = &Item> {
        items(self.file)
    }

    /// All items of the package, the file's own first. Reads the other files when it gets that far.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        let others = std::iter::once_with(|| self.others.get_or_init(|| self.read_others()).iter());
        self.own_items().chain(others.flatten().flat_map(|file| items(file)))
    }

    fn read_others(&self) -> Vec<Rc<SourceFile>> {
        let file = self.sources.folders.root().join(&self.file.name);
        let Some(root) = file.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file()) else {
            return Vec::new();
        };
        let mut paths = Vec::new();
        rust_files(&root.join("src"), &mut paths);
        paths.sort();
        let name = |path: &Path| {
            path.strip_prefix(self.sources.folders.root()).unwrap_or(path).to_string_lossy().into_owned()
        };
        let others = paths.iter().filter(|path| **path != file).map(|path| self.sources.file(&name(path)));
        others.flatten().collect()
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if found.len() >= MOST_FILES {
            return;
        }
        let path = entry.path();
        // Not through links, which may lead round in circles.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn items(file: &SourceFile) -> impl Iterator<Item = &Item> {
    let mut stack: Vec<&Item> = file.tree.iter().flat_map(|tree| &tree.items).collect();
    std::iter::from_fn(move || {
        let item = stack.pop()?;
        if let Item::Mod(module) = item
            && let Some((_, items)) = &module.content
        {
            stack.extend(items);
        }
        Some(item)
    })
}
