//! `noalloc-baseline.toml` at the workspace's root: the heap use that is accepted for now.
//!
//! Written by `--bless` and read by every check. Sorted, one block an entry and no line numbers, so that it merges
//! and survives code that moves.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::model::{Debt, Identity, Op, Pattern, Rule, Weight};

/// The file's name.
pub(crate) const FILE: &str = "noalloc-baseline.toml";

/// Another number: another layout.
const VERSION: u32 = 1;

const HEAD: &str = "\
# Heap use in hot paths that is accepted for now. A check lets it pass, and fails on what is new or worse.
# Written by `cargo noalloc check --bless`; an entry that is deleted is no longer accepted.
";

/// What every version of the file says.
#[derive(Deserialize)]
struct Head {
    version: u32,
    tool: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(rename = "version")]
    _version: u32,
    #[serde(rename = "tool")]
    _tool: String,
    #[serde(default)]
    accepted: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    function: String,
    rule: String,
    op: Option<String>,
    construct: Option<String>,
    within: Option<String>,
    code: Option<String>,
    #[serde(default = "one")]
    places: u64,
    #[serde(default)]
    per_call: u64,
    #[serde(default)]
    bytes: u64,
    pattern: Option<String>,
}

fn one() -> u64 {
    1
}

/// Where the baseline of a workspace is.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(FILE)
}

/// The accepted debt; `None` where there is no baseline.
pub(crate) fn read(root: &Path) -> Result<Option<Vec<Debt>>, Failure> {
    let text = match files::read(&path(root), files::TEXT) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(Failure::new(Exit::SetUp, format!("`{FILE}` cannot be read: {error}"))
                .note("what it accepts is not known, so this is no pass"));
        }
    };
    parse(&text).map(Some)
}

fn parse(text: &str) -> Result<Vec<Debt>, Failure> {
    let head: Head = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
    refuse_other_versions(&head)?;
    let kept: Kept = toml::from_str(text).map_err(|error| unreadable(text, &error))?;
    kept.accepted.into_iter().map(debt).collect()
}

/// Says which side is behind.
fn refuse_other_versions(head: &Head) -> Result<(), Failure> {
    let ours = env!("CARGO_PKG_VERSION");
    if head.version > VERSION || number(&head.tool) > number(ours) {
        let message = format!("`{FILE}` was blessed by cargo-noalloc {}, and this is {ours}", head.tool);
        return Err(Failure::new(Exit::SetUp, message)
            .at(FILE)
            .note("an older tool may take accepted findings for new ones")
            .help(format!("upgrade the tool: `cargo install cargo-noalloc --version {}`", head.tool)));
    }
    if head.version < VERSION {
        let message =
            format!("`{FILE}` has version {} of the layout, this tool writes {VERSION}", head.version);
        return Err(Failure::new(Exit::SetUp, message)
            .at(FILE)
            .help("upgrade the file: delete it, then `cargo noalloc check --bless`"));
    }
    Ok(())
}

/// `0.10.2` as numbers, for comparing; what is no number counts as 0.
fn number(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).take(3).map(|part| part.parse().unwrap_or(0)).collect()
}

fn unreadable(text: &str, error: &toml::de::Error) -> Failure {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or_else(|| FILE.to_owned(), |line| format!("{FILE}:{line}"));
    Failure::new(Exit::Usage, format!("the baseline is not understood: {}", error.message()))
        .at(place)
        .help("repair that line, or write the file anew with `cargo noalloc check --bless` after deleting it")
}

fn debt(entry: Entry) -> Result<Debt, Failure> {
    let unknown = |what: &str, name: &str| {
        Failure::new(Exit::Usage, format!("the baseline is not understood: unknown {what} `{name}`"))
            .at(FILE)
            .help("write the file anew with `cargo noalloc check --bless` after deleting it")
    };
    let rule = Rule::named(&entry.rule).ok_or_else(|| unknown("rule", &entry.rule))?;
    let op = entry.op.map(|name| Op::named(&name).ok_or_else(|| unknown("op", &name))).transpose()?;
    let pattern = entry.pattern.map(|name| Pattern::named(&name).ok_or_else(|| unknown("pattern", &name)));
    let Entry { function, construct, within, code, places, per_call, bytes, .. } = entry;
    Ok(Debt {
        identity: Identity { function, rule, op, construct, within, code },
        places,
        weight: Weight { per_call, bytes, pattern: pattern.transpose()? },
    })
}

