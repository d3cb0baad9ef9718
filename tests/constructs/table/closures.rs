//! Results of closures that iterators and sorts call.

use super::{Row, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("closures::flat_map_list", "vec!", false, "vec![*n, n + 1]"),
    alloc("closures::flat_map_repeat", "vec!", false, "vec![*n; 3]"),
    alloc("closures::key_copied", "clone of String", false, "config.name.clone()"),
    alloc("closures::map_boxed", "Box::new", false, "Box::new(*n)"),
    alloc("closures::map_copied", "clone of String", false, "config.name.clone()"),
    alloc("closures::map_to_string", "to_string", false, "n.to_string()"),
    alloc("closures::sort_ascii", "to_ascii_lowercase", false, "text.to_ascii_lowercase()"),
    alloc("closures::sort_lowercase", "to_lowercase", false, "text.to_lowercase()"),
];
