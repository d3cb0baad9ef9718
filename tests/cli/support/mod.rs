//! Copies a fixture, runs the tool in it with a clean environment, and reads what it said.

#[path = "../../linker.rs"]
pub(crate) mod linker;
mod outcome;
pub(crate) mod page;
pub(crate) mod seed;
pub(crate) mod terminal;
#[path = "../../tools.rs"]
pub(crate) mod tools;

pub(crate) use outcome::{Outcome, named};

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Folder of this repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is a folder of the workspace").to_owned()
}

/// Where all fixtures are built: one folder, so that they share what they depend on. What is kept of a check, and locked
/// while it runs, stands in a folder for each fixture: [`Project::kept`].
pub(crate) fn shared_target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures-target")
}

/// The target directory for checks of a fixture: those of two fixtures run at the same time.
fn kept(fixture: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept").join(fixture)
}

/// A crate that the tool can be run in.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// The target directory of its checks.
    pub(crate) kept: PathBuf,
    /// Kept until the test ends, where the copy is nobody else's.
    _own: Option<tempfile::TempDir>,
}

impl Project {
    /// This repository itself, for its examples.
    pub(crate) fn repository() -> Project {
        seed::plant_shared();
        Project { root: repository(), kept: kept("repository"), _own: None }
    }

    /// A copy of a fixture that several tests may use: none of them writes to it. It keeps its place from one run
    /// to the next, so that cargo finds it built.
    pub(crate) fn shared(fixture: &str) -> Project {
        seed::plant_shared();
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures").join(fixture);
        copy(&repository().join("tests/fixtures").join(fixture), &root);
        add_lock_file(&root);
        Project { root, kept: kept(fixture), _own: None }
    }

    /// A copy of a fixture for one test alone, below a folder of any name.
    pub(crate) fn own(fixture: &str, folder: &str) -> Project {
        seed::plant_shared();
        Project::copied(fixture, folder)
    }

    fn copied(fixture: &str, folder: &str) -> Project {
        let temporary = tempfile::tempdir().expect("there is a folder for temporary files");
        let root = temporary.path().join(folder);
        copy(&repository().join("tests/fixtures").join(fixture), &root);
        add_lock_file(&root);
        number(&root.join("Cargo.toml"));
        Project { root, kept: kept(fixture), _own: Some(temporary) }
    }

    /// A crate that a test has put somewhere.
    pub(crate) fn at(root: PathBuf) -> Project {
        Project { root, kept: kept("elsewhere"), _own: None }
    }

    /// An empty folder.
    pub(crate) fn empty() -> Project {
        let temporary = tempfile::tempdir().expect("there is a folder for temporary files");
        Project { root: temporary.path().to_owned(), kept: kept("elsewhere"), _own: Some(temporary) }
    }

    /// Writes a file into the copy.
    pub(crate) fn write(&self, path: &str, text: &str) -> &Project {
        write(&self.root.join(path), text.as_bytes());
        self
    }

    /// `cargo noalloc` with these words, in the project's folder.
    pub(crate) fn noalloc<W: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = W>) -> Tool {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-noalloc"));
        scrub(&mut command);
        command.arg("noalloc").args(words).current_dir(&self.root);
        Tool { command, root: self.root.clone() }.kept_in(&self.kept)
    }

    /// `cargo noalloc check --no-timing` with these words.
    pub(crate) fn check(&self, words: &str) -> Tool {
        self.noalloc(["check", "--no-timing"].into_iter().chain(words.split_whitespace()))
    }

    /// The same with the JSON report on standard output.
    pub(crate) fn check_json(&self, words: &str) -> Tool {
        self.check(&format!("--format json {words}"))
    }
}

/// A command that has not been started.
#[derive(Debug)]
pub(crate) struct Tool {
    command: Command,
    root: PathBuf,
}

impl Tool {
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Tool {
        self.command.env(name, value);
        self
    }

    /// A target directory of its own for what is kept there; what is built on the way stands where every other fixture
    /// finds it.
    pub(crate) fn kept_in(self, dir: impl AsRef<OsStr>) -> Tool {
        self.env("CARGO_TARGET_DIR", dir).env("CARGO_BUILD_BUILD_DIR", shared_target_dir())
    }

    /// A target directory of its own for all that is built, too: for packages that another test builds under the same name.
    pub(crate) fn built_in(self, dir: impl AsRef<OsStr>) -> Tool {
        self.env("CARGO_TARGET_DIR", dir).without_env("CARGO_BUILD_BUILD_DIR")
    }

