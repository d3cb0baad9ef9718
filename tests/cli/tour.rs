//! Follows `docs/tour.md` to the letter, in a folder of its own, and compares what is printed.
//!
//! `NOALLOC_UPDATE_DOCS=1` writes into the page what was printed. Times are not compared.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Project, add_lock_file, repository, scrub, shared_target_dir, without_times};

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

/// The folder that the reader is in.
struct Reader {
    outside: tempfile::TempDir,
    project: Option<Project>,
}

impl Reader {
    /// Runs the commands of a block; returns it as it should stand in the page.
    fn follow(&mut self, body: &str) -> String {
        let mut shown = String::new();
        for line in body.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let _ = writeln!(shown, "$ {line}");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["cd", folder] => {
                    let root = self.outside.path().join(folder);
                    add_lock_file(&root);
                    self.project = Some(Project::at(root));
                }
                ["cargo", "noalloc", words @ ..] => {
                    let outcome = self.project.as_ref().unwrap().noalloc(words).run();
                    assert!(
                        matches!(outcome.code, Some(0 | 100)),
                        "{line}: {:?}\n{}",
                        outcome.code,
                        outcome.stderr
                    );
                    shown.push_str(outcome.stdout.trim_end());
                    shown.push('\n');
                }
                ["cargo", words @ ..] => self.cargo(words),
                _ => panic!("a test cannot follow `{line}`"),
            }
        }
        shown
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

#[test]
fn the_tour_can_be_followed_to_the_letter() {
    let file = repository().join("docs/tour.md");
    let page = fs::read_to_string(&file).unwrap();
    let mut reader = Reader { outside: tempfile::tempdir().unwrap(), project: None };
    std::os::unix::fs::symlink(repository(), reader.outside.path().join("cargo-noalloc")).unwrap();
    let mut followed = String::new();
    for part in parts(&page) {
        match part {
            Part::Text(text) => followed.push_str(text),
            Part::Block { info: info @ "console", body } => {
                let _ = write!(followed, "```{info}\n{}```", reader.follow(body));
            }
            Part::Block { info, body } => {
                reader.change(info, body);
                let _ = write!(followed, "```{info}\n{body}```");
            }
        }
    }
    if std::env::var_os("NOALLOC_UPDATE_DOCS").is_some() {
        fs::write(&file, &followed).unwrap();
        return;
    }
    similar(&without_times(&page), &without_times(&followed));
}

fn similar(page: &str, followed: &str) {
    let difference = page.lines().zip(followed.lines()).find(|(page, followed)| page != followed);
    assert!(
        page == followed,
        "docs/tour.md shows something else than what is printed: {difference:#?}\n\
         `NOALLOC_UPDATE_DOCS=1 cargo test -p cargo-noalloc --test cli tour` writes it"
    );
}
