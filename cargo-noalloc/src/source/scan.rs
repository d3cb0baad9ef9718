//! Every `#[no_heap…]` function of a target, found in its source without building it.
//!
//! Reads what the source says, whatever `cfg` leaves out of one build. What cannot be told from the source, and what
//! cannot be read, is said.

pub(super) mod hot;
mod modules;

use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Attribute, Block, ImplItem, Item, ItemImpl, ItemMacro, ItemMod, ItemTrait, LitStr, TraitItem};

use super::Sources;
use super::file::SourceFile;
use super::parse::parse_items;
use crate::model::{Declared, DeclaredFn, NoSource, Root, Unlisted};
use modules::Folder;

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

/// All hot functions that are reachable from `root`, a target's main file, in source order, and what may hide others.
fn scan(sources: &Sources, root: &str) -> (Vec<DeclaredFn>, Vec<Unlisted>) {
    let mut scan = Scan { sources, found: Vec::new(), problems: Vec::new(), seen: Vec::new() };
    scan.file(Path::new(root), &[], &Folder::beside(Path::new(root)));
    (scan.found, scan.problems)
}

struct Scan<'a> {
    sources: &'a Sources,
    found: Vec<DeclaredFn>,
    problems: Vec<Unlisted>,
    /// A file that declares itself would never end.
    seen: Vec<String>,
}

/// Where an item stands.
#[derive(Clone, Copy)]
struct Scope<'s> {
    file: &'s SourceFile,
    path: &'s [String],
    folder: &'s Folder,
}

impl Scan<'_> {
    fn file(&mut self, path: &Path, module: &[String], folder: &Folder) {
        let name = path.to_string_lossy().replace('\\', "/");
        if self.seen.contains(&name) {
            return;
        }
        self.seen.push(name.clone());
        let file = match self.sources.file(&name) {
            Ok(file) => file,
            Err(problem) => return self.problems.push(Unlisted::File(problem)),
        };
        let tree = match &file.tree {
            Ok(tree) => tree,
            Err(problem) => return self.problems.push(Unlisted::File(problem.clone())),
        };
        let scope = Scope { file: &file, path: module, folder };
        self.items(scope, &tree.items);
        for unread in &file.unread {
            self.problems.push(Unlisted::Item { file: name.clone(), why: unread.why.clone() });
            self.tokens(scope, &unread.tokens);
        }
    }

    fn items(&mut self, scope: Scope<'_>, items: &[Item]) {
        items.iter().for_each(|item| self.item(scope, item));
    }

    fn item(&mut self, scope: Scope<'_>, item: &Item) {
        match item {
            Item::Fn(item) => self.function(scope, [&item.attrs, &[]], &item.sig, Some(&item.block)),
            Item::Mod(item) => self.module(scope, item),
            Item::Impl(block) => self.implementation(scope, block),
            Item::Trait(item) => self.methods_of_trait(scope, item),
            Item::Macro(item) => self.called_macro(scope, item),
            other => self.nested(scope, |nested| nested.visit_within(other)),
        }
    }

    fn implementation(&mut self, scope: Scope<'_>, block: &ItemImpl) {
        let path = with(scope.path, type_name(scope.file, &block.self_ty));
        let scope = Scope { path: &path, ..scope };
        for item in &block.items {
            match item {
                ImplItem::Fn(method) => {
                    self.function(scope, [&method.attrs, &block.attrs], &method.sig, Some(&method.block));
                }
                ImplItem::Macro(item) => self.tokens(scope, &item.mac.tokens),
                _ => {}
            }
        }
    }

    fn methods_of_trait(&mut self, scope: Scope<'_>, item: &ItemTrait) {
        let path = with(scope.path, scope.file.text_of(&item.ident));
        let scope = Scope { path: &path, ..scope };
        for item in &item.items {
            match item {
                TraitItem::Fn(method) => {
                    self.function(scope, [&method.attrs, &[]], &method.sig, method.default.as_ref());
                }
                TraitItem::Macro(item) => self.tokens(scope, &item.mac.tokens),
                _ => {}
            }
        }
    }

    fn module(&mut self, scope: Scope<'_>, item: &ItemMod) {
        let Scope { file, path, folder } = scope;
        let path = with(path, file.text_of(&item.ident));
        let name = item.ident.to_string();
        let name = name.trim_start_matches("r#");
        if let Some((_, items)) = &item.content {
            let folder = folder.of_inline(name, &item.attrs);
            return self.items(Scope { file, path: &path, folder: &folder }, items);
        }
        let files = folder.files(name, &item.attrs);
        let exists = |file: &Path| self.sources.folders.root().join(file).is_file();
        let explicit = files.explicit.iter().filter(|(file, _)| exists(file));
        let usual = files.usual.iter().filter(|(file, _)| exists(file)).take(1);
        let there: Vec<_> = explicit.chain(usual).cloned().collect();
        // A module that a `cfg` leaves out may have no file.
        let is_conditional = item.attrs.iter().any(|attr| attr.path().is_ident("cfg"));
        if let (true, false, Some((missing, _))) =
            (there.is_empty(), is_conditional, files.usual.first().or(files.explicit.first()))
        {
            let file = missing.to_string_lossy().replace('\\', "/");
            self.problems.push(Unlisted::File(NoSource::Missing { file }));
        }
        for (file, folder) in there {
            self.file(&file, &path, &folder);
        }
    }

    /// `attributes`: the function's own, and those of the block around it.
    fn function(
        &mut self,
        scope: Scope<'_>,
        attributes: [&[Attribute]; 2],
        sig: &syn::Signature,
        body: Option<&Block>,
    ) {
        let path = with(scope.path, scope.file.text_of(&sig.ident));
        if let Some(attr) = attributes.into_iter().find_map(hot::attribute) {
            self.found.push(DeclaredFn {
                name: path.join("::"),
                place: scope.file.span(sig.ident.span()).start,
                options: hot::options(scope.file, attr),
            });
        }
        if let Some(body) = body {
            self.nested(Scope { path: &path, ..scope }, |nested| nested.visit_block(body));
        }
    }

    /// Items in the bodies of functions and in values.
    fn nested<'x>(&mut self, scope: Scope<'_>, visit: impl FnOnce(&mut Nested<'x>)) {
        let mut nested = Nested { items: Vec::new() };
        visit(&mut nested);
        nested.items.into_iter().for_each(|item| self.item(scope, item));
    }

    fn called_macro(&mut self, scope: Scope<'_>, item: &ItemMacro) {
        let file = || scope.file.name.clone();
        let line = scope.file.span(item.mac.path.span()).start.line;
        let tokens = &item.mac.tokens;
        if let Some(name) = &item.ident {
            // What it makes has the names that its callers give it.
            if hot::is_made_by(tokens) {
                self.problems.push(Unlisted::Macro { file: file(), line, name: name.to_string() });
            }
        } else if !item.mac.path.is_ident("include") {
            self.tokens(scope, tokens);
        } else if let Ok(path) = syn::parse2::<LitStr>(tokens.clone()) {
            let path = Path::new(&scope.file.name).parent().unwrap_or(Path::new("")).join(path.value());
            self.file(&path, scope.path, &Folder::beside(&path));
        } else {
            self.problems.push(Unlisted::Included { file: file(), line });
        }
    }

    /// What a macro is given, or a part that cannot be read: if items stand there, or in some braces inside, they are
    /// taken for what the compiler sees as well.
    fn tokens(&mut self, scope: Scope<'_>, tokens: &TokenStream) {
        if !hot::is_made_by(tokens) {
            return;
        }
        if let Ok(items) = parse_items(tokens.clone()) {
            return self.items(scope, &items);
        }
        for tree in tokens.clone() {
            if let TokenTree::Group(group) = tree
                && group.delimiter() == Delimiter::Brace
            {
                self.tokens(scope, &group.stream());
            }
        }
    }
}

