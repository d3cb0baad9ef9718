//! Files as memory: binaries and records are large, and mostly not looked at.

use std::io;
use std::path::Path;

use crate::files;

/// The bytes of a file.
pub(crate) fn read(path: &Path) -> io::Result<memmap2::Mmap> {
    let file = files::open(path)?;
    // SAFETY: the map is read-only. The files are the audit's own, under `target/noalloc`, and their writers (the
    // build, the audited program) have ended; should another process truncate one all the same, this process gets
    // a SIGBUS, which ends it: no reference is ever handed out that could observe other memory.
    unsafe { memmap2::Mmap::map(&file) }
}
