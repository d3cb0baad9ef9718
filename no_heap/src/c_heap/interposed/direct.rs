//! The system's allocator without the definitions in front of it: what `std::alloc::System` does, on the same functions.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;

use super::real;

/// Alignment that every block of `malloc` has.
const MALLOC_ALIGN: usize = 16;

/// The allocator beneath the recording one, see the module.
#[derive(Debug, Default)]
pub(crate) struct Direct;

/// Whether `malloc` aligns a block of this size so far: for small sizes it need not.
#[inline(always)]
fn malloc_aligns(align: usize, size: usize) -> bool {
    align <= MALLOC_ALIGN && align <= size
}

// SAFETY: each block is from the system's allocator, with the size and the alignment asked for: `malloc` gives those that
// it aligns, `posix_memalign` the others. Both are freed by `free`, and what `malloc` aligns may be resized by `realloc`.
// None of these unwinds.
unsafe impl GlobalAlloc for Direct {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if malloc_aligns(layout.align(), layout.size()) {
            // SAFETY: any size may be asked for.
            unsafe { real::malloc(layout.size()).cast() }
        } else {
            aligned(layout)
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if malloc_aligns(layout.align(), layout.size()) {
            // SAFETY: any size may be asked for.
            return unsafe { real::calloc(layout.size(), 1).cast() };
        }
        let block = aligned(layout);
        if !block.is_null() {
            // SAFETY: the block is fresh and has this size.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller gives a block of this allocator back, once; every one of them is the system's.
        unsafe { real::free(block.cast()) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if malloc_aligns(layout.align(), new_size) {
            // SAFETY: the block is the system's, and the caller does not use it after this.
            unsafe { real::realloc(block.cast(), new_size).cast() }
        } else {
            // SAFETY: the caller keeps the contract of `realloc`.
            unsafe { move_aligned(self, block, layout, new_size) }
        }
    }
}

// PERF: out of line, so that the common way keeps nothing for it.
#[cold]
#[inline(never)]
fn aligned(layout: Layout) -> *mut u8 {
    let mut block = ptr::null_mut();
    // A smaller alignment than that of a pointer is refused.
    let align = layout.align().max(size_of::<usize>());
    // SAFETY: `block` lives through the call, and the alignment is a power of two.
    let result = unsafe { real::posix_memalign(&raw mut block, align, layout.size()) };
    if result == 0 { block.cast() } else { ptr::null_mut() }
}

/// `realloc` keeps no alignment beyond that of `malloc`.
///
/// # Safety
///
/// As for [`GlobalAlloc::realloc`].
#[cold]
#[inline(never)]
unsafe fn move_aligned(direct: &Direct, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    // SAFETY: the caller has made sure of the new size, so the layout is one; the blocks are two, and the part that is
    // copied is in both. The old one is given back once, when there is another.
    unsafe {
        let new = direct.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
        if !new.is_null() {
            ptr::copy_nonoverlapping(block, new, layout.size().min(new_size));
            direct.dealloc(block, layout);
        }
        new
    }
}
