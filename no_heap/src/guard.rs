//! What `#[no_heap]` puts around a body: our scope outside, `assert_no_alloc`'s guard inside, and at the centre
//! the function that the static proof looks for.

use std::future::Future;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::registry::Site;
use crate::scope::enter_hot;

/// Runs `body` as the hot function `S`.
#[inline]
pub fn guarded<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
    let mut scope = MaybeUninit::uninit();
    match enter_hot(&mut scope, S::hot()) {
        Some(_entered) => assert_no_alloc::assert_no_alloc(|| root::<S, R, F>(body)),
        None => root::<S, R, F>(body),
    }
}

/// Runs `body` alone: the root of the static proof.
///
/// The `asm!` emits no instruction. It puts this instance's address and the function's id into a section that is
/// not loaded, so that the tool finds every hot function in the linked binary, generic ones too, whatever became
/// of its name. Taking the address also keeps LLVM from specialising the function for the arguments of one
/// caller.
#[inline(never)]
fn root<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
    // SAFETY: assembles to data in another section and to no instruction at all.
    unsafe {
        std::arch::asm!(
            ".pushsection .noheap,\"\",@progbits",
            ".quad {root}",
            ".quad {id}",
            ".popsection",
            root = sym root::<S, R, F>,
            id = const S::ID,
            options(nomem, nostack, preserves_flags),
        );
    }
    let result = body();
    // Keeps what the body does last from becoming a jump out of this function: the frame would be gone, and with
    // it the place of, say, a `Box` that is freed at the closing brace.
    #[cfg(not(miri))]
    // SAFETY: assembles to nothing.
    unsafe {
        std::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
    result
}

/// Runs `future` as the hot function `S`: the guard is on during each of its polls, never between them.
pub fn guarded_future<S: Site, F: Future>(future: F) -> impl Future<Output = F::Output> {
    GuardedFuture { future, site: std::marker::PhantomData::<fn() -> S> }
}

struct GuardedFuture<S, F> {
    future: F,
    site: std::marker::PhantomData<fn() -> S>,
}

impl<S: Site, F: Future> Future for GuardedFuture<S, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is pinned with the whole: it is never moved out of `self`, the struct has no `Drop`
        // of its own, and it is `Unpin` only where `F` is.
        let future = unsafe { self.map_unchecked_mut(|this| &mut this.future) };
        guarded::<S, _, _>(move || future.poll(context))
    }
}
