//! Memory that was taken elsewhere and is given back.

use super::{Row, free};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    free("drops::drop_argument", "drop of Vec<u32>", "}"),
    free("drops::drop_assigned", "drop of Vec<u32>", "*slot = Vec::new()"),
    free("drops::drop_boxed_dyn", "drop of Box<dyn Read>", "}"),
    free("drops::drop_call", "drop of String", "drop(text)"),
    free("drops::drop_cleared", "Vec::clear", "names.clear()"),
    free("drops::drop_popped", "drop of String", "text.len()"),
    free("drops::drop_rc", "drop of Rc<u64>", "}"),
    free("drops::drop_removed", "drop of Option<String>", "map.remove(&1).is_some()"),
    free("drops::drop_taken", "drop of Option<Box<u64>>", "slot.take().is_some()"),
];
