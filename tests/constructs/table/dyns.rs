//! Trait objects.

use super::{Row, SPORADIC, alloc, object};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    object("dyns::behind_dyn_argument", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_closure", "vec!", "dyn Fn(usize) -> Vec<u8>", false, "vec![1; len]"),
    object("dyns::behind_dyn_field", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_field_elsewhere", "String::from", "dyn crate::dyns::Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_loop", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_std", "Vec::write_all", "dyn Write", true, r#"out.write_all(b"text")"#),
    alloc("dyns::debug_to_string", "format!", false, r#"format!("{value:?}")"#),
    object("dyns::dyn_alias_question", "`?` into Box<dyn Error>", "dyn Error", true, "half(n)?"),
    object("dyns::dyn_argument", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_argument_elsewhere", "Box::new", "dyn crate::dyns::Shape", false, "Box::new(Square(n))"),
    Row { pattern: SPORADIC, ..object("dyns::dyn_branches", "Box::new", "dyn Shape", false, "Box::new(Square(n / 3))") },
    Row { pattern: SPORADIC, ..object("dyns::dyn_branches", "Box::new", "dyn Shape", false, "Box::new(Circle(n % 7))") },
    object("dyns::dyn_cast", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_error_into", "into Box<dyn Error>", "dyn Error", true, r#""no such thing".into()"#),
    object("dyns::dyn_error_question", "`?` into Box<dyn Error>", "dyn Error", true, "half(n)?"),
    object("dyns::dyn_field", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_field_elsewhere", "Box::new", "dyn crate::dyns::Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_in_vec", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_later", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_let", "Box::new", "dyn Read", false, "Box::new(Cursor::new(data))"),
    object("dyns::dyn_let_reborrowed", "Box::new", "dyn Read", false, "Box::new(Cursor::new(data))"),
    object("dyns::dyn_method_argument", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_option", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_rc", "Rc::new", "dyn Shape", false, "Rc::new(Square(n))"),
    object("dyns::dyn_return", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_return_branches", "Box::new", "dyn Shape", true, "Box::new(Circle(n + 1))"),
];
