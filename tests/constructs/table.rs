//! What the report must say of each function of the fixture. One row a finding; a function has the findings listed
//! here and no others.

/// One finding.
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) op: &'static str,
    pub(crate) construct: &'static str,
    pub(crate) dyn_trait: Option<&'static str>,
    pub(crate) pattern: &'static str,
    pub(crate) escapes: Option<bool>,
    /// What the finding underlines.
    pub(crate) text: &'static str,
}

const EVERY: &str = "every-call";
const FIRST: &str = "first-call";
const GROWTH: &str = "growth";
const SPORADIC: &str = "sporadic";

/// An allocation on every call, with no trait object in it.
const fn alloc(function: &'static str, construct: &'static str, escapes: bool, text: &'static str) -> Row {
    Row { function, op: "alloc", construct, dyn_trait: None, pattern: EVERY, escapes: Some(escapes), text }
}

/// The same with a trait object.
const fn object(
    function: &'static str,
    construct: &'static str,
    dyn_trait: &'static str,
    escapes: bool,
    text: &'static str,
) -> Row {
    Row { dyn_trait: Some(dyn_trait), ..alloc(function, construct, escapes, text) }
}

/// A free on every call, of memory that was taken elsewhere.
const fn free(function: &'static str, construct: &'static str, text: &'static str) -> Row {
    Row { function, op: "free", construct, dyn_trait: None, pattern: EVERY, escapes: None, text }
}

/// A reallocation on every call.
const fn realloc(function: &'static str, construct: &'static str, escapes: bool, text: &'static str) -> Row {
    Row { op: "realloc", ..alloc(function, construct, escapes, text) }
}

