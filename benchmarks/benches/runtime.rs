//! `cargo bench -p noalloc-benchmarks`: builds each allocator's program as `cargo noalloc` builds programs, runs
//! them all interleaved and prints the tables of `docs/performance.md`.
//!
//! `cargo bench -p noalloc-benchmarks --bench runtime -- 50` takes 50 samples of each process instead of the default.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "--cfg=noalloc_audit -Cforce-frame-pointers=yes -Csymbol-mangling-version=v0 -Cdebuginfo=1 \
                     -Cstrip=none -Csplit-debuginfo=off -Cllvm-args=-hoist-common-insts=0 \
                     -Cllvm-args=-sink-common-insts=0 -Cllvm-args=-enable-tail-merge=0";

/// Where the linker puts a short loop decides over a quarter of its time: every function begins a cache line, in every program.
const ALIGNED: &str = "-Cllvm-args=-align-all-functions=6";

const PEERS: [&str; 7] =
    ["system", "no_heap", "assert_no_alloc", "divan", "stats_alloc", "mod_alloc", "dhat"];

/// Processes of each program: where the system puts stacks and heaps moves what one of them measures by a tenth.
const PROCESSES: usize = 5;

/// Samples of each process; the median of all is printed.
const SAMPLES: usize = 61;

/// Nanoseconds that one sample aims at: short against the machine's other work, long against the clock.
const SAMPLE_NS: f64 = 1_000_000.0;

/// One program that waits for work.
struct Peer {
    name: &'static str,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(name: &'static str, folder: &Path, records: &Path) -> Peer {
        let mut command = Command::new(folder.join(name));
        command.env("NOALLOC_RECORD_DIR", records).env("NOALLOC_FOREIGN_PERMITS", "0");
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program was built");
        let input = process.stdin.take().expect("it is piped");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        Peer { name, process, input, output }
    }

    /// Nanoseconds for `iterations`.
    fn ask(&mut self, work: &str, iterations: u64) -> f64 {
        writeln!(self.input, "{work} {iterations}").expect("the program waits");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the program answers");
        line.trim().parse().expect("a number of nanoseconds")
    }
}

/// What is measured: a program, its work, and how often in one sample.
struct Case {
    peer: usize,
    work: &'static str,
    iterations: u64,
}

fn main() {
    let samples = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(SAMPLES);
    let records = tempfile::tempdir().expect("a folder for the records");
    let folder = build();
    let mut all = BTreeMap::new();
    for _ in 0..PROCESSES {
        measure(&folder, records.path(), samples, &mut all);
    }
    print(&all.into_iter().map(|(of, samples)| (of, median(&samples))).collect(), samples);
    println!();
    print_depths(records.path());
}

/// Samples, nanoseconds for one iteration, by program and work.
type Samples = BTreeMap<(&'static str, &'static str), Vec<f64>>;

/// Starts each program, takes that many samples of all that it does, one after another, and ends them.
fn measure(folder: &Path, records: &Path, samples: usize, all: &mut Samples) {
    let mut peers: Vec<Peer> = PEERS.iter().map(|name| Peer::start(name, folder, records)).collect();
    let cases = cases(&mut peers);
    for _ in 0..samples {
        for case in &cases {
            let peer = &mut peers[case.peer];
            let elapsed = peer.ask(case.work, case.iterations);
            all.entry((peer.name, case.work)).or_default().push(elapsed / case.iterations as f64);
        }
    }
    for mut peer in peers {
        drop(peer.input);
        peer.process.wait().expect("it was started");
    }
}

/// How many frames the recorded stacks had in one of the processes: what "depth" means above.
fn print_depths(records: &Path) {
    let file = std::fs::read_dir(records).expect("it was made").next().expect("ours records");
    let bytes = std::fs::read(file.expect("it can be listed").path()).expect("it can be read");
    let record = no_heap::record::Record::read(&bytes).expect("it is whole");
    for (index, hot) in record.hello.hot.iter().enumerate() {
        let of_this = record.sites.iter().filter(|entry| entry.site.hot == index as u64);
        let depths: Vec<usize> = of_this.map(|entry| entry.frames.len()).collect();
        let name = hot.path.trim_end_matches("::__NoHeapSite");
        println!("{name}: {} calls, stacks of {depths:?} frames", record.counts[index].calls);
    }
}

