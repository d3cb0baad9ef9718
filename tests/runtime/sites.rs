//! What a site says, on functions whose every figure can be worked out by hand.

use crate::support::{ALLOC, Build, FREE, REALLOC, Seen, own, program, run};
use no_heap::record::Site;

fn record(profile: &str) -> Seen {
    run(&program(Build::Audit, profile, "sites"), &[]).only()
}

/// count, bytes, size_min, size_max
fn sizes(site: &Site) -> [u64; 4] {
    [site.count, site.bytes, site.size_min, site.size_max]
}

/// calls_affected, first_call, last_call
fn calls(site: &Site) -> [u64; 3] {
    [site.calls_affected, site.first_call, site.last_call]
}

/// freed, escaped, superseded, untracked
fn fates(site: &Site) -> [u64; 4] {
    [site.freed, site.escaped, site.superseded, site.untracked]
}

fn check(record: &Seen) {
    record.check_identities();
    check_blocks(record);
    check_reallocs(record);
    check_recursion(record);
    check_limits(record);
    check_detours(record);
}

fn check_blocks(record: &Seen) {
    let temporary = &record.site("temporary", ALLOC).site;
    assert_eq!(
        (sizes(temporary), calls(temporary), fates(temporary)),
        ([3, 60, 10, 30], [3, 1, 3], [3, 0, 0, 0])
    );
    let free = record.site("temporary", FREE);
    assert_eq!((sizes(&free.site), own(free)), ([3, 60, 10, 30], 3));
    let freed_by = record.site("temporary", ALLOC).freed_by.map(|index| &record.0.sites[index].frames);
    assert_eq!(freed_by, Some(&free.frames));

    let escapes = &record.site("escapes", ALLOC).site;
    assert_eq!((sizes(escapes), fates(escapes)), ([3, 60, 10, 30], [0, 3, 0, 0]));
    assert!(record.sites_of("escapes", FREE).is_empty() && record.site("escapes", ALLOC).freed_by.is_none());

    let sometimes = &record.site("sometimes", ALLOC).site;
    assert_eq!((record.counts("sometimes").calls, calls(sometimes)), (8, [2, 3, 5]));

    let free = record.site("frees_argument", FREE);
    assert_eq!((sizes(&free.site), calls(&free.site), own(free)), ([3, 18, 5, 7], [3, 1, 3], 0));
    assert_eq!(record.counts("frees_argument").bytes, 0, "frees request nothing");

    // Both count it; each calls it by what the block did in its own call.
    let (inner, outer) = (&record.site("inner", ALLOC).site, &record.site("outer", ALLOC).site);
    assert_eq!((sizes(inner), fates(inner)), ([3, 24, 8, 8], [0, 3, 0, 0]));
    assert_eq!((sizes(outer), fates(outer)), ([3, 24, 8, 8], [3, 0, 0, 0]));
    assert_eq!(own(record.site("outer", FREE)), 3);
    assert!(record.sites("zero_sized").is_empty() && record.counts("zero_sized").calls == 1);
}

fn check_reallocs(record: &Seen) {
    let alloc = &record.site("moves", ALLOC).site;
    assert_eq!((sizes(alloc), fates(alloc)), ([2, 32, 16, 16], [2, 0, 0, 0]));
    // Optimised builds unroll the loop, and then the two reallocs are two places.
    let reallocs = record.sites_of("moves", REALLOC);
    let sum = |part: fn(&Site) -> u64| reallocs.iter().map(|entry| part(&entry.site)).sum::<u64>();
    assert_eq!((sum(|s| s.count), sum(|s| s.bytes)), (4, 192));
    assert_eq!((sum(|s| s.freed), sum(|s| s.superseded)), (2, 2));
    let grows = &record.site("grows_argument", REALLOC).site;
    assert_eq!((sizes(grows), fates(grows)), ([1, 4012, 4012, 4012], [0, 1, 0, 0]));

    // A failed request is a call of the allocator, but no block: nothing is known of its fate, and the old block's
    // fate is its own.
    let counts = record.counts("realloc_fails");
    assert_eq!((counts.allocs, counts.reallocs, counts.frees), (2, 1, 1));
    let [small, large] = record.sites_of("realloc_fails", ALLOC)[..] else { panic!("two allocations") };
    assert_eq!((fates(&small.site), fates(&large.site)), ([1, 0, 0, 0], [0, 0, 0, 1]));
    assert_eq!(fates(&record.site("realloc_fails", REALLOC).site), [0, 0, 0, 1]);
    assert_eq!(own(record.site("realloc_fails", FREE)), 1);
}

