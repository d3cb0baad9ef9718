//! `Vec`, slices and deques.

use super::{GROWTH, Row, SPORADIC, alloc, realloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("vectors::cached_sort", "sort_by_cached_key", false, "data.sort_by_cached_key(|n| n.count_ones())"),
    alloc("vectors::deque_push_back", "VecDeque::push_back", false, "queue.push_back(n)"),
    alloc("vectors::deque_with_capacity", "VecDeque::with_capacity", false, "VecDeque::with_capacity(len)"),
    alloc("vectors::heap_push", "BinaryHeap::push", false, "heap.push(n)"),
    alloc("vectors::slice_concat", "concat", false, "parts.concat()"),
    alloc("vectors::slice_join", "join", false, "parts.join(&b',')"),
    alloc("vectors::slice_repeat", "repeat", false, "data.repeat(3)"),
    alloc("vectors::slice_to_owned", "to_owned", false, "data.to_owned()"),
    alloc("vectors::slice_to_vec", "to_vec", false, "data.to_vec()"),
    alloc("vectors::stable_sort", "sort", false, "data.sort()"),
    alloc("vectors::stable_sort_by", "sort_by", false, "data.sort_by(|a, b| b.cmp(a))"),
    alloc("vectors::vec_append", "Vec::append", false, "list.append(other)"),
    Row { pattern: SPORADIC, ..alloc("vectors::vec_branches", "Vec::with_capacity", false, "Vec::with_capacity(len + 7)") },
    Row { pattern: SPORADIC, ..alloc("vectors::vec_branches", "Vec::with_capacity", false, "Vec::with_capacity(3 * len)") },
    alloc("vectors::vec_clone", "clone of Vec", false, "list.clone()"),
    alloc("vectors::vec_collect", "collect into Vec", false, "data.iter().map(|n| n * 2).collect()"),
    alloc("vectors::vec_collect_filtered", "collect into Vec", false, "data.iter().copied().filter(|n| n % 2 == 0).collect::<Vec<_>>()"),
    alloc("vectors::vec_collect_result", "collect into Result of Vec", false, "data.iter().map(|text| text.parse::<u32>()).collect()"),
    alloc("vectors::vec_extend", "Vec::extend", false, "list.extend(data.iter().map(|n| n + 1))"),
    alloc("vectors::vec_extend_from_slice", "Vec::extend_from_slice", false, "list.extend_from_slice(data)"),
    alloc("vectors::vec_from_array", "Vec::from", false, "Vec::from([n, n])"),
    alloc("vectors::vec_insert", "Vec::insert", false, "list.insert(0, n)"),
    alloc("vectors::vec_list", "vec!", false, "vec![n, n + 1, n + 2]"),
    alloc("vectors::vec_push", "Vec::push", false, "list.push(n)"),
    Row { pattern: GROWTH, ..alloc("vectors::vec_push_growth", "Vec::push", true, "log.push(n)") },
    alloc("vectors::vec_repeat", "vec!", false, "vec![7u8; len]"),
    alloc("vectors::vec_reserve", "Vec::reserve", false, "list.reserve(len)"),
    alloc("vectors::vec_resize", "Vec::resize", false, "list.resize(len, 1u8)"),
    realloc("vectors::vec_shrink", "Vec::shrink_to_fit", true, "list.shrink_to_fit()"),
    alloc("vectors::vec_split_off", "Vec::split_off", true, "list.split_off(1)"),
    alloc("vectors::vec_with_capacity", "Vec::with_capacity", false, "Vec::with_capacity(len)"),
];
