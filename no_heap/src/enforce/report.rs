//! What is said when a promise was broken, after the guarded call has returned: outside of every guard.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use backtrace::SymbolName;

use super::Promised;
use super::sites::Row;
use super::thread::{Broken, Op, is_installed, quietly};
use crate::std_source;

/// What `NO_HEAP` asks for.
#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
enum Mode {
    Panic = 1,
    Abort = 2,
    Warn = 3,
    Off = 4,
}

/// 0 until the environment has been read.
static MODE: AtomicU8 = AtomicU8::new(0);

#[track_caller]
fn mode() -> Mode {
    match MODE.load(Ordering::Relaxed) {
        1 => Mode::Panic,
        2 => Mode::Abort,
        3 => Mode::Warn,
        4 => Mode::Off,
        _ => read_mode(),
    }
}

#[cold]
#[track_caller]
fn read_mode() -> Mode {
    let mode = quietly(|| match std::env::var("NO_HEAP").as_deref() {
        Err(std::env::VarError::NotPresent) | Ok("" | "panic") => Ok(Mode::Panic),
        Ok("abort") => Ok(Mode::Abort),
        Ok("warn") => Ok(Mode::Warn),
        Ok("off") => Ok(Mode::Off),
        other => Err(format!("{other:?}")),
    });
    match mode {
        Ok(mode) => {
            MODE.store(mode as u8, Ordering::Relaxed);
            mode
        }
        Err(other) => panic!("`NO_HEAP` is {other}, but it takes: panic, abort, warn, off"),
    }
}

/// Whether guards do nothing.
#[track_caller]
pub(super) fn is_off() -> bool {
    mode() == Mode::Off
}

/// A guard that sees nothing must not pass for one that saw nothing wrong.
#[track_caller]
pub(super) fn require_allocator(promised: &Promised) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if is_installed() {
        return;
    }
    let said = SAID.swap(true, Ordering::Relaxed);
    if said && mode() == Mode::Warn {
        return;
    }
    let message = quietly(|| {
        let name = (promised.name)(promised);
        let mut message = format!(
            "`{name}` cannot be held to its promise: `no_heap::Allocator` is not installed in this program"
        );
        if !said {
            message.push_str(
                "\n  = help: add to the test, or to `lib.rs` under `#[cfg(test)]`:\n\
                 \x20   #[global_allocator]\n\
                 \x20   static A: no_heap::Allocator = no_heap::Allocator::new(std::alloc::System);\n\
                 \x20 = help: where a library has it that the test does not use, link that: `use the_library as _;`",
            );
        }
        message
    });
    act(message);
}

/// Says what the call did, as `NO_HEAP` asks for it.
#[track_caller]
pub(super) fn report(broken: &Broken) {
    static SAID: [AtomicBool; 64] = [const { AtomicBool::new(false) }; 64];
    // As a warning, each function is told of once; two that share a place here are one too few.
    let key = broken.promised.key;
    if mode() == Mode::Warn && SAID[(key >> 4 ^ key >> 10) % SAID.len()].swap(true, Ordering::Relaxed) {
        return;
    }
    act(quietly(|| message(broken)));
}

#[track_caller]
fn act(message: String) {
    match mode() {
        Mode::Panic => panic!("{message}"),
        Mode::Abort => {
            say("error", &message);
            std::process::abort();
        }
        Mode::Warn => quietly(|| say("warning", &message)),
        Mode::Off => {}
    }
}

/// NOTE: not `eprintln!`: the test harness keeps that to itself, and forgets it when the process aborts.
fn say(level: &str, message: &str) {
    let _ = writeln!(std::io::stderr(), "{level}: {message}");
}

