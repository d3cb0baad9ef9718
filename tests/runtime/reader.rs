//! The reader trusts nothing: cut, damaged and foreign files are errors or consistent records, never a panic, a
//! hang or a wrong sum.

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use no_heap::record::{BadRecord, FRAMES, FnCounts, Record, SITES, Site, ThreadHead};

use crate::support::{Build, program};

/// A small record of a program that did a bit of everything.
fn bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| record_of("sites"))
}

/// The record of a program that did the same things again and again.
fn repeating() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| record_of("repeats"))
}

fn record_of(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new(program(Build::Audit, "o3", name))
        .env("NOALLOC_RECORD_DIR", folder.path())
        .env("NOALLOC_FOREIGN_PERMITS", "0")
        .status()
        .unwrap();
    assert!(status.success());
    let file: PathBuf = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::read(file).unwrap()
}

/// Reads without a panic and without taking long; what is read is printed, as any user of it would walk it.
fn read(bytes: &[u8], what: &str) -> Result<Record, BadRecord> {
    let start = Instant::now();
    let result = catch_unwind(|| {
        let result = Record::read(bytes);
        match &result {
            Ok(record) => drop(format!("{record:?}").len()),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        result
    });
    assert!(start.elapsed() < Duration::from_secs(5), "{what}: took {:?}", start.elapsed());
    result.unwrap_or_else(|_| panic!("{what}: the reader panicked"))
}

/// Bytes that hold something: most of a record is zeros.
fn used(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len()).filter(|at| bytes[*at] != 0).collect()
}

/// xorshift64*, so that every run tests the same cases.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    move |below| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % below
    }
}

#[test]
fn a_whole_record_reads() {
    let record = read(bytes(), "whole").unwrap();
    assert!(record.counts.iter().any(|counts| counts.allocs > 0));
}

