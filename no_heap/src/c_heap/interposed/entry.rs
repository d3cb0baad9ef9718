//! The definitions that C's callers are bound to.
//!
//! Each has two names: C's own, which is weak, and `no_heap_…`, by which the static proof knows it. Outside of hot functions
//! it jumps to the C library's function, otherwise to the function of that name in here, whose first return address is then
//! the caller's.
//!
//! The C library's other functions of this kind (`reallocarray`, `strdup`, C++'s `operator new`) end in these.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::real;
use crate::recorder::{self, Op};
use crate::scope::this_thread;
use crate::stack::frame;

/// Whether a scope is entered, for the definitions: where [`crate::scope::ThreadState::scope`] is, relative to the thread
/// pointer. That is the same on all threads when this crate is part of the executable.
///
/// 0 until it is known, and where it is not: there the thread's own block begins with a word that is never 0, and each call
/// takes the way that asks.
static SCOPE_OFFSET: AtomicUsize = AtomicUsize::new(0);

/// PERF: what C's callers pay outside of hot functions is two loads, a branch that is not taken and a jump.
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    () => {
        "mov rax, qword ptr [rip + {offset}]
         cmp qword ptr fs:[rax], 0
         jne {function}
         jmp qword ptr [rip + {real} + {field}]"
    };
}

/// Not measured here: each call asks.
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    () => {
        "b {function} // {offset} {real} {field}"
    };
}

/// Defines `$name` as a jump to the function of that name in this module.
macro_rules! define {
    ($($name:literal => $function:ident;)*) => { $(
        std::arch::global_asm!(
            concat!(".pushsection .text.no_heap_", $name, ",\"ax\",@progbits"),
            ".p2align 6",
            concat!(".weak ", $name),
            concat!(".type ", $name, ",@function"),
            concat!(".globl no_heap_", $name),
            concat!(".hidden no_heap_", $name),
            concat!(".type no_heap_", $name, ",@function"),
            concat!($name, ":"),
            concat!("no_heap_", $name, ":"),
            jump!(),
            concat!(".size ", $name, ", . - ", $name),
            concat!(".size no_heap_", $name, ", . - no_heap_", $name),
            ".popsection",
            function = sym $function,
            offset = sym SCOPE_OFFSET,
            real = sym real::REAL,
            field = const std::mem::offset_of!(real::Functions, $function),
        );
    )* };
}

define! {
    "malloc" => malloc;
    "calloc" => calloc;
    "realloc" => realloc;
    "free" => free;
    "posix_memalign" => posix_memalign;
    "aligned_alloc" => aligned_alloc;
    "memalign" => memalign;
}

// Only this C library has these.
#[cfg(target_env = "gnu")]
define! {
    "valloc" => valloc;
    "pvalloc" => pvalloc;
}

/// What each is called in the record.
#[expect(non_upper_case_globals, reason = "the names are those of the C library's functions")]
mod number {
    use crate::record::C_FUNCTIONS;

    /// The place of a name in the list.
    const fn of(name: &str) -> u8 {
        let mut number = 0;
        while !is_same(C_FUNCTIONS[number].as_bytes(), name.as_bytes()) {
            number += 1;
        }
        number as u8
    }

    const fn is_same(one: &[u8], other: &[u8]) -> bool {
        let mut at = 0;
        while at < one.len() && at < other.len() && one[at] == other[at] {
            at += 1;
        }
        at == one.len() && at == other.len()
    }

    pub(super) const malloc: u8 = of("malloc");
    pub(super) const calloc: u8 = of("calloc");
    pub(super) const realloc: u8 = of("realloc");
    pub(super) const free: u8 = of("free");
    pub(super) const posix_memalign: u8 = of("posix_memalign");
    pub(super) const aligned_alloc: u8 = of("aligned_alloc");
    pub(super) const memalign: u8 = of("memalign");
    pub(super) const valloc: u8 = of("valloc");
    pub(super) const pvalloc: u8 = of("pvalloc");
}

/// The functions that the probe calls, a bit for each.
pub(super) const PROBED: u16 = 1 << number::malloc
    | 1 << number::calloc
    | 1 << number::realloc
    | 1 << number::free
    | 1 << number::posix_memalign;

/// Has this module linked: nothing else in the program names the definitions before the C library's are found.
#[inline(never)]
pub(super) fn link() {
    std::hint::black_box(malloc as *const c_void);
}

