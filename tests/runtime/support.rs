//! Builds the fixture programs, runs them and reads what they recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use no_heap::record::{FnCounts, HotEntry, PermitEntry, Record, SiteEntry, op_bit};

/// How a fixture is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Build {
    /// As `cargo noalloc` does it.
    Audit,
    /// The same, for programs that wrap their own allocator.
    Own,
    /// The same, with jemalloc as that allocator.
    Jemalloc,
    /// As `cargo build` does it.
    Plain,
    /// The same, for programs that wrap their own allocator.
    PlainOwn,
}

pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

const FLAGS: &str = "--cfg=noalloc_audit -Cforce-frame-pointers=yes -Csymbol-mangling-version=v0 -Cdebuginfo=1 \
                     -Cstrip=none -Csplit-debuginfo=off -Cllvm-args=-hoist-common-insts=0 \
                     -Cllvm-args=-sink-common-insts=0 -Cllvm-args=-enable-tail-merge=0";

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/runtime/fixtures")
}

/// Where the tool's tests have the fixtures built that they share: what runs on the host is the same for all of them.
pub(crate) fn target_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fixtures-target/noalloc")
}

/// A cargo that hears nothing of the one that runs the tests.
pub(crate) fn cargo(build: Build) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo = text.starts_with("CARGO") && text != "CARGO_HOME";
        if of_cargo || (text.starts_with("RUST") && !text.starts_with("RUSTUP")) {
            cargo.env_remove(&name);
        }
    }
    let flags = match build {
        Build::Audit | Build::Own | Build::Jemalloc => FLAGS,
        Build::Plain | Build::PlainOwn => "",
    };
    cargo.current_dir(fixtures()).env("RUSTFLAGS", flags).env("CARGO_TARGET_DIR", target_dir());
    // With a triple given, build scripts and macros get no flags, and are the same for every kind of build.
    cargo.env("CARGO_TERM_COLOR", "never").env("CARGO_BUILD_TARGET", TARGET);
    cargo
}

/// Cargo's profile for one of ours, and what is set in it. Only two folders: what runs on the host is built once for each.
fn settings(profile: &str) -> (&'static str, &'static [&'static str]) {
    match profile {
        "o0" => ("dev", &[]),
        "o3" => ("release", &[]),
        "size" => ("release", &["profile.release.opt-level='s'"]),
        "fat" => ("release", &["profile.release.lto='fat'", "profile.release.codegen-units=1"]),
        other => panic!("no profile is called `{other}`"),
    }
}

/// Builds one target in a profile (`o0`, `o3`, `size`, `fat`) and returns the program.
pub(crate) fn program(build: Build, profile: &str, name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<(Build, String, String), PathBuf>> = Mutex::new(BTreeMap::new());
    let key = (build, profile.to_owned(), name.to_owned());
    let mut built = BUILT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(path) = built.get(&key) {
        return path.clone();
    }
    let mut cargo = cargo(build);
    // A package of its own where there is one of this name.
    let package = if fixtures().join(name).join("Cargo.toml").exists() { name } else { "fixtures" };
    let (cargos, set) = settings(profile);
    cargo.args(["build", "--locked", "--profile", cargos, "-p", package, "--bin", name]);
    cargo.args(set.iter().flat_map(|value| ["--config", value]));
    match build {
        Build::Own | Build::PlainOwn => _ = cargo.args(["--features", "own"]),
        Build::Jemalloc => _ = cargo.args(["--features", "own,jemalloc"]),
        Build::Audit | Build::Plain => {}
    }
    let own = match build {
        Build::Audit => Some(false),
        Build::Own | Build::Jemalloc => Some(true),
        Build::Plain | Build::PlainOwn => None,
    };
    if let Some(own) = own {
        let of = |package: &str| format!("profile.{cargos}.package.{package}.debug-assertions");
        cargo.arg("--config").arg(format!("{}=true", of("assert_no_alloc")));
        cargo.arg("--config").arg(format!("{}={own}", of("noalloc-macros")));
    }
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "{cargo:?}\n{}", String::from_utf8_lossy(&output.stderr));
    let folder = if cargos == "dev" { "debug" } else { cargos };
    let path = target_dir().join(TARGET).join(folder).join(name);
    // The next build with other flags puts its program in the same place.
    let own =
        target_dir().join("programs").join(format!("{build:?}-{profile}-{name}-{}", std::process::id()));
    std::fs::create_dir_all(own.parent().expect("it has one")).unwrap();
    std::fs::copy(&path, &own).unwrap();
    built.insert(key, own.clone());
    own
}

/// What a program printed and recorded.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) output: Output,
    pub(crate) records: Vec<Seen>,
}

/// Runs `program` as `cargo noalloc` does.
pub(crate) fn run(program: &Path, args: &[&str]) -> Run {
    run_with(program, args, |_| {})
}

