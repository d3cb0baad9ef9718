//! The functions that have a twin in the fixture's `fixed`, and the part of the help that the twin applies.

#[rustfmt::skip]
pub(crate) const TWINS: &[(&str, &str)] = &[
    ("dyns::dyn_let_reborrowed", "`let input: &mut dyn Read = &mut Cursor::new(data);`"),
    ("dyns::dyn_branches", "let each branch fill a variable that is declared before it, and borrow that as `dyn Shape`"),
    ("dyns::dyn_return", "return `impl Shape`"),
    ("dyns::dyn_error_question", "return the error itself instead of `dyn Error`"),
    ("boxes::box_only_methods", "`let counter = Counter(n);`"),
    ("boxes::box_pin", "`std::pin::pin!(…)` pins it on the stack"),
    ("vectors::vec_list", "`let list = [n, n + 1, n + 2];`"),
    ("vectors::vec_repeat", "`[7u8; 5]`"),
    ("vectors::vec_from_array", "`let list = [n, n];`"),
    ("vectors::vec_collect", "`buf.clear(); buf.extend(data.iter().map(|n| n * 2));`"),
    ("vectors::vec_push", "pass it in as `&mut`: `clear()` keeps its memory"),
    ("vectors::vec_push_growth", "`log.reserve(…)`"),
    ("vectors::slice_to_vec", "borrow `data`"),
    ("vectors::stable_sort", "`data.sort_unstable();`"),
    ("vectors::stable_sort_by", "`data.sort_unstable_by(|a, b| b.cmp(a));`"),
    ("vectors::cached_sort", "`data.sort_unstable_by_key(|n| n.count_ones());`"),
    ("strings::string_joined", "a `String` that the caller passes in never"),
    ("strings::string_clone", "borrow `text`"),
    ("strings::format_macro", "`buf.clear(); write!(buf, \"n = {n}\")`"),
    ("strings::from_utf8_lossy", "`std::str::from_utf8`"),
    ("maps::hash_map_insert", "pass it in as `&mut`: `clear()` keeps its memory"),
    ("others::lazy_lock", "touch it before the hot path"),
    ("others::channel_send", "`sync_channel(n)`"),
    ("drops::drop_argument", "take it by reference"),
];
