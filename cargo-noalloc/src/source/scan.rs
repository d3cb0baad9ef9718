//! Every `#[no_heap…]` function of a target, found in its source without building it.
//!
//! Follows `mod` declarations from the target's root file as rustc does: `name.rs`, `name/mod.rs`, `#[path]`.

use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, Item, ItemImpl, ItemMod, Meta, TraitItem};

use super::Sources;
use super::expression::no_heap;
use super::file::SourceFile;
use crate::model::{Declared, DeclaredFn, NoSource, Root};

/// All hot functions of the crates that begin at `roots`; a file that two of them share is the first one's.
pub(crate) fn all(sources: &Sources, roots: &[Root]) -> Declared {
    let mut declared = Declared::default();
    for Root { krate, file } in roots {
        let (functions, mut problems) = scan(sources, file);
        for function in functions {
            if !declared.functions.iter().any(|(_, known)| known.place == function.place) {
                declared.functions.push((krate.clone(), function));
            }
        }
        declared.problems.append(&mut problems);
    }
    declared.problems.sort();
    declared.problems.dedup();
    declared
}

/// All hot functions that are reachable from `root`, a target's main file, in source order, and the files that
/// could not be read.
fn scan(sources: &Sources, root: &str) -> (Vec<DeclaredFn>, Vec<NoSource>) {
    let mut scan = Scan { sources, found: Vec::new(), problems: Vec::new(), seen: Vec::new() };
    scan.file(root, &[], true);
    (scan.found, scan.problems)
}

struct Scan<'a> {
    sources: &'a Sources,
    found: Vec<DeclaredFn>,
    problems: Vec<NoSource>,
    /// A file that declares itself would never end.
    seen: Vec<String>,
}

impl Scan<'_> {
    /// `owns_folder`: the file's modules lie beside it (`lib.rs`, `mod.rs`), not in a folder of its name.
    fn file(&mut self, name: &str, module: &[String], owns_folder: bool) {
        if self.seen.iter().any(|own| own == name) {
            return;
        }
        self.seen.push(name.to_owned());
        let file = match self.sources.file(name) {
            Ok(file) => file,
            Err(problem) => return self.problems.push(problem),
        };
        let tree = match &file.tree {
            Ok(tree) => tree,
            Err(problem) => return self.problems.push(problem.clone()),
        };
        let path = Path::new(name);
        let folder = path.parent().unwrap_or(Path::new(""));
        let folder = if owns_folder { folder.to_owned() } else { path.with_extension("") };
        self.items(&file, &tree.items, module, &folder);
    }

    fn items(&mut self, file: &SourceFile, items: &[Item], module: &[String], folder: &Path) {
        for item in items {
            match item {
                Item::Fn(item) => self.offer(file, module, &item.attrs, &[], &item.sig.ident),
                Item::Mod(item) => self.module(file, item, module, folder),
                Item::Impl(block) => self.methods(file, block, module),
                Item::Trait(block) => {
                    let module = with(module, &block.ident.to_string());
                    let methods = block.items.iter().filter_map(|item| match item {
                        TraitItem::Fn(method) => Some(method),
                        _ => None,
                    });
                    methods
                        .for_each(|method| self.offer(file, &module, &method.attrs, &[], &method.sig.ident));
                }
                _ => {}
            }
        }
    }

    fn methods(&mut self, file: &SourceFile, block: &ItemImpl, module: &[String]) {
        let module = with(module, &type_name(file, &block.self_ty));
        for item in &block.items {
            if let ImplItem::Fn(method) = item {
                self.offer(file, &module, &method.attrs, &block.attrs, &method.sig.ident);
            }
        }
    }

    fn module(&mut self, file: &SourceFile, item: &ItemMod, module: &[String], folder: &Path) {
        let name = item.ident.to_string();
        let inner = with(module, &name);
        let name = name.trim_start_matches("r#");
        if let Some((_, items)) = &item.content {
            return self.items(file, items, &inner, &folder.join(name));
        }
        let explicit = item.attrs.iter().find_map(path_attribute);
        let candidates = match explicit {
            // Relative to the file that says so.
            Some(path) => vec![(Path::new(&file.name).parent().unwrap_or(Path::new("")).join(path), true)],
            None => {
                vec![(folder.join(format!("{name}.rs")), false), (folder.join(name).join("mod.rs"), true)]
            }
        };
        let exists = |(path, _): &&(PathBuf, bool)| self.sources.root.join(path).is_file();
        let Some((path, owns_folder)) = candidates.iter().find(exists).or(candidates.first()) else { return };
        // A module that a `cfg` leaves out may have no file.
        let conditional = item.attrs.iter().any(|attr| attr.path().is_ident("cfg"));
        if conditional && !self.sources.root.join(path).is_file() {
            return;
        }
        self.file(&path.to_string_lossy().replace('\\', "/"), &inner, *owns_folder);
    }

    fn offer(
        &mut self,
        file: &SourceFile,
        module: &[String],
        own: &[Attribute],
        block: &[Attribute],
        name: &syn::Ident,
    ) {
        let Some(attr) = no_heap(own).or_else(|| no_heap(block)) else { return };
        let options = match &attr.meta {
            Meta::List(list) => {
                let inside = list.delimiter.span();
                let text = file.text_between(inside.open().end(), inside.close().start());
                text.trim().to_owned()
            }
            _ => String::new(),
        };
        self.found.push(DeclaredFn {
            name: with(module, &name.to_string()).join("::"),
            place: file.span(name.span()).start,
            options,
        });
    }
}

