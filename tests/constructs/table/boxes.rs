//! `Box`, `Rc`, `Arc`.

use super::{Row, alloc, free, object, realloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("boxes::arc_from_str", "Arc::from", true, "Arc::from(text)"),
    alloc("boxes::arc_new", "Arc::new", true, "Arc::new(n)"),
    alloc("boxes::box_clone", "clone of Box", false, "value.clone()"),
    alloc("boxes::box_default", "Box::default", false, "Box::default()"),
    alloc("boxes::box_from_slice", "Box::from", false, "Box::from(data)"),
    alloc("boxes::box_from_value", "Box::from", false, "Box::from(n)"),
    alloc("boxes::box_new", "Box::new", false, "Box::new(n)"),
    alloc("boxes::box_new_returned", "Box::new", true, "Box::new(n)"),
    alloc("boxes::box_only_methods", "Box::new", false, "Box::new(Counter(n))"),
    alloc("boxes::box_pin", "Box::pin", false, "Box::pin(n)"),
    alloc("boxes::box_stored", "Box::new", true, "Box::new(n)"),
    object("boxes::boxed_closure", "Box::new of a closure", "dyn Fn(u64) -> u64", false, "Box::new(move |m| n + m)"),
    object("boxes::boxed_future", "Box::pin of a future", "dyn Future<Output = u64>", true, "Box::pin(async move { n + 1 })"),
    alloc("boxes::cow_into_owned", "Cow::into_owned", false, "text.into_owned()"),
    alloc("boxes::cow_to_mut", "Cow::to_mut", false, "text.to_mut()"),
    realloc("boxes::into_boxed_slice", "into_boxed_slice", true, "items.into_boxed_slice()"),
    realloc("boxes::into_boxed_str", "into_boxed_str", true, "text.into_boxed_str()"),
    alloc("boxes::rc_cyclic", "Rc::new_cyclic", false, "Rc::new_cyclic(|weak| Node(n, weak.clone()))"),
    alloc("boxes::rc_make_mut", "Rc::make_mut", true, "Rc::make_mut(shared)"),
    free("boxes::rc_make_mut", "drop of Rc<[u64; 8]>", "}"),
    alloc("boxes::rc_new", "Rc::new", false, "Rc::new(n)"),
];
