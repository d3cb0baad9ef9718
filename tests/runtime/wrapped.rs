//! Functions that other macros wrap: what those do around the body is the function's, above and below.

use crate::support::{Build, program, run};

/// A macro that takes the attribute into a function of its own leaves the rest outside: `taken`.
const OUTSIDE: &str = "taken";

#[test]
fn what_a_macro_puts_around_a_body_is_counted_exactly() {
    for profile in ["o0", "o3"] {
        let run = run(&program(Build::Own, profile, "wrapped"), &[]);
        let stdout = run.stdout();
        let record = run.only();
        assert_eq!(stdout.lines().count(), 20, "{stdout}");
        for line in stdout.lines() {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let ledger: Vec<u64> = words.map(|word| word.parse().unwrap()).take(5).collect();
            if name == OUTSIDE {
                continue;
            }
            assert_eq!(record.as_in_ledger(name)[..5], ledger, "{name} at {profile}");
        }
        // By hand: the body's own, and what the macro does before and after it.
        let of = |name: &str| record.as_in_ledger(name)[1..5].to_vec();
        for name in ["closure_below", "closure_above"] {
            assert_eq!(of(name), [9, 0, 9, 3 * 20 + 100 + 101 + 102], "{name}");
        }
        assert_eq!(of("several"), [15, 0, 15, 3 * 6 + 303]);
        assert_eq!(of("out_of_order"), [21, 0, 21, 3 * 24 + 303]);
        assert_eq!(of("both"), [6, 0, 6, 3 * 7 + 303]);
        assert_eq!(of("both_too"), [3, 0, 3, 303]);
        let hot = &record.0.hello.hot;
        let inner = hot.iter().find(|hot| hot.path.ends_with("::taken::inner")).unwrap();
        assert_eq!(inner.written, "taken");
        assert!(hot.iter().all(|hot| !hot.path.contains("closure}")), "{hot:?}");
    }
}

#[test]
fn a_plain_build_of_wrapped_functions_does_the_same() {
    let with = run(&program(Build::Own, "o0", "wrapped"), &[]).stdout();
    assert_eq!(with, run(&program(Build::PlainOwn, "o0", "wrapped"), &[]).stdout());
}