/// Replaces the file.
pub(crate) fn write(root: &Path, debts: &[Debt]) -> Result<(), Failure> {
    let path = path(root);
    files::replace(&path, &render(debts)).map_err(|error| {
        Failure::new(Exit::SetUp, format!("`{}` could not be written: {error}", path.display()))
    })
}

fn render(debts: &[Debt]) -> String {
    let mut out = format!("{HEAD}version = {VERSION}\ntool = {}\n", quoted(env!("CARGO_PKG_VERSION")));
    for Debt { identity, places, weight } in debts {
        let texts = [
            ("function", Some(identity.function.as_str())),
            ("rule", Some(identity.rule.name())),
            ("op", identity.op.map(Op::name)),
            ("construct", identity.construct.as_deref()),
            ("within", identity.within.as_deref()),
            ("code", identity.code.as_deref()),
            ("pattern", weight.pattern.map(Pattern::name)),
        ];
        out.push_str("\n[[accepted]]\n");
        for (key, text) in texts {
            if let Some(text) = text {
                // Writing to a String cannot fail.
                let _ = writeln!(out, "{key} = {}", quoted(text));
            }
        }
        for (key, number) in [("places", *places), ("per-call", weight.per_call), ("bytes", weight.bytes)] {
            let _ = writeln!(out, "{key} = {number}");
        }
    }
    out
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{parse, render};
    use crate::exit::Exit;
    use crate::model::{Debt, Identity, Op, Pattern, Rule, Weight};

    fn debt(code: &str) -> Debt {
        Debt {
            identity: Identity {
                function: "app::run".to_owned(),
                rule: Rule::HeapInHotPath,
                op: Some(Op::Alloc),
                construct: Some("Box::new".to_owned()),
                within: None,
                code: Some(code.to_owned()),
            },
            places: 2,
            weight: Weight { per_call: 1, bytes: 24, pattern: Some(Pattern::EveryCall) },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for code in ["Box::new(x)", "\"quoted\" \\ 'both' \"\"\"", "größe\u{1b}\u{0}\n# no comment", "a = 1"]
        {
            let debts = [debt(code)];
            assert_eq!(parse(&render(&debts)).expect("it was just written"), debts, "{code:?}");
        }
        assert_eq!(parse(&render(&[])).expect("it was just written"), []);
    }

    #[track_caller]
    fn refused(text: &str, exit: Exit, place: &str, says: &str) {
        let failure = parse(text).expect_err("it is refused");
        assert_eq!((failure.exit, failure.place.as_deref()), (exit, Some(place)), "{failure}");
        let said = format!("{} / {}", failure.message, failure.help.unwrap_or_default());
        assert!(said.contains(says), "{said}");
    }

    #[test]
    fn another_version_says_which_side_to_upgrade() {
        let file = "noalloc-baseline.toml";
        refused("version = 2\ntool = \"9.0.0\"\nnew = 1", Exit::SetUp, file, "upgrade the tool");
        refused("version = 1\ntool = \"9.0.0\"", Exit::SetUp, file, "--version 9.0.0");
        refused("version = 0\ntool = \"0.0.1\"", Exit::SetUp, file, "upgrade the file");
        assert_eq!(parse("version = 1\ntool = \"0.0.1\"").expect("an older tool's entries are fine"), []);
    }

    #[test]
    fn what_is_not_understood_is_refused_with_its_line() {
        let head = "version = 1\ntool = \"0.1.0\"\n";
        refused(
            &format!("{head}[[accepted]]\nfunktion = \"x\"\n"),
            Exit::Usage,
            "noalloc-baseline.toml:4",
            "funktion",
        );
        refused(&format!("{head}<<<<<<< HEAD\n"), Exit::Usage, "noalloc-baseline.toml:3", "repair that line");
        let rule = format!("{head}[[accepted]]\nfunction = \"x\"\nrule = \"nonsense\"\n");
        refused(&rule, Exit::Usage, "noalloc-baseline.toml", "unknown rule `nonsense`");
    }
}
