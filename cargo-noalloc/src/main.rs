//! Parses, calls one function, turns a verdict into an exit code.

fn main() {}
