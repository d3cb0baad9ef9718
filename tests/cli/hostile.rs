//! What others wrote, in everything that the tool writes: it is shown, and does nothing else.
//!
//! The formats are those that the tool itself names: a new one is tested as soon as it is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Outcome, Project};

/// The clipboard, a link, the screen, a new line that is a command, commands within a line, the direction of text, a
/// hidden alphabet, and what ends a string in C.
const EVIL: &str = "\u{1b}]52;c;aGk=\u{7}\u{1b}]8;;http://x\u{1b}\\\u{9b}2J\r\n::error::pwned\n##[error]x ##vso[y] \
                    \u{202e}\u{2066}\u{2028}\u{200b}\u{feff}\u{e0041}\u{7f}\0";

/// The same in the comments of a source file, which have no line break and no NUL.
fn evil_comment() -> String {
    EVIL.replace(['\r', '\n', '\0'], " ")
}

/// As the refusal of an unknown one lists them.
pub(crate) fn formats() -> &'static [String] {
    static FORMATS: OnceLock<Vec<String>> = OnceLock::new();
    FORMATS.get_or_init(|| {
        let said = Project::empty().check("--format unheard-of").run().exits(2).stderr;
        let (_, names) = said.split_once("`--format` takes: ").expect("the formats are named");
        let names: Vec<String> = names.lines().next().unwrap().split(", ").map(str::to_owned).collect();
        assert!(names.len() > 10, "{names:?}");
        names
    })
}

/// The words that write every format into a folder.
fn into(folder: &Path) -> Vec<String> {
    formats().iter().map(|format| format!("--format={format}={}", folder.join(format).display())).collect()
}

/// Whether a terminal, a log or a browser would do something at this character, or hide it.
fn acts(c: char) -> bool {
    let hidden = [
        '\u{0}'..='\u{8}',
        '\u{b}'..='\u{1f}',
        '\u{7f}'..='\u{9f}',
        '\u{200b}'..='\u{200b}',
        '\u{200e}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
        '\u{e0000}'..='\u{e007f}',
    ];
    hidden.iter().any(|range| range.contains(&c))
}

/// `what` names the text in the failure.
#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    if let Some((at, c)) = text.char_indices().find(|(_, c)| acts(*c)) {
        let before: String =
            text[..at].chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{what} has {c:?} after {before:?}");
    }
    // Of a runner's commands only those that the format is made of.
    let own = |line: &str| {
        what == "github" && ["::error ", "::warning "].iter().any(|command| line.starts_with(command))
    };
    let commands: Vec<&str> =
        text.lines().map(str::trim_start).filter(|line| line.starts_with("::") && !own(line)).collect();
    assert!(commands.is_empty(), "{what} has the commands {commands:#?}");
    assert!(!text.contains("##[") && !text.contains("##vso["), "{what}: {text}");
}

/// Without the colours and links that are the tool's own.
fn without_own_sequences(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&rest[..at]);
        let own = |sequence: &str| rest[at..].strip_prefix(sequence);
        let color = own("\u{1b}[").and_then(|tail| tail.split_once('m'));
        let color = color.filter(|(codes, _)| codes.chars().all(|c| c.is_ascii_digit() || c == ';'));
        let link = own("\u{1b}]8;;").and_then(|tail| tail.split_once("\u{1b}\\"));
        let link = link.filter(|(to, _)| to.is_empty() || to.contains("docs/rules.md#"));
        match color.or(link) {
            Some((_, tail)) => rest = tail,
            None => {
                out.push('\u{1b}');
                rest = &rest[at + 1..];
            }
        }
    }
    out + rest
}

/// Every text in what a report says, but for those that `keeps` and the names of variants.
fn poison(value: &mut Value, keeps: &dyn Fn(&str) -> bool) {
    match value {
        Value::String(text) => *text = format!("::error::{text}{EVIL}"),
        Value::Array(list) => {
            let is_variant = |word: &str| {
                word.starts_with(|c: char| c.is_ascii_uppercase()) && word.chars().all(char::is_alphanumeric)
            };
            let variant = list.first().and_then(Value::as_str).is_some_and(is_variant);
            list.iter_mut().skip(usize::from(variant)).for_each(|value| poison(value, keeps));
        }
        Value::Object(fields) => {
            // Whose code a frame is, where it has no name.
            let stays = |key: &str, value: &Value| keeps(key) || key == "origin" && value.is_string();
            fields
                .iter_mut()
                .filter(|(key, value)| !stays(key, value))
                .for_each(|(_, value)| poison(value, keeps));
        }
        _ => {}
    }
}

