//! What was recorded is there, however the process ends; and each process has a record of its own.

use crate::support::{ALLOC, Build, FREE, Run, own, program, run, run_with};

fn ended(how: &str) -> Run {
    run(&program(Build::Audit, "o3", "survival"), &[how])
}

#[test]
fn the_record_survives_every_end() {
    for how in ["kill", "abort", "exit", "panic", "resume"] {
        let run = ended(how);
        assert!(!run.output.status.success(), "{how} is no good end");
        let [record] = &run.records[..] else { panic!("{how}: one record") };
        assert_eq!(record.counts("hot").calls, 1, "{how}");
        assert_eq!((record.counts("hot").allocs, record.counts("hot").frees), (2, 2), "{how}");
        let ends = record.counts("ends");
        assert_eq!((ends.calls, ends.allocs), (1, 5), "{how}");
        // Some versions of std give something back before they exit, and that is inside of it.
        assert!(ends.frees == 0 || how == "exit", "{how}: {} frees", ends.frees);
        // A call that never ended says nothing of its blocks; one that unwound has let them go.
        let escaped = if ["panic", "resume"].contains(&how) { 5 } else { 0 };
        let sites = record.sites_of("ends", ALLOC);
        assert_eq!(sites.iter().map(|entry| entry.site.escaped).sum::<u64>(), escaped, "{how}");
        assert!(sites.iter().all(|entry| entry.site.freed == 0), "{how}");
    }
}

#[test]
fn a_process_that_calls_no_hot_function_says_so() {
    let run = ended("quiet");
    assert!(run.output.status.success(), "{}", run.stderr());
    let [record] = &run.records[..] else { panic!("{} records", run.records.len()) };
    assert!(!record.0.hello.hot.is_empty() && record.0.counts.len() == record.0.hello.hot.len());
    assert!(record.0.counts.iter().all(|counts| counts.calls == 0), "{:?}", record.0.counts);
    assert!(record.0.sites.is_empty());
}

#[test]
fn the_child_of_a_fork_has_its_own_record() {
    let run = ended("fork-outside");
    assert!(run.output.status.success(), "{}", run.stderr());
    let mut calls: Vec<_> =
        run.records.iter().map(|record| (record.counts("hot").calls, record.counts("hot").allocs)).collect();
    calls.sort_unstable();
    assert_eq!(calls, [(2, 5), (2, 5)], "parent 3 + 2, child 4 + 1");
    assert_ne!(run.records[0].0.pid, run.records[1].0.pid);
    run.records.iter().for_each(crate::support::Seen::check_identities);
}

#[test]
fn a_fork_inside_hot_functions_splits_their_calls() {
    let run = ended("fork-inside");
    assert!(run.output.status.success(), "{}", run.stderr());
    let [a, b] = &run.records[..] else { panic!("two records") };
    let (parent, child) = if a.counts("inner").allocs == 3
        && a.counts("inner").calls == 3
        && a.sites_of("inner", ALLOC).iter().any(|e| e.site.size_max == 16)
    {
        (a, b)
    } else {
        (b, a)
    };
    for record in [parent, child] {
        assert_eq!((record.counts("outer").calls, record.counts("inner").calls), (1, 3));
        record.check_identities();
    }
    let (inner, outer) = (parent.counts("inner"), parent.counts("outer"));
    assert_eq!((inner.allocs, inner.frees, inner.bytes), (3, 3, 48));
    assert_eq!((outer.allocs, outer.frees, outer.max_allocs), (5, 5, 5));
    // The child: the innermost frees the block that it had before the fork, and takes three; the other two free
    // theirs; the outer one takes one more.
    let (inner, outer) = (child.counts("inner"), child.counts("outer"));
    assert_eq!((inner.allocs, inner.frees, inner.bytes, inner.max_allocs), (3, 6, 72, 3));
    assert_eq!((outer.allocs, outer.frees, outer.max_allocs), (4, 7, 4));
    // The running calls had taken them, although this record does not hold where.
    let own: u64 = child.sites_of("inner", FREE).iter().map(|entry| own(entry)).sum();
    assert_eq!(own, 6, "the blocks from before the fork are its own");
}

#[test]
fn forks_under_fire_leave_counts_exact() {
    let run = ended("fork-fire");
    assert!(run.output.status.success(), "{}", run.stderr());
    assert_eq!(run.records.len(), 21);
    let children = run.records.iter().filter(|record| record.counts("hot").calls == 1);
    assert_eq!(children.filter(|record| record.counts("hot").allocs == 2).count(), 20);
    let parent =
        run.records.iter().map(|record| record.counts("hot")).max_by_key(|counts| counts.calls).unwrap();
    assert_eq!(parent.allocs, parent.calls);
    assert_eq!(parent.frees, parent.calls);
}

#[test]
fn a_child_process_has_its_own_record() {
    let run = ended("command");
    assert!(run.output.status.success(), "{}", run.stderr());
    let mut allocs: Vec<_> = run.records.iter().map(|record| record.counts("hot").allocs).collect();
    allocs.sort_unstable();
    assert_eq!(allocs, [2, 5]);
}

#[test]
fn threads_give_their_places_back_after_their_last_destructor() {
    let record = ended("threads").only();
    assert_eq!((record.counts("hot").calls, record.counts("hot").allocs), (1800, 1800));
    assert_eq!(record.0.lost_calls, 0);
    record.check_identities();
}

#[test]
fn a_crowd_beyond_the_places_is_counted_as_lost() {
    let record = ended("crowd").only();
    assert_eq!((record.counts("hot").calls, record.0.lost_calls), (256, 44));
}

#[test]
fn without_a_folder_or_with_one_that_cannot_be_written_nothing_happens() {
    let program = program(Build::Audit, "o3", "survival");
    let here = tempfile::tempdir().unwrap();
    for folder in [None, Some("/dev/null/nowhere"), Some("")] {
        let run = run_with(&program, &["child"], |command| {
            command.current_dir(here.path());
            match folder {
                Some(folder) => command.env("NOALLOC_RECORD_DIR", folder),
                None => command.env_remove("NOALLOC_RECORD_DIR"),
            };
        });
        assert!(run.output.status.success(), "{}", run.stderr());
        assert!(run.records.is_empty() && run.stdout().is_empty() && run.stderr().is_empty());
        assert_eq!(std::fs::read_dir(here.path()).unwrap().count(), 0, "{folder:?} leaves nothing behind");
    }
}

#[test]
fn stacks_that_are_switched_inside_hot_functions_are_noticed() {
    for profile in ["o3", "o0"] {
        let run = run(&program(Build::Audit, profile, "switches"), &[]);
        let record = run.only();
        assert_eq!((record.counts("first").calls, record.counts("second").calls), (1, 1));
        assert!(record.0.lost_calls >= 1, "a call left out of order is counted as lost");
        let afterwards = record.counts("afterwards");
        assert_eq!(
            (afterwards.calls, afterwards.allocs, afterwards.frees),
            (3, 3, 3),
            "and then all is well again"
        );
    }
}
