//! The allocator that sees every request: forwards, and in an audit build tells the recorder.
//!
//! It must not allocate, lock or format. All four methods are forwarded, so an inner allocator's own `realloc`
//! and `alloc_zeroed` stay what they are.

use std::alloc::{GlobalAlloc, Layout, System};

#[cfg(noalloc_audit)]
use crate::recorder;
#[cfg(noalloc_audit)]
use crate::stack::frame;

/// A global allocator over any other, through which `cargo noalloc` sees what hot functions do.
///
/// `cargo noalloc` installs it by itself, unless the program has a `#[global_allocator]` of its own. Such a
/// program wraps it, once:
///
/// ```
/// # use std::alloc::System as MiMalloc;
/// #[global_allocator]
/// static A: no_heap::Allocator<MiMalloc> = no_heap::Allocator::new(MiMalloc);
/// ```
///
/// In a plain build it only forwards. With the feature `enforce` it also tells the guards of the running hot functions.
#[derive(Debug, Default)]
pub struct Allocator<A = System>(A);

impl<A> Allocator<A> {
    /// Wraps `inner`, which does the work.
    pub const fn new(inner: A) -> Allocator<A> {
        Allocator(inner)
    }
}

/// Under `enforce`, tells the guards of this thread; nothing otherwise.
#[cfg(not(noalloc_audit))]
macro_rules! enforced {
    ($event:ident($($of:expr),*)) => {
        #[cfg(feature = "enforce")]
        if crate::enforce::active() {
            crate::enforce::$event($($of),*);
        }
    };
}

// SAFETY: every method hands its arguments unchanged to the inner allocator and returns what that returned, so
// the contract holds because the inner one keeps it. The recorder neither unwinds nor touches the block.
#[cfg(not(noalloc_audit))]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the inner one's.
        let block = unsafe { self.0.alloc(layout) };
        enforced!(allocated(block, layout.size()));
        block
    }
    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { self.0.alloc_zeroed(layout) };
        enforced!(allocated(block, layout.size()));
        block
    }
    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as above; `ptr` came from the inner allocator, because every block does.
        let block = unsafe { self.0.realloc(ptr, layout, new_size) };
        enforced!(resized(ptr, block, new_size));
        block
    }
    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        enforced!(freed(ptr, layout.size()));
        // SAFETY: as above.
        unsafe { self.0.dealloc(ptr, layout) }
    }
}

/// Calls with the frame pointer of the function this stands in, which stays there until the call has returned.
#[cfg(noalloc_audit)]
macro_rules! with_frame {
    (|$frame:ident| $call:expr) => {{
        let $frame = frame!();
        let result = $call;
        // Keeps the call from becoming a jump out of this function, which would take the frame away.
        #[cfg(not(miri))]
        // SAFETY: assembles to nothing.
        unsafe {
            std::arch::asm!("", options(nomem, nostack, preserves_flags));
        }
        result
    }};
}

// SAFETY: every method hands its arguments unchanged to the inner allocator and returns what that returned, so
// the contract holds because the inner one keeps it. The recorder is told addresses and sizes only; it does not
// touch the block, and it neither allocates through this allocator nor unwinds.
#[cfg(noalloc_audit)]
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    // NOTE: never inlined. The static proof recognises these symbols; an allocator inlined into its callers
    // would blind it. The frame pointer that the stack walk starts from must be this function's own, too.
    // PERF: what is to be recorded is done elsewhere, so that outside of hot functions nothing has to be saved around
    // the inner call.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if recorder::active() {
            // SAFETY: the caller keeps the contract of `alloc`.
            return with_frame!(|frame| unsafe { self.alloc_recorded(layout, frame) });
        }
        // SAFETY: the caller keeps the contract of `alloc`, which is the inner one's.
        unsafe { self.0.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if recorder::active() {
            // SAFETY: as above.
            return with_frame!(|frame| unsafe { self.alloc_zeroed_recorded(layout, frame) });
        }
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline(never)]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if recorder::active() {
            // SAFETY: as above.
            return with_frame!(|frame| unsafe { self.realloc_recorded(ptr, layout, new_size, frame) });
        }
        // SAFETY: as above; `ptr` came from the inner allocator, because every block does.
        unsafe { self.0.realloc(ptr, layout, new_size) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if recorder::active() {
            with_frame!(|frame| recorder::record_free(ptr, layout.size(), frame));
        }
        // SAFETY: as above.
        unsafe { self.0.dealloc(ptr, layout) }
    }
}

#[cfg(noalloc_audit)]
impl<A: GlobalAlloc> Allocator<A> {
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`]. `frame` is the frame pointer of a caller; so it is below.
    #[inline(never)]
    unsafe fn alloc_recorded(&self, layout: Layout, frame: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of `alloc`, which is the inner one's; so it is below.
        let block = unsafe { self.0.alloc(layout) };
        recorder::record_alloc(block, layout.size(), frame);
        block
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc_zeroed`].
    #[inline(never)]
    unsafe fn alloc_zeroed_recorded(&self, layout: Layout, frame: usize) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { self.0.alloc_zeroed(layout) };
        recorder::record_alloc(block, layout.size(), frame);
        block
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[inline(never)]
    unsafe fn realloc_recorded(
        &self,
        ptr: *mut u8,
        layout: Layout,
        new_size: usize,
        frame: usize,
    ) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { self.0.realloc(ptr, layout, new_size) };
        recorder::record_realloc(ptr, block, new_size, frame);
        block
    }
}
