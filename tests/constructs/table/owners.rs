//! Memory that grows behind code which a library calls back.

use super::{Row, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("owners::Quoted::shown_itself", "write! into Formatter", true, r#"write!(f, "<{}>", self.0)"#),
    alloc("owners::folded_by_hand", "Vec::push", true, "list.push(n)"),
    alloc("owners::folded_into_set", "collect into HashSet", true, "Countdown(n).collect()"),
    alloc("owners::folded_into_text", "collect into String", true, "Countdown(n).map(|n| char::from_digit(n % 10, 10).unwrap_or('-')).collect()"),
    alloc("owners::hashed", "to_lowercase", false, "self.0.to_lowercase()"),
    alloc("owners::hashed", "HashMap::insert", true, "map.insert(key, 1)"),
    alloc("owners::items_made", "to_string", true, "self.0.to_string()"),
    alloc("owners::items_made", "collect into Vec", true, "Names(n).collect()"),
    alloc("owners::lent_generic", "write into String", true, "put(&mut out, order)"),
    alloc("owners::lent_known", "write! into String", true, r#"write!(out, "{order}")"#),
    alloc("owners::lent_object", "write into Vec", true, "put_object(&mut out, order)"),
    alloc("owners::lent_to_keep", "write into Vec", true, "encoder.put(n)"),
    alloc("owners::ordered", "to_lowercase", false, "self.0.to_lowercase()"),
    alloc("owners::serialized", "call into serde_json", true, "serde_json::to_string(money)"),
    alloc("owners::serialized_by_hand", "write into Vec", true, "money.serialize(&mut serializer)"),
    alloc("owners::serialized_into_local", "call into serde_json", true, "serde_json::to_writer(&mut out, money)"),
    alloc("owners::serialized_into_value", "call into serde_json", true, "serde_json::to_value(money)"),
    alloc("owners::serialized_own", "to_string", false, "self.0.to_string()"),
    alloc("owners::serialized_own", "call into serde_json", true, "serde_json::to_string(texted)"),
    alloc("owners::serialized_shown", "call into serde_json", true, "serde_json::to_vec(shown)"),
    alloc("owners::shown_debug", "format!", true, r#"format!("{tick:#?}")"#),
    alloc("owners::shown_format", "format!", true, r#"format!("{order:>40}")"#),
    alloc("owners::shown_into_argument", "write! into String", true, r#"write!(out, "{order}")"#),
    alloc("owners::shown_into_local", "write! into String", false, r#"write!(out, "{order}")"#),
    alloc("owners::shown_into_vec", "Vec::write_fmt", false, r#"io::Write::write_fmt(&mut out, format_args!("{order}"))"#),
    alloc("owners::shown_marked", "format!", true, r#"format!("{quoted}")"#),
    alloc("owners::shown_own", "format!", false, r#"format!("{}", self.0)"#),
    alloc("owners::shown_own", "to_string", true, "aligned.to_string()"),
    alloc("owners::shown_through_marked", "write! into Marked", false, r#"write!(out, "{order}")"#),
    alloc("owners::shown_to_string", "to_string", true, "tick.to_string()"),
];