#[test]
fn a_record_cut_anywhere_is_an_error() {
    let bytes = bytes();
    let mut random = numbers();
    let edges = (0..4).flat_map(|page| (page * 4096usize).saturating_sub(9)..page * 4096 + 9);
    let last = *used(bytes).last().unwrap();
    let cuts: BTreeSet<usize> = (0..600)
        .chain(edges)
        .chain(last - 200..last + 200)
        .chain(bytes.len() - 50..bytes.len())
        .chain((0..1000).map(|_| random(bytes.len())))
        .filter(|cut| *cut < bytes.len())
        .collect();
    for cut in cuts {
        assert!(read(&bytes[..cut], &format!("cut at {cut}")).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_damaged_byte_is_an_error_or_a_consistent_record() {
    damage_bytes(bytes(), 5000);
    damage_bytes(repeating(), 2000);
}

fn damage_bytes(original: &[u8], cases: usize) {
    let whole = Record::read(original).unwrap();
    let events = |record: &Record| -> Vec<[u64; 4]> {
        record.counts.iter().map(|c| [c.allocs, c.reallocs, c.frees, c.bytes]).collect()
    };
    let used = used(original);
    let mut random = numbers();
    let mut bytes = original.to_vec();
    let (mut noticed, mut consistent) = (0, 0);
    for case in 0..cases {
        // Four of five hit a byte that holds something.
        let at = if case % 5 > 0 { used[random(used.len())] } else { random(bytes.len()) };
        let before = std::mem::replace(&mut bytes[at], random(256) as u8);
        match read(&bytes, &format!("byte {at} became {}", bytes[at])) {
            Err(_) => noticed += 1,
            Ok(record) => {
                assert_eq!(events(&record), events(&whole), "byte {at}: {before} became {}", bytes[at]);
                consistent += 1;
            }
        }
        bytes[at] = before;
    }
    assert!(noticed > cases / 5 * 3, "{noticed} noticed, {consistent} consistent");
}

/// Every word of every counter: one more and one less is seen.
#[test]
fn a_damaged_counter_or_hash_is_noticed() {
    assert!(damage_words(bytes()).sites > 50);
    assert!(damage_words(repeating()).repeating > 10);
}

/// How many there were to damage.
struct Damaged {
    sites: usize,
    repeating: usize,
}

fn damage_words(original: &[u8]) -> Damaged {
    let head: Vec<u64> =
        original[..128].as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let (hot_count, block_room) = (head[9] as usize, head[11] as usize);
    let (threads, stride) = (head[12] as usize, head[13] as usize);
    assert_eq!(original.len(), threads + stride * head[14] as usize, "the head's words are where they were");
    let mut bytes = original.to_vec();
    let mut damage = |at: usize, what: &str| {
        let word: [u8; 8] = bytes[at..at + 8].try_into().unwrap();
        for change in [1u64, u64::MAX, 1 << 40] {
            let damaged = u64::from_le_bytes(word).wrapping_add(change);
            bytes[at..at + 8].copy_from_slice(&damaged.to_le_bytes());
            assert!(read(&bytes, what).is_err(), "{what} at {at} became {damaged}");
        }
        bytes[at..at + 8].copy_from_slice(&word);
    };
    // The first block's, too, though there is none.
    let (fixed, each) = (ThreadHead::WORDS * 8, FnCounts::WORDS * 8);
    for hot in 0..=hot_count - block_room {
        for counter in 1..5 {
            damage(threads + fixed + hot * each + counter * 8, "a function's counter");
        }
    }
    damage(threads + 16, "the thread's repeats");
    let sites = threads + fixed + hot_count * each;
    let slots = (0..SITES).map(|slot| sites + slot * (Site::WORDS + FRAMES) * 8);
    let used: Vec<usize> = slots.filter(|at| original[*at..*at + 8] != [0; 8]).collect();
    let mut damaged = Damaged { sites: used.len(), repeating: 0 };
    for slot in used {
        damage(slot + 19 * 8, "repeats");
        if original[slot + 19 * 8..slot + 20 * 8] != [0; 8] {
            damaged.repeating += 1;
            for (word, what) in [(20, "size of the repeats"), (21, "their origin"), (22, "their sum")] {
                damage(slot + word * 8, what);
            }
        }
        let first_frame = Site::WORDS;
        let words = [(0, "hash"), (1, "hot"), (2, "op"), (4, "depth"), (6, "count"), (first_frame, "frame")];
        for (word, what) in words {
            damage(slot + word * 8, what);
        }
    }
    damaged
}

/// What hot functions did inside a permit is added to its counters at its end, all at once.
#[test]
fn a_permit_that_ends_when_the_process_is_killed_is_no_damage() {
    let word = |at: usize| u64::from_le_bytes(repeating()[at..at + 8].try_into().unwrap());
    let (hot_count, block_room, threads) = (word(9 * 8), word(11 * 8), word(12 * 8) as usize);
    let (fixed, each) = (ThreadHead::WORDS * 8, FnCounts::WORDS * 8);
    let (updates, permit) = (threads + 8, threads + fixed + (hot_count - block_room) as usize * each);
    let mut bytes = repeating().to_vec();
    for (counter, missing) in [(1, 5), (3, 4), (4, 160)] {
        let left = word(permit + counter * 8).checked_sub(missing).unwrap();
        bytes[permit + counter * 8..][..8].copy_from_slice(&left.to_le_bytes());
    }
    assert!(read(&bytes, "without an update").is_err());
    bytes[updates..updates + 8].copy_from_slice(&(word(updates) | 1).to_le_bytes());
    let record = read(&bytes, "in the middle of an update").unwrap();
    let whole = Record::read(repeating()).unwrap();
    assert_eq!(record.permits[0].counts.allocs + 5, whole.permits[0].counts.allocs);
}

#[test]
fn foreign_files_and_other_versions_are_told_apart() {
    let random: Vec<u8> = {
        let mut random = numbers();
        (0..100_000).map(|_| random(256) as u8).collect()
    };
    let exe = std::fs::read("/proc/self/exe").unwrap();
    for foreign in [&b""[..], b"noalloc", b"\0", &[0; 4096], &[0xff; 4096], &random, &exe] {
        assert_eq!(read(foreign, "foreign").unwrap_err(), BadRecord::NotARecord);
    }
    let mut other = bytes().to_vec();
    let own = other[8];
    let (older, newer) = ("upgrade `no_heap`", "upgrade cargo-noalloc");
    for (version, advice) in [(0, older), (own - 1, older), (own + 1, newer)] {
        other[8] = version;
        let error = read(&other, "version").unwrap_err();
        assert_eq!(error, BadRecord::Version { found: u64::from(version) });
        assert!(error.to_string().contains(advice), "{error}");
    }
    let mut unfinished = bytes().to_vec();
    unfinished[17 * 8] = 0;
    assert_eq!(read(&unfinished, "unfinished").unwrap_err(), BadRecord::Unfinished);
}
