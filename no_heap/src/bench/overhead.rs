//! What measuring itself takes, in this process: the loop around the iterations, and the guard of a hot function while
//! the clock runs.

use std::time::Duration;

use super::clock::{self, Budget, Timing};
use super::results::guarded_nothing;

/// Nanoseconds; zero where the clock cannot tell it from nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Overhead {
    /// For one iteration.
    pub(super) each_loop: f64,
    /// For one call of a hot function.
    pub(super) guard: f64,
}

impl Overhead {
    /// To be called while nothing is recorded.
    pub(super) fn measure() -> Overhead {
        let budget = Budget { time: Duration::from_millis(4), samples: 32 };
        let of_loop = clock::time(budget, &mut |n| clock::iterate(n, &mut || ()));
        let of_guard = clock::time(budget, &mut |n| clock::iterate(n, &mut guarded_nothing));
        Overhead::of(&of_loop, &of_guard)
    }

    /// The second loop has a guard in it.
    fn of(of_loop: &Timing, of_guard: &Timing) -> Overhead {
        let [loop_error, guard_error] =
            [of_loop, of_guard].map(|timing| clock::error_of_median(&timing.samples));
        let told = |ns: f64, error: f64| if ns > error { ns } else { 0.0 };
        Overhead {
            each_loop: told(of_loop.median(), loop_error),
            guard: told(of_guard.median() - of_loop.median(), loop_error + guard_error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Overhead, Timing};

    fn check(of_loop: &[f64], of_guard: &[f64]) -> (f64, f64) {
        let timing = |samples: &[f64]| Timing { samples: samples.to_vec(), ..Timing::default() };
        let Overhead { each_loop, guard } = Overhead::of(&timing(of_loop), &timing(of_guard));
        (each_loop, guard)
    }

    #[test]
    fn the_guard_is_what_its_loop_takes_beyond_the_empty_one() {
        assert_eq!(check(&[0.5; 8], &[5.5; 8]), (0.5, 5.0));
    }

    #[test]
    fn what_noise_hides_is_nothing() {
        let noisy = [0.0, 4.0, 0.1, 6.0];
        assert_eq!(check(&noisy, &[5.5; 4]), (0.0, 0.0));
        assert_eq!(check(&[0.5; 4], &[0.4; 4]), (0.5, 0.0));
    }
}
