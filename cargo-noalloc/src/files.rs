//! Files that somebody relies on, which a full disk leaves as they were; files that somebody else may have put there, which
//! are opened with care; and where files really are.

use std::fs::{self, File, FileType};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Bytes of a source file that are read; rustc itself takes 4 GiB, and what a generator writes has some megabytes.
pub(crate) const SOURCE: u64 = 64 << 20;

/// Bytes of a report, a saved check or a manifest that are read.
pub(crate) const TEXT: u64 = 256 << 20;

/// Without links on the way, where the file is there.
pub(crate) fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What is left of `path` below the first of `folders` that it lies in, whatever links lead to either.
pub(crate) fn below<'a>(path: &Path, folders: impl IntoIterator<Item = &'a Path>) -> Option<PathBuf> {
    let path = real(path);
    folders.into_iter().find_map(|folder| Some(path.strip_prefix(real(folder)).ok()?.to_owned()))
}

/// Whether anything has that name, a link to nowhere too.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Reads a text of `most` bytes at most. The path must name a regular file, and no link to one: nothing else is opened,
/// and nothing is waited for.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    let file = open(path)?;
    let mut text = String::new();
    let len = file.metadata()?.len();
    if len <= most {
        // It may be growing.
        file.take(most + 1).read_to_string(&mut text)?;
    }
    if len.max(text.len() as u64) > most {
        return Err(refused(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(text)
}

/// The same, for what cargo reads too: links lead where they lead.
pub(crate) fn read_linked(path: &Path) -> io::Result<String> {
    read(&fs::canonicalize(path)?, TEXT)
}

/// Opens a regular file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Before anything is opened: with some devices that has consequences.
    refuse_irregular(fs::symlink_metadata(path)?.file_type())?;
    let file = options().read(true).open(path)?;
    // Something else may have taken its place meanwhile.
    refuse_irregular(file.metadata()?.file_type())?;
    Ok(file)
}

/// Opens a regular file for appending, and makes it where it is not there.
pub(crate) fn append(path: &Path) -> io::Result<File> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        refuse_irregular(metadata.file_type())?;
    }
    let file = options().create(true).append(true).open(path)?;
    refuse_irregular(file.metadata()?.file_type())?;
    Ok(file)
}

fn options() -> fs::OpenOptions {
    let mut options = File::options();
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    options
}

fn refuse_irregular(kind: FileType) -> io::Result<()> {
    match (kind.is_file(), kind.is_symlink()) {
        (true, _) => Ok(()),
        (_, true) => Err(refused("it is a symbolic link, which is not followed")),
        _ => Err(refused("it is no regular file")),
    }
}

/// The file is there, and it is not for us.
fn refused(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why.into())
}

/// Whether a file was not read because of what it is.
pub(crate) fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
}

/// Makes the folder `name` in `folder`, of which each part is a folder of its own: what is written there stays there.
pub(crate) fn make(folder: &Path, name: impl AsRef<Path>) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut path = folder.to_owned();
    for part in name.as_ref() {
        path.push(part);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ if fs::symlink_metadata(&path)?.is_dir() => {}
            _ => {
                let name = path.strip_prefix(folder).unwrap_or(&path).display();
                return Err(refused(format!("`{name}` is there and no folder")));
            }
        }
    }
    Ok(path)
}

/// Removes a folder that may not be there; of a link the link, and what it leads to stays.
pub(crate) fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Writes beside the file, and puts that in its place when it is whole. Of a link the link is replaced, and what it leads to
/// stays.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    // What an earlier process of this number has left; or somebody who guessed it.
    let _ = fs::remove_file(&new);
    let written = File::options().write(true).create_new(true).open(&new).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let done = written.and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        // Where it was never made there is nothing to remove.
        let _ = fs::remove_file(&new);
    }
    done
}

/// FNV-1a: tells texts apart that differ by chance, which is all that is asked of it.
pub(crate) fn digest(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}
