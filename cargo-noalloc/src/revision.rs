//! A git revision in a worktree of its own, below `target/noalloc`: the user's checkout, index and stash are only
//! read. What was built of a revision stays, so that it is built once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::exit::{Exit, Failure};
use crate::{files, process};

/// Variables by which git is told of a repository, an index or a folder that are not to be used here: a hook sets them.
static OF_ANOTHER: LazyLock<Vec<String>> = LazyLock::new(|| {
    let output = Command::new("git").args(["rev-parse", "--local-env-vars"]).output();
    let names = output.ok().and_then(text).unwrap_or_default();
    names.lines().filter(|name| !OF_THE_USER.contains(name)).map(str::to_owned).collect()
});

/// Among those, configuration. It is the user's in every repository (git itself keeps it for submodules), and CI says
/// there that a checkout of another owner is safe.
const OF_THE_USER: [&str; 2] = ["GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"];

/// Revisions whose builds are kept.
const KEPT: usize = 4;

/// Where a revision's files are. Cargo looks for a workspace above a package, and would find the one of the user's
/// checkout, which the revision may not have had; above this folder it looks no further, because its own
/// `cargo package` unpacks there.
const TREE: &str = "target/package/tree";

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

    /// What to type where `name` means no commit here, and may well mean one elsewhere: a clone has the branches of where
    /// it comes from under other names, and a shallow one hardly any.
    pub(crate) fn fetching(&self, name: &str) -> Option<String> {
        let of_origin = format!("origin/{name}");
        if self.revision(&of_origin).is_some() {
            return Some(format!("name the branch of `origin`: `cargo noalloc compare {of_origin}`"));
        }
        let is_shallow = text(git(&self.top, ["rev-parse", "--is-shallow-repository"]).ok()?)? == "true";
        is_shallow.then(|| {
            format!("the clone is shallow: `git fetch --depth 1 origin {name}`, then `cargo noalloc compare FETCH_HEAD`")
        })
    }

    /// Whether something in the checkout is not committed.
    pub(crate) fn has_changes(&self) -> bool {
        git(&self.top, ["--no-optional-locks", "status", "--porcelain"])
            .is_ok_and(|output| !output.stdout.is_empty())
    }

    /// Where a file of the checkout lies in `worktree`; `None` when it lies outside of the checkout.
    pub(crate) fn counterpart(&self, file: &Path, worktree: &Worktree) -> Option<PathBuf> {
        Some(worktree.tree.folder.join(files::below(file, [self.top.as_path()])?))
    }

    /// Checks a revision out below `audit_dir`, with the submodules that the user's checkout has.
    pub(crate) fn check_out(&self, revision: &Revision, audit_dir: &Path) -> Result<Worktree, Failure> {
        let home = Path::new("revisions").join(revision.short());
        let home = files::make(audit_dir, &home).map_err(|error| {
            let home = audit_dir.join(&home);
            Failure::new(Exit::SetUp, format!("`{}` cannot be written: {error}", home.display()))
        })?;
        let tree = Tree { top: self.top.clone(), commit: revision.commit.clone(), folder: home.join(TREE) };
        let worktree = Worktree { tree, home };
        // One that a killed check has left behind.
        worktree.tree.remove();
        forget_oldest(&audit_dir.join("revisions"), &worktree.home);
        worktree.tree.add(&revision.name)?;
        age(&worktree.tree.folder);
        Ok(worktree)
    }
}

/// One repository's files of one commit, in a worktree of its own.
#[derive(Debug)]
struct Tree {
    /// The user's checkout, whose repository knows of this one.
    top: PathBuf,
    /// Its whole hash.
    commit: String,
    folder: PathBuf,
}

impl Tree {
    /// `what` is what the user calls it.
    fn add(&self, what: &str) -> Result<(), Failure> {
        let unusable = |said: &str| {
            Failure::quoting(Exit::SetUp, &format!("`{what}` could not be checked out: "), said)
                .note("git says this; your own checkout was not touched")
        };
        // A hook of the user's is not for this.
        let words = ["-c", "core.hooksPath=/dev/null", "worktree", "add", "--force", "--detach", "--quiet"];
        let words = words.map(OsStr::new).into_iter();
        let words = words.chain([self.folder.as_os_str(), OsStr::new(&self.commit)]);
        let output = git(&self.top, words).map_err(|error| unusable(&error.to_string()))?;
        if !output.status.success() {
            return Err(unusable(String::from_utf8_lossy(&output.stderr).trim()));
        }
        self.submodules().try_for_each(|tree| {
            let at = tree.top.display();
            tree.add(&format!("{what}` with its submodule `{at}"))
                .map_err(|failure| failure.help(format!("fetch its commits: `git -C {at} fetch`")))
        })
    }

    fn remove(&self) {
        if self.folder.exists() {
            // Their repositories know of their worktrees, and would go on to.
            self.submodules().for_each(|tree| tree.remove());
            let words = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
            let _ = git(&self.top, words.into_iter().chain([self.folder.as_os_str()]));
            // What git does not know any more is nobody's.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    /// Those of the commit that the user's checkout has, each a repository with worktrees of its own: nothing is
    /// fetched. Cargo says what it misses in the others.
    fn submodules(&self) -> impl Iterator<Item = Tree> {
        let listed = git(&self.top, ["ls-tree", "-r", "-z", &self.commit]).map(|output| output.stdout);
        let listed = String::from_utf8(listed.unwrap_or_default()).unwrap_or_default();
        // `160000 commit <hash>\t<path>`: what is no file of this repository.
        let links = listed.split('\0').filter_map(|entry| {
            let (commit, path) = entry.strip_prefix("160000 commit ")?.split_once('\t')?;
            Some((commit.to_owned(), path.to_owned()))
        });
        let tree = |(commit, path): (String, String)| {
            let (top, folder) = (self.top.join(&path), self.folder.join(&path));
            // A tree can name any path, and a link lead to any repository.
            let plain = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
            let own = plain
                && files::below(&top, [self.top.as_path()]).is_some_and(|below| below == Path::new(&path));
            (own && top.join(".git").exists()).then_some(Tree { top, commit, folder })
        };
        links.filter_map(tree).collect::<Vec<Tree>>().into_iter()
    }
}

/// A revision's files; they go when this does.
#[derive(Debug)]
pub(crate) struct Worktree {
    tree: Tree,
    /// What belongs to the revision: its files for now, and what was built of them.
    pub(crate) home: PathBuf,
}

impl Worktree {
    /// Whether a message is about something beside the revision's files: a path that leads out of the repository.
    pub(crate) fn is_left_by(&self, message: &str) -> bool {
        let paths = |path: &Path| path.display().to_string();
        message.replace(&paths(&self.tree.folder), "").contains(&paths(&self.home))
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        self.tree.remove();
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
    for path in others.iter().skip(KEPT - 1).filter(|path| !path.join(TREE).exists()) {
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
    for name in OF_ANOTHER.iter() {
        command.env_remove(name);
    }
    process::spawn(&mut command)?.wait_with_output()
}
