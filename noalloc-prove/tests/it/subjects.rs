//! Builds `tests/subjects` and runs what was built.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// Every profile in which the subjects are built; `dev` is the unoptimised one.
pub(crate) const PROFILES: [&str; 7] = ["dev", "o1", "release", "size", "thin", "fat", "abort"];

/// A binary that was built.
pub(crate) struct Built {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// How to build, apart from the profile.
#[derive(Clone, Copy, Default)]
pub(crate) struct Options<'o> {
    pub(crate) features: &'o str,
    /// For the compiler, beside those of an audit build.
    pub(crate) flags: &'o str,
    pub(crate) binary: &'o str,
}

/// The subjects in a profile.
pub(crate) fn build(profile: &str) -> Built {
    build_with(profile, Options::default())
}

/// The subjects in a profile, built in some other way. One cargo at a time, one target folder for each way.
pub(crate) fn build_with(profile: &str, options: Options<'_>) -> Built {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/subjects");
    let folder = if options.flags.is_empty() { "subjects" } else { "subjects-linked" };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--offline", "--profile", profile]).current_dir(&source);
    let binary = if options.binary.is_empty() { "subjects" } else { options.binary };
    cargo.args(["--bin", binary, "--features", options.features]).env("CARGO_TARGET_DIR", &target);
    for variable in ["CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER"] {
        cargo.env_remove(variable);
    }
    // As in an audit build.
    cargo.env("RUSTFLAGS", format!("-Csymbol-mangling-version=v0 {}", options.flags));
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{profile}: {}", String::from_utf8_lossy(&output.stderr));
    let built = target.join(if profile == "dev" { "debug" } else { profile }).join(binary);
    // Another feature set would overwrite the file; and in the place of one that another test is running comes a new one.
    let kept = target.join(format!("{binary}-{profile}-{}", options.features));
    // Tests that build the same at once copy it to names of their own.
    let fresh = kept.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::copy(built, &fresh).expect("the binary was built");
    std::fs::rename(&fresh, &kept).expect("it was just copied");
    drop(turn);
    Built { bytes: std::fs::read(&kept).expect("just copied"), path: kept }
}

/// The smallest binary with everything in it, with debug information (`abort`) or without (`tiny`).
pub(crate) fn build_tiny(profile: &str) -> Vec<u8> {
    build_with(profile, Options { features: "tiny", binary: "no_heap", ..Options::default() }).bytes
}

/// Whether the C compiler finds `libc.a`: then it says where.
pub(crate) fn has_static_c_library() -> bool {
    let output = Command::new("cc").arg("-print-file-name=libc.a").output().expect("the linker is there");
    output.stdout.starts_with(b"/")
}

/// What one case did when it ran, and what its source says.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) truth: String,
    pub(crate) frees: bool,
    pub(crate) taken: u64,
    pub(crate) freed: u64,
}

/// Runs the subjects: by name of the case, what each did.
pub(crate) fn run(path: &Path) -> BTreeMap<String, Ran> {
    let output = Command::new(path).env_clear().env("PATH", "/usr/bin").output().expect("the subjects run");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> (String, Ran) {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words[at].parse().expect("a count");
    let ran =
        Ran { truth: words[1].to_owned(), frees: words[2] == "true", taken: number(3), freed: number(4) };
    (words[0].to_owned(), ran)
}

/// The site's hash, as the subjects compute it (FNV-1a).
pub(crate) fn site(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
