//! The pages that tell a story: a test follows them, so that what they show is what is printed.

use crate::support::page::Reader;

#[test]
fn the_tour_can_be_followed_to_the_letter() {
    Reader::new().follow("tour.md");
}

/// One story: the second page goes on where the first one ends.
#[test]
fn ten_minutes_to_a_gate_can_be_followed_to_the_letter() {
    let mut reader = Reader::new();
    reader.follow("ci.md");
    reader.follow("baseline.md");
}
