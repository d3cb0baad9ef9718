//! What `init` adds to manifests; what stands there stays as it is.

use std::path::Path;

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::lines::Lines;
use super::lints;
use super::origin::Origin;
use crate::exit::{Exit, Failure};

/// A manifest that is being edited.
pub(super) struct Manifest {
    lines: Lines,
    document: DocumentMut,
    /// What was added, in words.
    pub(super) added: Vec<String>,
}

/// Which table of lints is in force in a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lints {
    Own,
    OfWorkspace,
}

impl Manifest {
    /// `shown`: how messages name it.
    pub(super) fn parse(text: &str, shown: &str) -> Result<Manifest, Failure> {
        let lines = Lines::of(text);
        let document = lines.plain().parse().map_err(|error: toml_edit::TomlError| {
            let message = format!("{shown} does not parse: {}", error.message());
            Failure::new(Exit::MetadataFailed, message)
        })?;
        Ok(Manifest { lines, document, added: Vec::new() })
    }

    /// The text with what was added.
    pub(super) fn text(&self) -> String {
        self.lines.give_back(&self.document.to_string())
    }

    /// The name under which the package depends on `no_heap`, wherever it says so.
    pub(super) fn no_heap(&self) -> Option<String> {
        const KINDS: [&str; 2] = ["dependencies", "dev-dependencies"];
        let targets = self.document.get("target").and_then(Item::as_table_like);
        let of_targets = targets.into_iter().flat_map(|targets| targets.iter().map(|(_, target)| target));
        let tables =
            of_targets.filter_map(Item::as_table_like).chain([self.document.as_table() as &dyn TableLike]);
        let dependencies =
            tables.flat_map(|table| KINDS.iter().filter_map(|kind| table.get(kind)?.as_table_like()));
        let is_it = |(name, of): (&str, &Item)| {
            let package = of.get("package").and_then(Item::as_str).unwrap_or(name);
            (package == "no_heap").then(|| name.to_owned())
        };
        dependencies.flat_map(|table| table.iter().filter_map(is_it).collect::<Vec<_>>()).next()
    }

    /// Whether the workspace declares the dependency for its members.
    pub(super) fn shares_no_heap(&self) -> bool {
        let workspace = self.document.get("workspace").and_then(|table| table.get("dependencies"));
        workspace.is_some_and(|dependencies| dependencies.get("no_heap").is_some())
    }

    /// Adds the dependency; `folder`: the manifest's, without links.
    pub(super) fn depend(&mut self, origin: &Dependency<'_>, folder: &Path) {
        let mut words = "the dependency `no_heap`".to_owned();
        let pair = |key: &str, of: String| {
            let mut table = InlineTable::new();
            table.insert(key, of.into());
            table
        };
        let dependency: Value = match origin {
            Dependency::OfWorkspace => {
                let mut table = InlineTable::new();
                table.insert("workspace", true.into());
                table.into()
            }
            Dependency::Given(path) => pair("path", (*path).to_owned()).into(),
            Dependency::Of(Origin::Registry) => version().into(),
            Dependency::Of(Origin::Folder(path)) => {
                words.push_str(" from this tool's own clone");
                pair("path", relative(folder, path)).into()
            }
            Dependency::Of(Origin::Git { url, revision }) => {
                words.push_str(" from this tool's own repository");
                let mut table = pair("git", url.clone());
                table.insert("rev", revision.as_str().into());
                table.into()
            }
        };
        let dependencies = self.document.entry("dependencies").or_insert_with(|| Item::Table(Table::new()));
        dependencies["no_heap"] = value(dependency);
        self.added.push(words);
    }

    /// Adds the benchmark `hot`.
    pub(super) fn bench(&mut self) {
        let benches =
            self.document.entry("bench").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let is_it = |name: Option<&str>| name == Some("hot");
        if let Some(benches) = benches.as_array_of_tables_mut() {
            if benches.iter().any(|bench| is_it(bench.get("name").and_then(Item::as_str))) {
                return;
            }
            let mut bench = Table::new();
            bench["name"] = value("hot");
            bench["harness"] = value(false);
            benches.push(bench);
        } else if let Some(benches) = benches.as_array_mut() {
            let named =
                |bench: &Value| is_it(bench.as_inline_table().and_then(|bench| bench.get("name")?.as_str()));
            if benches.iter().any(named) {
                return;
            }
            let mut bench = InlineTable::new();
            bench.insert("name", "hot".into());
            bench.insert("harness", false.into());
            benches.push(bench);
        } else {
            return;
        }
        self.added.push("the benchmark `hot`".to_owned());
    }

    /// Which lints a package has.
    pub(super) fn lints(&self) -> Lints {
        let inherits = self.document.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        if inherits == Some(true) { Lints::OfWorkspace } else { Lints::Own }
    }

