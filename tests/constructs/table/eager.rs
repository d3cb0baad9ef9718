//! Values that are made for calls that do not need them.

use super::{Row, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("eager::and_list", "vec!", false, "vec![n]"),
    alloc("eager::expect_format", "format!", false, r#"format!("no {n}")"#),
    alloc("eager::expect_of_result", "format!", false, r#"format!("no {n}")"#),
    alloc("eager::get_or_insert_list", "vec!", false, "vec![n; 3]"),
    alloc("eager::made_before", "format!", false, r#"format!("none of {n}")"#),
    alloc("eager::map_or_text", "format!", false, r#"format!("none of {n}")"#),
    alloc("eager::needed", "format!", true, r#"format!("none of {n}")"#),
    alloc("eager::ok_or_format", "format!", false, r#"format!("no {n}")"#),
    alloc("eager::or_insert_list", "vec!", false, "vec![n]"),
    alloc("eager::or_some", "format!", false, r#"format!("number {n}")"#),
    alloc("eager::then_some_boxed", "Box::new", false, "Box::new(n)"),
    alloc("eager::unwrap_or_list", "vec!", false, "vec![n; 4]"),
    alloc("eager::unwrap_or_of_result", "format!", false, r#"format!("bad: {text}")"#),
    alloc("eager::unwrap_or_text", "to_string", false, r#""?".to_string()"#),
];