/// A package whose names and sources are hostile, as far as a compiler takes them.
fn package() -> Project {
    let project = Project::own("gate", "hostile");
    let source = fs::read_to_string(project.root.join("src/lib.rs")).unwrap();
    let comment = evil_comment();
    let lines = source.lines().map(|line| match line.ends_with(';') || line.ends_with('{') {
        true => format!("{line} // {comment}\n    /*\n::error::pwned\n*/\n"),
        false => format!("{line}\n"),
    });
    let block = format!(
        "#[no_heap]\npub fn permits() {{ no_heap::permit({EVIL:?}, || drop(std::hint::black_box(Box::new(1)))) }}\n\
         pub fn guards() {{ no_heap::guard({EVIL:?}, || drop(std::hint::black_box(Box::new(1)))) }}\n\
         pub fn never() {{ no_heap::permit({:?}, || drop(std::hint::black_box(Box::new(1)))) }}\n",
        format!("never {EVIL}")
    );
    let allowed = "#![allow(text_direction_codepoint_in_comment, text_direction_codepoint_in_literal)]\n";
    project
        .write("src/lib.rs", &format!("{allowed}{}{block}", lines.collect::<String>().replace("//!", "//")));
    let bench = fs::read_to_string(project.root.join("benches/hot.rs")).unwrap();
    let calls = "gate::permits(); gate::guards(); if seed() > 7 { gate::never() }";
    let bench = bench.replace("|| boxes(7)", &format!("|| {{ {calls}; boxes(7) }}"));
    let seed = "fn seed() -> u64 { std::hint::black_box(7) }\n";
    project.write(
        "benches/hot.rs",
        &bench.replace("use no_heap::Bencher;", &format!("use no_heap::Bencher;\n{seed}")),
    );
    project
}

/// The package with its target directory, checked once: the whole check, and a part that is the whole.
struct Checked {
    project: Project,
    target: tempfile::TempDir,
    part: PathBuf,
    said: Outcome,
}

impl Checked {
    fn noalloc(&self, words: &[&str]) -> Outcome {
        self.project.noalloc(words).kept_in(self.target.path()).env("COLUMNS", "100").run()
    }
}

fn checked() -> &'static Checked {
    static CHECKED: OnceLock<Checked> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let project = package();
        let target = tempfile::tempdir().unwrap();
        let part = target.path().join("part.json");
        let words = format!("--bench hot --partition 1/1 --format json={}", part.display());
        project.check(&words).kept_in(target.path()).run().exits(100);
        let said = project.check("--bench hot").kept_in(target.path()).env("COLUMNS", "100").run().exits(100);
        Checked { project, target, part, said }
    })
}

#[test]
fn no_format_passes_on_what_a_part_brings_along() {
    let checked = checked();
    let honest: Value = serde_json::from_str(&fs::read_to_string(&checked.part).unwrap()).unwrap();
    // With the sources as they are, and with paths that are nowhere.
    let all: [&dyn Fn(&str) -> bool; 2] =
        [&|key| ["file", "sources", "source"].contains(&key), &|key| key == "sources"];
    for keeps in all {
        let mut part = honest.clone();
        poison(&mut part["partition"]["evidence"], keeps);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.json");
        fs::write(&path, part.to_string()).unwrap();
        let outputs = into(folder.path());
        let words: Vec<&str> = ["merge", path.to_str().unwrap(), "-v"]
            .into_iter()
            .chain(outputs.iter().map(String::as_str))
            .collect();
        let run = checked.noalloc(&words);
        assert!(matches!(run.code, Some(96 | 100 | 103)), "{}", run.stderr);
        assert_harmless("standard error", &run.stderr);
        for format in formats() {
            let text =
                fs::read_to_string(folder.path().join(format)).unwrap_or_else(|_| panic!("{}", run.stderr));
            assert!(text.contains("pwned") || format == "go", "{format} shows it: {text}");
            assert_harmless(format, &text);
        }
        for variables in [["CARGO_TERM_COLOR", "FORCE_HYPERLINK"], ["GITHUB_ACTIONS", "GITHUB_ACTIONS"]] {
            let mut tool =
                checked.project.noalloc(["merge", path.to_str().unwrap()]).kept_in(checked.target.path());
            for (name, value) in variables.into_iter().zip(["always", "true"]) {
                tool = tool.env(name, value);
            }
            let run = tool.run();
            assert_harmless("github", &without_own_sequences(&run.stdout));
            assert_harmless("standard error", &without_own_sequences(&run.stderr));
        }
    }
}

