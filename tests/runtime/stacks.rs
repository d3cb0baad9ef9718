//! The stack that the frame pointers give is the one that the unwind tables give, frame by frame.

use std::collections::BTreeMap;

use no_heap::record::{Module, SiteEntry, SiteFlag, hello_flag};

use crate::support::{Build, Seen, operation, program, run};

type Stacks = Vec<(u64, Vec<u64>)>;

/// What the fixture's allocator unwound: operation, and all frames from the unwinder itself to `main`.
fn unwound(stdout: &str) -> Stacks {
    let lines = stdout.lines().map(|line| {
        let mut words = line.split(' ').map(|word| word.parse::<u64>().unwrap());
        (words.next().unwrap(), words.collect())
    });
    lines.collect()
}

/// Leaves the outermost of library frames that call each other.
fn fold_libraries(stack: &mut Vec<u64>, program: &Module) {
    let is_in_library = |address: u64| !(program.low..program.high).contains(&address);
    let folded: Vec<u64> = stack
        .iter()
        .enumerate()
        .filter(|(at, address)| {
            !(is_in_library(**address) && stack.get(at + 1).is_some_and(|outer| is_in_library(*outer)))
        })
        .map(|(_, address)| *address)
        .collect();
    *stack = folded;
}

/// Whether `frames` stand in `stack`, in one piece.
fn is_part(frames: &[u64], stack: &[u64]) -> bool {
    stack.windows(frames.len()).any(|window| window == frames)
}

/// Every event was unwound once and recorded once: the sites of the functions that answer for all of them must
/// pair off with the unwound stacks.
fn check(entries: &[&SiteEntry], stacks: &Stacks) -> usize {
    let mut left: BTreeMap<usize, u64> = entries.iter().map(|entry| entry.site.count).enumerate().collect();
    for (op, stack) in stacks {
        let matching = entries.iter().enumerate().filter(|(index, entry)| {
            operation(entry) == *op && left[index] > 0 && is_part(&entry.frames, stack)
        });
        // The longest: a shorter one may be the end of another event's.
        let Some((index, _)) = matching.max_by_key(|(_, entry)| entry.frames.len()) else {
            panic!("no site of operation {op} has a stack that is part of {stack:x?}");
        };
        *left.get_mut(&index).unwrap() -= 1;
    }
    let left: Vec<_> =
        left.iter().filter(|(_, count)| **count > 0).map(|(index, _)| entries[*index]).collect();
    assert!(left.is_empty(), "sites that nobody unwound: {left:#?}");
    entries.len()
}

/// The sites of functions that are not called by other hot functions.
fn outermost(record: &Seen) -> Vec<&SiteEntry> {
    ["operations", "outer", "through_c"].iter().flat_map(|name| record.sites(name)).collect()
}

fn walks_as_the_tables_do(profile: &str, place: &str) {
    let run = run(&program(Build::Own, profile, "stacks"), &[place]);
    let stacks = unwound(&run.stdout());
    let record = run.only();
    let expected = hello_flag::RECORDER_INSTALLED | hello_flag::FRAME_POINTERS;
    assert_eq!(record.0.flags & expected, expected, "recorder installed, frame pointers on");
    let sites = outermost(&record);
    assert!(sites.iter().all(|entry| entry.site.flags == 0), "no chain is broken");
    assert!(sites.iter().all(|entry| (1..60).contains(&entry.frames.len())));
    let distinct = check(&sites, &stacks);
    assert!(stacks.len() > 130 && distinct > 70, "{} events, {distinct} stacks", stacks.len());
    // The inner function's stacks are the beginnings of those that the outer one has for the same events.
    let outer = record.sites("outer");
    let inner = record.sites("inner");
    assert!(inner.len() >= 4);
    for entry in inner {
        assert!(
            outer
                .iter()
                .any(|outer| operation(outer) == operation(entry) && outer.frames.starts_with(&entry.frames))
        );
    }
    record.check_identities();
}

#[test]
fn stacks_at_opt_level_3() {
    walks_as_the_tables_do("o3", "main");
}

#[test]
fn stacks_at_opt_level_3_in_a_spawned_thread() {
    walks_as_the_tables_do("o3", "thread");
}

#[test]
fn stacks_at_opt_level_s() {
    walks_as_the_tables_do("size", "main");
    walks_as_the_tables_do("size", "thread");
}

#[test]
fn stacks_without_optimisation() {
    walks_as_the_tables_do("o0", "main");
    walks_as_the_tables_do("o0", "thread");
}

#[test]
fn stacks_with_fat_lto() {
    walks_as_the_tables_do("fat", "main");
    walks_as_the_tables_do("fat", "thread");
}

#[test]
fn a_c_function_without_frame_pointers_is_unwound() {
    for profile in ["o3", "o0"] {
        let run = run(&program(Build::Own, profile, "stacks"), &["c"]);
        let mut stacks = unwound(&run.stdout());
        let record = run.only();
        let sites = record.sites("through_c");
        let program = &record.0.hello.modules[0];
        stacks.iter_mut().for_each(|(_, stack)| fold_libraries(stack, program));
        check(&sites, &stacks);
        let broken = sites.iter().filter(|entry| entry.site.flags == SiteFlag::Unwound as u64).count();
        assert!(broken >= 2, "{profile}: the stacks through `qsort` are marked: {sites:#?}");
        assert!(sites.iter().all(|entry| entry.site.flags & SiteFlag::Incomplete as u64 == 0));
    }
}
