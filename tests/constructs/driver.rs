//! From the fixture's source to its sites: builds it in audit mode, runs it, reads its record, names its frames.

use std::path::{Path, PathBuf};
use std::process::Command;

use addr2line::{Context, LookupResult};
use cargo_noalloc::model::{
    Calls, CodePlace, Frame, FunctionName, HotId, Op, Origin, ReturnAddress, Site, Sizes,
};
use gimli::{EndianSlice, RunTimeEndian};
use no_heap::record::{Record, SiteEntry};
use object::{Object, ObjectSection};

type Reader = EndianSlice<'static, RunTimeEndian>;

const TARGET: &str = "x86_64-unknown-linux-gnu";
const FLAGS: &str =
    "--cfg=noalloc_audit -Cforce-frame-pointers=yes -Csymbol-mangling-version=v0 -Cdebuginfo=1 -Cstrip=none";

/// One hot function of the fixture and everything it did to the heap.
pub(crate) struct Hot {
    pub(crate) name: String,
    pub(crate) calls: u64,
    /// In the record's order: [`Site::freed_by`] is an index into the sites of all functions.
    pub(crate) sites: Vec<Site>,
}

pub(crate) fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/constructs").canonicalize().unwrap()
}

/// Builds, runs, reads.
pub(crate) fn sites() -> Vec<Hot> {
    let exe = build();
    let record = run(&exe);
    let context = context(&exe);
    let module = &record.hello.modules[0];
    record
        .hello
        .hot
        .iter()
        .enumerate()
        .map(|(index, entry)| Hot {
            name: entry.path.trim_start_matches("constructs::").trim_end_matches("::__NoHeapSite").to_owned(),
            calls: record.counts[index].calls,
            sites: record
                .sites
                .iter()
                .filter(|site| site.site.hot == index as u64)
                .map(|site| to_site(site, &context, module.bias))
                .collect(),
        })
        .collect()
}

fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fixtures");
    let output = Command::new(env!("CARGO"))
        .current_dir(fixture())
        .args([
            "bench",
            "--no-run",
            "--quiet",
            "--bench=constructs",
            "--message-format=json",
            "--target",
            TARGET,
        ])
        .args(["--config", "profile.bench.package.assert_no_alloc.debug-assertions=true"])
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", FLAGS)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let executable = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.expect("cargo names the bench's executable")
}

fn run(exe: &Path) -> Record {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(exe)
        .env("NOALLOC_RECORD_DIR", folder.path())
        .env("NOALLOC_BENCH_TIME", "0")
        .current_dir(fixture())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let file = std::fs::read_dir(folder.path()).unwrap().next().expect("a record was written").unwrap();
    Record::read(&std::fs::read(file.path()).unwrap()).unwrap()
}

fn context(exe: &Path) -> Context<Reader> {
    let bytes = std::fs::read(exe).unwrap();
    let object = object::File::parse(&*bytes).unwrap();
    let dwarf = gimli::Dwarf::load(|id| {
        let data = object.section_by_name(id.name()).and_then(|section| section.uncompressed_data().ok());
        Ok::<_, gimli::Error>(EndianSlice::new(
            data.unwrap_or_default().into_owned().leak(),
            RunTimeEndian::Little,
        ))
    });
    Context::from_dwarf(dwarf.unwrap()).unwrap()
}

fn to_site(entry: &SiteEntry, context: &Context<Reader>, bias: u64) -> Site {
    let SiteEntry { site, frames, freed_by } = entry;
    let mut chain: Vec<Frame> = frames.iter().flat_map(|address| lookup(context, address - bias)).collect();
    chain.retain(|frame| frame.origin != Origin::NoHeap);
    chain.reverse();
    Site {
        hot: HotId(site.hot),
        op: [Op::Alloc, Op::Realloc, Op::Free][site.op as usize],
        chain,
        count: site.count,
        bytes: site.bytes,
        sizes: Sizes { min: site.size_min, max: site.size_max },
        calls: Calls { affected: site.calls_affected, first: site.first_call, last: site.last_call },
        freed: site.freed,
        escaped: site.escaped,
        untracked: site.untracked,
        own: site.own,
        freed_by: *freed_by,
        incomplete: false,
    }
}

/// The frames at one return address, innermost first.
fn lookup(context: &Context<Reader>, address: u64) -> Vec<Frame> {
    let LookupResult::Output(frames) = context.find_frames(ReturnAddress(address).lookup().0) else {
        return vec![];
    };
    let Ok(mut frames) = frames else { return vec![] };
    let mut found = Vec::new();
    while let Ok(Some(frame)) = frames.next() {
        let name = frame.function.as_ref().and_then(|function| function.raw_name().ok()).unwrap_or_default();
        let name = format!("{:#}", rustc_demangle::demangle(&name));
        let place = frame.location.as_ref().and_then(|location| {
            Some(CodePlace {
                file: location.file?.to_owned(),
                line: location.line?,
                byte_column: location.column.unwrap_or(0),
            })
        });
        let file = place.as_ref().map_or("", |place| place.file.as_str());
        found.push(Frame { origin: origin(file), function: FunctionName::new(&name), place, inlined: true });
    }
    if let Some(last) = found.last_mut() {
        last.inlined = false;
    }
    found
}

fn origin(file: &str) -> Origin {
    if file.starts_with("/rustc/") || file.starts_with("/rust/deps/") || file.contains("/rustlib/") {
        Origin::Std
    } else if let Some((_, path)) = file.split_once("/registry/src/") {
        let name = path.split('/').nth(1).unwrap_or_default();
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
        if name == "assert_no_alloc" { Origin::NoHeap } else { Origin::Dependency(name.to_owned()) }
    } else if file.contains("/no_heap/src/") {
        Origin::NoHeap
    } else if file.is_empty() {
        Origin::System
    } else {
        Origin::User
    }
}
