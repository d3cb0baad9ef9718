//! Full tables are "not known" and never a verdict; and before they are full there is much room.

use no_heap::record::{SiteEntry, op_bit};

use crate::support::{ALLOC, Build, FREE, Seen, operation, own, program, run};

fn record(args: &[&str]) -> Seen {
    run(&program(Build::Audit, "o3", "limits"), args).only()
}

/// allocs, frees, own frees, frees of which nothing is known
fn frees(record: &Seen, name: &str) -> [u64; 4] {
    let counts = record.counts(name);
    let sites = record.sites_of(name, FREE);
    let own: u64 = sites.iter().map(|entry| own(entry)).sum();
    [counts.allocs, counts.frees, own, counts.doubtful_frees]
}

#[test]
fn many_blocks_of_one_call_are_its_own() {
    for profile in ["o3", "o0"] {
        let record = run(&program(Build::Audit, profile, "limits"), &["blocks"]).only();
        record.check_identities();
        let n = 255 + 256 + 257 + 10_000 + 4;
        assert_eq!(frees(&record, "boxes"), [n, n, n, 0]);
        let [allocs, freed, own_frees, _] = frees(&record, "strings");
        assert!(allocs > 300 && allocs == freed && own_frees == allocs, "{allocs} {freed} {own_frees}");
        assert_eq!(frees(&record, "recursion"), [10_001, 10_001, 10_001, 0]);
        assert_eq!(frees(&record, "list"), [3000, 3000, 3000, 0]);
        assert_eq!(frees(&record, "queue"), [5001, 5001, 5001, 0]);
        // The argument is 301 blocks of somebody else's; 300 of its own outlive the vector that was cut, and go with it.
        assert_eq!(frees(&record, "mixed"), [701, 1002, 701, 0]);
        let theirs = |entry: &&&SiteEntry| own(entry) == 0;
        let sites = record.sites_of("mixed", FREE);
        let theirs: u64 = sites.iter().filter(theirs).map(|entry| entry.site.count).sum();
        assert_eq!(theirs, 301);
        assert_eq!(frees(&record, "frees"), [0, 1, 0, 0]);
        let n = record.counts("within").allocs;
        assert_eq!(frees(&record, "within"), [n, n, n, 0]);
        assert_eq!(frees(&record, "around"), [2001 + n, 2001 + n, 2001 + n, 0]);
        assert_eq!(frees(&record, "a block with many"), [1001, 1001, 1001, 0]);
        for name in ["boxes", "strings", "recursion", "list", "queue", "mixed", "around", "within"] {
            let sites = record.sites_of(name, ALLOC);
            assert!(sites.iter().all(|entry| entry.site.untracked + entry.site.escaped == 0), "{name}");
        }
        assert!(record.0.counts.iter().all(|counts| counts.unfollowed == 0));
    }
}

/// Frees of which nothing is known are in sites of their own, and no call but this one loses anything by it.
#[test]
fn blocks_beyond_all_room_are_not_known() {
    let room = 1 << 20;
    for n in [room - 300, room + 5000] {
        let record = record(&["too many blocks", &n.to_string()]);
        record.check_identities();
        let counts = record.counts("too_many");
        let sites = record.sites_of("too_many", FREE);
        let sum = |bit: u64| {
            let is = |entry: &&&SiteEntry| entry.site.op & (op_bit::OWN | op_bit::DOUBTFUL) == bit;
            sites.iter().filter(is).map(|entry| entry.site.count).sum::<u64>()
        };
        let (foreign, own, doubtful) = (sum(0), sum(op_bit::OWN), sum(op_bit::DOUBTFUL));
        assert_eq!((counts.frees, doubtful), (foreign + own + doubtful, counts.doubtful_frees));
        if n < room {
            assert_eq!((counts.unfollowed, doubtful, foreign), (0, 0, 4));
        } else {
            // The vector's own reallocations are among its blocks.
            assert!((4000..6000).contains(&counts.unfollowed), "{}", counts.unfollowed);
            assert_eq!(doubtful, counts.unfollowed + 2, "with two of somebody else's");
            assert_eq!(foreign, 2, "of the second call, which has room for all of its own");
        }
        // The call inside has lost nothing.
        assert_eq!(frees(&record, "frees"), [0, 2, 0, 0]);
    }
}

