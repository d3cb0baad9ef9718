//! The allocator that sees every request: forwards, and in an audit build tells the recorder.
//!
//! It must not allocate, lock or format. All four methods are forwarded, so an inner allocator's own `realloc`
//! and `alloc_zeroed` stay what they are.

use std::alloc::{GlobalAlloc, Layout, System};
#[cfg(noalloc_audit)]
use std::any::TypeId;

#[cfg(noalloc_audit)]
use crate::c_heap::Direct;
#[cfg(noalloc_audit)]
use crate::recorder;

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

#[cfg(noalloc_audit)]
noalloc_macros::audits_allocator! {
    /// The audit's allocator, unless the program brings its own and wraps it in [`Allocator`].
    ///
    /// PERF: in one module with the methods, so that both are compiled in one unit, however the crate grows: only there does
    /// the compiler see which arguments nobody asks for, and need not keep them.
    #[global_allocator]
    static RECORDER: Allocator<Direct> = Allocator::new(Direct);
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
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Allocator<A> {
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

// SAFETY: every method hands its arguments unchanged to the inner allocator and returns what that returned, so
// the contract holds because the inner one keeps it. The recorder is told addresses and sizes only; it does not
// touch the block, and it neither allocates through this allocator nor unwinds.
//
// PERF: these go into the functions that the compiler makes of a global allocator. What the whole program pays is
// one comparison and a branch that is not taken; nothing is saved around the inner call, which comes last.
#[cfg(noalloc_audit)]
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Allocator<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if recorder::active() {
            // SAFETY: the caller keeps the contract of `alloc`.
            return unsafe { self.alloc_recorded(layout) };
        }
        // SAFETY: the caller keeps the contract of `alloc`, which is the inner one's.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if recorder::active() {
            // SAFETY: as above.
            return unsafe { self.alloc_zeroed_recorded(layout) };
        }
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if recorder::active() {
            // SAFETY: as above.
            return unsafe { self.realloc_recorded(ptr, layout, new_size) };
        }
        // SAFETY: as above; `ptr` came from the inner allocator, because every block does.
        unsafe { self.0.realloc(ptr, layout, new_size) }
    }

    #[inline]
    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        if recorder::active() {
            // SAFETY: as above.
            return unsafe { self.dealloc_recorded(ptr, layout) };
        }
        // SAFETY: as above.
        unsafe { self.0.dealloc(ptr, layout) }
    }
}

/// The call of the inner allocator. One that asks the C library's is not counted a second time for that.
#[cfg(noalloc_audit)]
macro_rules! inner_call {
    ($inner:ident.$method:ident($($arg:ident),*)) => {
        if is_direct::<A>() {
            // SAFETY: the caller keeps the contract of the method, which is the inner allocator's.
            unsafe { $inner.$method($($arg),*) }
        } else {
            // SAFETY: as above.
            recorder::quietly(|| unsafe { $inner.$method($($arg),*) })
        }
    };
}

/// While the harness measures what allocating costs, the call of the inner allocator is timed and not recorded.
///
/// PERF: in a function of its own, so that the method has nothing to keep for it.
#[cfg(noalloc_audit)]
macro_rules! timed {
    ($this:ident.$method:ident($($arg:ident: $type:ty),*) -> $result:ty) => {
        #[cfg(feature = "bench")]
        if crate::stopwatch::runs() {
            #[cold]
            #[inline(never)]
            unsafe fn timed<A: GlobalAlloc + 'static>(inner: &A, $($arg: $type),*) -> $result {
                // SAFETY: the caller keeps the contract of the inner allocator's method.
                crate::stopwatch::time(|| inner_call!(inner.$method($($arg),*)))
            }
            // SAFETY: the caller keeps the contract of the method, which is the inner one's.
            return unsafe { timed(&$this.0, $($arg),*) };
        }
    };
}

/// Whether an allocator is the one that this crate installs, beneath which nothing is counted.
///
/// PERF: known when it is compiled.
#[cfg(noalloc_audit)]
#[inline(always)]
fn is_direct<A: 'static>() -> bool {
    TypeId::of::<A>() == TypeId::of::<Direct>()
}

/// The same four inside a hot function.
///
/// NOTE: never inlined. The static proof recognises these symbols, wherever the methods above went; an allocator
/// that dissolved in its callers would blind it. And the frame pointer that the stack walk starts from must be the
/// one of a function of ours, so that the first return address is the one of the call that allocates.
///
/// PERF: cold, so that the way past them is the straight one.
#[cfg(noalloc_audit)]
impl<A: GlobalAlloc + 'static> Allocator<A> {
    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc`].
    #[cold]
    #[inline(never)]
    unsafe fn alloc_recorded(&self, layout: Layout) -> *mut u8 {
        timed!(self.alloc(layout: Layout) -> *mut u8);
        let inner = &self.0;
        let block = inner_call!(inner.alloc(layout));
        recorder::record_alloc(block, layout.size())
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::alloc_zeroed`].
    #[cold]
    #[inline(never)]
    unsafe fn alloc_zeroed_recorded(&self, layout: Layout) -> *mut u8 {
        timed!(self.alloc_zeroed(layout: Layout) -> *mut u8);
        let inner = &self.0;
        let block = inner_call!(inner.alloc_zeroed(layout));
        recorder::record_alloc(block, layout.size())
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    #[inline(never)]
    unsafe fn realloc_recorded(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        timed!(self.realloc(ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8);
        let inner = &self.0;
        let block = inner_call!(inner.realloc(ptr, layout, new_size));
        recorder::record_realloc(ptr, block, new_size)
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::dealloc`].
    #[cold]
    #[inline(never)]
    unsafe fn dealloc_recorded(&self, ptr: *mut u8, layout: Layout) {
        let inner = &self.0;
        // PERF: asked first, for none is while the stopwatch runs.
        if recorder::record_repeated_free(ptr, layout.size()) {
            return inner_call!(inner.dealloc(ptr, layout));
        }
        timed!(self.dealloc(ptr: *mut u8, layout: Layout) -> ());
        let ptr = recorder::record_free(ptr, layout.size());
        inner_call!(inner.dealloc(ptr, layout));
    }
}
