//! Blocks of code with a name: found again by where they stand, listed in the record when they are met first.
//!
//! `no_heap::guard` and `no_heap::permit` are functions, so what is known of a block is known when it runs.

use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use super::process;
use crate::record::{BLOCKS, BlockKind};
use crate::registry::site_id;

/// Twice the blocks, so that one is found after a step or two.
const ROOM: usize = 2 * BLOCKS;

const PROBES: usize = 16;

/// Blocks by the address of their place. One that two threads enter at once may have two rows.
static KNOWN: [Row; ROOM] = [const { Row::empty() }; ROOM];

struct Row {
    at: AtomicPtr<Location<'static>>,
    name: AtomicPtr<u8>,
    /// Written last; [`Row::UNKNOWN`] until then.
    index: AtomicU32,
}

impl Row {
    const UNKNOWN: u32 = u32::MAX;

    const fn empty() -> Row {
        Row {
            at: AtomicPtr::new(ptr::null_mut()),
            name: AtomicPtr::new(ptr::null_mut()),
            index: AtomicU32::new(Row::UNKNOWN),
        }
    }
}

/// The index of a block in the record; `None` when nothing is recorded or there is no room.
pub(crate) fn block(kind: BlockKind, name: &'static str, at: &'static Location<'static>) -> Option<u32> {
    if !super::start() {
        return None;
    }
    let place = ptr::from_ref(at).cast_mut();
    // A call without a literal name has one place and several names.
    let first = (place.addr() >> 3) ^ (name.as_ptr().addr() >> 1);
    for row in (0..PROBES).map(|probe| &KNOWN[(first + probe) % ROOM]) {
        let index = row.index.load(Ordering::Acquire);
        let seen = row.at.load(Ordering::Relaxed);
        if ptr::eq(seen, place)
            && index != Row::UNKNOWN
            && row.name.load(Ordering::Relaxed) == name.as_ptr().cast_mut()
        {
            return Some(index);
        }
        if seen.is_null()
            && row.at.compare_exchange(seen, place, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            let index = list(kind, name, at)?;
            row.name.store(name.as_ptr().cast_mut(), Ordering::Relaxed);
            row.index.store(index, Ordering::Release);
            return Some(index);
        }
    }
    list(kind, name, at)
}

/// Looks the block up in the record by its id, and adds it when it is not there.
#[cold]
fn list(kind: BlockKind, name: &str, at: &Location<'_>) -> Option<u32> {
    let index = process::map().and_then(|map| {
        let id = site_id(name, at.file(), at.line(), at.column());
        map.add_block(id, kind, name, at)
    });
    // A permit that is not listed permits all the same; what a guard does not see must be said.
    if index.is_none() && kind == BlockKind::Guard {
        process::lose_call();
    }
    index
}
