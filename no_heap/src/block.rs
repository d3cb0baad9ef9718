//! `guard` and `permit`: what the attribute is for a function, for a block of code.

/// Promises that `body` stays off the heap: what `#[no_heap]` is for a function, for a block.
///
/// `name` is how reports call it. In a plain build this is just the call of `body`.
///
/// ```
/// let mut out = [0.0; 4];
/// no_heap::guard("mix", || {
///     for (i, out) in out.iter_mut().enumerate() {
///         *out = 0.5 * i as f32;
///     }
/// });
/// assert_eq!(out[2], 1.0);
/// ```
///
/// It returns what `body` returns. A `return` or a `?` inside leaves the block, not the function around it.
#[inline(always)]
#[cfg_attr(any(noalloc_audit, feature = "enforce"), track_caller)]
pub fn guard<R>(name: &'static str, body: impl FnOnce() -> R) -> R {
    #[cfg(noalloc_audit)]
    return crate::guard::block(name, std::panic::Location::caller(), body);
    #[cfg(all(feature = "enforce", not(noalloc_audit)))]
    return crate::enforce::block(name, body);
    #[cfg(not(any(noalloc_audit, feature = "enforce")))]
    {
        let _ = name;
        body()
    }
}

/// Lets `body` use the heap inside a hot function, for a reason that the report repeats.
///
/// ```
/// use no_heap::no_heap;
///
/// #[no_heap]
/// fn step(samples: &mut [f32]) {
///     if samples.iter().any(|sample| sample.is_nan()) {
///         no_heap::permit("a broken stream is logged once", || eprintln!("NaN in {samples:?}"));
///         samples.fill(0.0);
///     }
/// }
/// # step(&mut [1.0]);
/// ```
///
/// A hot function that is called inside forbids the heap again, for itself. A permit that no run needed is reported
/// as stale. Outside of hot functions, and in a plain build, this is just the call of `body`.
#[inline(always)]
#[cfg_attr(noalloc_audit, track_caller)]
pub fn permit<R>(reason: &'static str, body: impl FnOnce() -> R) -> R {
    #[cfg(noalloc_audit)]
    return crate::guard::permit(reason, std::panic::Location::caller(), body);
    #[cfg(not(noalloc_audit))]
    {
        let _ = reason;
        #[cfg(feature = "enforce")]
        return crate::enforce::permit(body);
        #[cfg(not(feature = "enforce"))]
        body()
    }
}
