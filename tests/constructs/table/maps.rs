//! Maps, sets and lists of nodes.

use super::{FIRST, GROWTH, Row, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("maps::btree_map_entry", "BTreeMap::entry", false, "map.entry(n).or_default()"),
    alloc("maps::btree_map_insert", "BTreeMap::insert", false, "map.insert(n, n)"),
    alloc("maps::btree_set_insert", "BTreeSet::insert", false, "set.insert(n)"),
    alloc("maps::hash_map_clone", "clone of HashMap", false, "map.clone()"),
    alloc("maps::hash_map_collect", "collect into HashMap", false, "data.iter().map(|n| (*n, n * n)).collect()"),
    alloc("maps::hash_map_entry", "HashMap::entry", false, "counts.entry(n)"),
    Row { pattern: FIRST, ..alloc("maps::hash_map_entry_key", "HashMap::entry", true, "counts.entry(word.to_string())") },
    alloc("maps::hash_map_entry_key", "to_string", true, "word.to_string()"),
    Row { pattern: GROWTH, ..alloc("maps::hash_map_growth", "HashMap::insert", true, "seen.insert(n, n)") },
    alloc("maps::hash_map_insert", "HashMap::insert", false, "map.insert(n, n)"),
    alloc("maps::hash_map_reserve", "HashMap::reserve", false, "map.reserve(64)"),
    alloc("maps::hash_map_with_capacity", "HashMap::with_capacity", false, "HashMap::with_capacity(len)"),
    alloc("maps::hash_set_insert", "HashSet::insert", false, "set.insert(n)"),
    alloc("maps::linked_list_push", "LinkedList::push_back", false, "list.push_back(n)"),
];