fn message(broken: &Broken) -> String {
    let Broken { promised, requests, bytes, rows, unplaced } = broken;
    let Promised { promise, file, line, .. } = promised;
    let mut text = format!("`{}` ", (promised.name)(promised));
    let forbids = if promised.function.is_some() { "#[no_heap]" } else { "no_heap::guard" };
    // Writing to a String cannot fail.
    let _ = if promise.allocs == 0 && promise.bytes == 0
        || *requests <= promise.allocs && *bytes <= promise.bytes
    {
        write!(text, "used the heap, which `{forbids}` forbids at {file}:{line}")
    } else {
        let many = |limit: u64| if limit == u64::MAX { "any number".to_owned() } else { limit.to_string() };
        write!(
            text,
            "went beyond its budget: {} of {}, where `{forbids}` allows {} of {} at {file}:{line}",
            plural(*requests, "allocation"),
            plural(*bytes, "byte"),
            many(promise.allocs),
            many(promise.bytes),
        )
    };
    let places = places(rows);
    let width = places.keys().map(|(place, _)| place.len()).max().unwrap_or(0);
    for ((place, called), done) in &places {
        let _ = write!(text, "\n  {place:<width$}  {}", done.words());
        if !called.is_empty() {
            let _ = write!(text, ", by `{called}`");
        }
    }
    if *unplaced > 0 {
        let _ = write!(text, "\n  and {unplaced} more in other places");
    }
    text.push_str("\n  = help: `cargo noalloc check` says why, and what to write instead");
    text
}

fn plural(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// What happened at one place.
#[derive(Default)]
struct Done {
    requests: u64,
    bytes: u64,
    frees: u64,
}

impl Done {
    fn words(&self) -> String {
        let requests = format!("{} of {}", plural(self.requests, "allocation"), plural(self.bytes, "byte"));
        match (self.requests, self.frees) {
            (0, frees) => plural(frees, "free"),
            (_, 0) => requests,
            (_, frees) => format!("{requests}, {}", plural(frees, "free")),
        }
    }
}

/// By place and by what was called there, in the order of the source.
fn places(rows: &[Row]) -> BTreeMap<(String, String), Done> {
    let mut places: BTreeMap<(String, String), Done> = BTreeMap::new();
    for row in rows {
        let done = places.entry(place(row.frames())).or_default();
        match row.op {
            Op::Alloc | Op::Realloc => {
                done.requests += row.count;
                done.bytes = done.bytes.saturating_add(row.bytes);
            }
            Op::Free => done.frees += row.count,
        }
    }
    places
}

/// `file:line:column` of the innermost frame that the reader can change, and the function called from there.
fn place(frames: &[usize]) -> (String, String) {
    let folder = std::env::current_dir().unwrap_or_default();
    let workspace = workspace(&folder);
    let mut called = String::new();
    let mut found: Option<String> = None;
    let mut outermost = String::new();
    for frame in frames {
        backtrace::resolve(std::ptr::without_provenance_mut(*frame), |symbol| {
            if found.is_some() {
                return;
            }
            let mangled = symbol.name();
            let name = mangled.as_ref().map(|name| format!("{name:#}")).unwrap_or_default();
            let mangled = mangled.as_ref().and_then(SymbolName::as_str).unwrap_or_default();
            let is_users = |file: &&Path| !is_ours(&name) && is_users(mangled, file, workspace);
            match symbol.filename().filter(is_users) {
                Some(file) => {
                    let file = file.strip_prefix(&folder).unwrap_or(file).display();
                    let line = symbol.lineno().unwrap_or(0);
                    let column = symbol.colno().map(|column| format!(":{column}")).unwrap_or_default();
                    found = Some(format!("{file}:{line}{column}"));
                }
                None => called.clone_from(&name),
            }
            outermost = name;
        });
    }
    // An inner allocator's frames lie below the call that is meant.
    let called = if is_ours(&called) { String::new() } else { called };
    (found.unwrap_or(outermost), called)
}

/// The widest package or workspace around a folder: what stands in it is the user's.
fn workspace(folder: &Path) -> &Path {
    folder.ancestors().filter(|folder| folder.join("Cargo.toml").is_file()).last().unwrap_or(folder)
}

fn is_users(symbol: &str, file: &Path, workspace: &Path) -> bool {
    let text = file.to_string_lossy().replace('\\', "/");
    let is_foreign = text.contains("/registry/src/") || text.contains("/git/checkouts/");
    let is_std = std_source::of_path(&text).is_some()
        || !file.starts_with(workspace) && std_source::of_function(&text, symbol).is_some();
    !is_std && !is_foreign
}

/// The runtime, and the functions that `#[global_allocator]` makes at the place of the program's allocator.
fn is_ours(name: &str) -> bool {
    let made = ["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rg_", "__rdl_"];
    name.starts_with("no_heap::")
        || name.starts_with("<no_heap::")
        || made.iter().any(|made| name.contains(made))
}
