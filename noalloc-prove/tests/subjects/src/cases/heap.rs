//! Kinds of allocation, growth and drops.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use crate::data::{Data, Droppy};
use crate::{Case, case};

// Allocates: a box.
fn boxes(d: &mut Data) -> u64 {
    u64::from(*black_box(Box::new(d.n)))
}

// Allocates: a box in an error path that is taken.
fn boxed_error(d: &mut Data) -> u64 {
    let fail = |n: u32| -> Result<u32, Box<dyn std::error::Error>> { if n > 3 { Err("too large".into()) } else { Ok(n) } };
    fail(black_box(d.n)).map_or(1, u64::from)
}

// Conditional: the error path is not taken.
fn boxed_error_not_taken(d: &mut Data) -> u64 {
    let fail = |n: u32| -> Result<u32, Box<dyn std::error::Error>> { if n > 300 { Err("too large".into()) } else { Ok(n) } };
    fail(black_box(d.n)).map_or(1, u64::from)
}

// Allocates: `vec!`.
fn vec_macro(d: &mut Data) -> u64 {
    black_box(vec![d.n; 5]).len() as u64
}

// Allocates: zeroed memory.
fn vec_zeroed(d: &mut Data) -> u64 {
    black_box(vec![0u64; d.n as usize]).len() as u64
}

// Allocates: with a capacity.
fn with_capacity(d: &mut Data) -> u64 {
    black_box(Vec::<u32>::with_capacity(d.n as usize)).capacity() as u64
}

// Conditional: there is room, but the push may grow.
fn push_with_room(d: &mut Data) -> u64 {
    d.spare.push(d.n);
    d.spare.len() as u64
}

// Allocates: there is no room.
fn push_without_room(d: &mut Data) -> u64 {
    d.full.push(d.n);
    d.full.len() as u64
}

// Conditional: `clear` and refill within the capacity.
fn clear_and_extend(d: &mut Data) -> u64 {
    d.spare.clear();
    d.spare.extend_from_slice(&d.numbers);
    d.spare.len() as u64
}

// Free: a fixed number of pushes behind a check of the capacity that panics.
fn write_within_length(d: &mut Data) -> u64 {
    let length = d.numbers.len();
    for (at, number) in d.numbers.iter_mut().enumerate() {
        *number = (at * length) as u32;
    }
    d.numbers.swap(0, 1);
    d.numbers.truncate(4);
    u64::from(d.numbers.pop().unwrap_or(0))
}

// Allocates: `collect`.
fn collect(d: &mut Data) -> u64 {
    black_box(d.numbers.iter().map(|n| n * 2).collect::<Vec<u32>>()).len() as u64
}

// Allocates: `clone`.
fn clone(d: &mut Data) -> u64 {
    black_box(d.numbers.clone()).len() as u64
}

// Allocates: strings of several kinds.
fn to_owned(d: &mut Data) -> u64 {
    black_box(d.text.as_str().to_owned()).len() as u64
}

// Allocates: `format!`.
fn format_macro(d: &mut Data) -> u64 {
    black_box(format!("{}-{}", d.n, d.text)).len() as u64
}

// Allocates: `to_string`.
fn to_string(d: &mut Data) -> u64 {
    black_box(d.n.to_string()).len() as u64
}

// Allocates: joined and upper case.
fn join(d: &mut Data) -> u64 {
    (black_box(d.words.join("-")).len() + black_box(d.text.to_uppercase()).len()) as u64
}

// Allocates: an `Rc`.
fn rc_new(d: &mut Data) -> u64 {
    u64::from(*black_box(Rc::new(d.n)))
}

// Free: counting up only; the clone is forgotten, so nothing is freed.
fn arc_clone(d: &mut Data) -> u64 {
    std::mem::forget(black_box(Arc::clone(&d.arc)));
    Arc::strong_count(&d.arc) as u64
}

// Free (of allocation): the last owner goes.
fn drop_rc(d: &mut Data) -> u64 {
    drop(black_box(d.rc.take()));
    0
}

// Free (of allocation): a box is given back.
fn drop_box(d: &mut Data) -> u64 {
    drop(black_box(d.boxed.take()));
    0
}

// Free: a drop without memory.
fn drop_glue(d: &mut Data) -> u64 {
    let _guards = (Droppy(&d.seen), Droppy(&d.seen));
    black_box(d.seen.get())
}

// Allocates: a hash map that grows from nothing.
fn map_insert(d: &mut Data) -> u64 {
    let mut map = HashMap::new();
    map.insert(d.n, 1u32);
    black_box(map).len() as u64
}

// Free: a lookup hashes and compares.
fn map_get(d: &mut Data) -> u64 {
    u64::from(d.map.get(&d.n).copied().unwrap_or(0)) + u64::from(d.map.contains_key(&1))
}

// Conditional: the key is there, a new one might make it grow.
fn map_replace(d: &mut Data) -> u64 {
    d.map.insert(1, d.n).map_or(0, u64::from)
}

// Free: removal leaves the table.
fn map_remove(d: &mut Data) -> u64 {
    d.map.remove(&3).map_or(0, u64::from)
}