fn check_recursion(record: &Seen) {
    // recursive(2) runs 1 + 2 + 4 activations; each allocates twice at one place.
    let counts = record.counts("recursive");
    assert_eq!((counts.calls, counts.allocs, counts.frees), (7, 14, 14));
    assert_eq!((counts.max_allocs, counts.max_requests, counts.max_bytes), (14, 14, 14 * 24));
    let sites = record.sites_of("recursive", ALLOC);
    let sum = |part: fn(&Site) -> u64| sites.iter().map(|entry| part(&entry.site)).sum::<u64>();
    assert_eq!((sum(|s| s.count), sum(|s| s.freed)), (14, 14));
    if let [site] = sites[..] {
        assert_eq!(calls(&site.site), [7, 1, 7], "each activation is affected once");
    }

    // Of a recursion the outermost call is what takes memory and gives it back, whichever call inside does it.
    let up = record.site("hands_up", ALLOC);
    assert_eq!((record.counts("hands_up").calls, fates(&up.site)), (2, [1, 0, 0, 0]));
    assert_eq!(own(record.site("hands_up", FREE)), 1, "an inner call has allocated it");
    let down = record.site("hands_down", ALLOC);
    assert_eq!(fates(&down.site), [1, 0, 0, 0]);
    assert_eq!(own(record.site("hands_down", FREE)), 1, "the call around it has allocated it");
    let out = record.site("hands_out", ALLOC);
    assert_eq!((record.counts("hands_out").calls, fates(&out.site)), (2, [0, 1, 0, 0]));

    assert_eq!(fates(&record.site("lends", ALLOC).site), [1, 0, 0, 0]);
    assert_eq!(fates(&record.site("lends", REALLOC).site), [1, 0, 0, 0]);
    assert_eq!(own(record.site("lends", FREE)), 1);

    let sites = record.sites_of("many_sites", ALLOC);
    assert_eq!(record.counts("many_sites").calls, 3);
    for entry in &sites {
        // The two rounds are one place or, unrolled, two.
        let per_call = if sites.len() == 24 { 2 } else { 1 };
        assert_eq!((entry.site.count, calls(&entry.site)), (3 * per_call, [3, 1, 3]));
    }
}

fn check_limits(record: &Seen) {
    let site = &record.site("many_blocks", ALLOC).site;
    assert_eq!((site.count, calls(site), fates(site)), (1200, [2, 1, 2], [0, 1200, 0, 0]));
}

fn check_detours(record: &Seen) {
    let counts = record.counts("freed_by_unwinding");
    // The payload is boxed before the panic, so it counts; the block's free and the payload's release do not...
    let sites = record.sites_of("freed_by_unwinding", ALLOC);
    let [first, second] = sites.iter().filter(|entry| entry.site.size_max == 333).collect::<Vec<_>>()[..]
    else {
        panic!("two blocks of 333 bytes: {sites:#?}")
    };
    let fates = [fates(&first.site), fates(&second.site)];
    assert!(
        fates.contains(&[1, 0, 0, 0]) && fates.contains(&[0, 1, 0, 0]),
        "one freed, one escaped: {fates:?}"
    );
    assert!(counts.unwinding >= 1);

    let elsewhere = record.sites_of("freed_elsewhere", ALLOC);
    let given = elsewhere.iter().find(|entry| entry.site.size_max == 777).unwrap();
    assert_eq!(fates_of(given), [0, 1, 0, 0]);
}

fn fates_of(entry: &no_heap::record::SiteEntry) -> [u64; 4] {
    fates(&entry.site)
}

#[test]
fn every_figure_of_a_site_is_what_a_hand_would_count() {
    check(&record("o3"));
}

#[test]
fn every_figure_of_a_site_is_what_a_hand_would_count_unoptimised() {
    check(&record("o0"));
}
