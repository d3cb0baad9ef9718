//! One check at a time in one audit directory: two would build each other's binaries away, wipe each other's
//! records and disturb each other's clock.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::process;
use crate::shell::Shell;

const FILE: &str = ".noalloc-lock";

/// Held as long as the check runs; the kernel releases it, however the process ends.
#[derive(Debug)]
pub(crate) struct AuditLock {
    _file: File,
}

/// Waits for other checks, and says so, as cargo does for its build directory.
pub(crate) fn take(audit_dir: &Path, shell: Shell) -> Result<AuditLock, Failure> {
    let mut told = false;
    loop {
        let file = open(audit_dir).map_err(|error| unwritable(audit_dir, &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if process::interrupted() => {
                return Err(Failure::new(Exit::TargetFailed, "interrupted while waiting for another check"));
            }
            Err(Errno::WOULDBLOCK) => {
                if !told {
                    shell.status("Blocking", "waiting for another check in the same target directory");
                    told = true;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            // `clean` has removed the file that was waited for: another one counts now.
            Ok(()) if !is_there(&file, audit_dir) => {}
            // A file system without locks has to do without.
            Ok(()) | Err(_) => return Ok(AuditLock { _file: file }),
        }
    }
}

fn unwritable(audit_dir: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::SetUp, format!("`{}` cannot be written: {error}", audit_dir.display()))
        .note("the audit keeps its own builds and records there, so that yours stay fresh")
        .help("make the folder writable, or choose another with `--target-dir DIRECTORY`")
}

/// Whether the locked file is still the one that others find.
fn is_there(file: &File, audit_dir: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let locked = file.metadata().map(id).ok();
    locked.is_some() && locked == fs::metadata(audit_dir.join(FILE)).map(id).ok()
}

fn open(audit_dir: &Path) -> io::Result<File> {
    // What is built, recorded and cleaned away here would be so elsewhere.
    if fs::symlink_metadata(audit_dir).is_ok_and(|data| data.is_symlink()) {
        return Err(io::Error::new(ErrorKind::Unsupported, "it is a symbolic link, which is not followed"));
    }
    fs::create_dir_all(audit_dir)?;
    files::append(&audit_dir.join(FILE)).map_err(|error| match files::is_refused(&error) {
        true => io::Error::new(error.kind(), format!("of its lock, `{FILE}`: {error}")),
        false => error,
    })
}
