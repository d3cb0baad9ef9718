//! The frames of this thread's stack by the unwind tables: slow, but it sees through code without frame pointers.
//!
//! The unwinder is the one that every Rust program is linked with, because panics need it. The `backtrace` crate asks the
//! same one, but would bring its readers of debug information into every audit build, and nothing is named here.

use std::ffi::{c_int, c_void};

/// `_URC_NO_REASON`: go on with the next frame.
const GO_ON: c_int = 0;
/// `_URC_NORMAL_STOP`: the walk is over.
const STOP: c_int = 4;

/// What the unwinder knows of one frame; only ever behind a pointer.
#[repr(C)]
struct Context {
    _opaque: [u8; 0],
}

type Step = unsafe extern "C" fn(context: *mut Context, visit: *mut c_void) -> c_int;

unsafe extern "C" {
    fn _Unwind_Backtrace(step: Step, visit: *mut c_void) -> c_int;
    fn _Unwind_GetIP(context: *mut Context) -> usize;
    fn _Unwind_GetCFA(context: *mut Context) -> usize;
}

/// Calls `visit` for each frame, innermost first, until it returns `false`: with the address at which the frame goes on
/// (a return address, but for the innermost) and the stack pointer at its call.
///
/// `visit` must not unwind: it is called through C.
pub(crate) fn frames<V: FnMut(usize, usize) -> bool>(mut visit: V) {
    unsafe extern "C" fn step<V: FnMut(usize, usize) -> bool>(
        context: *mut Context,
        visit: *mut c_void,
    ) -> c_int {
        // SAFETY: `visit` is the pointer that `frames` hands to the unwinder, to a `V` that nobody else uses meanwhile;
        // the context is valid during this call, and both getters only read it.
        let (visit, ip, cfa) =
            unsafe { (&mut *visit.cast::<V>(), _Unwind_GetIP(context), _Unwind_GetCFA(context)) };
        if visit(ip, cfa) { GO_ON } else { STOP }
    }
    // SAFETY: the unwinder calls `step` on this thread with the pointer given here, which lives through the call, and keeps
    // neither. It is thread-safe.
    unsafe { _Unwind_Backtrace(step::<V>, (&raw mut visit).cast()) };
}
