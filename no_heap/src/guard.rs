//! What `#[no_heap]` puts around a body: our scope outside, `assert_no_alloc`'s guard inside, and at the centre
//! the function that the static proof looks for.

use std::mem::MaybeUninit;
use std::panic::Location;
use std::sync::atomic::AtomicU32;

use crate::record::BlockKind;
use crate::recorder;
use crate::registry::HotFn;
use crate::registry::Site;
use crate::scope::{enter, enter_hot};

/// Puts the address of a guard into a section that is not loaded, as [`root`] puts its own.
///
/// What a guard calls beside the body is the audit's work and no part of what a hot function around it promises, so
/// the proof has to tell the two apart. For that a guard is never inlined, and nothing of the user's may be inlined
/// into it or be dropped in it: what it runs is [`root`] or [`alone`], the body moves out of it, the result through.
macro_rules! mark_guard {
    ($guard:path) => {
        #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        // SAFETY: assembles to data in another section and to no instruction at all.
        unsafe {
            std::arch::asm!(
                // The section goes where the guard's goes: see `root`.
                ".pushsection .noheap.guards,\"o\",@progbits,{guard}",
                ".quad {guard}",
                ".popsection",
                guard = sym $guard,
                options(nomem, nostack, preserves_flags),
            );
        }
    };
}

/// Runs `body` as the hot function `S`.
#[inline]
pub fn guarded<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
    around(&S::hot().index, || root::<S, R, F>(body))
}

/// Runs `body` inside the guard. `body` calls [`root`] or [`alone`] and does nothing else.
#[inline(never)]
fn around<R, F: FnOnce() -> R>(index: &AtomicU32, body: F) -> R {
    mark_guard!(around::<R, F>);
    let mut scope = MaybeUninit::uninit();
    match enter_hot(&mut scope, index) {
        Some(_entered) => assert_no_alloc::assert_no_alloc(body),
        None => body(),
    }
}

/// A guard around nothing, for the harness to see what one takes.
#[cfg(feature = "bench")]
pub(crate) fn guarded_nothing() {
    static INDEX: AtomicU32 = AtomicU32::new(HotFn::UNREGISTERED);
    around(&INDEX, || alone(stay));
    stay();
}

/// Keeps the call before it from becoming a jump out of its function: the frame would be gone, and with it the
/// place of, say, a `Box` that is freed at the closing brace.
#[inline(always)]
fn stay() {
    #[cfg(not(miri))]
    // SAFETY: assembles to nothing.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

/// Runs `body` alone: the root of the static proof.
///
/// The `asm!` emits no instruction. It puts this instance's address and the function's id into a section that is
/// not loaded, so that the tool finds every hot function in the linked binary, generic ones too, whatever became
/// of its name. Taking the address also keeps LLVM from specialising the function for the arguments of one
/// caller.
///
/// Linkers drop what nothing refers to, each by rules of its own: GNU ld also data that is not loaded. Flag `o` ties the
/// marker to this function's section: it stays where that stays, and goes where that goes. Of two functions whose
/// code is the same a linker may keep one, and drops what is tied to the other, the marker with its id; the relocation
/// that does nothing (`NONE`) refers to the marker from the code, so that no two are the same.
#[inline(never)]
fn root<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    // SAFETY: assembles to data in another section and to no instruction at all.
    unsafe {
        std::arch::asm!(
            ".reloc ., BFD_RELOC_NONE, 2f",
            ".pushsection .noheap,\"o\",@progbits,{root}",
            "2: .quad {root}",
            ".quad {id}",
            ".popsection",
            root = sym root::<S, R, F>,
            id = const S::ID,
            options(nomem, nostack, preserves_flags),
        );
    }
    let result = body();
    stay();
    result
}

/// Runs `body` as a hot function that has no attribute: it is listed in the record when it is met.
#[inline]
pub(crate) fn block<R, F: FnOnce() -> R>(name: &'static str, at: &'static Location<'static>, body: F) -> R {
    let result = listed(name, at, body);
    stay();
    result
}

#[inline(never)]
fn listed<R, F: FnOnce() -> R>(name: &'static str, at: &'static Location<'static>, body: F) -> R {
    mark_guard!(listed::<R, F>);
    let index = recorder::block(BlockKind::Guard, name, at);
    let index = index.map_or(HotFn::UNREGISTERED, recorder::awake_or_asleep);
    around(&AtomicU32::new(index), || alone(body))
}

/// Runs `body` with the heap allowed, until an inner hot function forbids it again.
#[inline]
pub(crate) fn permit<R, F: FnOnce() -> R>(
    reason: &'static str,
    at: &'static Location<'static>,
    body: F,
) -> R {
    let result = permitted(reason, at, body);
    stay();
    result
}

#[inline(never)]
fn permitted<R, F: FnOnce() -> R>(reason: &'static str, at: &'static Location<'static>, body: F) -> R {
    mark_guard!(permitted::<R, F>);
    if !recorder::is_in_hot() {
        return alone(body);
    }
    let index = recorder::block(BlockKind::Permit, reason, at).unwrap_or(HotFn::UNREGISTERED);
    let mut scope = MaybeUninit::uninit();
    let _entered = enter(&mut scope, recorder::permit(index));
    alone(body)
}

/// A frame of its own, for the stack walk to end at, and for the proof to tell the body from the guard.
#[inline(never)]
fn alone<R, F: FnOnce() -> R>(body: F) -> R {
    body()
}
