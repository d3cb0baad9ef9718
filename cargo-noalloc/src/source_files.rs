//! Where source is read from. What lies elsewhere is never opened, whatever debug info or somebody's report names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files;
use crate::model::{NoSource, Workspace};

/// The folders that everything which was built lies in.
#[derive(Debug)]
pub(crate) struct SourceFolders {
    /// What relative names are relative to.
    root: PathBuf,
    /// Without links on the way.
    folders: Vec<PathBuf>,
}

impl SourceFolders {
    pub(crate) fn of(workspace: &Workspace) -> SourceFolders {
        SourceFolders::new(&workspace.root, workspace.source_folders())
    }

    pub(crate) fn new<'a>(root: &'a Path, others: impl IntoIterator<Item = &'a Path>) -> SourceFolders {
        let mut folders: Vec<PathBuf> = [root].into_iter().chain(others).map(files::real).collect();
        folders.sort_unstable();
        folders.dedup();
        SourceFolders { root: root.to_owned(), folders }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file is that reports call `name`, without links on the way.
    pub(crate) fn locate(&self, name: &str) -> Result<PathBuf, NoSource> {
        let real = fs::canonicalize(self.root.join(name)).map_err(|error| not_read(name, &error))?;
        if self.folders.iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        let why = "it lies outside of the workspace and of its packages";
        Err(NoSource::Refused { file: name.to_owned(), why: why.to_owned() })
    }

    /// The text of the file that reports call `name`.
    pub(crate) fn read(&self, name: &str) -> Result<String, NoSource> {
        let path = self.locate(name)?;
        files::read(&path, files::SOURCE).map_err(|error| not_read(name, &error))
    }
}

fn not_read(name: &str, error: &io::Error) -> NoSource {
    let file = name.to_owned();
    match files::is_refused(error) {
        true => NoSource::Refused { file, why: error.to_string() },
        false => NoSource::Missing { file },
    }
}
