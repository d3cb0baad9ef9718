//! `cargo bench -p noalloc-benchmarks --bench clock`: what our clock says beside other harnesses', and what it says of
//! allocating beside what taking the allocations away has saved. Prints the tables of `docs/performance.md` and
//! `docs/measuring.md`.
//!
//! `-- 5` takes five rounds instead of the default. In each round every program runs once, so that whatever else the
//! machine does meets all of them; the figures are medians over the rounds.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use no_heap::record::Record;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Each function begins on a cache line, in all programs: without it where the linker happens to put the one that is
/// timed makes a difference of up to 7 % between programs whose code for it is the same to the byte.
const ALIGNED: &str = "-Cllvm-args=-align-all-functions=6";
const FRAMES: &str = "-Cforce-frame-pointers=yes";
const AUDIT: &str = "--cfg=noalloc_audit -Csymbol-mangling-version=v0 -Cdebuginfo=1 -Cstrip=none \
                     -Csplit-debuginfo=off -Cllvm-args=-hoist-common-insts=0 -Cllvm-args=-sink-common-insts=0 \
                     -Cllvm-args=-enable-tail-merge=0";

const ROUNDS: usize = 31;

/// Samples of a third of a millisecond: long ones would all be interrupted on a busy machine.
const CLOCK: [(&str, &str); 2] = [("NOALLOC_BENCH_TIME", "0.02"), ("NOALLOC_BENCH_SAMPLES", "64")];

/// Packages of examples whose functions come in pairs, and the pairs: with allocations and without.
const PAIRS: [(&str, &[(&str, &str)]); 3] = [
    ("elvis", &[("algo_one", "algo_two"), ("algo_two", "algo_three"), ("algo_one", "algo_three")]),
    (
        "slices",
        &[
            ("run_time_capacity", "constant_capacity"),
            ("formatted", "formatted_into"),
            ("bytes_copied", "bytes_borrowed"),
        ],
    ),
    ("stack_it", &[("stack_it2", "stack_it"), ("create_pointer", "create_copy")]),
];

/// A figure in each round.
type Rounds = Vec<f64>;

/// What our harness measured of one benchmark.
#[derive(Default)]
struct Measured {
    /// Without the overhead, as the report has it.
    ns: Rounds,
    /// Of that, inside the allocator.
    share: Rounds,
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(ROUNDS);
    let ours = ["-p", env!("CARGO_PKG_NAME"), "--example", "by_no_heap"];
    let plain = build("plain", &[ALIGNED], &["-p", env!("CARGO_PKG_NAME"), "--examples"]);
    let framed = build("framed", &[ALIGNED, FRAMES], &ours);
    let audit = build("audit", &[ALIGNED, FRAMES, AUDIT], &ours);
    // A library's own benchmarks would have its name, too.
    let packages = PAIRS.iter().flat_map(|(package, _)| ["-p", package, "--bench", package]);
    let pairs = build("audit", &[ALIGNED, FRAMES, AUDIT], &packages.collect::<Vec<_>>());

    let [mut criterion, mut divan, mut ours, mut with_frames] = [const { Rounds::new() }; 4];
    let mut audited: BTreeMap<String, Measured> = BTreeMap::new();
    for _ in 0..rounds {
        criterion.push(by_criterion(&plain["by_criterion"]));
        ours.push(by_us(&plain["by_no_heap"]));
        divan.push(by_divan(&plain["by_divan"]));
        with_frames.push(by_us(&framed["by_no_heap"]));
        record(&audit["by_no_heap"], "harness ", &mut audited);
        for (package, _) in PAIRS {
            record(&pairs[package], "", &mut audited);
        }
    }
    println!("{rounds} rounds, medians\n");
    print_harnesses(&[
        ("criterion", median(&criterion)),
        ("divan", median(&divan)),
        ("`no_heap::main!`, `cargo bench`", median(&ours)),
        ("the same, built with frame pointers", median(&with_frames)),
        ("`no_heap::main!`, `cargo noalloc check`", median(&audited["harness algo_four"].ns)),
    ]);
    print_pairs(&audited);
}

fn print_harnesses(harnesses: &[(&str, f64)]) {
    println!("| harness | ns/op | to criterion | to divan |");
    println!("| --- | ---: | ---: | ---: |");
    let to = |ns: f64, peer: usize| (ns / harnesses[peer].1 - 1.0) * 100.0;
    for (name, ns) in harnesses {
        println!("| {name} | {ns:.1} | {:+.1} % | {:+.1} % |", to(*ns, 0), to(*ns, 1));
    }
}

