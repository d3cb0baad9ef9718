//! Several files, all or none: what cannot be finished is undone.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::files;

/// A file and what is to stand in it.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// What has been done so far.
#[derive(Default)]
struct Done {
    /// New folders, the outermost first.
    folders: Vec<PathBuf>,
    /// Files with the new texts, beside their places.
    staged: Vec<PathBuf>,
    /// Places that have been taken, and what stood there.
    placed: Vec<(PathBuf, Option<String>)>,
}

/// Writes all of them. On an error, which comes with the path, everything is as it was.
pub(super) fn write(changes: &[Change]) -> Result<(), (PathBuf, io::Error)> {
    let mut done = Done::default();
    let written = stage(changes, &mut done).and_then(|()| place(changes, &mut done));
    if written.is_err() {
        undo(&done);
    }
    written
}

fn stage(changes: &[Change], done: &mut Done) -> Result<(), (PathBuf, io::Error)> {
    for Change { path, text } in changes {
        let failed = |error| (path.clone(), error);
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        missing.reverse();
        for folder in missing {
            fs::create_dir(folder).map_err(failed)?;
            done.folders.push(folder.to_owned());
        }
        let new = beside(path);
        // Never through a link that somebody has put there.
        let mut file = File::create_new(&new).map_err(failed)?;
        done.staged.push(new);
        file.write_all(text.as_bytes()).map_err(failed)?;
        if let Ok(there) = fs::metadata(path) {
            file.set_permissions(there.permissions()).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
    }
    Ok(())
}

fn place(changes: &[Change], done: &mut Done) -> Result<(), (PathBuf, io::Error)> {
    for Change { path, .. } in changes {
        let before = files::read_linked(path).ok();
        fs::rename(beside(path), path).map_err(|error| (path.clone(), error))?;
        done.placed.push((path.clone(), before));
    }
    Ok(())
}

/// As far as that goes: who has filled the disk meanwhile may keep it from that, too.
fn undo(done: &Done) {
    for (path, before) in done.placed.iter().rev() {
        let _ = match before {
            Some(before) => fs::write(path, before),
            None => fs::remove_file(path),
        };
    }
    for file in &done.staged {
        let _ = fs::remove_file(file);
    }
    for folder in done.folders.iter().rev() {
        let _ = fs::remove_dir(folder);
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Change, write};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_files_are_written_or_none() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::write(at("Cargo.toml"), "before").unwrap();
        fs::create_dir(at("taken")).unwrap();
        let change = |path: &str| Change { path: at(path), text: "after".to_owned() };
        // A folder keeps the last one from its place, when the others have theirs.
        let failed = write(&[change("new/folder/a.rs"), change("Cargo.toml"), change("taken")]);
        assert_eq!(failed.unwrap_err().0, at("taken"));
        assert_eq!(names(root.path()), ["Cargo.toml", "taken"]);
        assert_eq!(fs::read_to_string(at("Cargo.toml")).unwrap(), "before");
        write(&[change("new/folder/a.rs"), change("Cargo.toml")]).unwrap();
        assert_eq!(names(root.path()), ["Cargo.toml", "new", "taken"]);
        assert_eq!(names(&at("new/folder")), ["a.rs"]);
        assert_eq!(fs::read_to_string(at("Cargo.toml")).unwrap(), "after");
    }
}
