//! A hot future: guarded while it is polled, never in between.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::__private::{Site, guarded};

/// Runs `future` as the hot function `S`: the guard is on during each of its polls, never between them.
///
/// Nothing of a guard lives in the future, so it may move to another thread between two polls, be dropped half-way
/// or take turns with others.
pub fn guarded_future<S: Site, F: Future>(future: F) -> impl Future<Output = F::Output> {
    GuardedFuture { future, site: PhantomData::<fn() -> S> }
}

struct GuardedFuture<S, F> {
    future: F,
    site: PhantomData<fn() -> S>,
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