/// The items inside other code, and not those inside them.
struct Nested<'ast> {
    items: Vec<&'ast Item>,
}

impl<'ast> Nested<'ast> {
    fn visit_within(&mut self, item: &'ast Item) {
        syn::visit::visit_item(self, item);
    }
}

impl<'ast> Visit<'ast> for Nested<'ast> {
    fn visit_item(&mut self, item: &'ast Item) {
        self.items.push(item);
    }
}

fn with(path: &[String], name: String) -> Vec<String> {
    path.iter().cloned().chain([name]).collect()
}

fn type_name(file: &SourceFile, ty: &syn::Type) -> String {
    match ty {
        syn::Type::Path(path) => {
            path.path.segments.last().map(|last| file.text_of(&last.ident)).unwrap_or_default()
        }
        other => file.text_between(other.span().start(), other.span().end()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sources;
    use super::scan;
    use crate::model::{DeclaredFn, Place};
    use crate::source_files::SourceFolders;

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
        let (found, problems) = scan(&Sources::new(SourceFolders::new(root, [])), "src/lib.rs");
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

    /// Names with lines, and what may hide others, of a crate of these files.
    fn listed(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let root = tempfile::tempdir().expect("a temporary folder");
        files.iter().for_each(|(name, text)| write(root.path(), name, text));
        let (found, problems) = scan(&Sources::new(SourceFolders::new(root.path(), [])), "src/lib.rs");
        let line = |hot: &DeclaredFn| {
            let Place { file, line, column } = &hot.place;
            format!("{} {}:{line}:{column}", hot.name, file.trim_start_matches("src/"))
        };
        (found.iter().map(line).collect(), problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn paths_of_modules_count_from_where_rustc_counts_them() {
        let lib = "mod a; mod b;\n#[cfg_attr(unix, path = \"real.rs\")] mod shown;\n\
                   #[cfg_attr(unix, path = \"unix.rs\")] #[cfg_attr(windows, path = \"windows.rs\")] mod system;\n\
                   #[cfg_attr(loom, path = \"absent.rs\")] mod usual;\n#[path = \"elsewhere\"] mod moved { mod deep; }";
        let hot = "#[no_heap] fn hot() {}";
        let (found, problems) = listed(&[
            ("src/lib.rs", lib),
            ("src/a.rs", "#[path = \"beside.rs\"] mod x; mod inner { #[path = \"below.rs\"] mod y; mod z; }"),
            ("src/beside.rs", hot),
            ("src/a/inner/below.rs", hot),
            ("src/a/inner/z.rs", hot),
            ("src/b/mod.rs", "mod inner { #[path = \"below.rs\"] mod y; } mod r#async;"),
            ("src/b/inner/below.rs", hot),
            ("src/b/async.rs", hot),
            ("src/real.rs", hot),
            ("src/unix.rs", hot),
            ("src/windows.rs", hot),
            ("src/usual.rs", hot),
            ("src/elsewhere/deep.rs", hot),
        ]);
        let expected = [
            "a::x::hot beside.rs:1:15",
            "a::inner::y::hot a/inner/below.rs:1:15",
            "a::inner::z::hot a/inner/z.rs:1:15",
            "b::inner::y::hot b/inner/below.rs:1:15",
            "b::r#async::hot b/async.rs:1:15",
            "shown::hot real.rs:1:15",
            "system::hot unix.rs:1:15",
            "system::hot windows.rs:1:15",
            "usual::hot usual.rs:1:15",
            "moved::deep::hot elsewhere/deep.rs:1:15",
        ];
        assert_eq!((found, problems), (expected.map(str::to_owned).to_vec(), Vec::new()));
    }

    #[test]
    fn hot_functions_are_found_wherever_they_stand() {
        let lib = "fn cold() {\n    #[no_heap]\n    fn nested() { let f = || { #[no_heap] fn deeper() {} }; }\n}\n\
                   impl Filter { fn new() { #[no_heap] fn of_method() {} } }\n\
                   const C: u8 = { #[no_heap] const fn of_value() {} 1 };\n\
                   #[cfg_attr(feature = \"hot\", inline, no_heap(allocs = 1))] fn perhaps() {}\n\
                   #[cfg_attr(a, cfg_attr(b, no_heap::no_heap))] impl Filter { fn each() {} }\n\
                   cfg_if! { if #[cfg(unix)] { #[no_heap] fn chosen() {} } else { #[no_heap] fn other() {} } }\n\
                   items! { #[no_heap] fn given() {} }\nimpl Filter { methods!(#[no_heap] fn of_macro() {}); }\n\
                   include!(\"more/part.rs\");\n";
        let (found, problems) =
            listed(&[("src/lib.rs", lib), ("src/more/part.rs", "#[no_heap] fn included() {}")]);
        let expected = [
            "cold::nested lib.rs:3:8",
            "cold::nested::deeper lib.rs:3:46",
            "Filter::new::of_method lib.rs:5:40",
            "of_value lib.rs:6:37",
            "perhaps lib.rs:7:62",
            "Filter::each lib.rs:8:64",
            "chosen lib.rs:9:43",
            "other lib.rs:9:78",
            "given lib.rs:10:24",
            "Filter::of_macro lib.rs:11:38",
            "included more/part.rs:1:15",
        ];
        assert_eq!((found, problems), (expected.map(str::to_owned).to_vec(), Vec::new()));
    }

    #[test]
    fn what_is_not_listed_is_said() {
        let lib = "macro_rules! made { ($name:ident) => { #[no_heap] fn $name() {} } }\nmade!(a);\n\
                   macro_rules! cold { () => { fn b() {} } }\n\
                   include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n\
                   impl A {\n    #[no_heap] fn read(&self) { @ }\n    ? #[no_heap] fn unread() { };\n}\nmod broken;\n";
        let (found, problems) = listed(&[("src/lib.rs", lib), ("src/broken.rs", "fn a() {")]);
        assert_eq!(found, ["A::read lib.rs:6:19"]);
        let said = [
            "`src/broken.rs` does not parse (line 1",
            "a part of `src/lib.rs` does not parse (line 6: ",
            "a part of `src/lib.rs` does not parse (line 7: ",
            "src/lib.rs:1: `made!` makes hot functions, which are not listed",
            "src/lib.rs:4: what this `include!` names is made by the build",
        ];
        assert_eq!(problems.len(), said.len(), "{problems:#?}");
        for said in said {
            assert!(problems.iter().any(|problem| problem.starts_with(said)), "{said}: {problems:#?}");
        }
    }

    #[test]
    fn files_of_edition_2015_are_read() {
        let lib = "trait Read { fn rd(&mut self, u8); #[no_heap] fn all(&mut self, u8, Box<Fn(u8) -> u8>) {} }\n\
                   #[no_heap] fn async(dyn: u8) -> u8 { try!(await(dyn)) }\n";
        let (found, problems) = listed(&[("src/lib.rs", lib)]);
        assert_eq!(
            (found.join(", "), problems),
            ("Read::all lib.rs:1:50, async lib.rs:2:15".to_owned(), Vec::new())
        );
    }
}
