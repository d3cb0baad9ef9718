//! Where the `no_heap` comes from that belongs to this tool: from where the tool itself was installed from.
//!
//! The two are one project, and a version that no registry has is on the machine all the same.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::files;

/// Cargo's list of what it has installed, beside the folder `bin`.
const INSTALLED: &str = ".crates2.json";

/// Where a dependency comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// In a registry, by version.
    Registry,
    /// In a git repository, at a revision.
    Git { url: String, revision: String },
    /// In a folder.
    Folder(PathBuf),
}

/// The tool was installed from a folder that is not there any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone(pub(super) PathBuf);

/// The origin that belongs to the running executable.
pub(super) fn of_this_tool() -> Result<Origin, Gone> {
    let executable = std::env::current_exe().ok();
    let source = executable.as_deref().and_then(source_of);
    decide(source.as_deref(), Path::new(env!("CARGO_MANIFEST_DIR")))
}

/// `source`: what cargo has noted of the executable. `built_in`: the folder that this package was built in.
fn decide(source: Option<&str>, built_in: &Path) -> Result<Origin, Gone> {
    let beside = built_in.with_file_name("no_heap");
    let is_there = beside.join("Cargo.toml").is_file();
    match source {
        Some(source) if source.starts_with("git+") => Ok(git(source)),
        Some(source) if source.starts_with("path+") && !is_there => Err(Gone(built_in.to_owned())),
        // Of an executable that cargo has not installed, such as one of a distribution, only the folder tells.
        Some(source) if !source.starts_with("path+") => Ok(Origin::Registry),
        _ if is_there => Ok(Origin::Folder(beside)),
        _ => Ok(Origin::Registry),
    }
}

/// `git+URL?branch=main#REVISION`.
fn git(source: &str) -> Origin {
    let source = source.strip_prefix("git+").unwrap_or(source);
    let (url, revision) = source.split_once('#').unwrap_or((source, "HEAD"));
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    Origin::Git { url: url.to_owned(), revision: revision.to_owned() }
}

/// What cargo has noted of an executable that it has installed: `NAME VERSION (SOURCE)`.
fn source_of(executable: &Path) -> Option<String> {
    let folder = executable.parent().filter(|folder| folder.ends_with("bin"))?;
    let text = files::read_linked(&folder.with_file_name(INSTALLED)).ok()?;
    let installed: Value = serde_json::from_str(&text).ok()?;
    let name = executable.file_name()?.to_str()?;
    let has = |entry: &Value| {
        let binaries = entry["bins"].as_array();
        binaries.is_some_and(|binaries| binaries.iter().any(|binary| binary == name))
    };
    let (package, _) = installed["installs"].as_object()?.iter().find(|(_, entry)| has(entry))?;
    let (_, source) = package.rsplit_once(" (")?;
    Some(source.strip_suffix(')')?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Gone, Origin, decide, source_of};

    /// A clone in `root` with both crates.
    fn clone(root: &Path) -> std::path::PathBuf {
        for name in ["no_heap", "cargo-noalloc"] {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("Cargo.toml"), "").unwrap();
        }
        root.join("cargo-noalloc")
    }

    #[test]
    fn no_heap_comes_from_where_the_tool_does() {
        let root = tempfile::tempdir().unwrap();
        let (there, gone) = (clone(root.path()), Path::new("/nowhere/cargo-noalloc"));
        let folder = || Ok(Origin::Folder(root.path().join("no_heap")));
        let git = |url: &str| Ok(Origin::Git { url: url.to_owned(), revision: "0123abc".to_owned() });
        let path = "path+file:///a%20clone/cargo-noalloc";
        assert_eq!(decide(Some(path), &there), folder());
        assert_eq!(decide(Some(path), gone), Err(Gone(gone.to_owned())));
        // Built in a folder of cargo's, which it removes one day: the repository stays.
        assert_eq!(decide(Some("git+https://a.b/c?branch=x#0123abc"), &there), git("https://a.b/c"));
        assert_eq!(decide(Some("git+ssh://git@a.b/c.git#0123abc"), gone), git("ssh://git@a.b/c.git"));
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        assert_eq!(decide(Some(registry), gone), Ok(Origin::Registry));
        assert_eq!(decide(Some("sparse+https://a.b/"), &there), Ok(Origin::Registry));
        // Run where it was built, and copied to another machine.
        assert_eq!(decide(None, &there), folder());
        assert_eq!(decide(None, gone), Ok(Origin::Registry));
    }

    #[test]
    fn cargos_list_tells_where_an_executable_comes_from() {
        let root = tempfile::tempdir().unwrap();
        let executable = root.path().join("bin/cargo-noalloc");
        assert_eq!(source_of(&executable), None, "there is no list");
        let list = r#"{"installs":{
            "ripgrep 14.1.1 (registry+https://github.com/rust-lang/crates.io-index)":{"bins":["rg"]},
            "cargo-noalloc 0.1.0 (path+file:///a%20(b)/cargo-noalloc)":{"bins":["cargo-noalloc"],"profile":"release"}
        }}"#;
        fs::write(root.path().join(".crates2.json"), list).unwrap();
        assert_eq!(source_of(&executable).as_deref(), Some("path+file:///a%20(b)/cargo-noalloc"));
        assert_eq!(source_of(&root.path().join("bin/another")), None);
        assert_eq!(source_of(&root.path().join("debug/cargo-noalloc")), None, "it was not installed");
        fs::write(root.path().join(".crates2.json"), "{").unwrap();
        assert_eq!(source_of(&executable), None);
    }
}