#[test]
fn no_format_passes_on_what_source_and_names_say() {
    let checked = checked();
    assert_harmless("human", &checked.said.stdout);
    // Cargo's own warnings, which rustc has made safe, stand above.
    let (_, after) = checked.said.stderr.split_once("    Auditing ").unwrap();
    assert_harmless("standard error", after);
    let folder = tempfile::tempdir().unwrap();
    let outputs = into(folder.path());
    let words: Vec<&str> = ["report", "-v"].into_iter().chain(outputs.iter().map(String::as_str)).collect();
    checked.noalloc(&words).exits(100);
    for format in formats() {
        assert_harmless(format, &fs::read_to_string(folder.path().join(format)).unwrap());
    }
    let listing = checked.noalloc(&["report", "--format", "listing", "."]).stdout;
    assert!(listing.contains("␛]52;c;aGk=␇") && listing.contains("：:error::pwned"), "{listing}");
}

#[test]
fn what_is_explained_and_listed_is_shown_and_does_nothing() {
    let checked = checked();
    let json: Value = serde_json::from_str(&checked.noalloc(&["report", "--format", "json"]).stdout).unwrap();
    let names =
        json["functions"].as_array().unwrap().iter().map(|function| function["name"].as_str().unwrap());
    // JSON has the names as they are.
    assert!(names.clone().any(|name| name == EVIL), "{json:#}");
    let mut explained = 0;
    for name in
        names.filter(|name| !name.contains('\0')).chain(["src/lib.rs:7", "nothing\u{1b}[31m\n::error::x"])
    {
        let run = checked.noalloc(&["explain", name]);
        assert_harmless("explain", &run.stdout);
        assert_harmless("standard error", &run.stderr);
        explained += usize::from(run.code == Some(0));
    }
    assert!(explained > 2);
    for format in ["human", "json"] {
        let run = checked.noalloc(&["list", "--format", format]).exits(0);
        assert_harmless(format, &run.stdout);
        assert_harmless("standard error", &run.stderr);
    }
}

#[test]
fn what_is_compared_is_shown_and_does_nothing() {
    let checked = checked();
    let honest = checked.noalloc(&["report", "--format", "json"]).json();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, report: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, report.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let mut poisoned = honest.clone();
    poison(&mut poisoned, &|key| ["schema", "command"].contains(&key));
    let mut unfinished = honest.clone();
    poison(&mut unfinished["targets"], &|_| false);
    let mut moved = poisoned.clone();
    for finding in moved["findings"].as_array_mut().unwrap() {
        finding["place"]["line"] = Value::from(3);
    }
    let [honest, poisoned, unfinished, moved] =
        [("honest", &honest), ("poisoned", &poisoned), ("unfinished", &unfinished), ("moved", &moved)]
            .map(|(name, report)| write(&format!("{name}.json"), report));
    let pairs = [(&honest, &poisoned), (&poisoned, &honest), (&poisoned, &moved), (&honest, &unfinished)];
    for (old, new) in pairs {
        for format in ["human", "json"] {
            let run = checked.noalloc(&["compare", old, new, "--format", format]);
            assert!(run.stdout.contains("pwned"), "{}", run.stderr);
            assert_harmless(format, &run.stdout);
            assert_harmless("standard error", &run.stderr);
        }
    }
}

/// Refusals speak of what they refuse.
#[test]
fn a_refusal_quotes_what_it_refuses_and_does_nothing() {
    let project = Project::shared("quiet");
    let evil = EVIL.replace('\0', "");
    let named = format!("no-such-thing{evil}");
    for words in [
        ["check", "--format", &named],
        ["check", "--lib", &format!("--manifest-path={named}")],
        ["check", "--lib", &format!("--deny={named}")],
        ["check", "--lib", &format!("--save={named}")],
        ["check", "--lib", &format!("--format=json=nowhere/{named}")],
        ["check", "--bench", &named],
        ["check", "--package", &named],
        ["check", "--lib", &format!("--config={named}")],
        ["check", "--lib", &format!("--target-dir=/dev/null/{named}")],
        ["report", "--format=listing", &format!("({named}")],
        ["merge", &named, &named],
        ["compare", &named, &named],
        ["compare", &format!("./{named}"), &format!("{named}.json")],
        ["explain", &named, "--target-dir=/dev/null"],
    ] {
        let run = project.noalloc(words).run();
        assert_ne!(run.code, Some(0), "{words:?}");
        assert!(run.stderr.contains("no-such-thing") || words[0] == "explain", "{words:?}: {}", run.stderr);
        assert_harmless(&format!("{words:?}"), &run.stderr);
        assert_eq!(run.stdout, "");
    }
}