pub(crate) fn run_with(program: &Path, args: &[&str], adjust: impl FnOnce(&mut Command)) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(args).env("NOALLOC_RECORD_DIR", folder.path()).env("NOALLOC_FOREIGN_PERMITS", "0");
    command.env_remove("NOALLOC_BENCH_TIME");
    adjust(&mut command);
    let output = command.output().unwrap();
    Run { output, records: read_all(folder.path()) }
}

/// The records in `folder`, oldest process first.
pub(crate) fn read_all(folder: &Path) -> Vec<Seen> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| Seen(Record::read(&std::fs::read(file).unwrap()).unwrap())).collect()
}

impl Run {
    /// The only record of a program that ended well.
    pub(crate) fn only(self) -> Seen {
        assert!(self.output.status.success(), "{}", self.stderr());
        assert_eq!(self.records.len(), 1, "one process, one record");
        self.records.into_iter().next().unwrap()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }
}

/// A record, by the names of its functions.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) Record);

pub(crate) const ALLOC: u64 = 0;
pub(crate) const REALLOC: u64 = 1;
pub(crate) const FREE: u64 = 2;

/// One of these.
pub(crate) fn operation(entry: &SiteEntry) -> u64 {
    entry.site.op & op_bit::OPERATION
}

/// What was done, by which function of whose allocator.
fn request(entry: &SiteEntry) -> u64 {
    entry.site.op & !(op_bit::OWN | op_bit::DOUBTFUL | op_bit::CUT)
}

/// Frees of blocks that a running call of the function had allocated.
pub(crate) fn own(entry: &SiteEntry) -> u64 {
    if entry.site.op & op_bit::OWN == 0 { 0 } else { entry.site.count }
}

impl Seen {
    fn index(&self, name: &str) -> usize {
        let tail = format!("::{name}");
        let is_it = |hot: &HotEntry| if hot.block { hot.path == name } else { hot.path.ends_with(&tail) };
        self.0.hello.hot.iter().position(is_it).unwrap_or_else(|| {
            panic!(
                "no hot function {name} in {:?}",
                self.0.hello.hot.iter().map(|hot| &hot.path).collect::<Vec<_>>()
            )
        })
    }

    pub(crate) fn counts(&self, name: &str) -> &FnCounts {
        &self.0.counts[self.index(name)]
    }

    /// What the ledger prints of a function.
    pub(crate) fn as_in_ledger(&self, name: &str) -> [u64; 8] {
        let c = self.counts(name);
        [c.calls, c.allocs, c.reallocs, c.frees, c.bytes, c.max_allocs, c.max_requests, c.max_bytes]
    }

    pub(crate) fn permit(&self, reason: &str) -> &PermitEntry {
        let permits = &self.0.permits;
        permits
            .iter()
            .find(|permit| permit.reason == reason)
            .unwrap_or_else(|| panic!("no {reason} in {permits:#?}"))
    }

    pub(crate) fn sites(&self, name: &str) -> Vec<&SiteEntry> {
        let index = self.index(name) as u64;
        self.0.sites.iter().filter(|entry| entry.site.hot == index).collect()
    }

    /// The sites of one operation of Rust's heap, or of one function of C's, in the order in which they were hit first, then by size.
    pub(crate) fn sites_of(&self, name: &str, op: u64) -> Vec<&SiteEntry> {
        let mut sites = self.sites(name);
        sites.retain(|entry| request(entry) == op);
        sites.sort_by_key(|entry| (entry.site.first_call, entry.site.size_min));
        sites
    }

    /// The one site of an operation.
    pub(crate) fn site(&self, name: &str, op: u64) -> &SiteEntry {
        let sites = self.sites_of(name, op);
        assert_eq!(sites.len(), 1, "{name} has one site of operation {op}: {sites:#?}");
        sites[0]
    }

    /// Every block has one fate, every event is in one site.
    pub(crate) fn check_identities(&self) {
        for entry in &self.0.sites {
            let site = &entry.site;
            if operation(entry) != FREE {
                assert_eq!(
                    site.count,
                    site.freed + site.escaped + site.superseded + site.untracked,
                    "each block of a site has one fate: {site:?}"
                );
            }
            assert!(site.size_min <= site.size_max && site.first_call <= site.last_call, "{site:?}");
            assert!(site.calls_affected >= 1 && site.calls_affected <= site.count, "{site:?}");
        }
        for (index, counts) in self.0.counts.iter().enumerate() {
            let of = |op| -> u64 {
                let sites = self.0.sites.iter().filter(|e| e.site.hot == index as u64 && operation(e) == op);
                sites.map(|entry| entry.site.count).sum()
            };
            let sites = (of(ALLOC), of(REALLOC), of(FREE));
            assert_eq!(counts.unsited, 0);
            assert_eq!((counts.allocs, counts.reallocs, counts.frees), sites, "function {index}");
        }
    }
}
