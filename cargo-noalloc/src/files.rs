//! Files that somebody relies on, which a full disk leaves as they were, and where files really are.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Without links on the way, where the file is there.
pub(crate) fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What is left of `path` below the first of `folders` that it lies in, whatever links lead to either.
pub(crate) fn below<'a>(path: &Path, folders: impl IntoIterator<Item = &'a Path>) -> Option<PathBuf> {
    let path = real(path);
    folders.into_iter().find_map(|folder| Some(path.strip_prefix(real(folder)).ok()?.to_owned()))
}

/// Writes beside the file, and puts that in its place when it is whole.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = real(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&new, &path));
    if done.is_err() {
        // Where it was never made there is nothing to remove.
        let _ = fs::remove_file(&new);
    }
    done
}