/// Whole stacks, and those that were cut.
fn places(record: &Seen, name: &str) -> [u64; 2] {
    let is_cut = |entry: &&&SiteEntry| entry.site.op & op_bit::CUT != 0;
    let sites = record.sites(name);
    let cut = sites.iter().filter(is_cut).count();
    [sites.len() - cut, cut].map(|count| count as u64)
}

/// What is the same in each run: neither addresses nor hashes, nor which part of the record a thread had.
fn figures(record: &Seen) -> Vec<[u64; 7]> {
    let sites = record.0.sites.iter().map(|entry| {
        let s = &entry.site;
        let frames = entry.frames.len() as u64;
        [s.hot, s.op, frames, s.count, s.calls_affected, s.first_call, s.last_call]
    });
    let mut sites: Vec<_> = sites.collect();
    sites.sort_unstable();
    sites
}

#[test]
fn a_function_with_too_many_stacks_takes_no_place_of_the_others() {
    let [one, other] = [(); 2].map(|()| record(&["stacks"]));
    assert_eq!(figures(&one), figures(&other), "each run has the same");
    let ways = 32 * 32 * 32;
    let counts = one.counts("crowd");
    assert_eq!((counts.calls, counts.allocs, counts.frees, counts.doubtful_frees), (ways, ways, ways, 0));
    // Two sites for each way: its own 64 and those that are for all, then cut ones; the rest has none.
    let (whole, cut) = (64 + 8192, 192);
    assert_eq!(counts.unsited, 2 * ways - whole - cut, "and none of the cut ones stands for two ways");
    assert_eq!((counts.unsited_bytes, counts.unsited_foreign), (16 * (ways - (whole + cut) / 2), 0));
    let sites = one.sites("crowd");
    assert!(sites.iter().all(|entry| entry.site.count == 1));
    assert!(sites.iter().filter(|entry| operation(entry) == FREE).all(|entry| own(entry) == 1));
    assert_eq!(places(&one, "crowd"), [whole, cut]);

    // What a recursion brings in again is cut off: then all ways are as few as its branches.
    let counts = one.counts("branches");
    assert_eq!((counts.allocs, counts.frees, counts.unsited), (1 << 13, 1 << 13, 0));
    let [whole, cut] = places(&one, "branches");
    assert!(whole == 64 && (2..=16).contains(&cut), "{whole} {cut}");
    let sites = one.sites("branches");
    assert_eq!(sites.iter().map(|entry| own(entry)).sum::<u64>(), 1 << 13);

    let late = one.counts("late");
    assert_eq!((late.unsited, places(&one, "late")), (0, [2, 0]));
    assert_eq!((one.site("late", FREE).site.size_max, own(one.site("late", FREE))), (9, 0));
    assert_eq!(one.site("late", ALLOC).site.size_max, 11);
}

/// A thread that takes over what one before it has left finds as much room as one that does not.
#[test]
fn what_other_threads_did_before_takes_no_room() {
    let [at_once, in_turn, other_way] =
        ["at once", "one after another", "the other way round"].map(|how| record(&["threads", how]));
    assert_eq!(figures(&at_once), figures(&in_turn));
    assert_eq!(figures(&at_once), figures(&other_way));
    let ways = 32 * 32 * 32;
    for record in [at_once, in_turn, other_way] {
        // Each of two threads has gone all ways, and has room for as many as one.
        let counts = record.counts("crowd");
        let placed = 2 * (64 + 8192 + 192);
        assert_eq!((counts.calls, counts.unsited), (2 * ways, 2 * (2 * ways) - placed));
        assert_eq!(places(&record, "crowd"), [64 + 8192, 192]);
        assert_eq!((record.counts("few").unsited, places(&record, "few")), (0, [2 * 300, 0]));
    }
}
