//! How often the judgement is wrong: over machines that were made up, with seeds, and over one that was recorded.

use super::{judge, p_value};
use crate::model::{Figure, MeasuredBench, median};

/// Rounds that `compare` takes when nobody says otherwise.
const ROUNDS: usize = 80;

/// A twin that does 5 % more.
const SLOWER: f64 = 1.05;

/// Numbers as good as random ones, and the same in each run (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly normal around 0, with a deviation of 1: twelve shares have a variance of 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

/// What a machine makes of a time of 1: at a moment from 0 to 1 of the measurement.
type Machine = fn(&mut Random, f64) -> f64;

const MACHINES: [(&str, Machine); 5] = [
    ("steady", |random, _| 1.0 + 0.02 * random.normal()),
    ("drifting", |random, now| 1.0 + 0.6 * now + 0.02 * random.normal()),
    // Of two threads of one core the other one is idle for a while.
    ("bimodal", |random, _| if random.share() < 0.3 { 0.82 } else { 1.0 } * (1.0 + 0.02 * random.normal())),
    (
        "interrupted",
        |random, _| if random.share() < 0.1 { 3.0 } else { 1.0 } * (1.0 + 0.02 * random.normal()),
    ),
    ("waking up", |random, now| if now < 0.4 { 1.4 } else { 1.0 } * (1.0 + 0.02 * random.normal())),
];

/// Figures of two sides that take turns, each round the other one first.
fn in_turns(figures: &[f64]) -> [Vec<f64>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for (round, pair) in figures.as_chunks::<2>().0.iter().enumerate() {
        let first = round % 2;
        sides[first].push(pair[0]);
        sides[1 - first].push(pair[1]);
    }
    sides
}

/// Where the quartile is not known, the median stands for it.
fn side(samples: &[f64], fastest: &[f64], factor: f64) -> MeasuredBench {
    let times = |figures: &[f64]| figures.iter().map(|ns| ns * factor).collect();
    let samples: Vec<f64> = times(samples);
    let quartiles = samples.clone();
    MeasuredBench {
        ns: median(&samples),
        samples,
        quartiles,
        fastest: times(fastest),
        ..MeasuredBench::default()
    }
}

/// Of rounds it is not known which samples they had: the one figure stands for the fastest as well.
fn significant(old: &[f64], new: &[f64], factor: f64, in_turns: bool) -> bool {
    judge(&side(old, old, 1.0), &side(new, new, factor), in_turns).unwrap().significant
}

/// In how many of the tries a difference is found: where there is none, and where one side takes 5 % longer.
fn found(tries: &[[Vec<f64>; 2]], in_turns: bool) -> [usize; 2] {
    [1.0, SLOWER]
        .map(|factor| tries.iter().filter(|[old, new]| significant(old, new, factor, in_turns)).count())
}

/// Nineteen of twenty.
fn most(tries: usize) -> usize {
    tries * 19 / 20
}

#[test]
fn sides_that_take_turns_are_judged_rightly_nineteen_times_of_twenty() {
    let mut random = Random(0x5EED);
    for (name, machine) in MACHINES {
        let tries: Vec<[Vec<f64>; 2]> = (0..200)
            .map(|_| {
                let moment = |n: usize| n as f64 / (2 * ROUNDS) as f64;
                let figures: Vec<f64> =
                    (0..2 * ROUNDS).map(|n| 480.0 * machine(&mut random, moment(n))).collect();
                in_turns(&figures)
            })
            .collect();
        let [none, slower] = found(&tries, true);
        assert!(none <= tries.len() - most(tries.len()), "{name}: {none} differences where there is none");
        assert!(slower >= most(tries.len()), "{name}: {slower} of {} twins found", tries.len());
    }
}

/// Medians of rounds of 10 ms of two benchmarks of the example `elvis`, one round after another, on a machine of two
/// cores with a load of eight.
#[test]
fn on_a_recorded_busy_machine_twins_are_found_and_nothing_else() {
    let text = include_str!("../../../../tests/data/rounds-of-a-busy-machine.txt");
    for column in 0..2 {
        let figure = |line: &str| line.split(' ').nth(column).unwrap().parse::<f64>().unwrap();
        let all: Vec<f64> = text.lines().map(figure).collect();
        let starts = (0..=all.len() - 2 * ROUNDS).step_by(10);
        let tries: Vec<[Vec<f64>; 2]> =
            starts.map(|start| in_turns(&all[start..start + 2 * ROUNDS])).collect();
        let [none, slower] = found(&tries, true);
        assert!(none <= tries.len() - most(tries.len()), "column {column}: {none} of {}", tries.len());
        assert!(slower >= most(tries.len()), "column {column}: {slower} of {}", tries.len());
    }
}