fn print_pairs(measured: &BTreeMap<String, Measured>) {
    println!("\n| with | ns/op | in the allocator | without | ns/op | saved |");
    println!("| --- | ---: | ---: | --- | ---: | ---: |");
    for (with, without) in PAIRS.iter().flat_map(|(_, pairs)| pairs.iter()) {
        let [first, second] = [with, without].map(|name| &measured[*name]);
        let (before, after) = (median(&first.ns), median(&second.ns));
        let inside = median(&first.share) - median(&second.share) * after / before;
        let error = error_of_median(&first.share) + error_of_median(&second.share) * after / before;
        let said = if inside > error {
            format!("{:.1} ns, {:.0} %", inside * before, inside * 100.0)
        } else {
            format!("below what can be measured, {:.1} ns", error * before)
        };
        println!(
            "| `{with}` | {before:.1} | {said} | `{without}` | {after:.1} | {:.1} ns, {:.0} % |",
            before - after,
            (1.0 - after / before) * 100.0
        );
    }
}

/// Builds with these flags and returns the programs by the names of their targets.
fn build(folder: &str, flags: &[&str], targets: &[&str]) -> BTreeMap<String, PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clock").join(folder);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "--message-format=json", "--target", TARGET]).args(targets);
    cargo.args(["--config", "profile.release.package.assert_no_alloc.debug-assertions=true"]);
    cargo.args(["--config", "profile.release.package.noalloc-macros.debug-assertions=false"]);
    cargo
        .arg("--target-dir")
        .arg(folder)
        .env("RUSTFLAGS", flags.join(" "))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it is in the workspace"));
    let output = run(&mut cargo);
    let messages = String::from_utf8_lossy(&output.stdout);
    let programs = messages.lines().filter_map(|line| {
        let path = PathBuf::from(line.split_once("\"executable\":\"")?.1.split('"').next()?);
        let file = path.file_name()?.to_str()?;
        // `elvis-0123456789abcdef`; examples have no such number.
        let name = file.rsplit_once('-').map_or(file, |(name, _)| name).to_owned();
        Some((name, path))
    });
    programs.collect()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Reads the median from the estimates that criterion leaves behind.
fn by_criterion(program: &Path) -> f64 {
    let home = tempfile::tempdir().expect("there is a folder for temporary files");
    run(Command::new(program).arg("--bench").env("CRITERION_HOME", home.path()));
    let path = home.path().join("algo_four/new/estimates.json");
    let estimates = std::fs::read_to_string(path).expect("criterion has written it");
    let median = estimates.split_once("\"median\":").expect("it has a median").1;
    let number = median.split_once("\"point_estimate\":").expect("an estimate").1;
    number.split([',', '}']).next().and_then(|text| text.trim().parse().ok()).expect("a number")
}

/// Reads the third column of divan's table.
fn by_divan(program: &Path) -> f64 {
    let output = run(Command::new(program).arg("--bench").env("NO_COLOR", "1"));
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let row = table.lines().find(|line| line.contains("algo_four") && line.contains('│'));
    let column = row.and_then(|row| row.split('│').nth(2)).unwrap_or_else(|| panic!("no median in\n{table}"));
    let mut words = column.split_whitespace();
    let number: f64 = words.next().and_then(|word| word.parse().ok()).expect("a number");
    number * if words.next() == Some("µs") { 1e3 } else { 1.0 }
}

/// Reads our own line: `algo_four  1000 iterations  480.9 ns/op`.
fn by_us(program: &Path) -> f64 {
    let output = run(Command::new(program).arg("--bench").envs(CLOCK).env_remove("NOALLOC_RECORD_DIR"));
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = line.split_whitespace().rev().skip(1);
    words.next().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no time in {line}"))
}

/// Runs a program of an audit build as the tool does, and reads its record as the tool does.
fn record(program: &Path, prefix: &str, measured: &mut BTreeMap<String, Measured>) {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let mut command = Command::new(program);
    command
        .arg("--bench")
        .envs(CLOCK)
        .env("NOALLOC_RECORD_DIR", folder.path())
        .env("NOALLOC_FOREIGN_PERMITS", "0");
    run(&mut command);
    let file = std::fs::read_dir(folder.path()).expect("it was made").next().expect("one program records");
    let bytes = std::fs::read(file.expect("it can be listed").path()).expect("it can be read");
    let record = Record::read(&bytes).expect("it is whole");
    for (entry, (result, samples)) in record.hello.benches.iter().zip(&record.benches) {
        let raw = median(samples);
        let [each_loop, guard, share] =
            [result.loop_ns, result.guard_ns, result.allocator_share].map(f64::from_bits);
        let ns = raw - each_loop - guard * result.guarded_calls as f64 / result.recorded as f64;
        let measured = measured.entry(format!("{prefix}{}", entry.name)).or_default();
        measured.ns.push(ns);
        measured.share.push(share * raw / ns);
    }
}

fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// As the harness has it: how far the median may be off in 19 of 20 cases.
fn error_of_median(values: &[f64]) -> f64 {
    1.57 * (quantile(values, 0.75) - quantile(values, 0.25)) / (values.len() as f64).sqrt()
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[(share * (sorted.len() - 1) as f64).round() as usize]
}