// Free: a walk through a map.
fn map_iterate(d: &mut Data) -> u64 {
    d.map.iter().map(|(key, value)| u64::from(*key) ^ u64::from(*value)).sum()
}

// Allocates: a set.
fn set_collect(d: &mut Data) -> u64 {
    black_box(d.numbers.iter().copied().collect::<HashSet<u32>>()).len() as u64
}

// Free: a lookup in a tree.
fn tree_get(d: &mut Data) -> u64 {
    u64::from(d.tree.get(&d.n).copied().unwrap_or(0)) + d.tree.range(1..3).count() as u64
}

// Allocates: the first leaf of a tree.
fn tree_insert(d: &mut Data) -> u64 {
    let mut tree = BTreeMap::new();
    tree.insert(d.n, d.n);
    black_box(tree).len() as u64
}

// Conditional: a heap with room.
fn heap_push(d: &mut Data) -> u64 {
    d.heap.push(d.n);
    u64::from(d.heap.pop().unwrap_or(0))
}

// Free: looking and taking.
fn heap_pop(d: &mut Data) -> u64 {
    u64::from(d.heap.peek().copied().unwrap_or(0)) + u64::from(d.heap.pop().unwrap_or(0))
}

// Conditional: a queue with room.
fn queue_push(d: &mut Data) -> u64 {
    d.queue.push_back(d.n);
    u64::from(d.queue.pop_front().unwrap_or(0))
}

// Allocates: a queue that grows.
fn queue_grow(d: &mut Data) -> u64 {
    let mut queue = VecDeque::new();
    queue.push_front(d.n);
    black_box(queue).len() as u64
}

// Free: empty collections take nothing.
fn empty_collections(d: &mut Data) -> u64 {
    let (list, text, map) = (Vec::<u32>::new(), String::new(), BTreeMap::<u32, u32>::new());
    (black_box(&list).len() + black_box(&text).len() + black_box(&map).len()) as u64 + u64::from(d.n)
}

// Free: a box of nothing.
fn zero_sized_box(d: &mut Data) -> u64 {
    black_box(Box::new(()));
    u64::from(d.n)
}

// Conditional: a borrowed `Cow` is not cloned here.
fn cow_borrowed(d: &mut Data) -> u64 {
    use std::borrow::Cow;
    let text: Cow<'_, str> = if d.n > 500 { Cow::Owned(d.text.clone()) } else { Cow::Borrowed(&d.text) };
    black_box(&text).len() as u64
}

// Conditional: `shrink_to_fit` may resize; here it does, to what fits.
fn shrink(d: &mut Data) -> u64 {
    d.spare.shrink_to_fit();
    d.spare.capacity() as u64
}

// Allocates: grows by `reserve`.
fn reserve(d: &mut Data) -> u64 {
    d.full.reserve(100);
    d.full.capacity() as u64
}

// Free: taking a vector away leaves an empty one, and gives its memory back.
fn take_vector(d: &mut Data) -> u64 {
    std::mem::take(black_box(&mut d.numbers)).len() as u64
}

// Free: draining keeps the capacity.
fn drain(d: &mut Data) -> u64 {
    d.numbers.drain(1..3).map(u64::from).sum()
}

// Free: removal and retention in place.
fn retain(d: &mut Data) -> u64 {
    d.numbers.retain(|n| n % 2 == 1);
    d.numbers.dedup();
    d.numbers.len() as u64
}

pub fn cases() -> Vec<Case> {
    vec![
        case!(boxes, Allocates, frees),
        case!(boxed_error, Allocates, frees),
        case!(boxed_error_not_taken, Conditional),
        case!(vec_macro, Allocates, frees),
        case!(vec_zeroed, Allocates, frees),
        case!(with_capacity, Allocates, frees),
        case!(push_with_room, Conditional),
        case!(push_without_room, Allocates),
        case!(clear_and_extend, Conditional),
        case!(write_within_length, Free),
        case!(collect, Allocates, frees),
        case!(clone, Allocates, frees),
        case!(to_owned, Allocates, frees),
        case!(format_macro, Allocates, frees),
        case!(to_string, Allocates, frees),
        case!(join, Allocates, frees),
        case!(rc_new, Allocates, frees),
        case!(arc_clone, Free),
        case!(drop_rc, Free, frees),
        case!(drop_box, Free, frees),
        case!(drop_glue, Free),
        case!(map_insert, Allocates, frees),
        case!(map_get, Free),
        case!(map_replace, Conditional),
        case!(map_remove, Free),
        case!(map_iterate, Free),
        case!(set_collect, Allocates, frees),
        case!(tree_get, Free),
        case!(tree_insert, Allocates, frees),
        case!(heap_push, Conditional),
        case!(heap_pop, Free),
        case!(queue_push, Conditional),
        case!(queue_grow, Allocates, frees),
        case!(empty_collections, Free),
        case!(zero_sized_box, Free),
        case!(cow_borrowed, Conditional),
        case!(shrink, Conditional, frees),
        case!(reserve, Allocates),
        case!(take_vector, Free, frees),
        case!(drain, Free),
        case!(retain, Free),
    ]
}
