//! Blocks with a name: guards count as hot functions do, permits count what they excuse.

use crate::support::{ALLOC, Build, FREE, Seen, own, program, run, run_with};

/// calls, allocs, frees, permitted
fn hot(record: &Seen, name: &str) -> [u64; 4] {
    let counts = record.counts(name);
    [counts.calls, counts.allocs, counts.frees, counts.permitted]
}

/// calls, allocs, frees, bytes
fn permit(record: &Seen, reason: &str) -> [u64; 4] {
    let counts = &record.permit(reason).counts;
    [counts.calls, counts.allocs, counts.frees, counts.bytes]
}

fn check(record: &Seen) {
    assert_eq!(hot(record, "three rounds"), [3, 6, 3, 0]);
    assert_eq!(record.counts("three rounds").bytes, 10 + 11 + 12 + 3 * 20);
    assert_eq!(hot(record, "an answer"), [1, 0, 0, 0]);
    assert_eq!(hot(record, "with_a_guard_inside"), [1, 3, 3, 0]);
    assert_eq!(hot(record, "inside a function"), [1, 1, 1, 0]);
    assert_eq!(hot(record, "first"), [1, 1, 1, 0]);
    assert_eq!(hot(record, "second"), [1, 1, 1, 0]);

    assert_eq!(hot(record, "permits"), [1, 2, 2, 4]);
    assert_eq!(permit(record, "twice in one call"), [1, 2, 2, 5]);
    assert_eq!(permit(record, "never needed"), [1, 0, 0, 0]);
    assert!(record.0.permits.iter().all(|permit| permit.reason != "outside of hot functions"));

    // Once under the permit and once after it.
    assert_eq!(hot(record, "forbids_again"), [2, 2, 2, 0]);
    assert_eq!(hot(record, "inside a permit"), [1, 1, 1, 0]);
    assert_eq!(
        hot(record, "permits_another"),
        [1, 0, 0, 6],
        "it does not answer for what is inside its permits"
    );
    assert_eq!(permit(record, "around a function"), [1, 2, 2, 23]);
    assert_eq!(permit(record, "around a block"), [1, 1, 1, 13]);

    assert_eq!(hot(record, "permit_in_permit"), [1, 0, 0, 4]);
    assert_eq!(permit(record, "outer"), [1, 2, 2, 3]);
    assert_eq!(permit(record, "inner"), [1, 1, 1, 2]);

    assert_eq!(hot(record, "permits_again"), [1, 0, 0, 12]);
    assert_eq!(permit(record, "tells more"), [3, 6, 6, 33], "each event once, however often it was entered");

    let [calls, allocs, ..] = permit(record, "left by a panic");
    assert!(calls == 1 && allocs >= 1, "{allocs}");
    assert_eq!(hot(record, "panics_in_a_permit")[..3], [1, 0, 0]);
    assert_eq!(hot(record, "freed_outside_of_the_permit"), [1, 0, 1, 1]);
    assert_eq!(hot(record, "on eight threads")[..3], [400, 400, 400]);
    check_hot_functions_inside_permits(record);
    record.check_identities();
    assert_eq!(record.0.lost_calls, 0);
}

fn check_hot_functions_inside_permits(record: &Seen) {
    assert_eq!(hot(record, "calls_itself_in_a_permit"), [2, 4, 4, 4]);
    assert_eq!(record.counts("calls_itself_in_a_permit").max_allocs, 2);
    // Optimised builds may make several places of one.
    if let [entry] = record.sites_of("calls_itself_in_a_permit", ALLOC)[..] {
        let site = &entry.site;
        let calls = [site.calls_affected, site.first_call, site.last_call];
        assert_eq!((site.count, calls), (4, [2, 1, 2]), "each activation is affected once");
    }

    assert_eq!(hot(record, "gives_to_a_permitted_one"), [1, 1, 0, 1]);
    let block = &record.site("gives_to_a_permitted_one", ALLOC).site;
    assert_eq!((block.freed, block.escaped), (1, 0), "it was gone before the call returned");
    assert_eq!(own(record.site("frees_argument", FREE)), 0);
}

#[test]
fn guards_and_permits_count_exactly_and_nest_in_both_orders() {
    for profile in ["o3", "o0"] {
        let program = program(Build::Audit, profile, "blocks");
        check(&run(&program, &[]).only());
        // When others may permit, too, they are asked; the answer is the same.
        check(
            &run_with(&program, &[], |command| {
                command.env_remove("NOALLOC_FOREIGN_PERMITS");
            })
            .only(),
        );
    }
}

#[test]
fn a_block_is_known_by_its_name_and_place() {
    let record = run(&program(Build::Audit, "o3", "blocks"), &[]).only();
    let guard = record.0.hello.hot.iter().find(|hot| hot.path == "an answer").unwrap();
    assert!(guard.block && guard.file.ends_with("src/bin/blocks.rs"), "{guard:?}");
    let source = include_str!("fixtures/src/bin/blocks.rs");
    let line = source.lines().position(|line| line.contains("an answer")).unwrap() + 1;
    assert_eq!((guard.line as usize, guard.column), (line, 16));
    let record = &record.permit("inner");
    let line = source.lines().position(|line| line.contains("permit(\"inner\"")).unwrap() + 1;
    assert_eq!((record.line as usize, record.column), (line, 9));
}

#[test]
fn in_a_plain_build_both_are_just_the_call() {
    let run = run(&program(Build::Plain, "o3", "blocks"), &[]);
    assert!(run.output.status.success() && run.records.is_empty(), "{}", run.stderr());
}
