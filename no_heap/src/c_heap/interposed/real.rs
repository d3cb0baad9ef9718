//! The C library's allocator, or whichever comes next in the loader's search order.
//!
//! The addresses stand in a section of their own, where the static proof finds them: in the order of the fields, each is
//! the function of that name.

use std::ffi::{CStr, c_int, c_void};
use std::mem;
use std::sync::atomic::{AtomicPtr, Ordering};

type Malloc = unsafe extern "C" fn(usize) -> *mut c_void;
type Calloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void);
type PosixMemalign = unsafe extern "C" fn(*mut *mut c_void, usize, usize) -> c_int;
type AlignedAlloc = unsafe extern "C" fn(usize, usize) -> *mut c_void;

/// Each field holds the address of a function of its own type, never null.
#[repr(C)]
pub(super) struct Functions {
    pub(super) malloc: AtomicPtr<c_void>,
    pub(super) calloc: AtomicPtr<c_void>,
    pub(super) realloc: AtomicPtr<c_void>,
    pub(super) free: AtomicPtr<c_void>,
    pub(super) posix_memalign: AtomicPtr<c_void>,
    pub(super) aligned_alloc: AtomicPtr<c_void>,
    pub(super) memalign: AtomicPtr<c_void>,
    pub(super) valloc: AtomicPtr<c_void>,
    pub(super) pvalloc: AtomicPtr<c_void>,
}

/// Until the first call of any, each looks all of them up.
#[unsafe(link_section = ".noheap.real")]
pub(super) static REAL: Functions = Functions {
    malloc: AtomicPtr::new(first::malloc as *mut c_void),
    calloc: AtomicPtr::new(first::calloc as *mut c_void),
    realloc: AtomicPtr::new(first::realloc as *mut c_void),
    free: AtomicPtr::new(first::free as *mut c_void),
    posix_memalign: AtomicPtr::new(first::posix_memalign as *mut c_void),
    aligned_alloc: AtomicPtr::new(first::aligned_alloc as *mut c_void),
    memalign: AtomicPtr::new(first::memalign as *mut c_void),
    valloc: AtomicPtr::new(first::valloc as *mut c_void),
    pvalloc: AtomicPtr::new(first::pvalloc as *mut c_void),
};

/// Defines the call of one function, and the one that looks all of them up first.
macro_rules! functions {
    ($($name:ident: $type:ty = fn($($arg:ident: $of:ty),*) $(-> $result:ty)?;)*) => {
        $(
            #[doc = concat!("Calls the `", stringify!($name), "` that this program would have without ours.")]
            ///
            /// # Safety
            ///
            /// As for the function of that name.
            #[inline(always)]
            pub(super) unsafe fn $name($($arg: $of),*) $(-> $result)? {
                let function = REAL.$name.load(Ordering::Relaxed);
                // SAFETY: the field holds the address of a function of this type; the caller keeps its contract.
                unsafe { mem::transmute::<*mut c_void, $type>(function)($($arg),*) }
            }
        )*

        mod first {
            use super::{c_int, c_void};
            $(
                #[cold]
                pub(super) unsafe extern "C" fn $name($($arg: $of),*) $(-> $result)? {
                    super::look_up();
                    // SAFETY: the caller keeps the contract of the function of this name.
                    unsafe { super::$name($($arg),*) }
                }
            )*
        }
    };
}

functions! {
    malloc: Malloc = fn(size: usize) -> *mut c_void;
    calloc: Calloc = fn(count: usize, size: usize) -> *mut c_void;
    realloc: Realloc = fn(block: *mut c_void, size: usize) -> *mut c_void;
    free: Free = fn(block: *mut c_void);
    posix_memalign: PosixMemalign = fn(place: *mut *mut c_void, align: usize, size: usize) -> c_int;
    aligned_alloc: AlignedAlloc = fn(align: usize, size: usize) -> *mut c_void;
    memalign: AlignedAlloc = fn(align: usize, size: usize) -> *mut c_void;
    valloc: Malloc = fn(size: usize) -> *mut c_void;
    pvalloc: Malloc = fn(size: usize) -> *mut c_void;
}

