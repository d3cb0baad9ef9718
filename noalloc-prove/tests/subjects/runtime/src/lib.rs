//! The runtime's guard in a hundred lines: entering it may take memory, a violation is printed, leaving it may free.
//!
//! None of that is what a hot function does that calls another one; the body in the middle is.

use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    static SCOPE: Cell<usize> = const { Cell::new(0) };
}

pub mod registry {
    /// Identifies a wrapped function.
    pub trait Site {
        const ID: u64;
    }
}

pub mod scope {
    use super::{SCOPE, black_box};

    pub struct Entered(u64);

    /// The first call of a thread opens a record.
    #[inline(never)]
    pub fn enter_hot(id: u64) -> Option<Entered> {
        if SCOPE.replace(SCOPE.get() + 1) == usize::MAX - 1 {
            black_box(Box::new(id));
        }
        black_box(id != 0).then_some(Entered(id))
    }

    impl Drop for Entered {
        #[inline(never)]
        fn drop(&mut self) {
            if SCOPE.replace(SCOPE.get() - 1) == usize::MAX {
                black_box(Box::new(self.0));
            }
        }
    }
}

pub mod guard {
    use super::registry::Site;
    use super::scope::enter_hot;
    use super::{SCOPE, black_box};

    /// Runs `body` as the hot function `S`, as the attribute expands to.
    #[inline]
    pub fn guarded<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
        black_box(around(S::ID, || root::<S, R, F>(body)))
    }

    #[inline(never)]
    fn around<R, F: FnOnce() -> R>(id: u64, body: F) -> R {
        // SAFETY: emits data into a section that is not loaded; no instruction.
        unsafe {
            core::arch::asm!(
                ".pushsection .noheap.guards,\"o\",@progbits,{f}", ".quad {f}", ".popsection",
                f = sym around::<R, F>, options(nomem, nostack, preserves_flags)
            );
        }
        match enter_hot(id) {
            Some(_entered) => {
                let before = SCOPE.get();
                let result = body();
                if SCOPE.get() > before {
                    eprintln!("Tried to (de)allocate memory in a thread that forbids allocator calls!");
                }
                result
            }
            None => body(),
        }
    }

    /// A guard as it must not be: a value of the user's dies in it.
    #[inline(never)]
    pub fn around_and_drop<S: Site, R, F: FnOnce() -> R, V>(value: V, body: F) -> R {
        // SAFETY: as above.
        unsafe {
            core::arch::asm!(
                ".pushsection .noheap.guards,\"o\",@progbits,{f}", ".quad {f}", ".popsection",
                f = sym around_and_drop::<S, R, F, V>, options(nomem, nostack, preserves_flags)
            );
        }
        let _entered = enter_hot(S::ID);
        let result = root::<S, R, F>(body);
        drop(value);
        result
    }

    #[inline(never)]
    fn root<S: Site, R, F: FnOnce() -> R>(body: F) -> R {
        // SAFETY: as above.
        unsafe {
            core::arch::asm!(
                ".reloc ., BFD_RELOC_NONE, 2f",
                ".pushsection .noheap,\"o\",@progbits,{f}", "2: .quad {f}", ".quad {id}", ".popsection",
                f = sym root::<S, R, F>, id = const S::ID, options(nomem, nostack, preserves_flags)
            );
        }
        body()
    }
}
