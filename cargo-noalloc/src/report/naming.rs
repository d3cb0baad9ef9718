//! What functions and files are called in reports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::model::{HotId, Verdict, shorten};

/// Of each hot function, the shortest tail of its path that no other one shares.
pub(super) fn short_names(verdict: &Verdict) -> BTreeMap<HotId, String> {
    let names: Vec<&str> = verdict.functions.iter().map(|report| report.hot.name.as_str()).collect();
    let ids = verdict.functions.iter().map(|report| report.hot.id);
    ids.zip(shorten(&names)).collect()
}

/// What CI systems look files up in: the folder that they checked the repository out to, where the workspace lies in
/// it, and else the workspace.
pub(super) fn repository(workspace: &Path) -> PathBuf {
    let told =
        ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let around = |folder: &PathBuf| folder.is_absolute() && workspace.starts_with(folder);
    told.into_iter().find(around).unwrap_or_else(|| workspace.to_owned())
}

/// A file of the workspace as its repository names it; `None` for one that lies elsewhere.
pub(super) fn in_repository(file: &str, workspace: &Path) -> Option<String> {
    if file.is_empty() || !workspace.join(file).starts_with(workspace) {
        return None;
    }
    let folder = workspace.strip_prefix(repository(workspace)).ok()?;
    Some(folder.join(file).to_string_lossy().into_owned())
}

/// Where cargo keeps the sources of packages that are not the workspace's.
const CACHES: [&str; 2] = ["/registry/src/", "/git/checkouts/"];

/// A file of a dependency from the folder of its package on, without where cargo keeps it: `smallvec-1.16.5/src/lib.rs`.
pub(super) fn short_file(file: &str) -> &str {
    let inside =
        CACHES.iter().find_map(|cache| file.split_once(cache)).and_then(|(_, rest)| rest.split_once('/'));
    inside.map_or(file, |(_, short)| short)
}

#[cfg(test)]
mod tests {
    use super::short_file;

    #[test]
    fn only_files_that_cargo_keeps_are_shortened() {
        let kept = "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.16.5/src/lib.rs";
        assert_eq!(short_file(kept), "smallvec-1.16.5/src/lib.rs");
        let checkout = "/home/me/.cargo/git/checkouts/ring-0a1b2c/3d4e5f/src/lib.rs";
        assert_eq!(short_file(checkout), "3d4e5f/src/lib.rs");
        assert_eq!(short_file("vendor/smallvec/src/lib.rs"), "vendor/smallvec/src/lib.rs");
    }
}
