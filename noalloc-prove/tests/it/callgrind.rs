//! Oracle: what really runs. Every branch and call that callgrind sees executed is an edge of the graph.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use noalloc_prove::{Branch, Program};
use object::{Object, ObjectSymbol};

use crate::subjects::build;

/// An executed transfer of control between two instructions.
struct Executed {
    from: u64,
    to: u64,
    is_call: bool,
}

fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// Reads callgrind's output: transfers that start and end in the object under test, and an address in `main`.
fn read(text: &str, object: &str) -> (Vec<Executed>, u64) {
    let (mut executed, mut main) = (Vec::new(), 0);
    let (mut here, mut called, mut function) = (String::new(), String::new(), String::new());
    let mut pending: Option<(u64, bool)> = None;
    for line in text.lines() {
        let word = |at: usize| line.split([' ', '=']).nth(at).unwrap_or("");
        if let Some(name) = line.strip_prefix("ob=") {
            here = name.to_owned();
        } else if let Some(name) = line.strip_prefix("cob=") {
            called = name.to_owned();
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = name.to_owned();
        } else if line.starts_with("calls=") {
            pending = number(word(2)).map(|to| (to, true));
        } else if line.starts_with("jump=") || line.starts_with("jcnd=") {
            let to = line.split(' ').find_map(number);
            pending = to.map(|to| (to, false));
        } else if let Some(from) = number(word(0)) {
            if function == "main" && main == 0 {
                main = from;
            }
            if let Some((to, is_call)) = pending.take() {
                let target = if is_call && !called.is_empty() { &called } else { &here };
                if here.ends_with(object) && target.ends_with(object) {
                    executed.push(Executed { from, to, is_call });
                }
                called.clear();
            }
        }
    }
    (executed, main)
}

fn check(branches: &BTreeMap<u64, Branch>, transfer: &Executed, starts: &[u64]) -> bool {
    let Some(branch) = branches.get(&transfer.from) else { return false };
    let is_start = starts.binary_search(&transfer.to).is_ok();
    let to = &transfer.to;
    branch.is_open
        || branch.successors.contains(to)
        || branch.functions.contains(to)
        || (transfer.is_call && !is_start)
}

fn profile(path: &Path) -> Option<String> {
    let out = path.with_extension("callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--dump-instr=yes", "--collect-jumps=yes"]);
    valgrind.args(["--compress-pos=no", "--compress-strings=no"]);
    valgrind.arg(format!("--callgrind-out-file={}", out.display())).arg(path);
    let output = valgrind.output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(std::fs::read_to_string(out).expect("callgrind wrote it"))
}

#[test]
fn everything_that_runs_is_in_the_graph() {
    let built = build("release");
    let Some(text) = profile(&built.path) else {
        println!("skipped: valgrind is not installed");
        return;
    };
    let name = built.path.file_name().and_then(|name| name.to_str()).expect("a plain name");
    let (executed, main) = read(&text, name);
    let program = Program::parse(&built.bytes).expect("a subject");
    let branches: BTreeMap<u64, Branch> =
        program.branches().into_iter().map(|branch| (branch.at, branch)).collect();
    let file = object::File::parse(&*built.bytes).expect("a subject");
    let linked = file.symbols().find(|symbol| symbol.name() == Ok("main")).expect("main").address();
    let bias = (main - linked) & !0xfff;
    let mut starts: Vec<u64> = branches.values().flat_map(|branch| branch.functions.clone()).collect();
    starts.sort_unstable();
    let mut wrong = Vec::new();
    for transfer in &executed {
        let moved =
            Executed { from: transfer.from - bias, to: transfer.to - bias, is_call: transfer.is_call };
        if !check(&branches, &moved, &starts) {
            wrong.push(format!("{:#x} -> {:#x} {}", moved.from, moved.to, moved.is_call));
        }
    }
    println!("{} executed transfers, {} not in the graph", executed.len(), wrong.len());
    assert!(executed.len() > 1_000);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
