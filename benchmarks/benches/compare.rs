//! `cargo bench -p noalloc-benchmarks --bench compare`: how often `cargo noalloc compare` finds a difference where
//! there is none, and how often it finds 5 % of more work, on a machine that it keeps busy: the figures of
//! `docs/measuring.md`.
//!
//! `… -- 50` tries fifty times instead of twenty.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// What does `{WORK}` units of work, with and without the heap.
const LIB: &str = "\
use no_heap::no_heap;

pub const WORK: u64 = {WORK};

fn chain(seed: u64) -> u64 {
    (0..WORK).fold(seed, |sum, n| std::hint::black_box(sum.rotate_left(5) ^ n))
}

#[no_heap]
pub fn stays(seed: u64) -> u64 {
    chain(seed)
}

#[no_heap(allocs = 20)]
pub fn boxes(seed: u64) -> u64 {
    (0..20).fold(seed, |sum, n| {
        let step: u64 = (0..WORK / 20).fold(sum, |sum, n| std::hint::black_box(sum.rotate_left(5) ^ n));
        *std::hint::black_box(Box::new(step ^ n))
    })
}
";

const BENCH: &str = "\
use std::hint::black_box;

#[no_heap::bench]
fn stays(b: &mut no_heap::Bencher) {
    b.iter(|| twin::stays(black_box(7)));
}

#[no_heap::bench]
fn boxes(b: &mut no_heap::Bencher) {
    b.iter(|| twin::boxes(black_box(7)));
}

no_heap::main!();
";

/// Units of work, and those of the twin that is 5 % slower.
const WORK: [u64; 2] = [2_000, 2_100];

fn main() {
    let tries = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().expect("a folder for the package");
    let package = Package { root: folder.path().to_owned() };
    package.take_tool();
    package.write(WORK[0]);
    package.noalloc(&["check", "--no-timing", "--save", "before"]);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let _load: Vec<Load> = (0..cores).map(|_| Load::start()).collect();
    println!("{cores} cores, {cores} endless loops beside the comparisons, {tries} comparisons each\n");
    println!(" compared with    benchmark  significant  estimated change");
    for (what, work) in [("itself", WORK[0]), ("5 % more work", WORK[1])] {
        package.write(work);
        let mut rows: Vec<(String, usize, Vec<f64>)> = Vec::new();
        for _ in 0..tries {
            for (name, significant, change) in package.compare() {
                let at = rows.iter().position(|row| row.0 == name).unwrap_or_else(|| {
                    rows.push((name, 0, Vec::new()));
                    rows.len() - 1
                });
                rows[at].1 += usize::from(significant);
                rows[at].2.push(change);
            }
        }
        for (name, significant, mut changes) in rows {
            changes.sort_by(f64::total_cmp);
            let (least, most) = (changes[0], changes[changes.len() - 1]);
            println!(" {what:<15}  {name:<9}  {significant:>4} of {tries:<3}  {least:+.1} % to {most:+.1} %");
        }
    }
}

/// The package that is compared with its twin.
struct Package {
    root: PathBuf,
}

impl Package {
    /// Builds the tool and copies it, so that it stays what it is while the comparisons last.
    fn take_tool(&self) {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", "cargo-noalloc"]).current_dir(repository());
        assert!(build.status().expect("cargo can be run").success(), "the tool can be built");
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("debug").join("cargo-noalloc");
        fs::copy(built, self.root.join("cargo-noalloc")).expect("the tool was built");
    }

    fn write(&self, work: u64) {
        let repository = repository();
        let manifest = format!(
            "[package]\nname = \"twin\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             no_heap = {{ path = {:?} }}\n\n[[bench]]\nname = \"twin\"\nharness = false\n",
            repository.join("no_heap")
        );
        let put = |path: &str, text: &str| {
            let path = self.root.join(path);
            fs::create_dir_all(path.parent().expect("it is below the package"))
                .expect("the folder can be made");
            // Cargo looks at the date of what was written anew.
            if fs::read_to_string(&path).ok().as_deref() != Some(text) {
                fs::write(path, text).expect("the package can be written");
            }
        };
        put("Cargo.toml", &manifest);
        put("src/lib.rs", &LIB.replace("{WORK}", &work.to_string()));
        put("benches/twin.rs", BENCH);
        let lock = self.root.join("Cargo.lock");
        if !lock.exists() {
            fs::copy(repository.join("Cargo.lock"), lock).expect("the repository has a lock file");
        }
    }

    fn noalloc(&self, words: &[&str]) -> Vec<u8> {
        let mut command = Command::new(self.root.join("cargo-noalloc"));
        command.arg("noalloc").args(words).arg("--target-dir").arg(self.root.join("target"));
        let output =
            command.current_dir(&self.root).stderr(Stdio::piped()).output().expect("cargo can be run");
        let ended = matches!(output.status.code(), Some(0 | 100));
        assert!(ended, "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Name, whether the difference is significant, and the change of the time in per cent.
    fn compare(&self) -> Vec<(String, bool, f64)> {
        let report = self.noalloc(&["compare", "before", "--format", "json"]);
        let report: Value = serde_json::from_slice(&report).expect("it is the report");
        let row = |bench: &Value| {
            let time = &bench["time"];
            let name = bench["name"].as_str().expect("a benchmark has a name").to_owned();
            let change = time["delta_percent"].as_f64().expect("both sides have times");
            (name, time["significant"].as_bool().expect("it is judged"), change)
        };
        report["benchmarks"].as_array().expect("there are benchmarks").iter().map(row).collect()
    }
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace")
}

/// Somebody else's program.
struct Load(Child);

impl Load {
    fn start() -> Load {
        Load(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().expect("there is a shell"))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
