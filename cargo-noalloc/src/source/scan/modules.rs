//! Where the file of a `mod name;` is, as rustc looks for it: `name.rs`, `name/mod.rs`, `#[path]`.

use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use super::hot;

/// Where a module's own modules are.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The folder in it that has them: that of a file that is called neither `mod.rs` nor as a target's root. A `#[path]`
    /// in the file itself does not count from there.
    relative: Option<String>,
}

impl Folder {
    /// Of a file whose modules lie beside it: a target's root, a `mod.rs`, one that a `#[path]` names.
    pub(super) fn beside(file: &Path) -> Folder {
        Folder { path: file.parent().unwrap_or(Path::new("")).to_owned(), relative: None }
    }

    /// Of a module in braces.
    pub(super) fn of_inline(&self, name: &str, attributes: &[Attribute]) -> Folder {
        let mut path = self.path.clone();
        match paths(attributes).into_iter().next() {
            Some(explicit) => path.push(explicit),
            None => path.extend(self.relative.iter().map(String::as_str).chain([name])),
        }
        Folder { path, relative: None }
    }

    /// The files that may be the module's, with the folder of its own modules: first those that a `#[path]` names. Which
    /// `cfg_attr` holds is not asked.
    pub(super) fn files(&self, name: &str, attributes: &[Attribute]) -> Files {
        let explicit = paths(attributes).into_iter().map(|path| self.path.join(path));
        let explicit: Vec<_> = explicit.map(|file| (file.clone(), Folder::beside(&file))).collect();
        let is_sure = attributes.iter().any(|attr| path(&attr.meta).is_some());
        let base = self.relative.iter().fold(self.path.clone(), |path, name| path.join(name));
        let (file, mod_rs) = (base.join(format!("{name}.rs")), base.join(name).join("mod.rs"));
        let own = Folder { path: base, relative: Some(name.to_owned()) };
        let usual =
            if is_sure { Vec::new() } else { vec![(file, own), (mod_rs.clone(), Folder::beside(&mod_rs))] };
        Files { explicit, usual }
    }
}

/// Where a module's file may be.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) explicit: Vec<(PathBuf, Folder)>,
    /// One of them; none where a path is given for every configuration.
    pub(super) usual: Vec<(PathBuf, Folder)>,
}

/// What `#[path = "…"]` and `#[cfg_attr(…, path = "…")]` say.
fn paths(attributes: &[Attribute]) -> Vec<String> {
    let conditional = attributes.iter().flat_map(hot::conditional);
    attributes
        .iter()
        .map(|attr| attr.meta.clone())
        .chain(conditional)
        .filter_map(|meta| path(&meta))
        .collect()
}

fn path(meta: &Meta) -> Option<String> {
    let Meta::NameValue(pair) = meta else { return None };
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) if pair.path.is_ident("path") => Some(path.value()),
        _ => None,
    }
}