#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
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
    free("drops::drop_argument", "drop of Vec<u32>", "}"),
    free("drops::drop_assigned", "drop of Vec<u32>", "*slot = Vec::new()"),
    free("drops::drop_boxed_dyn", "drop of Box<dyn Read>", "}"),
    free("drops::drop_call", "drop of String", "drop(text)"),
    free("drops::drop_cleared", "Vec::clear", "names.clear()"),
    free("drops::drop_popped", "drop of String", "text.len()"),
    free("drops::drop_rc", "drop of Rc<u64>", "}"),
    free("drops::drop_removed", "drop of Option<String>", "map.remove(&1).is_some()"),
    free("drops::drop_taken", "drop of Option<Box<u64>>", "slot.take().is_some()"),
    object("dyns::behind_dyn_argument", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_closure", "vec!", "dyn Fn(usize) -> Vec<u8>", false, "vec![1; len]"),
    object("dyns::behind_dyn_field", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_loop", "String::from", "dyn Shape", false, r#"String::from("square")"#),
    object("dyns::behind_dyn_std", "Vec::write_all", "dyn Write", true, r#"out.write_all(b"text")"#),
    alloc("dyns::debug_to_string", "format!", false, r#"format!("{value:?}")"#),
    object("dyns::dyn_alias_question", "`?` into Box<dyn Error>", "dyn Error", true, "half(n)?"),
    object("dyns::dyn_argument", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_argument_elsewhere", "Box::new", "dyn crate::dyns::Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_field_elsewhere", "Box::new", "dyn crate::dyns::Shape", true, "Box::new(Square(n))"),
    object("dyns::behind_dyn_field_elsewhere", "String::from", "dyn crate::dyns::Shape", false, r#"String::from("square")"#),
    Row { pattern: SPORADIC, ..object("dyns::dyn_branches", "Box::new", "dyn Shape", false, "Box::new(Square(n / 3))") },
    Row { pattern: SPORADIC, ..object("dyns::dyn_branches", "Box::new", "dyn Shape", false, "Box::new(Circle(n % 7))") },
    object("dyns::dyn_cast", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_error_into", "into Box<dyn Error>", "dyn Error", true, r#""no such thing".into()"#),
    object("dyns::dyn_error_question", "`?` into Box<dyn Error>", "dyn Error", true, "half(n)?"),
    object("dyns::dyn_field", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_in_vec", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_later", "Box::new", "dyn Shape", false, "Box::new(Square(n))"),
    object("dyns::dyn_let", "Box::new", "dyn Read", false, "Box::new(Cursor::new(data))"),
    object("dyns::dyn_let_reborrowed", "Box::new", "dyn Read", false, "Box::new(Cursor::new(data))"),
    object("dyns::dyn_method_argument", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_option", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    object("dyns::dyn_rc", "Rc::new", "dyn Shape", false, "Rc::new(Square(n))"),
    object("dyns::dyn_return", "Box::new", "dyn Shape", true, "Box::new(Square(n))"),
    alloc("maps::btree_map_entry", "BTreeMap::entry", false, "map.entry(n).or_default()"),
    alloc("maps::btree_map_insert", "BTreeMap::insert", false, "map.insert(n, n)"),
    alloc("maps::btree_set_insert", "BTreeSet::insert", false, "set.insert(n)"),
    alloc("maps::hash_map_clone", "clone of HashMap", false, "map.clone()"),
    alloc("maps::hash_map_collect", "collect into HashMap", false, "data.iter().map(|n| (*n, n * n)).collect()"),
    alloc("maps::hash_map_entry", "HashMap::entry", false, "counts.entry(n)"),
    alloc("maps::hash_map_insert", "HashMap::insert", false, "map.insert(n, n)"),
    alloc("maps::hash_map_reserve", "HashMap::reserve", false, "map.reserve(64)"),
    alloc("maps::hash_map_with_capacity", "HashMap::with_capacity", false, "HashMap::with_capacity(len)"),
    alloc("maps::hash_set_insert", "HashSet::insert", false, "set.insert(n)"),
    alloc("maps::linked_list_push", "LinkedList::push_back", false, "list.push_back(n)"),
    alloc("others::Filter::method", "collect into Vec", false, "self.taps.iter().zip(input).map(|(a, b)| a * b).collect()"),
    alloc("others::channel", "mpsc::channel", false, "mpsc::channel::<u32>()"),
    Row { pattern: SPORADIC, ..alloc("others::channel_send", "Sender::send", true, "sender.send([n; 4])") },
    alloc("others::dependency_call", "call into memchr", false, "memchr::memmem::Finder::new(needle).into_owned()"),
    alloc("others::dependency_spills", "call into smallvec", false, "list.push(n)"),
    Row { pattern: FIRST, ..alloc("others::lazy_lock", "Box::new", true, "Box::new([5; 64])") },
    Row { pattern: FIRST, ..alloc("others::once_lock", "vec!", true, "vec![3; 64]") },
    alloc("others::own_macro", "Box::new", false, ""),
    Row { pattern: FIRST, ..alloc("others::print_line", "println!", true, r#"println!("constructs: a line")"#) },
    Row { pattern: SPORADIC, ..alloc("others::sporadic", "vec!", false, "vec![0u8; 16]") },
    alloc("others::sync_channel", "mpsc::sync_channel", false, "mpsc::sync_channel::<u32>(4)"),
    Row { pattern: FIRST, ..alloc("others::thread_local", "Vec::with_capacity", true, "Vec::with_capacity(64)") },
    alloc("others::thread_spawn", "thread::spawn", true, "thread::spawn(move || n + 1)"),
    alloc("others::through_helper", "vec!", false, "vec![n; 3]"),
    alloc("others::varying", "vec!", false, "vec![1u8; n % 50 + 1]"),
    alloc("strings::c_string", "CString::new", false, "CString::new(text)"),
    alloc("strings::columns_are_characters", "format!", false, r#"format!("ä{n}")"#),
    alloc("strings::format_macro", "format!", false, r#"format!("n = {n}")"#),
    alloc("strings::from_utf8_lossy", "String::from_utf8_lossy", false, "String::from_utf8_lossy(data)"),
    realloc("strings::from_utf8_lossy", "String::from_utf8_lossy", false, "String::from_utf8_lossy(data)"),
    alloc("strings::number_to_string", "to_string", false, "n.to_string()"),
    alloc("strings::path_join", "Path::join", true, r#"folder.join("file")"#),
    realloc("strings::path_join", "Path::join", true, r#"folder.join("file")"#),
    alloc("strings::str_concat", "concat", false, "parts.concat()"),
    alloc("strings::str_into_string", "into String", false, "text.into()"),
    alloc("strings::str_join", "join", false, r#"parts.join(", ")"#),
    alloc("strings::str_repeat", "repeat", false, "text.repeat(4)"),
    alloc("strings::str_replace", "replace", false, r#"text.replace('a', "bb")"#),
    realloc("strings::str_replace", "replace", false, r#"text.replace('a', "bb")"#),
    alloc("strings::str_to_ascii_uppercase", "to_ascii_uppercase", false, "text.to_ascii_uppercase()"),
    alloc("strings::str_to_lowercase", "to_lowercase", false, "text.to_lowercase()"),
    alloc("strings::str_to_owned", "to_owned", false, "text.to_owned()"),
    alloc("strings::str_to_string", "to_string", false, "text.to_string()"),
    alloc("strings::string_clone", "clone of String", false, "text.clone()"),
    alloc("strings::string_collect", "collect into String", false, "text.chars().rev().collect()"),
    alloc("strings::string_from", "String::from", false, "String::from(text)"),
    realloc("strings::string_insert_str", "String::insert_str", true, "text.insert_str(0, more)"),
    realloc("strings::string_plus", "+ on String", true, "left + right"),
    alloc("strings::string_plus_assign", "+= on String", false, "text += right"),
    alloc("strings::string_push", "String::push", false, "text.push(c)"),
    alloc("strings::string_push_str", "String::push_str", false, "text.push_str(more)"),
    alloc("strings::string_with_capacity", "String::with_capacity", false, "String::with_capacity(len)"),
    alloc("strings::string_write", "write! into String", false, r#"write!(text, "{n}")"#),
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
    Row { pattern: FIRST, ..alloc("vectors::vec_push_growth", "Vec::push", true, "log.push(n)") },
    Row { pattern: GROWTH, ..realloc("vectors::vec_push_growth", "Vec::push", true, "log.push(n)") },
    alloc("vectors::vec_repeat", "vec!", false, "vec![7u8; len]"),
    alloc("vectors::vec_reserve", "Vec::reserve", false, "list.reserve(len)"),
    alloc("vectors::vec_resize", "Vec::resize", false, "list.resize(len, 1u8)"),
    realloc("vectors::vec_shrink", "Vec::shrink_to_fit", true, "list.shrink_to_fit()"),
    alloc("vectors::vec_split_off", "Vec::split_off", true, "list.split_off(1)"),
    alloc("vectors::vec_with_capacity", "Vec::with_capacity", false, "Vec::with_capacity(len)"),
];
