//! Events that repeat one before them are counted as all others, and no moment is a bad one to be killed at.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{ALLOC, Build, FREE, Seen, own, program, read_all, run};

/// allocs, frees, bytes, max_allocs, max_bytes
fn counts(record: &Seen, name: &str) -> [u64; 5] {
    let counts = record.counts(name);
    [counts.allocs, counts.frees, counts.bytes, counts.max_allocs, counts.max_bytes]
}

/// The sites of an operation together: count, bytes, freed, escaped, own
fn sites(record: &Seen, name: &str, op: u64) -> [u64; 5] {
    record.sites_of(name, op).iter().fold([0; 5], |[count, bytes, freed, escaped, owned], entry| {
        let site = &entry.site;
        let (freed, escaped) = (freed + site.freed, escaped + site.escaped);
        [count + site.count, bytes + site.bytes, freed, escaped, owned + own(entry)]
    })
}

#[test]
fn repeats_are_counted_one_by_one() {
    for profile in ["o3", "o0"] {
        let record = run(&program(Build::Audit, profile, "repeats"), &[]).only();
        record.check_identities();
        check_one_function(&record);
        check_several(&record);
    }
}

fn check_one_function(record: &Seen) {
    let n = 100 + 1 + 2 + 3 + 50 + 100 + 7;
    assert_eq!(counts(record, "pairs"), [n, n, 8 * n, 100, 800]);
    assert_eq!(sites(record, "pairs", ALLOC), [n, 8 * n, n, 0, 0]);
    assert_eq!(sites(record, "pairs", FREE), [n, 8 * n, 0, 0, n]);
    assert_eq!(counts(record, "crossed"), [60, 60, 960, 60, 960]);
    assert_eq!(sites(record, "crossed", ALLOC), [60, 960, 60, 0, 0]);
    assert_eq!(sites(record, "crossed", FREE), [60, 960, 0, 0, 60]);

    let bytes = 5 * (7 * 16 + 3 * 48);
    assert_eq!(counts(record, "sizes"), [50, 50, bytes, 50, bytes]);
    let sizes = record.sites_of("sizes", ALLOC);
    assert!(sizes.iter().all(|entry| [entry.site.size_min, entry.site.size_max] == [16, 48]));

    assert_eq!(counts(record, "keeps"), [40, 10, 320, 40, 320]);
    assert_eq!(sites(record, "keeps", ALLOC), [40, 320, 10, 30, 0]);
    assert_eq!(sites(record, "keeps", FREE), [10, 80, 0, 0, 10]);

    let [one, other] = record.sites_of("two_ends", FREE)[..] else { panic!("two places free") };
    assert_eq!((own(one), own(other)), (20, 20));
    let freed_by = record.site("two_ends", ALLOC).freed_by.map(|index| &record.0.sites[index].frames);
    let last = if one.frames[..] == freed_by.unwrap()[..] { one } else { other };
    assert_eq!(freed_by, Some(&last.frames));

    let [one, other] = record.sites_of("two_origins", ALLOC)[..] else { panic!("two places allocate") };
    assert_eq!((one.site.freed, other.site.freed), (20, 20));
    assert_eq!(sites(record, "two_origins", FREE), [40, 320, 0, 0, 40]);

    assert_eq!(counts(record, "grown"), [9, 9, 9 * 8 + 3 * 808, 9, 9 * 8 + 3 * 808]);
    assert_eq!(record.counts("grown").max_requests, 12);
    // Each call frees the blocks of the one before.
    assert_eq!(counts(record, "hands_over"), [40, 40, 320, 10, 80]);
    assert_eq!(sites(record, "hands_over", ALLOC), [40, 320, 0, 40, 0]);
    assert_eq!(sites(record, "hands_over", FREE), [40, 320, 0, 0, 0]);
}