fn with(module: &[String], name: &str) -> Vec<String> {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

fn type_name(file: &SourceFile, ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(path) => {
            path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
        }
        other => file.text_between(other.span().start(), other.span().end()),
    }
}

fn path_attribute(attr: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attr.meta else { return None };
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) if attr.path().is_ident("path") => {
            Some(path.value())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::scan;

    fn write(root: &std::path::Path, name: &str, text: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is new");
        std::fs::write(path, text).expect("the folder is there");
    }

    #[test]
    fn modules_are_followed_as_rustc_follows_them() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let root = root.path();
        write(
            root,
            "src/lib.rs",
            "mod fir; mod iir; #[path = \"odd name.rs\"] mod odd; mod inner { mod deep; }\n#[cfg(windows)] mod absent;\n mod gone;\n#[no_heap]\npub fn top() {}\nfn cold() {}",
        );
        write(
            root,
            "src/fir.rs",
            "mod taps;\npub struct Filter;\nimpl Filter {\n    #[no_heap(allocs = 1, bytes = 64)]\n    pub fn process(&mut self) {}\n    fn cold() {}\n}",
        );
        write(root, "src/fir/taps.rs", "#[no_heap::no_heap( prove )]\nunsafe fn größe() {}");
        write(
            root,
            "src/iir/mod.rs",
            "struct Biquad<T>(T);\n#[no_heap]\nimpl<T> Biquad<T> { fn a() {} fn b() {} }\ntrait Step { #[no_heap] fn step() {} }",
        );
        write(root, "src/odd name.rs", "#[no_heap]\nfn odd() {}");
        write(root, "src/inner/deep.rs", "#[no_heap]\nfn deep() {}");
        let (found, problems) = scan(&Sources::new(root), "src/lib.rs");
        let found: Vec<String> = found
            .iter()
            .map(|hot| {
                format!(
                    "{} {}:{}:{} [{}]",
                    hot.name, hot.place.file, hot.place.line, hot.place.column, hot.options
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "fir::taps::größe src/fir/taps.rs:2:11 [prove]",
                "fir::Filter::process src/fir.rs:5:12 [allocs = 1, bytes = 64]",
                "iir::Biquad::a src/iir/mod.rs:3:24 []",
                "iir::Biquad::b src/iir/mod.rs:3:34 []",
                "iir::Step::step src/iir/mod.rs:4:28 []",
                "odd::odd src/odd name.rs:2:4 []",
                "inner::deep::deep src/inner/deep.rs:2:4 []",
                "top src/lib.rs:5:8 []",
            ]
        );
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["`src/gone.rs` cannot be read, so its source is not shown"]);
    }
}