    /// Declares the `cfg` of audits, in the package's lints or in those of a workspace.
    pub(super) fn declare_cfg(&mut self, of: Lints) {
        let table = || {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        let mut place = self.document.as_item_mut();
        let path: &[&str] = if of == Lints::Own { &["lints"] } else { &["workspace", "lints"] };
        for key in path {
            let Some(inside) = place.as_table_like_mut() else { return };
            if !inside.contains_key(key) {
                inside.insert(key, table());
            }
            let Some(inner) = inside.get_mut(key) else { return };
            place = inner;
        }
        if place.as_table_like_mut().is_some_and(lints::declare) {
            self.added.push("the name `noalloc_audit` for rustc's check of `cfg`s".to_owned());
        }
    }
}

/// What the manifest is to say of `no_heap`.
pub(super) enum Dependency<'a> {
    /// The workspace says it for all members.
    OfWorkspace,
    /// A folder that was given, as the manifest is to name it.
    Given(&'a str),
    /// What belongs to this tool.
    Of(Origin),
}

/// `0.1` of `0.1.0`: the recorder and the tool are released together.
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION").rsplit_once('.').map_or(env!("CARGO_PKG_VERSION"), |(minor, _)| minor)
}

/// `path` as seen from `folder`, as cargo writes it; absolute where they have nothing but the root in common.
pub(super) fn relative(folder: &Path, path: &Path) -> String {
    let pairs = folder.components().zip(path.components());
    let common = pairs.take_while(|(one, other)| one == other).count();
    if common <= 1 {
        return path.to_string_lossy().into_owned();
    }
    let up = folder.components().skip(common).map(|_| "..".to_owned());
    let down = path.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Dependency, Lints, Manifest, relative};
    use crate::init::origin::Origin;

    fn edited(text: &str) -> String {
        let mut manifest = Manifest::parse(text, "Cargo.toml").expect("it is a manifest");
        if manifest.no_heap().is_none() {
            manifest.depend(&Dependency::Of(Origin::Registry), Path::new("/app"));
        }
        manifest.bench();
        manifest.declare_cfg(Lints::Own);
        manifest.text()
    }

    const BENCH: &str = "[[bench]]\nname = \"hot\"\nharness = false\n";
    const LINTS: &str =
        "[lints.rust]\nunexpected_cfgs = { level = \"warn\", check-cfg = [\"cfg(noalloc_audit)\"] }\n";

    #[test]
    fn formatting_and_comments_stay() {
        let text = "# mine\n[package]\nname   = \"app\"  # odd\n\n[dependencies]\nlog = \"0.4\" # keep\n";
        let expected = format!("{text}no_heap = \"0.1\"\n\n{BENCH}\n{LINTS}");
        assert_eq!(edited(text), expected);
        assert_eq!(edited(&expected), expected);
    }

    #[test]
    fn what_is_there_in_another_form_is_there() {
        for dependency in [
            "[dependencies.no_heap]\npath = \"../no_heap\"\n",
            "[dev-dependencies]\nno_heap = \"0.1\"\n",
            "[target.'cfg(unix)'.dependencies]\nheapless = { package = \"no_heap\", version = \"0.1\" }\n",
        ] {
            let text = format!("{dependency}\n{BENCH}\n{LINTS}");
            assert_eq!(edited(&text), text);
        }
        let inline = "bench = [{ name = \"hot\", harness = false }]\n\n[dependencies]\nno_heap = \"0.1\"\n";
        assert_eq!(edited(inline), format!("{inline}\n{LINTS}"));
        let other = inline.replace("hot", "other");
        let both = "bench = [{ name = \"other\", harness = false }, { name = \"hot\", harness = false }]";
        assert!(edited(&other).starts_with(both), "{}", edited(&other));
    }

    #[test]
    fn the_dependency_is_written_as_cargo_would() {
        let dependency = |dependency: &Dependency<'_>| {
            let mut manifest = Manifest::parse("", "Cargo.toml").expect("it is a manifest");
            manifest.depend(dependency, Path::new("/home/me/app"));
            manifest.text()
        };
        let folder = Origin::Folder("/home/me/clone/no_heap".into());
        let git = Origin::Git { url: "https://a.b/c".to_owned(), revision: "0123abc".to_owned() };
        for (of, written) in [
            (Dependency::OfWorkspace, "{ workspace = true }"),
            (Dependency::Given("../x y"), "{ path = \"../x y\" }"),
            (Dependency::Of(folder), "{ path = \"../clone/no_heap\" }"),
            (Dependency::Of(git), "{ git = \"https://a.b/c\", rev = \"0123abc\" }"),
        ] {
            assert_eq!(dependency(&of), format!("[dependencies]\nno_heap = {written}\n"));
        }
        assert_eq!(relative(Path::new("/tmp/app"), Path::new("/home/me/no_heap")), "/home/me/no_heap");
    }

    #[test]
    fn lints_are_the_workspaces_where_the_package_says_so() {
        let of = |text: &str| Manifest::parse(text, "Cargo.toml").expect("it is a manifest").lints();
        assert_eq!(of("[lints]\nworkspace = true\n"), Lints::OfWorkspace);
        assert_eq!(of("lints.workspace = true\n"), Lints::OfWorkspace);
        assert_eq!(of("[lints.rust]\ndead_code = \"warn\"\n"), Lints::Own);
        let mut root =
            Manifest::parse("[workspace]\nmembers = [\"a\"]\n", "Cargo.toml").expect("it is a manifest");
        root.declare_cfg(Lints::OfWorkspace);
        assert_eq!(
            root.text(),
            format!("[workspace]\nmembers = [\"a\"]\n\n{}", LINTS.replace("[lints", "[workspace.lints"))
        );
    }

    #[test]
    fn a_manifest_that_does_not_parse_is_refused() {
        assert!(Manifest::parse("[package\n", "Cargo.toml").is_err());
    }
}
