//! A git revision in a worktree of its own, below `target/noalloc`: the user's checkout, index and stash are only
//! read. What was built of a revision stays, so that it is built once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use crate::exit::{Exit, Failure};
use crate::process;

/// Variables by which git is told of a repository, an index or a folder that are not to be used here: a hook sets them.
const OF_ANOTHER: [&str; 6] =
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"];

/// Revisions whose builds are kept.
const KEPT: usize = 4;

/// The user's repository.
#[derive(Debug)]
pub(crate) struct Repository {
    /// Folder of the checkout.
    top: PathBuf,
}

/// A commit, and what the user calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) name: String,
    /// Its whole hash.
    pub(crate) commit: String,
}

impl Revision {
    /// `main (1a2b3c4d5e)`.
    pub(crate) fn label(&self) -> String {
        let short = self.short();
        if self.commit.starts_with(&self.name) {
            short.to_owned()
        } else {
            format!("{} ({short})", self.name)
        }
    }

    fn short(&self) -> &str {
        self.commit.get(..10).unwrap_or(&self.commit)
    }
}

impl Repository {
    /// The repository that `folder` lies in; `None` outside of any, and without git.
    pub(crate) fn of(folder: &Path) -> Option<Repository> {
        let top = text(git(folder, ["rev-parse", "--show-toplevel"]).ok()?)?;
        Some(Repository { top: PathBuf::from(top) })
    }

    /// The commit that a branch, a tag, a hash or an expression such as `HEAD~2` means.
    pub(crate) fn revision(&self, name: &str) -> Option<Revision> {
        // It would be an option.
        if name.starts_with('-') {
            return None;
        }
        let commit = format!("{name}^{{commit}}");
        let commit = text(git(&self.top, ["rev-parse", "--verify", "--quiet", &commit]).ok()?)?;
        Some(Revision { name: name.to_owned(), commit })
    }

    /// Whether something in the checkout is not committed.
    pub(crate) fn has_changes(&self) -> bool {
        git(&self.top, ["--no-optional-locks", "status", "--porcelain"])
            .is_ok_and(|output| !output.stdout.is_empty())
    }

    /// Where a file of the checkout lies in `worktree`; `None` when it lies outside of the checkout.
    pub(crate) fn counterpart(&self, file: &Path, worktree: &Worktree) -> Option<PathBuf> {
        let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let inside = canonical(file).strip_prefix(canonical(&self.top)).ok()?.to_owned();
        Some(worktree.folder.join(inside))
    }

    /// Checks a revision out below `audit_dir`.
    pub(crate) fn check_out(&self, revision: &Revision, audit_dir: &Path) -> Result<Worktree, Failure> {
        let home = audit_dir.join("revisions").join(revision.short());
        let worktree = Worktree { top: self.top.clone(), folder: home.join("tree"), home };
        // One that a killed check has left behind.
        worktree.remove();
        forget_oldest(&audit_dir.join("revisions"), &worktree.home);
        fs::create_dir_all(&worktree.home).map_err(|error| {
            Failure::new(Exit::SetUp, format!("`{}` cannot be written: {error}", worktree.home.display()))
        })?;
        // A hook of the user's is not for this.
        let words = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--force", "--detach", "--quiet"];
        let words = words.map(OsStr::new).into_iter();
        let words = words.chain([worktree.folder.as_os_str(), OsStr::new(&revision.commit)]);
        let output = git(&self.top, words).map_err(|error| unusable(revision, &error.to_string()))?;
        if !output.status.success() {
            return Err(unusable(revision, String::from_utf8_lossy(&output.stderr).trim()));
        }
        age(&worktree.folder);
        Ok(worktree)
    }
}

fn unusable(revision: &Revision, said: &str) -> Failure {
    Failure::new(Exit::SetUp, format!("`{}` could not be checked out: {said}", revision.name))
        .note("git says this; your own checkout was not touched")
}

/// A revision's files; they go when this does.
#[derive(Debug)]
pub(crate) struct Worktree {
    /// The user's checkout, whose repository knows of this one.
    top: PathBuf,
    /// The revision's files.
    pub(crate) folder: PathBuf,
    /// What belongs to the revision: its files for now, and what was built of them.
    pub(crate) home: PathBuf,
}

impl Worktree {
    fn remove(&self) {
        if self.folder.exists() {
            let words = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
            let _ = git(&self.top, words.into_iter().chain([self.folder.as_os_str()]));
            // What git does not know any more is nobody's.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Gives all files one and the same old date: the folder is the commit's alone, so what was built of it is not older
/// than they are, and cargo need not build it again.
fn age(folder: &Path) {
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => age(&entry.path()),
            Ok(kind) if kind.is_file() => {
                // Where it cannot be done the revision is built again, and nothing else is lost.
                let file = fs::File::options().write(true).open(entry.path());
                let _ = file.and_then(|file| file.set_modified(date));
            }
            _ => {}
        }
    }
}

/// Makes room: builds of a revision are as big as those of the working tree.
fn forget_oldest(revisions: &Path, but: &Path) {
    let entries = fs::read_dir(revisions).into_iter().flatten().flatten().map(|entry| entry.path());
    let used = |path: &PathBuf| fs::metadata(path.join("noalloc")).and_then(|data| data.modified()).ok();
    let mut others: Vec<PathBuf> = entries.filter(|path| path != but && path.is_dir()).collect();
    others.sort_by_key(|path| std::cmp::Reverse(used(path)));
    for path in others.iter().skip(KEPT - 1).filter(|path| !path.join("tree").exists()) {
        let _ = fs::remove_dir_all(path);
    }
}

fn text(output: Output) -> Option<String> {
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim_end_matches('\n').to_owned()).filter(|said| !said.is_empty())
}

/// Runs git in `folder`, in a process group of its own: Ctrl-C ends the check, and its worktree is still removed.
fn git<W: AsRef<OsStr>>(folder: &Path, words: impl IntoIterator<Item = W>) -> std::io::Result<Output> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(words).stdin(Stdio::null()).process_group(0);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in OF_ANOTHER {
        command.env_remove(name);
    }
    process::spawn(&mut command)?.wait_with_output()
}