/// Lets the definitions see by themselves whether a scope is entered.
#[cfg(target_arch = "x86_64")]
pub(crate) fn find_scope() {
    if crate::stack::is_in_program(malloc as *const c_void) {
        let scope = ptr::from_ref(&this_thread().scope).addr();
        let thread_pointer: usize;
        // SAFETY: the first word of the thread's block is its own address, by the ABI; reading it changes nothing.
        unsafe {
            std::arch::asm!("mov {}, fs:[0]", out(reg) thread_pointer, options(nostack, preserves_flags, readonly));
        }
        SCOPE_OFFSET.store(scope.wrapping_sub(thread_pointer), Ordering::Relaxed);
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn find_scope() {}

/// Takes a block: by `call`, of `size` bytes.
///
/// NOTE: expanded in a function of its own each, never inlined, which keeps a frame pointer: stacks start at its frame.
macro_rules! recorded {
    ($name:ident($($arg:ident: $of:ty),*), $size:expr) => {{
        #[cold]
        #[inline(never)]
        unsafe fn recorded($($arg: $of),*) -> *mut c_void {
            let size: usize = $size;
            // SAFETY: the caller keeps the contract of the function that it has called.
            let block = forwarded(|| unsafe { real::$name($($arg),*) });
            recorder::record_c(number::$name, Op::Alloc, [block.cast(); 2], size, frame!());
            block
        }
        // SAFETY: as above.
        unsafe { recorded($($arg),*) }
    }};
}

/// The call of the C library's function, which may lead through others of these: one call is one event. While the harness
/// measures what allocating costs, it is timed.
#[inline(always)]
fn forwarded<R>(call: impl FnOnce() -> R) -> R {
    #[cfg(feature = "bench")]
    if crate::stopwatch::runs() {
        return recorder::quietly(|| crate::stopwatch::time(call));
    }
    recorder::quietly(call)
}

unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(malloc(size: usize), size);
    }
    // SAFETY: the caller keeps the contract of the function that it has called; so it is below.
    unsafe { real::malloc(size) }
}

unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(calloc(count: usize, size: usize), count.saturating_mul(size));
    }
    // SAFETY: as above.
    unsafe { real::calloc(count, size) }
}

unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(aligned_alloc(align: usize, size: usize), size);
    }
    // SAFETY: as above.
    unsafe { real::aligned_alloc(align, size) }
}

unsafe extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(memalign(align: usize, size: usize), size);
    }
    // SAFETY: as above.
    unsafe { real::memalign(align, size) }
}

#[cfg(target_env = "gnu")]
unsafe extern "C" fn valloc(size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(valloc(size: usize), size);
    }
    // SAFETY: as above.
    unsafe { real::valloc(size) }
}

#[cfg(target_env = "gnu")]
unsafe extern "C" fn pvalloc(size: usize) -> *mut c_void {
    if recorder::active() {
        return recorded!(pvalloc(size: usize), size);
    }
    // SAFETY: as above.
    unsafe { real::pvalloc(size) }
}

unsafe extern "C" fn posix_memalign(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    if recorder::active() {
        // SAFETY: as above.
        return unsafe { posix_memalign_recorded(place, align, size) };
    }
    // SAFETY: as above.
    unsafe { real::posix_memalign(place, align, size) }
}

#[cold]
#[inline(never)]
unsafe fn posix_memalign_recorded(place: *mut *mut c_void, align: usize, size: usize) -> c_int {
    // SAFETY: the caller keeps the contract of the function that it has called; where that returns 0, it has written the
    // block to `place`.
    let (result, block) = unsafe {
        let result = forwarded(|| real::posix_memalign(place, align, size));
        (result, if result == 0 { *place } else { ptr::null_mut() })
    };
    recorder::record_c(number::posix_memalign, Op::Alloc, [block.cast(); 2], size, frame!());
    result
}

unsafe extern "C" fn realloc(block: *mut c_void, size: usize) -> *mut c_void {
    if recorder::active() {
        // SAFETY: as above.
        return unsafe { realloc_recorded(block, size) };
    }
    // SAFETY: as above.
    unsafe { real::realloc(block, size) }
}

/// One of nothing is an allocation; one to no size frees in some C libraries, and then there is no block afterwards.
#[cold]
#[inline(never)]
unsafe fn realloc_recorded(before: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: `before` is null or a block of the caller's.
    let freed = if size == 0 { unsafe { usable_size(before) } } else { 0 };
    // SAFETY: as for `malloc`.
    let block = forwarded(|| unsafe { real::realloc(before, size) });
    let frame = frame!();
    if before.is_null() {
        recorder::record_c(number::realloc, Op::Alloc, [block.cast(); 2], size, frame);
    } else if size == 0 && block.is_null() {
        recorder::record_c(number::realloc, Op::Free, [before.cast(); 2], freed, frame);
    } else {
        recorder::record_c(number::realloc, Op::Realloc, [before.cast(), block.cast()], size, frame);
    }
    block
}

unsafe extern "C" fn free(block: *mut c_void) {
    if recorder::active() && !block.is_null() {
        // SAFETY: as above.
        return unsafe { free_recorded(block) };
    }
    // SAFETY: as above.
    unsafe { real::free(block) }
}

#[cold]
#[inline(never)]
unsafe fn free_recorded(block: *mut c_void) {
    // SAFETY: the caller gives the block back, and has it until then.
    let size = unsafe { usable_size(block) };
    recorder::record_c(number::free, Op::Free, [block.cast(); 2], size, frame!());
    // SAFETY: as above.
    forwarded(|| unsafe { real::free(block) });
}

/// Bytes of a block; of what was requested the C library keeps no note.
///
/// # Safety
///
/// `block` is null or a block that is not freed.
unsafe fn usable_size(block: *mut c_void) -> usize {
    // SAFETY: the caller's word; null has no bytes.
    unsafe { libc::malloc_usable_size(block) }
}
