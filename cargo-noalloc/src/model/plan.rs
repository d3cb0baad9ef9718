//! What is going to be built and run.

use std::path::{Path, PathBuf};

use super::{Configured, Part, Target};

/// What to build and run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where things are.
    pub workspace: Workspace,
    /// Targets to build.
    pub targets: Vec<PlannedTarget>,
    /// Targets that were selected but cannot be built, and why.
    pub skipped: Vec<(Target, String)>,
    /// Where this is only a part of what was selected.
    pub part: Option<Part>,
}

/// Where things are.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// Folder of the workspace's manifest.
    pub root: PathBuf,
    /// Where that folder was when a check that was kept built its executables, where that is another.
    pub moved_from: Option<PathBuf>,
    /// `target/noalloc`: everything the audit builds and records.
    pub audit_dir: PathBuf,
    /// The audit's share of a build directory that is configured apart.
    pub build_dir: Option<PathBuf>,
    /// Folders of packages whose source is the user's: the workspace's and path dependencies.
    pub user_roots: Vec<PathBuf>,
    /// Folders of `no_heap`'s own crates.
    pub no_heap_roots: Vec<PathBuf>,
    /// Folders of other people's packages that lie among the user's, with the packages' names: `cargo vendor` puts
    /// them there.
    pub vendored: Vec<(PathBuf, String)>,
    /// Folders of packages from registries and git repositories.
    pub foreign_roots: Vec<PathBuf>,
    /// `assert_no_alloc` is in the graph: its profile can be set.
    pub has_guard: bool,
    /// `no_heap` is in the graph, and so are its macros, whose profile says which allocator an audit has.
    pub has_recorder: bool,
    /// Something besides `no_heap` uses `assert_no_alloc`.
    pub foreign_permits: bool,
    /// What the manifests want of the rules.
    pub configured: Configured,
    /// The workspace's own packages.
    pub members: Vec<Member>,
}

impl Workspace {
    /// Where the audit's executables are.
    pub fn build_folders(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.audit_dir).chain(&self.build_dir).map(PathBuf::as_path)
    }

    /// Everything that was built has its source below one of these: packages, and what build scripts write.
    pub fn source_folders(&self) -> impl Iterator<Item = &Path> {
        let packages = self.user_roots.iter().chain(&self.no_heap_roots).chain(&self.foreign_roots);
        packages.map(PathBuf::as_path).chain([self.root.as_path()]).chain(self.build_folders())
    }

    /// The member whose source `file` is, as reports name files.
    pub fn member_of(&self, file: &str) -> Option<&Member> {
        let inside = |member: &&Member| {
            let rest = file.strip_prefix(&member.folder);
            !file.starts_with('/')
                && rest.is_some_and(|rest| member.folder.is_empty() || rest.starts_with('/'))
        };
        self.members.iter().filter(inside).max_by_key(|member| member.folder.len())
    }
}

/// A package of the workspace, as cargo knows it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id in cargo's messages.
    pub id: String,
    /// Its folder relative to the workspace; empty at the root.
    pub folder: String,
    /// Its manifest.
    pub manifest: PathBuf,
    /// Its library, or else its first target.
    pub target: MemberTarget,
}

/// A target of a package, as cargo knows it.
#[derive(Clone, Debug)]
pub struct MemberTarget {
    /// `lib`, `bin`, `bench`.
    pub kind: String,
    /// `lib`, `bin`.
    pub crate_type: String,
    /// Its name.
    pub name: String,
    /// Its main source file.
    pub source: PathBuf,
    /// `2024`.
    pub edition: String,
}

/// One target that is going to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTarget {
    /// What it is.
    pub target: Target,
    /// The package as cargo's messages name it, and `-p` takes it: name and version may be another package's, too.
    pub package_id: String,
    /// The package's version.
    pub version: String,
    /// Folder of the package: where the target runs.
    pub package_root: PathBuf,
    /// Main source file.
    pub source: PathBuf,
    /// The package's library, where it has one.
    pub library: Option<Library>,
    /// Folders of the packages below it that are the user's, not a registry's.
    pub path_dependencies: Vec<PathBuf>,
    /// Among all selected targets, from 0; behind those, programs that only other targets have started.
    pub position: usize,
}

/// A package's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// As paths start with it.
    pub krate: String,
    /// Main source file.
    pub source: PathBuf,
}

/// Where a crate begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Root {
    /// The crate's name, as paths start with it.
    pub krate: String,
    /// Its main file, relative to the workspace where it lies inside.
    pub file: String,
}