/// Rounds of two copies of one program and of a twin that does 5 % more, on a machine of two cores with a load of ten.
#[test]
fn in_recorded_turns_a_twin_is_found_and_a_copy_is_not() {
    let text = include_str!("../../../../tests/data/turns-of-a-busy-machine.txt");
    let rounds: Vec<Vec<f64>> = text
        .lines()
        .map(|line| line.split(' ').map(|figure| figure.parse().expect("a time")).collect())
        .collect();
    // Of each program the medians and the fastest samples.
    for benchmark in [0, 6] {
        let program = |start: usize, column: usize| {
            let of = |column: usize| -> Vec<f64> {
                rounds[start..start + ROUNDS].iter().map(|round| round[column]).collect()
            };
            side(&of(benchmark + column), &of(benchmark + column + 1), 1.0)
        };
        let starts: Vec<usize> = (0..=rounds.len() - ROUNDS).step_by(10).collect();
        let differs = |column: usize| {
            let judged =
                |start: &&usize| judge(&program(**start, 0), &program(**start, column), true).unwrap();
            starts.iter().filter(|start| judged(start).significant).count()
        };
        let (copy, twin) = (differs(2), differs(4));
        assert!(copy <= starts.len() - most(starts.len()), "{benchmark}: {copy} of {}", starts.len());
        assert!(twin >= most(starts.len()), "{benchmark}: {twin} of {}", starts.len());
    }
}

/// The default 80 rounds, in which the machine became slower and faster again: ranked all together, the figures of a
/// twin that does 5 % more had p = 0.012.
#[test]
fn in_recorded_turns_on_a_drifting_machine_a_twin_is_found() {
    let text = include_str!("../../../../tests/data/turns-of-a-drifting-machine.txt");
    let column = |column: usize| -> Vec<f64> {
        let figure = |line: &str| line.split(' ').nth(column).unwrap().parse().expect("a time");
        text.lines().map(figure).collect()
    };
    let (program, twin) = (side(&column(0), &column(1), 1.0), side(&column(2), &column(3), 1.0));
    assert_eq!(program.samples.len(), ROUNDS);
    let judged = judge(&program, &twin, true).unwrap();
    assert!(judged.significant && judged.p.unwrap() < 0.001, "{judged:?}");
    assert!(!judge(&program, &side(&column(0), &column(1), 1.0), true).unwrap().significant);
}

/// Samples of one run, of which each resembles the one before it.
fn run(random: &mut Random, noise: f64) -> Vec<f64> {
    let mut state = random.normal();
    let next = |_| {
        // The part that stays; the other one keeps the deviation at 1.
        const STAYS: f64 = 0.8;
        state = STAYS * state + (1.0 - STAYS * STAYS).sqrt() * random.normal();
        480.0 * (1.0 + noise * state)
    };
    (0..32).map(next).collect()
}

#[test]
fn samples_that_resemble_their_neighbours_deceive_the_test_and_not_the_judgement() {
    let mut random = Random(0xC10C);
    let tries: Vec<[Vec<f64>; 2]> =
        (0..200).map(|_| [run(&mut random, 0.01), run(&mut random, 0.01)]).collect();
    let [none, slower] = found(&tries, false);
    assert!(none <= tries.len() - most(tries.len()), "{none} differences where there is none");
    assert!(slower >= most(tries.len()), "{slower} twins found");
    // What stood there before: the samples as they are, and p below 0.05.
    let deceived = tries[..40].iter().filter(|[old, new]| p_value(old, new).unwrap() < 0.05).count();
    assert!(deceived > 10, "{deceived}");
}

#[test]
fn at_two_times_a_difference_within_the_spread_is_none() {
    let mut random = Random(0xB057);
    let tries: Vec<[Vec<f64>; 2]> =
        (0..200).map(|_| [run(&mut random, 0.1), run(&mut random, 0.1)]).collect();
    let [none, _] = found(&tries, false);
    assert!(none <= tries.len() - most(tries.len()), "{none} differences where there is none");
}

/// Rounds of a program that is in a fast state now and then: it scatters the medians, and not the fastest.
fn scattered(random: &mut Random) -> MeasuredBench {
    let medians: Vec<f64> = (0..ROUNDS).map(|_| 300.0 + 400.0 * random.share()).collect();
    let fastest: Vec<f64> = (0..ROUNDS).map(|_| 170.0 * (1.0 + 0.02 * random.normal())).collect();
    side(&medians, &fastest, 1.0)
}

