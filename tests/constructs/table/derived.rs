//! Derived code.

use super::{Row, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("derived::derived_around", "clone of String", false, "self.name.clone()"),
    alloc("derived::derived_clone", "clone of Config", false, "config.clone()"),
    alloc("derived::derived_debug", "format!", false, r#"format!("{config:?}")"#),
    alloc("derived::derived_elements", "clone of Vec", false, "list.clone()"),
    alloc("derived::derived_nested", "clone of Service", false, "service.clone()"),
    alloc("derived::derived_variant", "clone of Message", false, "message.clone()"),
];
