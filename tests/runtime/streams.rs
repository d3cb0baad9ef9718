//! Calls are numbered for each thread, and what is said of a site holds for each stream of calls that has hit it.

use no_heap::record::{Site, StreamTrait};

use crate::support::{ALLOC, Build, REALLOC, program, run};

fn has(site: &Site, what: StreamTrait) -> bool {
    site.traits & what as u64 != 0
}

#[test]
fn threads_one_after_another_are_streams_of_their_own() {
    for profile in ["o0", "o3"] {
        let run = run(&program(Build::Audit, profile, "streams"), &[]);
        let record = run.only();
        record.check_identities();
        let calls = 100 + 200 + 300 + 400 + 500;

        // One part of the record has served all threads.
        let site = &record.site("warms_up", ALLOC).site;
        assert_eq!((record.counts("warms_up").calls, site.calls_affected), (calls, 5));
        assert_eq!([site.first_call, site.last_call], [1, 1], "it is the first call of each thread");
        assert_eq!(record.counts("warms_up").max_allocs, 0, "no call beyond the warm-up took anything");
        assert_eq!([site.latest, site.quiet], [1, 99], "the shortest thread had a hundred calls");
        assert!(has(site, StreamTrait::Unknown) && !has(site, StreamTrait::Gaps), "{site:?}");

        let site = &record.site("by_argument", ALLOC).site;
        assert_eq!([site.calls_affected, site.first_call, site.last_call], [300, 1, 300]);
        assert_eq!([site.latest, site.quiet], [300, 0]);
        assert!(!has(site, StreamTrait::Partial) && has(site, StreamTrait::Frequent), "{site:?}");

        let site = &record.site("later", ALLOC).site;
        assert_eq!([site.calls_affected, site.first_call, site.last_call], [10, 2, 3]);
        assert_eq!([site.latest, site.quiet], [3, 97]);
        assert!(has(site, StreamTrait::Gaps) && has(site, StreamTrait::Partial), "{site:?}");
        assert!(!has(site, StreamTrait::Frequent) && has(site, StreamTrait::Level), "{site:?}");

        let site = &record.site("grows", REALLOC).site;
        assert!(!has(site, StreamTrait::Level), "each thread's own grows: {site:?}");
        assert_eq!(site.latest, 257, "the longest thread's last");
    }
}
