//! Whose code a frame is, and how its file is called in the report.

use std::path::{Path, PathBuf};

use crate::model::{FunctionName, Origin, Workspace};

/// Knows the folders.
#[derive(Debug)]
pub(super) struct Origins {
    workspace: PathBuf,
    user: Vec<PathBuf>,
    no_heap: Vec<PathBuf>,
    vendored: Vec<(PathBuf, String)>,
}

impl Origins {
    pub(super) fn new(workspace: &Workspace) -> Origins {
        Origins {
            workspace: workspace.root.clone(),
            user: workspace.user_roots.clone(),
            no_heap: workspace.no_heap_roots.clone(),
            vendored: workspace.vendored.clone(),
        }
    }

    /// Relative to the workspace where it lies inside, `alloc/src/boxed.rs` in the standard library, absolute
    /// elsewhere; `/` between folders.
    pub(super) fn file(&self, path: &str) -> String {
        if let Some(file) = standard_library(path) {
            return file.to_owned();
        }
        let path = Path::new(path);
        path.strip_prefix(&self.workspace).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// Whose code stands in `path`; without a path, the function's crate decides.
    pub(super) fn of(&self, path: Option<&str>, function: &FunctionName) -> Origin {
        if is_ours(function.as_str()) {
            return Origin::NoHeap;
        }
        let Some(path) = path.filter(|path| !is_of_c(path)) else { return Origin::System };
        if standard_library(path).is_some() {
            return Origin::Std;
        }
        let absolute = self.workspace.join(path);
        let inside = |roots: &[PathBuf]| roots.iter().any(|root| absolute.starts_with(root));
        if inside(&self.no_heap) {
            Origin::NoHeap
        } else if let Some(name) = registry_crate(path).or_else(|| self.vendored_crate(&absolute)) {
            Origin::Dependency(name)
        } else if inside(&self.user) {
            Origin::User
        } else {
            Origin::Dependency(function.krate().to_owned())
        }
    }

    fn vendored_crate(&self, path: &Path) -> Option<String> {
        let (_, name) = self.vendored.iter().find(|(folder, _)| path.starts_with(folder))?;
        Some(name.clone())
    }
}

/// The file inside the standard library's source: it was built in a folder named after the compiler's revision,
/// which debug info replaces by the sysroot's when the `rust-src` component is there.
fn standard_library(path: &str) -> Option<&str> {
    // `/rust/deps` is where the standard library's own dependencies were built: hashbrown below `HashMap`.
    if let Some(file) = path.strip_prefix("/rust/deps/") {
        return Some(file);
    }
    let built = path.strip_prefix("/rustc/").and_then(|rest| rest.split_once("/library/"));
    let (_, file) = built.or_else(|| path.split_once("/lib/rustlib/src/rust/library/"))?;
    Some(file)
}

/// C code that was linked in with debug info: not Rust's to change, and no part of a Rust call.
fn is_of_c(path: &str) -> bool {
    let endings = ["c", "cc", "cpp", "cxx", "h", "hh", "hpp", "S", "s", "m", "mm"];
    Path::new(path).extension().is_some_and(|ending| endings.iter().any(|c| ending == *c))
}

/// The guard's and the harness's own functions. Their closures are the user's code only when the user wrote
/// them, and then they are named after the user's function.
fn is_ours(function: &str) -> bool {
    ["no_heap::", "assert_no_alloc::", "<no_heap::", "__rustc::"]
        .iter()
        .any(|ours| function.starts_with(ours))
}

/// `…/registry/src/index/name-1.2.3/src/lib.rs` and `…/git/checkouts/name-hash/rev/src/lib.rs`.
fn registry_crate(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("/registry/src/").or_else(|| path.split_once("/git/checkouts/"))?;
    let mut folders = rest.split('/');
    let folder = if path.contains("/registry/src/") { folders.nth(1)? } else { folders.next()? };
    let name = folder.rsplit_once('-').map_or(folder, |(name, _)| name);
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{registry_crate, standard_library};

    #[test]
    fn the_standard_library_is_called_the_same_with_and_without_its_source() {
        let installed = "/r/toolchains/stable/lib/rustlib/src/rust/library/alloc/src/boxed.rs";
        for path in ["/rustc/59807616e1/library/alloc/src/boxed.rs", installed] {
            assert_eq!(standard_library(path), Some("alloc/src/boxed.rs"));
        }
        assert_eq!(standard_library("/home/me/library/src/lib.rs"), None);
    }

    #[test]
    fn a_dependency_is_known_by_its_folder() {
        let registry = "/h/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.13.2/src/lib.rs";
        assert_eq!(registry_crate(registry).as_deref(), Some("smallvec"));
        assert_eq!(registry_crate("/h/.cargo/git/checkouts/ring-ab12/3f/src/a.rs").as_deref(), Some("ring"));
        assert_eq!(registry_crate("/home/me/app/src/lib.rs"), None);
    }
}
