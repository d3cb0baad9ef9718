//! Two sides that take turns: whatever the machine does meanwhile, it does to both.

use crate::exit::Failure;
use crate::model::{Measured, lower_quartile, median};

/// The figures of one side in one round: target, benchmark, and its samples in nanoseconds for one iteration.
pub(crate) type Round = Vec<(String, String, Vec<f64>)>;

/// Runs both sides `rounds` times, and puts the median, the lower quartile and the fastest of each in the place of their
/// samples. The one that was first is second in the next round, so that a drift that goes on is shared, too. `once` runs one side, 0 or 1, once.
pub(crate) fn take_turns(
    sides: &mut [Measured; 2],
    rounds: u32,
    mut once: impl FnMut(usize) -> Result<Round, Failure>,
) -> Result<(), Failure> {
    for bench in sides.iter_mut().flat_map(|side| &mut side.benches) {
        bench.samples.clear();
        bench.quartiles.clear();
        bench.fastest.clear();
    }
    for round in 0..rounds {
        let order = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in order {
            for (target, name, samples) in once(side)? {
                let benches = sides[side].benches.iter_mut();
                let own = benches.filter(|bench| bench.target == target && bench.name == name);
                own.for_each(|bench| {
                    bench.samples.extend(median(&samples));
                    bench.quartiles.extend(lower_quartile(&samples));
                    bench.fastest.extend(samples.iter().copied().min_by(f64::total_cmp));
                });
            }
        }
    }
    for bench in sides.iter_mut().flat_map(|side| &mut side.benches) {
        bench.ns = median(&bench.samples);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::take_turns;
    use crate::model::{Measured, MeasuredBench};

    fn side() -> Measured {
        let bench = MeasuredBench { target: "hot".to_owned(), name: "a".to_owned(), ..Default::default() };
        Measured {
            name: "any".to_owned(),
            built_with: [const { String::new() }; 3],
            benches: vec![bench],
            functions: Vec::new(),
            sites: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    #[test]
    fn a_drift_that_goes_on_is_no_difference() {
        let mut sides = [side(), side()];
        let (mut clock, mut order) = (100.0, Vec::new());
        let round = |side| {
            order.push(side);
            clock += 1.0;
            Ok(vec![("hot".to_owned(), "a".to_owned(), vec![clock, clock - 50.0, clock + 70.0])])
        };
        take_turns(&mut sides, 4, round).unwrap();
        assert_eq!(order, [0, 1, 1, 0, 0, 1, 1, 0]);
        assert_eq!(sides[0].benches[0].samples, [101.0, 104.0, 105.0, 108.0]);
        assert_eq!(sides[0].benches[0].quartiles, [76.0, 79.0, 80.0, 83.0]);
        assert_eq!(sides[0].benches[0].fastest, [51.0, 54.0, 55.0, 58.0]);
        assert_eq!(sides[0].benches[0].ns, sides[1].benches[0].ns);
    }
}