fn check_several(record: &Seen) {
    // In each round one pair of its own and one of the inner function; what the permit lets pass is neither.
    let rounds = 3 * (10 + 3);
    assert_eq!(counts(record, "around"), [2 * rounds, 2 * rounds, (8 + 32) * rounds, 2 * 30, (8 + 32) * 30]);
    // It is called twice in each round.
    assert_eq!(counts(record, "within"), [2 * rounds, 2 * rounds, 2 * 32 * rounds, 10, 320]);
    assert_eq!(record.counts("quiet").calls, 6);
    let permit = &record.permit("between repeats").counts;
    assert_eq!((permit.calls, permit.allocs, permit.frees), (6, 2 * rounds, 2 * rounds));

    assert_eq!(counts(record, "recursive"), [60, 60, 24 * 30, 60, 24 * 30]);
    let calls: Vec<u64> = record.sites("recursive").iter().map(|entry| entry.site.calls_affected).collect();
    assert!(calls.iter().all(|calls| (1..=3).contains(calls)), "{calls:?}");

    // The block that unwinding frees, and what the panic needs for itself.
    let [allocs, frees, bytes, ..] = counts(record, "caught");
    assert_eq!((allocs, frees, bytes), (21, 20, 8 * 20 + 40));
    assert!(record.counts("caught").unwinding >= 1);
    assert_eq!(counts(record, "unwound"), [10, 9, 80, 10, 80]);
    assert_eq!(sites(record, "unwound", ALLOC), [10, 80, 10, 0, 0]);
    assert_eq!(sites(record, "unwound", FREE), [9, 72, 0, 0, 9]);
    assert!(record.counts("unwound").unwinding >= 1);
    assert_eq!(counts(record, "alike"), [10, 10, 40, 10, 40]);
    assert!(record.counts("alike").unwinding >= 20);
}

/// A hot function that leaves the heap alone may handle signals, also the one that is interrupted: whatever the recorder is
/// doing then, it goes on with.
#[test]
fn a_signal_among_repeats_changes_nothing() {
    let run = run(&program(Build::Audit, "o3", "repeats"), &["interrupted"]);
    let calls: u64 = run.stdout().trim().parse().unwrap();
    let record = run.only();
    record.check_identities();
    assert!(calls > 50, "a pair takes more than {calls} instructions");
    assert_eq!(record.counts("handles_a_signal").calls, calls);
    assert_eq!(record.counts("interrupted").calls, 2 * calls - 1);
    assert_eq!(counts(&record, "interrupted"), [10 * calls, 10 * calls, 80 * calls, 10, 80]);
    assert_eq!(sites(&record, "interrupted", ALLOC), [10 * calls, 80 * calls, 10 * calls, 0, 0]);
    assert_eq!(sites(&record, "interrupted", FREE), [10 * calls, 80 * calls, 0, 0, 10 * calls]);
}

/// Every record of a process that was killed somewhere in a loop is whole, and true up to one event.
#[test]
fn a_kill_among_repeats_loses_nothing() {
    let program = program(Build::Audit, "o3", "repeats");
    let mut pairs = 0;
    for round in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(&program);
        command.arg("until killed").env("NOALLOC_RECORD_DIR", folder.path());
        command.env("NOALLOC_FOREIGN_PERMITS", "0").stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        std::thread::sleep(Duration::from_micros(300 + 97 * round));
        process.kill().unwrap();
        process.wait().unwrap();
        let [record] = &read_all(folder.path())[..] else { panic!("one process, one record") };
        for (name, alive) in [("pairs", 1), ("crossed", 3)] {
            let [allocs, frees, bytes, ..] = counts(record, name);
            assert!((0..=alive).contains(&(allocs - frees)), "{name}: {allocs} allocated, {frees} freed");
            let [count, of_sites, freed, escaped, _] = sites(record, name, ALLOC);
            let [frees_of_sites, _, _, _, own] = sites(record, name, FREE);
            assert!(allocs.abs_diff(count) <= 1 && frees.abs_diff(frees_of_sites) <= 1, "{name}");
            assert!(bytes.abs_diff(of_sites) <= 24, "{name}: {bytes} bytes, {of_sites} of sites");
            assert!(own.abs_diff(frees) <= 1 && freed.abs_diff(own) <= 1, "{name}: {own} own, {freed} freed");
            assert_eq!(escaped, 0, "{name}");
        }
        pairs += record.counts("pairs").allocs;
    }
    assert!(pairs > 1000, "only {pairs} pairs in all rounds together");
}