/// Finds every function in the libraries behind the program.
///
/// It may run more than once, on several threads at a time: all find the same. An older C library asks for memory while it
/// looks a name up, and is answered by the fallbacks, which are its own.
#[cold]
fn look_up() {
    for (field, _, fallback) in list() {
        field.store(fallback, Ordering::Relaxed);
    }
    for (field, name, _) in list() {
        // SAFETY: the name ends with a nul; the call has no other condition.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        if !found.is_null() {
            field.store(found, Ordering::Relaxed);
        }
    }
}

/// Each field with the name of its function, and what stands for that where there is none.
fn list() -> [(&'static AtomicPtr<c_void>, &'static CStr, *mut c_void); 9] {
    [
        (&REAL.malloc, c"malloc", fallback::malloc as *mut c_void),
        (&REAL.calloc, c"calloc", fallback::calloc as *mut c_void),
        (&REAL.realloc, c"realloc", fallback::realloc as *mut c_void),
        (&REAL.free, c"free", fallback::free as *mut c_void),
        (&REAL.posix_memalign, c"posix_memalign", fallback::posix_memalign as *mut c_void),
        (&REAL.aligned_alloc, c"aligned_alloc", fallback::aligned_alloc as *mut c_void),
        (&REAL.memalign, c"memalign", fallback::aligned_alloc as *mut c_void),
        (&REAL.valloc, c"valloc", fallback::page_aligned as *mut c_void),
        (&REAL.pvalloc, c"pvalloc", fallback::page_aligned as *mut c_void),
    ]
}

/// What a C library itself calls them.
#[cfg(target_env = "gnu")]
mod fallback {
    use super::{c_int, c_void};

    unsafe extern "C" {
        #[link_name = "__libc_malloc"]
        pub(super) fn malloc(size: usize) -> *mut c_void;
        #[link_name = "__libc_calloc"]
        pub(super) fn calloc(count: usize, size: usize) -> *mut c_void;
        #[link_name = "__libc_realloc"]
        pub(super) fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
        #[link_name = "__libc_free"]
        pub(super) fn free(block: *mut c_void);
        #[link_name = "__libc_memalign"]
        pub(super) fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    }

    pub(super) unsafe extern "C" fn posix_memalign(
        place: *mut *mut c_void,
        align: usize,
        size: usize,
    ) -> c_int {
        // SAFETY: any alignment and size may be asked for; `place` is the caller's to write to.
        unsafe {
            let block = aligned_alloc(align, size);
            if block.is_null() {
                return libc::ENOMEM;
            }
            *place = block;
            0
        }
    }

    pub(super) unsafe extern "C" fn page_aligned(size: usize) -> *mut c_void {
        // SAFETY: as above.
        unsafe { aligned_alloc(4096, size) }
    }
}

/// Other C libraries take no memory while a name is looked up, and have no other names for these: there is none.
#[cfg(not(target_env = "gnu"))]
mod fallback {
    use super::{c_int, c_void};
    use std::ptr::null_mut;

    pub(super) unsafe extern "C" fn malloc(_: usize) -> *mut c_void {
        null_mut()
    }
    pub(super) unsafe extern "C" fn calloc(_: usize, _: usize) -> *mut c_void {
        null_mut()
    }
    pub(super) unsafe extern "C" fn realloc(_: *mut c_void, _: usize) -> *mut c_void {
        null_mut()
    }
    pub(super) unsafe extern "C" fn free(_: *mut c_void) {}
    pub(super) unsafe extern "C" fn posix_memalign(_: *mut *mut c_void, _: usize, _: usize) -> c_int {
        libc::ENOMEM
    }
    pub(super) unsafe extern "C" fn aligned_alloc(_: usize, _: usize) -> *mut c_void {
        null_mut()
    }
    pub(super) unsafe extern "C" fn page_aligned(_: usize) -> *mut c_void {
        null_mut()
    }
}