    pub(crate) fn arg(mut self, word: impl AsRef<OsStr>) -> Tool {
        self.command.arg(word);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Tool {
        self.command.env_remove(name);
        self
    }

    /// Puts a command around it, which runs the words that it gets.
    pub(crate) fn inside(&mut self, mut around: Command) {
        around.arg(self.command.get_program()).args(self.command.get_args());
        // All of its variables are its own.
        around.env_clear();
        around.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = around;
    }

    /// The command itself, for what no other test needs.
    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }

    /// Sends standard output to a file, such as `/dev/full`.
    pub(crate) fn stdout_to(mut self, path: &str) -> Tool {
        self.command.stdout(fs::OpenOptions::new().write(true).open(path).expect("the file is there"));
        self
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Outcome {
        let output =
            self.command.stdin(Stdio::null()).output().expect("the tool was built and can be started");
        Outcome::new(&output, &self.root)
    }

    /// Starts it, for tests that do something to it on the way.
    pub(crate) fn start(mut self) -> (Child, PathBuf) {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        (self.command.spawn().expect("the tool was built and can be started"), self.root)
    }
}

/// Leaves only what finds programs and crates.
pub(crate) fn scrub(command: &mut Command) {
    let kept = ["PATH", "HOME", "TMPDIR", "CARGO", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let kept: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            kept.contains(&&*name) || name.to_lowercase().ends_with("_proxy") || name.starts_with("SSL_CERT")
        })
        .collect();
    command.env_clear().envs(kept);
}

/// Copies a fixture's files; unchanged ones keep their time, so that cargo does not build them anew.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a fixture can be listed");
        // Fixtures are disarmed: cargo does not take them for packages of this workspace.
        let name = entry.file_name();
        let name = if name == "Cargo_test.toml" { OsString::from("Cargo.toml") } else { name };
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            let text = fs::read_to_string(entry.path()).expect("fixtures are text");
            let no_heap = repository().join("no_heap");
            let text = text.replace("{no_heap}", no_heap.to_str().expect("the repository's path is text"));
            write(&to.join(name), text.as_bytes());
        }
    }
}

/// Gives the package a version of the running test's own. Cargo does not tell two copies of one package apart by
/// their folders: in a shared target directory it would take one's binary for the other's.
fn number(manifest: &Path) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default();
    let number = name.bytes().fold(17u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let text = fs::read_to_string(manifest).expect("the fixture has a manifest");
    let text = text.replacen("version = \"0.1.0\"", &format!("version = \"0.1.{number}\""), 1);
    write(manifest, text.as_bytes());
}

/// The versions that this repository is tested with.
pub(crate) fn add_lock_file(root: &Path) {
    let lock = root.join("Cargo.lock");
    if root.join("Cargo.toml").exists() && !lock.exists() {
        fs::copy(repository().join("Cargo.lock"), lock).expect("the repository has a lock file");
    }
}

/// Tests run at the same time and copy the same fixture: a file appears whole or not at all.
fn write(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return;
    }
    let folder = path.parent().expect("a file stands in a folder");
    fs::create_dir_all(folder).expect("the copy's folder can be made");
    let mut file = tempfile::NamedTempFile::new_in(folder).expect("the copy's folder can be written");
    std::io::Write::write_all(&mut file, bytes).expect("the copy can be written");
    file.persist(path).expect("the copy can be put in its place");
}

/// Without what differs from run to run: times, the width of their column, and what is said of times where noise lets it
/// be said.
pub(crate) fn without_times(text: &str) -> String {
    let of_times = [
        "time is spent in the allocator",
        "time in the allocator is below",
        "is dominated by measuring overhead",
        "the medians are too scattered",
    ];
    let counts = |line: &&str| !line.is_empty() && !of_times.iter().any(|words| line.contains(words));
    let is_number = |word: &&str| word.chars().all(|c| c.is_ascii_digit() || ",.".contains(c));
    // Three digits after the point, as no other figure has.
    let is_p =
        |word: &&str| word.trim_start_matches('<').split_once('.').is_some_and(|(_, rest)| rest.len() == 3);
    let lines = text.lines().filter(counts).map(|line| {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if words.len() > 5 && words[1..5].iter().all(is_number) {
            words[2] = "-";
        }
        // A row of a comparison: old, new, the change with its sign, p.
        if let Some(p) = words.iter().position(is_p)
            && p > 2
            && words[1..3].iter().all(is_number)
        {
            words.splice(1..=p, ["-"]);
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
