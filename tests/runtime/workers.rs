//! Hot functions on threads that rayon and tokio have made, over an allocator that is written in C.

use crate::support::{Build, program, run};

#[test]
fn counts_are_exact_on_the_workers_of_rayon_and_tokio() {
    let run = run(&program(Build::Own, "o0", "workers"), &[]);
    let stdout = run.stdout();
    let record = run.only();
    let mut moved = 0;
    for line in stdout.lines() {
        let (name, numbers) = line.split_once(' ').unwrap();
        let ledger: Vec<u64> = numbers.split(' ').map(|word| word.parse().unwrap()).collect();
        if let ("moved", [tasks]) = (name, &ledger[..]) {
            moved = *tasks;
            continue;
        }
        assert_eq!(record.as_in_ledger(name)[..], ledger, "{name}");
    }
    assert!(moved > 0, "no task was polled by two workers:\n{stdout}");
    // By hand, so that the two do not agree on nonsense.
    let of = |name: &str| {
        let c = record.counts(name);
        [c.calls, c.allocs, c.reallocs, c.frees]
    };
    let touches = 10_000 + 256 + 4;
    assert_eq!(of("touches"), [touches, touches, 0, touches]);
    assert_eq!(of("makes"), [2_000, 2_000, 0, 0]);
    assert_eq!(of("grows"), [2_000, 0, 2_000, 0]);
    assert_eq!(of("ends"), [2_000, 0, 0, 2_000]);
    assert_eq!(of("splits")[0], 511);
    assert_eq!(of("steps"), [64 * 41, 64 * 40, 0, 64 * 40]);
    let sizes: u64 = (1..=64).sum();
    assert_eq!(record.counts("steps").bytes, 40 * sizes);
    assert_eq!(record.0.lost_calls, 0);
    record.check_identities();
}
