//! Every step writes what the article says.

use elvis::{INPUT, OUTPUT, algo_four, algo_one, algo_three, algo_two};

/// Runs all four steps; they have to agree.
fn replace(data: &[u8]) -> Vec<u8> {
    let (find, repl) = (b"elvis", b"Elvis");
    let (mut one, mut two, mut three) = (Vec::new(), Vec::new(), Vec::new());
    algo_one(data, find, repl, &mut one);
    algo_two(data, find, repl, &mut two);
    algo_three(data, find, repl, &mut three);
    let mut four = vec![0; data.len()];
    let len = algo_four(data, find, repl, &mut four).expect("the output is as long as the input");
    four.truncate(len);
    assert_eq!((&one, &two, &three), (&two, &three, &four));
    one
}

#[test]
fn the_articles_input_gives_the_articles_output() {
    assert_eq!(replace(INPUT), OUTPUT);
}

#[test]
fn short_and_broken_off_streams_are_copied() {
    for data in ["", "e", "elvi", "elvi elvi", "aelvi"] {
        assert_eq!(replace(data.as_bytes()), data.as_bytes());
    }
    assert_eq!(replace(b"elvis"), b"Elvis");
    assert_eq!(replace(b"elviselvi"), b"Elviselvi");
}

#[test]
fn an_output_that_is_too_short_is_said_so() {
    assert_eq!(algo_four(INPUT, b"elvis", b"Elvis", &mut [0; 10]), None);
}