/// Builds all programs and returns where they are.
fn build() -> PathBuf {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("in the target folder").join("benchmarks");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--bins", "--quiet", "-p", env!("CARGO_PKG_NAME"), "--target", TARGET]);
    cargo.args(["--config", "profile.release.package.assert_no_alloc.debug-assertions=true"]);
    // Each program brings its allocator.
    cargo.args(["--config", "profile.release.package.noalloc-macros.debug-assertions=true"]);
    cargo
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", format!("{FLAGS} {ALIGNED}"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    assert!(cargo.status().expect("cargo starts").success(), "the programs do not build");
    target.join(TARGET).join("release")
}

/// Every program's work, with as many iterations as fill a sample.
fn cases(peers: &mut [Peer]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, peer) in peers.iter_mut().enumerate() {
        let works: &[&str] = match peer.name {
            "no_heap" => &[
                "churn",
                "growth",
                "hot-churn",
                "hot-growth",
                "deep-churn",
                "nested-churn",
                "call-churn",
                "call",
                "guard",
                "assert",
            ],
            _ => &["churn", "growth"],
        };
        for work in works {
            // What is done once, such as opening the record, would pass for a long iteration.
            peer.ask(work, 1);
            let mut iterations = 1;
            while peer.ask(work, iterations) < SAMPLE_NS / 4.0 {
                iterations *= 2;
            }
            let once = peer.ask(work, iterations) / iterations as f64;
            let iterations = ((SAMPLE_NS / once) as u64).max(1);
            cases.push(Case { peer: index, work, iterations });
        }
    }
    cases
}

fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn print(medians: &BTreeMap<(&str, &str), f64>, samples: usize) {
    let of = |name, work| medians[&(name, work)];
    let (churn, growth) = (of("system", "churn"), of("system", "growth"));
    println!("{samples} interleaved samples of each of {PROCESSES} processes, medians, nanoseconds\n");
    println!("| allocator | Box + drop | × System | + ns | Vec growth to 4,096 | × System |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let row = |title: &str, c: f64, g: f64| {
        println!("| {title} | {c:.1} | {:.2} | {:.1} | {g:.0} | {:.2} |", c / churn, c - churn, g / growth);
    };
    row("`System`", churn, growth);
    row("`no_heap::Allocator`, idle", of("no_heap", "churn"), of("no_heap", "growth"));
    row("`no_heap::Allocator`, recording", of("no_heap", "hot-churn"), of("no_heap", "hot-growth"));
    for (name, title) in [
        ("divan", "divan's `AllocProfiler`"),
        ("assert_no_alloc", "assert_no_alloc, idle"),
        ("stats_alloc", "stats_alloc"),
        ("mod_alloc", "mod-alloc with call sites"),
        ("dhat", "dhat"),
    ] {
        row(title, of(name, "churn"), of(name, "growth"));
    }
    let [deep, nested, of_call] =
        ["deep-churn", "nested-churn", "call-churn"].map(|work| of("no_heap", work));
    println!(
        "\nRecording a Box + drop: {deep:.1} at twice the depth, {nested:.1} for two nested hot functions, {of_call:.1} \
         with a call of the hot function around each.\n"
    );
    let (call, guard, assert) = (of("no_heap", "call"), of("no_heap", "guard"), of("no_heap", "assert"));
    println!("| around an empty call | ns | beyond the call |");
    println!("| --- | ---: | ---: |");
    println!("| nothing | {call:.1} | |");
    println!("| `assert_no_alloc`, warn mode | {assert:.1} | {:.1} |", assert - call);
    println!("| `#[no_heap]`, audit build | {guard:.1} | {:.1} |", guard - call);
    println!("\nThe guard takes {:.1} ns beyond `assert_no_alloc`'s own.", guard - assert);
}
