//! `cargo bench -p noalloc-benchmarks --bench prove`: how long proofs about ripgrep's release build take, which
//! `cargo install` builds with the flags of an audit the first time. Prints the table of `docs/performance.md`.
//!
//! Wall time from the file to the proofs, and to the source lines of every call in them where those are asked for: the
//! least and the median of the samples. The middle and the hardest of the roots are so by the number of their findings.
//! `objdump -d` of the same binary stands beside it.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use addr2line::{Context, LookupResult};
use gimli::{DwarfSections, EndianSlice, LittleEndian, SectionId};
use noalloc_prove::{CallAddress, Program, Proof, State};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use rustix::time::{ClockId, clock_gettime};

const SUBJECT: (&str, &str) = ("ripgrep", "14.1.1");
const TARGET: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str = "-Cforce-frame-pointers=yes -Csymbol-mangling-version=v0 -Cdebuginfo=1 -Cstrip=none \
                     -Csplit-debuginfo=off -Cllvm-args=-hoist-common-insts=0 -Cllvm-args=-sink-common-insts=0 \
                     -Cllvm-args=-enable-tail-merge=0";

/// Samples of each.
const SAMPLES: usize = 11;

/// What one sample found and took.
struct Sample {
    took: Duration,
    /// By all threads together.
    processor: Duration,
    proved: usize,
    lines: usize,
}

fn main() {
    let path = build();
    let all = roots(&path);
    let ranked = by_findings(&path, &all);
    let (middle, hardest) = (&ranked[50..51], &ranked[99..]);
    let peer = samples(|| disassemble(&path)).first().map(|sample| sample.took);
    let work: [(&str, &[u64], bool); 6] = [
        ("the binary alone, no root", &[], false),
        ("the middle root, with source lines", middle, true),
        ("the hardest root", hardest, false),
        ("the hardest root, with source lines", hardest, true),
        ("100 roots", &all, false),
        ("100 roots, with source lines", &all, true),
    ];
    println!(
        "\n| proof | least ms | median ms | processor ms | × `objdump -d` | proved | calls with a line |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    for (title, roots, lines) in work {
        let samples = samples(|| sample(&path, roots, lines));
        let (least, median) = (&samples[0], &samples[SAMPLES / 2]);
        let ratio = peer.map_or(f64::NAN, |peer| ms(least.took) / ms(peer));
        println!(
            "| {title} | {:.0} | {:.0} | {:.0} | {ratio:.2} | {} of {} | {} |",
            ms(least.took),
            ms(median.took),
            ms(median.processor),
            least.proved,
            roots.len(),
            least.lines
        );
    }
    if let Some(peer) = peer {
        println!("\n`objdump -d` of the same binary: {:.0} ms at least.", ms(peer));
    }
    println!("Most memory that was in use: {} MiB, with the file.", peak() >> 20);
}

/// Samples by what they took.
fn samples(take: impl Fn() -> Sample) -> Vec<Sample> {
    let mut samples: Vec<Sample> = (0..SAMPLES).map(|_| take()).collect();
    samples.sort_by_key(|sample| sample.took);
    samples
}

/// From the file to the proofs, and to the source lines of their calls where they are asked for.
fn sample(path: &Path, roots: &[u64], wants_lines: bool) -> Sample {
    let (start, processor) = (Instant::now(), clock());
    let bytes = std::fs::read(path).expect("it was built");
    let program = Program::parse(&bytes).expect("the proof reads it");
    let proofs = program.prove_all(roots);
    let lines = if wants_lines { lines(&bytes, &proofs) } else { 0 };
    let proved = proofs.iter().filter(|proof| proof.state == State::Proved).count();
    Sample { took: start.elapsed(), processor: clock().saturating_sub(processor), proved, lines }
}

/// Calls that are worth a thread, as for the tool.
const LEAST_SHARE: usize = 500;

/// Looks up every call on a way to a finding of the proofs, each once and on all processors, as the tool does; answers how
/// many have a line.
fn lines(bytes: &[u8], proofs: &[Proof]) -> usize {
    let file = object::File::parse(bytes).expect("an executable");
    let load = |id: SectionId| -> object::Result<Cow<'_, [u8]>> {
        file.section_by_name(id.name()).map_or(Ok(Cow::Borrowed(&[])), |section| section.uncompressed_data())
    };
    let sections = DwarfSections::load(load).expect("it has debug information");
    let sites = proofs.iter().flat_map(|proof| &proof.sites).flat_map(|site| &site.chain);
    let unknowns = proofs.iter().flat_map(|proof| &proof.unknowns).flat_map(|unknown| &unknown.chain);
    let mut calls: Vec<CallAddress> = sites.chain(unknowns).copied().collect();
    calls.sort_unstable();
    calls.dedup();
    let with_line = |calls: &[CallAddress]| {
        let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
        let context = Context::from_dwarf(dwarf).expect("it can be read");
        let has_line = |call: &&CallAddress| {
            let LookupResult::Output(Ok(mut frames)) = context.find_frames(call.lookup()) else {
                return false;
            };
            let mut frames = std::iter::from_fn(|| frames.next().ok().flatten());
            frames.any(|frame| frame.location.is_some_and(|place| place.line.is_some()))
        };
        calls.iter().filter(has_line).count()
    };
    let threads =
        thread::available_parallelism().map_or(1, usize::from).min(calls.len() / LEAST_SHARE).max(1);
    thread::scope(|scope| {
        let shares = calls.chunks(calls.len().div_ceil(threads).max(1));
        let shares: Vec<_> = shares.map(|share| scope.spawn(|| with_line(share))).collect();
        shares.into_iter().map(|share| share.join().expect("it has not panicked")).sum()
    })
}

/// What binutils take to write the code down.
fn disassemble(path: &Path) -> Sample {
    let start = Instant::now();
    let mut objdump = Command::new("objdump");
    objdump.arg("-d").arg(path).stdout(Stdio::null());
    assert!(objdump.status().expect("binutils are installed").success(), "objdump reads it");
    Sample { took: start.elapsed(), processor: Duration::ZERO, proved: 0, lines: 0 }
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
        "{} bytes, {text} of them code, {} functions; {SAMPLES} samples of each",
        bytes.len(),
        starts.len()
    );
    let every = starts.len() / 100;
    starts.into_iter().step_by(every).take(100).collect()
}

/// The hundred roots, by the number of their findings.
fn by_findings(path: &Path, roots: &[u64]) -> Vec<u64> {
    let bytes = std::fs::read(path).expect("it was built");
    let program = Program::parse(&bytes).expect("the proof reads it");
    let mut ranked = roots.to_vec();
    ranked.sort_by_cached_key(|root| program.prove(*root).sites.len());
    ranked
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

/// Builds the subject as an audit would, unless that was done, and returns where it is.
fn build() -> PathBuf {
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("in the target folder").join("benchmarks");
    let (name, version) = SUBJECT;
    let root = target.join(format!("{name}-{version}"));
    let path = root.join("bin/rg");
    if !path.exists() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["install", "--quiet", "--locked", "--no-track", name, "--version", version]);
        cargo.args(["--target", TARGET, "--target-dir"]).arg(&target).arg("--root").arg(&root);
        cargo.env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
        assert!(cargo.status().expect("cargo starts").success(), "{name} does not build");
    }
    path
}
