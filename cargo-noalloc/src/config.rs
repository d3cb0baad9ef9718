//! `[workspace.metadata.noalloc]` and `[package.metadata.noalloc]`: what manifests want of the rules.
//!
//! Described by `docs/configuration.md`. What is not understood is an error: a level that is misspelled would be a
//! gate that stands open.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::model::{Budget, FunctionSettings, Ignore, IgnoredCode, Level, Rule, Setting, Settings};

/// Which table of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Workspace,
    Package,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Table::Workspace => "workspace",
            Table::Package => "package",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Noalloc {
    levels: BTreeMap<RuleName, LevelName>,
    function: Vec<Function>,
    ignore: Vec<Exception>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Function {
    name: String,
    #[serde(default)]
    levels: BTreeMap<RuleName, LevelName>,
    allocs: Option<u64>,
    bytes: Option<u64>,
    warmup: Option<u64>,
    allow_free: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Exception {
    #[serde(rename = "crate")]
    krate: Option<String>,
    path: Option<String>,
    #[serde(default)]
    rules: Vec<RuleName>,
    reason: String,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
struct RuleName(Rule);

impl TryFrom<String> for RuleName {
    type Error = String;

    fn try_from(name: String) -> Result<RuleName, String> {
        let known = || Rule::ALL.map(|rule| format!("`{}`", rule.name())).join(", ");
        Rule::named(&name)
            .map(RuleName)
            .ok_or_else(|| format!("unknown rule `{name}`, expected one of {}", known()))
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LevelName {
    Allow,
    Note,
    Warn,
    Error,
}

impl From<LevelName> for Setting {
    fn from(name: LevelName) -> Setting {
        match name {
            LevelName::Allow => None,
            LevelName::Note => Some(Level::Note),
            LevelName::Warn => Some(Level::Warning),
            LevelName::Error => Some(Level::Error),
        }
    }
}

/// The settings in `metadata`, which is the whole `metadata` table that cargo read from `manifest`.
pub(crate) fn read(
    metadata: &Value,
    table: Table,
    manifest: &Path,
    root: &Path,
) -> Result<Settings, Failure> {
    let Some(ours) = metadata.get("noalloc") else { return Ok(Settings::default()) };
    let refused = |message: &str| refuse(message, table, manifest, root);
    let noalloc = Noalloc::deserialize(ours).map_err(|error| refused(&error.to_string()))?;
    let ignores = noalloc.ignore.into_iter().map(exception).collect::<Result<_, _>>();
    Ok(Settings {
        levels: levels(noalloc.levels),
        functions: noalloc.function.into_iter().map(function).collect(),
        ignores: ignores.map_err(refused)?,
    })
}

fn levels(names: BTreeMap<RuleName, LevelName>) -> BTreeMap<Rule, Setting> {
    names.into_iter().map(|(RuleName(rule), level)| (rule, level.into())).collect()
}

fn function(function: Function) -> FunctionSettings {
    let Function { name, levels: names, allocs, bytes, warmup, allow_free } = function;
    let budget = (allocs.is_some() || bytes.is_some()).then_some(Budget { allocs, bytes });
    FunctionSettings { pattern: name, levels: levels(names), budget, warmup, allow_free }
}

fn exception(exception: Exception) -> Result<Ignore, &'static str> {
    let code = match (exception.krate, exception.path) {
        (Some(name), None) => IgnoredCode::Crate(name),
        (None, Some(path)) => IgnoredCode::Path(path),
        _ => return Err("an `ignore` takes either a `crate` or a `path`"),
    };
    if exception.reason.trim().is_empty() {
        return Err("an `ignore` with an empty `reason`");
    }
    Ok(Ignore {
        code,
        rules: exception.rules.into_iter().map(|RuleName(rule)| rule).collect(),
        reason: exception.reason,
    })
}

/// Says what is wrong, where, and what was probably meant.
fn refuse(message: &str, table: Table, manifest: &Path, root: &Path) -> Failure {
    let shown = manifest.strip_prefix(root).unwrap_or(manifest).display();
    let mut ticked = message.split('`').skip(1).step_by(2);
    let wrong = ticked.next().unwrap_or_default();
    let known: Vec<&str> = ticked.collect();
    let what = message
        .split(", expected")
        .next()
        .unwrap_or(message)
        .replace("field", "key")
        .replace("variant", "level");
    let line = files::read_linked(manifest).ok().and_then(|text| line_of(&text, table, wrong));
    let place = line.map_or_else(|| shown.to_string(), |line| format!("{shown}:{line}"));
    let failure =
        Failure::new(Exit::Usage, format!("{what} in `[{}.metadata.noalloc]`", table.name())).at(place);
    let near = known.iter().min_by_key(|name| strsim::damerau_levenshtein(name, wrong));
    match near.filter(|near| strsim::damerau_levenshtein(near, wrong) <= 3) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => failure.help("every key is described in docs/configuration.md"),
        None => failure.help(format!("it takes: {}", known.join(", "))),
    }
}

/// The line, from 1, on which `word` stands in our part of a manifest; else that on which our part begins.
fn line_of(text: &str, table: Table, word: &str) -> Option<usize> {
    let ours = format!("{}.metadata.noalloc", table.name());
    let mut inside = false;
    let mut begins = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            inside = header.trim_start_matches('[').trim_start().starts_with(&ours);
        }
        if !inside && !line.starts_with(&ours) {
            continue;
        }
        begins = begins.or(Some(number));
        let code = line.split('#').next().unwrap_or_default();
        let words = code.split(|c: char| !(c.is_alphanumeric() || "-_".contains(c)));
        if !word.is_empty() && words.into_iter().any(|found| found == word) {
            return Some(number);
        }
    }
    begins
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{Table, line_of, read};
    use crate::exit::{Exit, Failure};
    use crate::model::{Budget, IgnoredCode, Level, Rule, Settings};

    fn parse(noalloc: &serde_json::Value) -> Result<Settings, Failure> {
        read(&json!({ "noalloc": noalloc }), Table::Workspace, Path::new("/w/Cargo.toml"), Path::new("/w"))
    }

    #[track_caller]
    fn refused(noalloc: &serde_json::Value, message: &str, help: &str) {
        let failure = parse(noalloc).expect_err("it is refused");
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.place.as_deref(), Some("Cargo.toml"));
        let said = failure.message.strip_suffix(" in `[workspace.metadata.noalloc]`");
        assert_eq!((said, failure.help.as_deref()), (Some(message), Some(help)));
    }

    #[test]
    fn every_key_is_understood() {
        let settings = parse(&json!({
            "levels": { "unexercised": "error", "may-allocate": "allow" },
            "function": [{ "name": "run", "levels": { "unproved": "warn" }, "allocs": 2, "warmup": 1, "allow-free": true }],
            "ignore": [
                { "crate": "tracing", "reason": "a switch turns it on" },
                { "path": "vendor/*", "rules": ["free-in-hot-path"], "reason": "not ours" },
            ],
        }))
        .expect("it is understood");
        assert_eq!(settings.levels[&Rule::Unexercised], Some(Level::Error));
        assert_eq!(settings.levels[&Rule::MayAllocate], None);
        assert_eq!(settings.functions[0].budget, Some(Budget { allocs: Some(2), bytes: None }));
        assert_eq!(settings.functions[0].levels[&Rule::Unproved], Some(Level::Warning));
        assert_eq!(settings.ignores[0].code, IgnoredCode::Crate("tracing".to_owned()));
        assert_eq!(settings.ignores[1].rules, [Rule::FreeInHotPath]);
    }

    #[test]
    fn nothing_of_ours_is_no_settings() {
        let settings = read(&json!({ "docs": {} }), Table::Package, Path::new("Cargo.toml"), Path::new(""))
            .expect("fine");
        assert!(settings.levels.is_empty() && settings.ignores.is_empty());
    }

    #[test]
    fn what_is_not_understood_is_refused_with_what_was_meant() {
        refused(&json!({ "level": {} }), "unknown key `level`", "did you mean `levels`?");
        refused(
            &json!({ "levels": { "heap-in-hotpath": "error" } }),
            "unknown rule `heap-in-hotpath`",
            "did you mean `heap-in-hot-path`?",
        );
        refused(
            &json!({ "levels": { "unproved": "fatal" } }),
            "unknown level `fatal`",
            "it takes: allow, note, warn, error",
        );
        refused(
            &json!({ "ignore": [{ "crate": "log" }] }),
            "missing key `reason`",
            "every key is described in docs/configuration.md",
        );
        refused(
            &json!({ "ignore": [{ "crate": "log", "path": "x", "reason": "y" }] }),
            "an `ignore` takes either a `crate` or a `path`",
            "it takes: crate, path",
        );
    }

    #[test]
    fn the_line_is_that_of_the_word_in_our_table() {
        let text = "[package]\nlevels = 1\n[workspace.metadata.noalloc.levels] # unproved\nunproved = \"x\"\n[[workspace.metadata.noalloc.ignore]]\ncrate = \"a\"\n[other]\nreason = 1\n";
        assert_eq!(line_of(text, Table::Workspace, "unproved"), Some(4));
        assert_eq!(line_of(text, Table::Workspace, "crate"), Some(6));
        assert_eq!(line_of(text, Table::Workspace, "reason"), Some(3));
        assert_eq!(line_of(text, Table::Package, "levels"), None);
    }
}
