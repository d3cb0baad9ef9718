//! What programs do beside plain calls: the record still equals an independent count.

use std::os::unix::process::ExitStatusExt;

use crate::support::{Build, program, run};

#[test]
fn counts_equal_an_independent_allocators_in_awkward_places() {
    for profile in ["o0", "o3"] {
        let run = run(&program(Build::Own, profile, "awkward"), &[]);
        let stdout = run.stdout();
        let record = run.only();
        assert_eq!(stdout.lines().count(), 13, "{stdout}");
        for line in stdout.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let ledger: Vec<u64> = words.map(|word| word.parse().unwrap()).collect();
            let c = record.counts(name);
            let of_c = [0, c.c_allocs, c.c_reallocs, c.c_frees, c.c_bytes];
            let of_rust: Vec<u64> =
                record.as_in_ledger(name).iter().zip(of_c).map(|(all, of_c)| all - of_c).collect();
            assert_eq!(of_rust[..], ledger[..5], "{name} at {profile}");
            // The C library notes a destructor for each thread: the ledger sees nothing of that.
            if name == "first_use_of_a_thread_local" {
                assert_eq!(of_c[1..4], [30, 0, 0], "{name} at {profile}");
            } else {
                assert_eq!(of_c, [0; 5], "{name} at {profile}");
                assert_eq!(record.as_in_ledger(name)[5..], ledger[5..], "{name} at {profile}");
            }
        }
        // By hand, so that the two do not agree on nonsense.
        let of = |name: &str| {
            let c = record.counts(name);
            [c.calls, c.allocs, c.reallocs, c.frees]
        };
        assert_eq!(of("drops"), [1, 3 + 4, 0, 4 + 4]);
        assert_eq!(of("at_the_end_of_a_thread"), [60, 60, 0, 60]);
        assert_eq!(of("nothing"), [1, 0, 0, 0]);
        assert_eq!(of("refused"), [1, 2, 1, 1]);
        let often = record.counts("refused_often");
        assert_eq!((often.allocs, often.bytes, often.max_bytes), (3, u64::MAX, u64::MAX));
        assert_eq!(of("aligned"), [1, 2, 0, 2]);
        assert_eq!(of("signalled"), [1, 2, 0, 2]);
        let sorts = of("sorts");
        assert!(sorts[1] > 10 && sorts[1] == sorts[3] && sorts[1] % 2 == 1, "{sorts:?}");
        assert_eq!(of("sorts_inner")[1] * 2 + 1, sorts[1], "a callback from C is inside the call");
        // What unwinding frees and allocates is marked, not counted.
        let unwinds = record.counts("unwinds");
        assert_eq!((unwinds.calls, unwinds.allocs, unwinds.frees), (4, 2 * 3 + 2 * 2, 2 * 3));
        assert!(unwinds.unwinding >= 2 * (2 + 2), "{unwinds:?}");
        assert!(record.counts("catches").unwinding >= 1);
        record.check_identities();
        assert_eq!(record.0.lost_calls, 0);
    }
}

#[test]
fn a_stack_overflow_is_rusts_own_to_report() {
    let run = run(&program(Build::Own, "o0", "awkward"), &["overflow"]);
    assert_eq!(run.output.status.signal(), Some(6), "{}", run.stderr());
    assert!(run.stderr().contains("has overflowed its stack"), "{}", run.stderr());
    let [record] = &run.records[..] else { panic!("one record") };
    assert!(record.counts("overflows").calls > 100);
}
