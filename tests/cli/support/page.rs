//! Follows a page of `docs` to the letter, in a folder of its own, and compares what is printed.
//!
//! Of a page's fenced blocks `console` holds commands behind `$` and what they print; `file=PATH`, `append=PATH` and
//! `edit=PATH` (one line `-`, one line `+`) behind another language say what the reader writes. All other text is no
//! concern of the test. `NOALLOC_UPDATE_DOCS=1` writes into the page what was printed. Times are not compared.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Outcome, Project, add_lock_file, repository, scrub, shared_target_dir, without_times};

/// A piece of the page.
#[derive(Debug)]
enum Part<'page> {
    /// What stands between fences is no concern of the test.
    Text(&'page str),
    /// A fenced block: its info string, and what it holds.
    Block { info: &'page str, body: &'page str },
}

fn parts(page: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find("\n```") {
        let (text, block) = rest.split_at(start + 1);
        let (info, after) = block[3..].split_once('\n').unwrap();
        let end = after.find("```\n").expect("a fence is closed");
        parts.push(Part::Text(text));
        parts.push(Part::Block { info, body: &after[..end] });
        rest = &after[end + 3..];
    }
    parts.push(Part::Text(rest));
    parts
}

/// Who follows pages, with the folder that they are in. A clone of this repository lies beside what they make.
#[derive(Debug)]
pub(crate) struct Reader {
    outside: tempfile::TempDir,
    project: Option<Project>,
    /// Exit code of the last command of the tool.
    last: Option<i32>,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(repository(), outside.path().join("cargo-noalloc")).unwrap();
        Reader { outside, project: None, last: None }
    }

    /// Does everything that `docs/name` says. What is printed must be what it shows.
    pub(crate) fn follow(&mut self, name: &str) {
        let file = repository().join("docs").join(name);
        let page = fs::read_to_string(&file).unwrap();
        let mut followed = String::new();
        for part in parts(&page) {
            match part {
                Part::Text(text) => followed.push_str(text),
                Part::Block { info: info @ "console", body } => {
                    let _ = write!(followed, "```{info}\n{}```", self.type_in(body));
                }
                Part::Block { info, body } => {
                    self.change(info, body);
                    let _ = write!(followed, "```{info}\n{body}```");
                }
            }
        }
        if std::env::var_os("NOALLOC_UPDATE_DOCS").is_some() {
            fs::write(&file, &followed).unwrap();
            return;
        }
        assert_alike(name, &without_times(&page), &without_times(&followed));
    }

    /// Runs the commands of a block; returns it as it should stand in the page.
    fn type_in(&mut self, body: &str) -> String {
        let mut shown = String::new();
        for line in body.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let _ = writeln!(shown, "$ {line}");
            let command = line.split(" #").next().unwrap_or_default();
            let words: Vec<&str> = command.split_whitespace().collect();
            match words.as_slice() {
                ["cd", folder] => {
                    let root = self.outside.path().join(folder);
                    add_lock_file(&root);
                    self.project = Some(Project::at(root));
                }
                ["cargo", "noalloc", words @ ..] => shown.push_str(&self.noalloc(words)),
                ["cargo", words @ ..] => self.cargo(words),
                ["cat", file] => shown.push_str(&fs::read_to_string(self.root().join(file)).unwrap()),
                ["echo", "$?"] => {
                    let _ = writeln!(shown, "{}", self.last.unwrap());
                }
                _ => panic!("a test cannot follow `{line}`"),
            }
        }
        shown
    }

    /// What the tool says, and then its report.
    fn noalloc(&mut self, words: &[&str]) -> String {
        // Nobody else's check is the last one there.
        let target_dir = self.outside.path().join("target");
        let tool = self.project.as_ref().unwrap().noalloc(words).kept_in(target_dir);
        let outcome = tool.run();
        let fine = matches!(outcome.code, Some(0 | 100));
        assert!(fine, "{words:?}: {:?}\n{}", outcome.code, outcome.stderr);
        self.last = outcome.code;
        let report = outcome.stdout.trim_end();
        let end = if report.is_empty() { "" } else { "\n" };
        format!("{}{report}{end}", own_words(&outcome))
    }

    fn root(&self) -> &Path {
        self.project.as_ref().map_or(self.outside.path(), |project| &project.root)
    }

    fn cargo(&self, words: &[&str]) {
        let mut command = Command::new("cargo");
        scrub(&mut command);
        let output = command
            .args(words)
            .current_dir(self.root())
            .env("CARGO_TARGET_DIR", shared_target_dir())
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "cargo {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn change(&self, info: &str, body: &str) {
        let Some((what, path)) = info.split_whitespace().find_map(|word| word.split_once('=')) else {
            return;
        };
        let file = self.root().join(path);
        let old = fs::read_to_string(&file).unwrap_or_default();
        let new = match what {
            "file" => body.to_owned(),
            "append" => old + body,
            "edit" => {
                let line = |mark| body.lines().find_map(|line| line.strip_prefix(mark)).unwrap();
                assert!(old.contains(line('-')), "`{}` is not in {path}", line('-'));
                old.replace(line('-'), line('+'))
            }
            _ => panic!("a test cannot follow `{info}`"),
        };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, new).unwrap();
    }
}

/// Of standard error what the tool itself has done; cargo's progress differs from machine to machine.
fn own_words(outcome: &Outcome) -> String {
    let verbs = ["Adding", "Blessed", "Checked", "Creating", "Finished now", "Replacing"];
    let lines = outcome.stderr.lines();
    let own = lines.filter(|line| verbs.iter().any(|verb| line.trim_start().starts_with(verb)));
    own.map(|line| format!("{line}\n")).collect()
}

#[track_caller]
fn assert_alike(name: &str, page: &str, followed: &str) {
    let difference = page.lines().zip(followed.lines()).find(|(page, followed)| page != followed);
    assert!(
        page == followed,
        "docs/{name} shows something else than what is printed: {difference:#?}\n\
         `NOALLOC_UPDATE_DOCS=1 cargo test -p cargo-noalloc --test cli pages` writes it"
    );
}
