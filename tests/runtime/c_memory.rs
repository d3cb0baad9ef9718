//! Memory that the C library's allocator takes and gives back inside hot functions: counted once, whoever asks for it.

use std::path::{Path, PathBuf};

use crate::support::{ALLOC, Build, FREE, REALLOC, Seen, own, program, run, run_with};
use no_heap::record::{C_FUNCTIONS, FnCounts, c_op, hello_flag, op_bit};

/// The counting allocator that the fixture's build has left beside the program.
fn counter() -> PathBuf {
    let build = crate::support::target_dir().join(crate::support::TARGET).join("release/build");
    let built = |entry: std::fs::DirEntry| entry.path().join("out/libcounter.so");
    let mut libraries: Vec<PathBuf> = std::fs::read_dir(build)
        .unwrap()
        .map(|entry| built(entry.unwrap()))
        .filter(|path| path.exists())
        .collect();
    libraries.sort_by_key(|path| path.metadata().unwrap().modified().unwrap());
    libraries.pop().expect("the build script compiles it")
}

/// The operation of sites at which this function of the C library's allocator was called.
fn by(function: &str, op: u64) -> u64 {
    let number = C_FUNCTIONS.iter().position(|name| *name == function).unwrap();
    c_op(op, number as u64)
}

fn totals(counts: &FnCounts) -> [u64; 5] {
    [counts.calls, counts.allocs, counts.reallocs, counts.frees, counts.bytes]
}

fn of_c(counts: &FnCounts) -> [u64; 4] {
    [counts.c_allocs, counts.c_reallocs, counts.c_frees, counts.c_bytes]
}

/// Runs the program beside the counting allocator, and holds every function's totals against its own.
fn check(program: &Path) -> Seen {
    let counted = run_with(program, &[], |command| {
        command.env("LD_PRELOAD", counter());
    });
    let stdout = counted.stdout();
    let record = counted.only();
    let mut functions = 0;
    for line in stdout.lines() {
        let (name, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<u64> = numbers.split(' ').map(|number| number.parse().unwrap()).collect();
        let counts = record.counts(name);
        match name {
            // The recorder's own needs are no events.
            "opens" => assert_eq!(totals(counts), [5, 0, 0, 0, 0]),
            "permits" => {
                assert_eq!(totals(counts)[1..], [0; 4], "what a permit lets pass is not the function's");
                assert_eq!(totals(&record.permit("C may").counts), *numbers);
            }
            _ => assert_eq!(totals(counts), *numbers, "{name}"),
        }
        functions += 1;
    }
    assert_eq!(functions, 13, "{stdout}");
    record
}

#[test]
fn c_memory_is_counted_once_as_a_preloaded_allocator_counts_it() {
    let program = program(Build::Audit, "o3", "c_memory");
    let runs = if std::env::var_os("NOALLOC_DEEP").is_some() { 50 } else { 3 };
    for _ in 0..runs {
        let record = check(&program);
        record.check_identities();
        assert_eq!(record.0.lost_calls, 0);
    }
}

#[test]
fn what_rust_asks_for_is_no_part_of_cs() {
    let record = check(&program(Build::Audit, "o3", "c_memory"));
    assert_eq!(record.0.flags & hello_flag::C_HEAP, hello_flag::C_HEAP);
    // A box for each comparison is Rust's, the array that is sorted in is the C library's.
    let sorts = record.counts("sorts");
    assert!(sorts.c_allocs <= sorts.calls && sorts.allocs > 100 * sorts.calls, "{sorts:?}");
    // A `Vec` and a `CString` in each call; the string is resized for its nul or not, as the library likes.
    let mixes = record.counts("mixes");
    assert_eq!(of_c(mixes), [mixes.calls, 2 * mixes.calls, mixes.calls, record.counts("grows").bytes / 10]);
    for all in ["duplicates", "grows", "aligns", "prints", "keeps", "makes", "system", "registers", "loads"] {
        let counts = record.counts(all);
        assert_eq!(of_c(counts), totals(counts)[1..], "{all} asks for nothing of Rust's");
        assert!(record.sites(all).iter().all(|entry| entry.site.op & op_bit::C_HEAP != 0), "{all}");
    }
}

#[test]
fn the_fates_of_cs_blocks_are_followed() {
    let record = check(&program(Build::Audit, "o3", "c_memory"));
    let calls = record.counts("grows").calls;
    let taken = &record.site("grows", by("malloc", ALLOC)).site;
    assert_eq!((taken.count, taken.freed, taken.escaped, taken.untracked), (calls, calls, 0, 0));
    let resized: u64 =
        record.sites_of("grows", by("realloc", REALLOC)).iter().map(|entry| entry.site.superseded).sum();
    assert_eq!(resized, calls, "of two each time, the first is superseded");
    let freed = record.site("grows", by("free", FREE));
    assert_eq!((freed.site.count, own(freed)), (calls, calls));
    // One block for each thread is left behind by its last call, each other one by the call before.
    let kept = &record.site("keeps", by("malloc", ALLOC)).site;
    assert_eq!((kept.freed, kept.escaped), (0, kept.count));
    assert_eq!(own(record.site("keeps", by("free", FREE))), 0);
}

/// The C library sorts by calling itself, in as many ways as there are comparisons.
#[test]
fn what_happens_inside_a_library_is_one_stack() {
    let record = check(&program(Build::Audit, "o3", "c_memory"));
    assert_eq!(record.sites_of("sorts", ALLOC).len(), 1, "all boxes are from one place");
    assert!(record.sites("loads").len() < 10, "{:#?}", record.sites("loads"));
}

/// The innermost return address in a hot function's own program tells two calls of one C function apart.
#[test]
fn stacks_lead_through_c_code_without_frame_pointers() {
    let record = check(&program(Build::Audit, "o3", "c_memory"));
    for name in ["duplicates", "grows", "makes", "sorts", "loads", "prints"] {
        for entry in record.sites(name) {
            let exe = &record.0.hello.modules[0];
            let last = *entry.frames.last().unwrap();
            assert!((exe.low..exe.high).contains(&last), "{name} itself is on the stack: {entry:x?}");
            assert_eq!(entry.site.flags & 4, 0, "the stack is whole: {entry:x?}");
        }
    }
    // `strdup` and `free` are called from two places of one function.
    let places: Vec<u64> =
        record.sites("duplicates").iter().map(|entry| *entry.frames.last().unwrap()).collect();
    assert!(places.len() == 2 && places[0] != places[1], "{places:x?}");
}

#[test]
fn without_the_preloaded_allocator_the_counts_are_the_same() {
    let program = program(Build::Audit, "o3", "c_memory");
    let (with, without) = (check(&program), run(&program, &[]).only());
    for name in ["duplicates", "grows", "aligns", "keeps", "makes", "mixes", "system", "registers"] {
        assert_eq!(totals(with.counts(name)), totals(without.counts(name)), "{name}");
    }
}
