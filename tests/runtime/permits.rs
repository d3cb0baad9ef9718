//! What a hot function does not answer for: other people's permits and panics. And what it does all the same.

use crate::support::{ALLOC, Build, FREE, Seen, program, run_with};

fn record(profile: &str, foreign: bool) -> Seen {
    let program = program(Build::Audit, profile, "permits");
    let run = run_with(&program, &[], |command| {
        if foreign {
            command.env_remove("NOALLOC_FOREIGN_PERMITS");
        }
    });
    assert_eq!(run.stderr(), "", "no guard has anything to say");
    let record = run.only();
    record.check_identities();
    record
}

/// allocs, frees, permitted, unwinding
fn counts(record: &Seen, name: &str) -> [u64; 4] {
    let counts = record.counts(name);
    [counts.allocs, counts.frees, counts.permitted, counts.unwinding]
}

fn check_permits(record: &Seen) {
    assert_eq!(counts(record, "permits"), [1, 1, 6, 0]);
    assert_eq!(record.counts("permits").max_allocs, 1);
    assert_eq!(counts(record, "permit_drop"), [0, 0, 2, 0]);
    assert_eq!(counts(record, "freed_under_a_permit"), [1, 0, 1, 0]);
    let block = &record.site("freed_under_a_permit", ALLOC).site;
    assert_eq!((block.freed, block.escaped), (1, 0), "a permit does not make a block escape");
    assert!(record.site("freed_under_a_permit", ALLOC).freed_by.is_none());

    // Called three times, each time in somebody's permit that was open already.
    assert_eq!(record.counts("forbids").calls, 3);
    assert_eq!(counts(record, "forbids"), [3, 3, 0, 0]);
    assert_eq!(counts(record, "permits_around_another"), [2, 2, 2, 0]);
    assert_eq!(record.counts("permits_around_another").max_allocs, 2);
    // The permit was open before either of the two began, so neither hides behind it.
    assert_eq!(counts(record, "nested_in_one_permit"), [1, 1, 0, 0]);
}

fn check_panics(record: &Seen) {
    let [allocs, frees, _, unwinding] = counts(record, "panics");
    assert_eq!(
        (record.counts("panics").calls, allocs, frees),
        (2, 2, 0),
        "the panic machinery is not the function's"
    );
    assert!(unwinding >= 4, "the hook's string, the payload, the block's free: {unwinding}");
    let block = &record.site("panics", ALLOC).site;
    assert_eq!((block.size_max, block.freed, block.escaped), (77, 2, 0), "unwinding has freed it");
    // The payload of a caught panic is freed by the function itself.
    let [allocs, _, _, unwinding] = counts(record, "catches");
    assert_eq!(allocs, 1);
    assert!(unwinding >= 2);
    let all = record.0.sites.iter();
    assert!(all.clone().all(|entry| entry.site.size_max != 1234), "after a panic the guard is off");
    let polled = record.counts("first");
    assert_eq!((polled.calls, polled.allocs, polled.frees), (2, 2, 2), "each poll is a call");
    assert_eq!(record.sites_of("first", FREE).len(), 2);
}

#[test]
fn foreign_permits_are_respected_inside_and_do_not_hide_from_outside() {
    for profile in ["o3", "o0"] {
        check_permits(&record(profile, true));
    }
}

#[test]
fn panics_are_not_counted_and_leave_the_guard_off() {
    for profile in ["o3", "o0"] {
        for foreign in [true, false] {
            check_panics(&record(profile, foreign));
        }
    }
}
