//! Every kind of function that the attribute goes on: it compiles, does what it did, and is counted exactly.

use std::collections::BTreeMap;

use crate::support::{Build, Run, program, run};

/// What the ledger counted: calls, allocs, reallocs, frees, bytes.
fn ledger(run: &Run) -> BTreeMap<String, [u64; 5]> {
    let stdout = run.stdout();
    let lines = stdout.lines().map(|line| {
        let mut words = line.split(' ');
        let name = words.next().unwrap().to_owned();
        let numbers: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
        (name, *numbers.first_chunk().unwrap())
    });
    let ledger: BTreeMap<_, _> = lines.collect();
    assert_eq!(ledger.len(), 28, "every function is there: {stdout}");
    ledger
}

#[test]
fn every_kind_is_counted_exactly() {
    for profile in ["o0", "o3"] {
        let run = run(&program(Build::Own, profile, "kinds"), &[]);
        let counted = ledger(&run);
        let record = run.only();
        for (name, ledger) in counted.iter().filter(|(name, _)| !["never", "go"].contains(&name.as_str())) {
            let c = record.counts(name);
            assert_eq!([c.calls, c.allocs, c.reallocs, c.frees, c.bytes], *ledger, "{name} at {profile}");
        }
        // The text and the box around it; the rest is the unwinding's.
        let never = record.counts("never");
        assert_eq!((never.calls, never.allocs), (1, 2), "{profile}");
        record.check_identities();
        assert_eq!(record.0.lost_calls, 0);

        // One macro made both of them, at one place: they are two all the same.
        let made =
            record.0.hello.hot.iter().zip(&record.0.counts).filter(|(hot, _)| hot.path.ends_with("::go"));
        let made: Vec<_> = made.collect();
        let [(one, a), (two, b)] = made[..] else { panic!("{made:?}") };
        assert!(one.id != two.id && one.path != two.path, "{one:?} {two:?}");
        let ledger = counted["go"];
        assert_eq!(
            [a.calls + b.calls, a.allocs + b.allocs, a.bytes + b.bytes],
            [ledger[0], ledger[1], ledger[4]]
        );
    }
}

/// A few of them by hand: the two instruments could agree on nonsense.
#[test]
fn the_figures_are_those_of_the_source() {
    let run = run(&program(Build::Own, "o0", "kinds"), &[]);
    let ledger = ledger(&run);
    for (name, expected) in [
        // text, bytes, inner, and the box that is not even named
        ("patterns", [1, 0, 0, 4, 0]),
        ("by_value", [2, 0, 0, 1, 0]),
        ("boxed", [1, 0, 0, 2, 0]),
        ("of_its_own", [1, 1, 0, 1, 16]),
        ("impl_return", [1, 1, 0, 1, 6]),
        ("c_abi", [1, 1, 0, 1, 20]),
        ("coerces", [2, 2, 0, 0, 16 + 4]),
        ("with_attributes", [1, 0, 0, 1, 0]),
        ("made_one", [1, 1, 0, 2, 8]),
        ("outer_item", [1, 2, 0, 2, 60]),
        ("inner_item", [1, 1, 0, 1, 30]),
        // two polls each, and one that ends at once
        ("asks", [5, 2, 0, 0, 16 + 4]),
        ("takes_turns", [8, 6, 0, 6, 3 * 40 + 3 * 41]),
        // each making and each poll
        ("future_by_hand", [6, 4, 0, 4, 2 * 11 + 2 * 12]),
        ("half_way", [1, 1, 0, 0, 4]),
        ("for_ever", [2, 2, 0, 2, 26]),
    ] {
        assert_eq!(ledger[name], expected, "{name}");
    }
}

#[test]
fn a_plain_build_does_the_same_without_the_attribute() {
    let with = ledger(&run(&program(Build::Own, "o0", "kinds"), &[]));
    let without = run(&program(Build::PlainOwn, "o0", "kinds"), &[]);
    assert!(without.output.status.success() && without.records.is_empty(), "{}", without.stderr());
    assert_eq!(with, ledger(&without));
}
