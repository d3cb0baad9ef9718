//! An allocator that ends in no recognised one: it hands out parts of a static array.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

const SIZE: usize = 1 << 22;
static mut MEMORY: [u8; SIZE] = [0; SIZE];
static NEXT: AtomicUsize = AtomicUsize::new(0);

pub struct Bump;

// SAFETY: every block is handed out once.
unsafe impl GlobalAlloc for Bump {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if cfg!(feature = "classes") && layout.size() > 64 {
            return unsafe { std::alloc::System.alloc(layout) };
        }
        let start = NEXT.fetch_add(layout.size() + layout.align(), Ordering::Relaxed);
        if start + layout.size() + layout.align() > SIZE {
            return std::ptr::null_mut();
        }
        let block = unsafe { (&raw mut MEMORY).cast::<u8>().add(start) };
        unsafe { block.add(block.align_offset(layout.align())) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if cfg!(feature = "classes") && layout.size() > 64 {
            unsafe { std::alloc::System.dealloc(block, layout) }
        }
    }
}
