//! Whose code a frame is, and how its file is called in the report.

use std::path::{Path, PathBuf};

use no_heap::std_source;

use crate::model::{FunctionName, Origin, Workspace};

/// Knows the folders.
#[derive(Debug)]
pub(super) struct Origins {
    workspace: PathBuf,
    /// Where it was when it was built, where that is elsewhere.
    moved_from: Option<PathBuf>,
    user: Vec<PathBuf>,
    no_heap: Vec<PathBuf>,
    vendored: Vec<(PathBuf, String)>,
}

impl Origins {
    pub(super) fn new(workspace: &Workspace) -> Origins {
        Origins {
            workspace: workspace.root.clone(),
            moved_from: workspace.moved_from.clone(),
            user: workspace.user_roots.clone(),
            no_heap: workspace.no_heap_roots.clone(),
            vendored: workspace.vendored.clone(),
        }
    }

    /// Relative to the workspace where it lies inside, `alloc/src/boxed.rs` in the standard library, absolute
    /// elsewhere; `/` between folders. `symbol` is of a function in it, or empty.
    pub(super) fn file(&self, path: &str, symbol: &str) -> String {
        if let Some(file) = self.of_std(path, symbol) {
            return file.to_owned();
        }
        self.inside(Path::new(path)).to_string_lossy().into_owned()
    }

    /// Relative to the workspace, where it lies or lay inside.
    fn inside<'p>(&self, path: &'p Path) -> &'p Path {
        let mut roots = [&self.workspace].into_iter().chain(&self.moved_from);
        roots.find_map(|root| path.strip_prefix(root).ok()).unwrap_or(path)
    }

    /// Whose code stands in `path`; without a path, the function's crate decides.
    pub(super) fn of(&self, path: Option<&str>, function: &FunctionName, symbol: &str) -> Origin {
        if is_ours(function.as_str()) {
            return Origin::NoHeap;
        }
        let Some(path) = path.filter(|path| !is_of_c(path)) else { return Origin::System };
        if self.of_std(path, symbol).is_some() {
            return Origin::Std;
        }
        let unknown = || Origin::Dependency(function.krate().to_owned());
        self.of_package(path).unwrap_or_else(unknown)
    }

    /// The file inside the standard library's source.
    fn of_std<'p>(&self, path: &'p str, symbol: &str) -> Option<&'p str> {
        let of_function =
            || std_source::of_function(path, symbol).filter(|_| self.of_package(path).is_none());
        std_source::of_path(path).or_else(of_function)
    }

    /// Whose code a file is that lies in the folder of a package that cargo knows.
    fn of_package(&self, path: &str) -> Option<Origin> {
        let absolute = self.workspace.join(self.inside(Path::new(path)));
        let inside = |roots: &[PathBuf]| roots.iter().any(|root| absolute.starts_with(root));
        if inside(&self.no_heap) {
            Some(Origin::NoHeap)
        } else if let Some(name) = registry_crate(path).or_else(|| self.vendored_crate(&absolute)) {
            Some(Origin::Dependency(name))
        } else {
            inside(&self.user).then_some(Origin::User)
        }
    }

    fn vendored_crate(&self, path: &Path) -> Option<String> {
        let (_, name) = self.vendored.iter().find(|(folder, _)| path.starts_with(folder))?;
        Some(name.clone())
    }
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
    use super::{Origins, registry_crate};
    use crate::model::{FunctionName, Origin, Workspace};

    /// A package of the user's called `alloc`, in a folder called as the compiler's own, beside a changed path of the
    /// standard library's.
    #[test]
    fn a_path_of_the_users_is_not_taken_for_the_standard_librarys() {
        let roots = vec!["/home/me/library/alloc".into()];
        let workspace = Workspace { root: "/home/me".into(), user_roots: roots, ..Workspace::default() };
        let origins = Origins::new(&workspace);
        let of = |path: &str, symbol: &str| {
            let name = FunctionName::new(&format!("{:#}", rustc_demangle::demangle(symbol)));
            (origins.of(Some(path), &name, symbol), origins.file(path, symbol))
        };
        let push = "_RNvMNtCsd_5alloc6stringNtB2_6String4push";
        let own = "/home/me/library/alloc/src/string.rs";
        assert_eq!(of(own, push), (Origin::User, "library/alloc/src/string.rs".to_owned()));
        for std in ["/src/library/alloc/src/string.rs", "/usr/src/rustc-1.96.0/library/alloc/src/string.rs"] {
            assert_eq!(of(std, push), (Origin::Std, "alloc/src/string.rs".to_owned()), "{std}");
        }
        let of_app = of("/src/library/alloc/src/string.rs", "_RNvCs3_3app3hot");
        assert_eq!(of_app.0, Origin::Dependency("app".to_owned()));
    }

    #[test]
    fn a_dependency_is_known_by_its_folder() {
        let registry = "/h/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.13.2/src/lib.rs";
        assert_eq!(registry_crate(registry).as_deref(), Some("smallvec"));
        assert_eq!(registry_crate("/h/.cargo/git/checkouts/ring-ab12/3f/src/a.rs").as_deref(), Some("ring"));
        assert_eq!(registry_crate("/home/me/app/src/lib.rs"), None);
    }
}
