//! How often the judgement is wrong: over machines that were made up, with seeds, and over one that was recorded.

use super::{judge, p_value};
use crate::model::{Change, median};

/// Rounds that `compare` takes when nobody says otherwise.
const ROUNDS: usize = 60;

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
    ("drifting", |random, now| 1.0 + 0.3 * now + 0.02 * random.normal()),
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

fn significant(old: &[f64], new: &[f64], factor: f64, in_turns: bool) -> bool {
    let new: Vec<f64> = new.iter().map(|ns| ns * factor).collect();
    let ns = Change { old: median(old).unwrap(), new: median(&new).unwrap() };
    judge(ns, old, &new, in_turns).1
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
        // Where the drift alone is six times the difference, it is hidden, and nothing is claimed.
        let hidden = matches!(name, "drifting" | "waking up");
        assert!(hidden || slower >= most(tries.len()), "{name}: {slower} of {} twins found", tries.len());
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
