//! Memory of the recorder's own, straight from the kernel: its larger tables grow inside of the allocator, where nothing may
//! be asked of the program's.
//!
//! Whatever is in the middle of its work here, a signal's handler that comes in between finds memory that is there, or none.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;

use crate::record::SiteSlot;

/// What may be made of zeros, and is copied.
///
/// # Safety
///
/// All bytes 0 are a value of this type, and it needs no `drop`.
pub(super) unsafe trait Zeroed: Copy {}

// SAFETY: a number is any bytes.
unsafe impl Zeroed for u64 {}

// SAFETY: no reference is zeros, and those that are none are.
unsafe impl Zeroed for Option<&'static SiteSlot> {}

/// So many values, each all zeros until it is set.
pub(super) struct Array<T> {
    /// Null while there is no room.
    base: Cell<*mut T>,
    room: Cell<usize>,
    of: PhantomData<T>,
}

impl<T: Zeroed> Array<T> {
    pub(super) const fn new() -> Array<T> {
        const {
            assert!(
                size_of::<T>().is_power_of_two() && size_of::<T>() <= PAGE,
                "so that no room is left over"
            )
        };
        Array { base: Cell::new(ptr::null_mut()), room: Cell::new(0), of: PhantomData }
    }

    /// A new one with at least `room` places; `None` when there is no memory.
    pub(super) fn with_room(room: usize) -> Option<Array<T>> {
        let new = Array::new();
        new.grow(room).then_some(new)
    }

    pub(super) fn room(&self) -> usize {
        self.room.get()
    }

    pub(super) fn get(&self, index: usize) -> Option<T> {
        // SAFETY: there are `room` places from `base` on, each zeros or set.
        (index < self.room.get()).then(|| unsafe { self.base.get().add(index).read() })
    }

    /// Nothing happens where there is no such place.
    pub(super) fn set(&self, index: usize, value: T) {
        if index < self.room.get() {
            // SAFETY: there are `room` places from `base` on.
            unsafe { self.base.get().add(index).write(value) };
        }
    }

    /// Makes room for at least `room`, and returns whether there is; what was set stays.
    #[cold]
    pub(super) fn grow(&self, room: usize) -> bool {
        let (base, before) = (self.base.get(), self.room.get());
        if room <= before {
            return true;
        }
        let Some(len) = room.checked_mul(size_of::<T>()).map(usize::next_power_of_two) else { return false };
        let len = len.max(PAGE);
        // The memory moves: whoever comes in between must not find it where it was.
        self.room.set(0);
        self.base.set(ptr::null_mut());
        let Some(new) = remap(base.cast(), bytes::<T>(before), len) else {
            self.base.set(base);
            self.room.set(before);
            return false;
        };
        self.base.set(new.cast());
        self.room.set(len / size_of::<T>());
        true
    }

    /// Takes the memory of `other`, and leaves it its own.
    pub(super) fn swap(&self, other: &Array<T>) {
        let (room, other_room) = (self.room.replace(0), other.room.replace(0));
        self.base.swap(&other.base);
        self.room.set(other_room);
        other.room.set(room);
    }

    /// Gives the memory back.
    pub(super) fn free(&self) {
        let room = self.room.replace(0);
        unmap(self.base.replace(ptr::null_mut()).cast(), bytes::<T>(room));
    }

    /// The memory is another process's from now on.
    pub(super) fn forget(&self) {
        self.room.set(0);
        self.base.set(ptr::null_mut());
    }
}

const PAGE: usize = 4096;

/// What the kernel was asked for when there was room for so many.
const fn bytes<T>(room: usize) -> usize {
    room * size_of::<T>()
}

/// `len` bytes that begin with what stood in the `before` bytes at `base`, and go on with zeros.
fn remap(base: *mut u8, before: usize, len: usize) -> Option<*mut u8> {
    // SAFETY: a fresh mapping touches no memory that is there; one that moves is this module's own, of `before` bytes, and
    // nobody else has a reference into it.
    let new = unsafe {
        if base.is_null() {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            libc::mmap(ptr::null_mut(), len, access, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
        } else {
            libc::mremap(base.cast(), before, len, libc::MREMAP_MAYMOVE)
        }
    };
    (new != libc::MAP_FAILED).then_some(new.cast())
}

fn unmap(base: *mut u8, len: usize) {
    if !base.is_null() {
        // SAFETY: the mapping is this module's own, of `len` bytes, and nobody has a reference into it.
        unsafe { libc::munmap(base.cast(), len) };
    }
}
