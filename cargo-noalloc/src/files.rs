//! Files that somebody relies on: a full disk leaves the old one as it was.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes beside the file, and puts that in its place when it is whole.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
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
