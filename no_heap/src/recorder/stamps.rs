//! What a recursive call has to put back when it ends: the stamps of sites that calls of the same function around it had hit.
//!
//! A site's stamp is the number of the call that hit it last. As long as a call runs, it has to tell the sites that it has hit
//! from others, also after calls inside it have put their own numbers there.

use std::cell::Cell;

use super::memory::{Array, Zeroed};
use crate::record::SiteSlot;
use crate::scope::Scope;

/// Beyond this, 32 MiB, nothing is remembered.
const MOST: usize = 1 << 20;

/// In the order in which they were written.
pub(crate) struct Stamps {
    written: Array<Stamp>,
    len: Cell<usize>,
}

#[derive(Clone, Copy)]
#[repr(align(32))]
struct Stamp {
    /// The call that put its own number there. Only compared.
    by: *const Scope,
    slot: Option<&'static SiteSlot>,
    before: u64,
}

// SAFETY: a pointer may be null, a reference be none, and a number is any bytes.
unsafe impl Zeroed for Stamp {}

impl Stamps {
    pub(crate) const fn new() -> Stamps {
        Stamps { written: Array::new(), len: Cell::new(0) }
    }

    /// Remembers what stands at the site before the call `by` puts its number there; returns whether there was room.
    pub(crate) fn remember(&self, by: *const Scope, slot: &'static SiteSlot) -> bool {
        let len = self.len.get();
        let has_room = len < MOST && self.written.grow(len + 1);
        if has_room {
            self.written.set(len, Stamp { by, slot: Some(slot), before: slot.site.stamp.get() });
            self.len.set(len + 1);
        }
        has_room
    }

    /// The call `by` ends, and those inside it have.
    #[inline]
    pub(crate) fn put_back(&self, by: *const Scope) {
        while let Some(last) = self.len.get().checked_sub(1) {
            let Some(Stamp { slot, before, .. }) = self.written.get(last).filter(|stamp| stamp.by == by)
            else {
                return;
            };
            if let Some(slot) = slot {
                slot.site.stamp.set(before);
            }
            self.len.set(last);
        }
    }

    /// The scopes or the sites are others from now on.
    pub(crate) fn clear(&self) {
        self.len.set(0);
    }

    /// Gives the memory back.
    pub(crate) fn free(&self) {
        self.clear();
        self.written.free();
    }
}
