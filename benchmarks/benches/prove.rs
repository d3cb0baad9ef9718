//! `cargo bench -p noalloc-benchmarks --bench prove`: how long a proof takes on a large binary, the tool's own,
//! which it builds as `cargo noalloc` builds programs. Prints the table of `docs/performance.md`.
//!
//! Processor time of this process, so that other work of the machine counts less. Reading the file is part of it.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use addr2line::{Context, LookupResult};
use gimli::{DwarfSections, EndianSlice, LittleEndian, SectionId};
use noalloc_prove::{Program, Proof, ReachableSite, State};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use rustix::time::{ClockId, clock_gettime};

const TARGET: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "-Cforce-frame-pointers=yes -Csymbol-mangling-version=v0 -Cdebuginfo=1 -Cstrip=none";

/// Samples of each; the median of them is printed.
const SAMPLES: usize = 11;

/// What one sample found and took.
struct Sample {
    took: Duration,
    proved: usize,
    lines: usize,
}

fn main() {
    let path = build();
    let roots = roots(&path);
    let all: Vec<u64> = roots.clone();
    let work: [(&str, &[u64], bool); 4] = [
        ("the binary alone, no root", &[], false),
        ("one root, with source lines", &all[roots.len() / 2..=roots.len() / 2], true),
        ("100 roots", &all, false),
        ("100 roots, with source lines", &all, true),
    ];
    println!("\n| proof | ms | proved | places with a line |\n| --- | ---: | ---: | ---: |");
    for (title, roots, lines) in work {
        let mut samples: Vec<Sample> = (0..SAMPLES).map(|_| sample(&path, roots, lines)).collect();
        samples.sort_by_key(|sample| sample.took);
        let Sample { took, proved, lines } = &samples[SAMPLES / 2];
        println!("| {title} | {:.0} | {proved} of {} | {lines} |", took.as_secs_f64() * 1e3, roots.len());
    }
    println!("\nMost memory that was in use: {} MiB, with the file.", peak() >> 20);
}

/// From the file to the proofs, and to the source lines of their places where they are asked for.
fn sample(path: &Path, roots: &[u64], wants_lines: bool) -> Sample {
    let start = clock();
    let bytes = std::fs::read(path).expect("it was built");
    let program = Program::parse(&bytes).expect("the proof reads it");
    let proofs: Vec<Proof> = roots.iter().map(|root| program.prove(*root)).collect();
    let lines = if wants_lines { places(&bytes, &proofs) } else { 0 };
    let proved = proofs.iter().filter(|proof| proof.state == State::Proved).count();
    Sample { took: clock() - start, proved, lines }
}

/// Looks up every place of the proofs; answers how many have a line.
fn places(bytes: &[u8], proofs: &[Proof]) -> usize {
    let file = object::File::parse(bytes).expect("an executable");
    let load = |id: SectionId| -> object::Result<Cow<'_, [u8]>> {
        file.section_by_name(id.name()).map_or(Ok(Cow::Borrowed(&[])), |section| section.uncompressed_data())
    };
    let sections = DwarfSections::load(load).expect("it has debug information");
    let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let context = Context::from_dwarf(dwarf).expect("it can be read");
    let sites = proofs.iter().flat_map(|proof| &proof.sites).map(ReachableSite::call);
    let unknowns = proofs.iter().flat_map(|proof| &proof.unknowns);
    let calls = sites.chain(unknowns.filter_map(|unknown| unknown.chain.last().copied()));
    calls
        .filter(|call| {
            let LookupResult::Output(Ok(mut frames)) = context.find_frames(call.lookup()) else {
                return false;
            };
            let mut frame = || frames.next().ok().flatten();
            std::iter::from_fn(&mut frame)
                .any(|frame| frame.location.is_some_and(|place| place.line.is_some()))
        })
        .count()
}

/// A hundred functions of the binary, evenly spread over its code.
fn roots(path: &Path) -> Vec<u64> {
    let bytes = std::fs::read(path).expect("it was built");
    let file = object::File::parse(&*bytes).expect("an executable");
    let text = file.section_by_name(".text").expect("code").size();
    let functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let mut starts: Vec<u64> = functions.map(|symbol| symbol.address()).collect();
    starts.sort_unstable();
    starts.dedup();
    println!(
        "{} bytes, {text} of them code, {} functions; {SAMPLES} samples of each, medians",
        bytes.len(),
        starts.len()
    );
    let every = starts.len() / 100;
    starts.into_iter().step_by(every).take(100).collect()
}

/// Processor time of this process.
fn clock() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// The largest resident size so far, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) << 10
}

/// Builds the tool as an audit would, and returns where it is.
fn build() -> PathBuf {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("in the target folder").join("benchmarks");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--quiet", "-p", "cargo-noalloc", "--bin", "cargo-noalloc"]);
    cargo.args(["--target", TARGET, "--target-dir"]).arg(&target);
    cargo.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
    assert!(cargo.status().expect("cargo starts").success(), "the tool does not build");
    target.join(TARGET).join("release/cargo-noalloc")
}