#[test]
fn where_medians_are_scattered_the_fastest_samples_tell_a_twin() {
    let mut random = Random(0xFA57);
    let (old, new) = (scattered(&mut random), scattered(&mut random));
    let twin = side(&new.samples, &new.fastest, SLOWER);
    let same = judge(&old, &new, true).unwrap();
    assert!(!same.significant && same.figure == Figure::Median, "{same:?}");
    let slower = judge(&old, &twin, true).unwrap();
    assert!(slower.significant && slower.figure == Figure::Fastest, "{slower:?}");
    assert_eq!(slower.ns.new, median(&twin.fastest).unwrap());
    assert!((slower.ns.percent().unwrap() - 5.0).abs() < 2.0, "{slower:?}");
    // Measured at two times there are no rounds to have a fastest sample.
    assert_eq!(judge(&old, &twin, false).unwrap().figure, Figure::Median);
}

/// Half of the samples of each round are disturbed, by anything; never all of them, and often the fastest is an exception.
#[test]
fn where_half_of_the_samples_are_disturbed_the_quartiles_tell_a_twin() {
    let mut random = Random(0x9A27);
    let mut disturbed = |factor: f64| {
        let scattered: Vec<f64> = (0..ROUNDS).map(|_| 300.0 + 400.0 * random.share()).collect();
        let quiet = |_| factor * 170.0 * (1.0 + 0.02 * random.normal());
        let quartiles: Vec<f64> = (0..ROUNDS).map(quiet).collect();
        let fastest: Vec<f64> = (0..ROUNDS).map(|_| 100.0 + 60.0 * random.share()).collect();
        MeasuredBench { quartiles, ..side(&scattered, &fastest, 1.0) }
    };
    let (old, same, twin) = (disturbed(1.0), disturbed(1.0), disturbed(SLOWER));
    assert!(!judge(&old, &same, true).unwrap().significant);
    let slower = judge(&old, &twin, true).unwrap();
    assert!(slower.significant && slower.figure == Figure::Quartile, "{slower:?}");
    assert!((slower.ns.percent().unwrap() - 5.0).abs() < 2.0, "{slower:?}");
}

/// The medians of such programs lie anywhere between the fast state and the slow one.
#[test]
fn where_the_fastest_are_far_clearer_they_say_by_how_much() {
    let mut random = Random(0xC1EA);
    let [(old, _), (new, fastest)] = [1.0, 1.3].map(|factor| {
        let medians: Vec<f64> = (0..ROUNDS).map(|_| factor * (300.0 + 400.0 * random.share())).collect();
        let fastest: Vec<f64> = (0..ROUNDS).map(|_| 170.0 * (1.0 + 0.02 * random.normal())).collect();
        (medians, fastest)
    });
    let slower: Vec<f64> = fastest.iter().map(|ns| ns * SLOWER).collect();
    assert!(3.0 * p_value(&old, &new).unwrap() < super::LEVEL_IN_TURNS);
    let judged = judge(&side(&old, &fastest, 1.0), &side(&new, &slower, 1.0), true).unwrap();
    assert!(judged.significant && judged.figure == Figure::Fastest, "{judged:?}");
    assert!((judged.ns.percent().unwrap() - 5.0).abs() < 0.1, "{judged:?}");
}

#[test]
fn medians_that_differ_are_the_figures_whatever_the_fastest_are() {
    let around = |ns: f64| -> Vec<f64> { (0..20).map(|n| ns + f64::from(n) / 10.0).collect() };
    let judged = |new: f64, fastest: f64| {
        judge(&side(&around(100.0), &around(90.0), 1.0), &side(&around(new), &around(fastest), 1.0), true)
            .unwrap()
    };
    let of = |new, fastest| (judged(new, fastest).figure, judged(new, fastest).significant);
    assert_eq!(of(110.0, 90.0), (Figure::Median, true));
    assert_eq!(of(110.0, 99.0), (Figure::Median, true));
    assert_eq!(of(100.0, 99.0), (Figure::Fastest, true));
    assert_eq!(of(100.0, 90.0), (Figure::Median, false));
}

/// Three questions are asked of each round, so chance has three tries.
#[test]
fn p_is_taken_thrice_for_three_figures() {
    let old = [1.0, 2.0, 4.0, 6.0, 9.0, 11.0];
    let new = [3.0, 5.0, 7.0, 8.0, 10.0, 12.0];
    let one = p_value(&old, &new).unwrap();
    let both = judge(&side(&old, &old, 1.0), &side(&new, &new, 1.0), true).unwrap();
    assert_eq!(both.p, Some((3.0 * one).min(1.0)));
    // Without a fastest sample there is nothing to compare, and no panic.
    assert!(judge(&side(&old, &[], 1.0), &side(&new, &[], 1.0), true).unwrap().p.is_some());
}
