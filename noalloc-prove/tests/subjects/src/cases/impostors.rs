//! Functions of this program under names of the C library's: what they do is what their code does.

use std::arch::global_asm;
use std::hint::black_box;

use crate::data::Data;
use crate::{Case, case};

/// The definitions. Apart from the declarations through which the cases call them, as in two crates.
mod defined {
    use super::black_box;

    fn take(n: u64) -> u64 {
        black_box(Box::new(n)).wrapping_add(1)
    }

    /// Comes back. A C library that is linked in would end the program with it.
    #[cfg(not(target_feature = "crt-static"))]
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn _exit(code: i32) -> i32 {
        black_box(code)
    }

    /// Takes memory, where the C library's only frees.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn regfree(n: u64) -> u64 {
        take(n)
    }

    /// The same under the name of an allocator's function, without that allocator.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn mi_free(n: u64) -> u64 {
        take(n)
    }

    /// Takes nothing, where the C library's reads a file.
    #[unsafe(export_name = "tzset")]
    #[inline(never)]
    extern "C" fn set_nothing(n: u64) -> u64 {
        black_box(n)
    }

    /// Takes memory, where the C library's asks the kernel.
    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn gethostname(n: u64) -> u64 {
        take(n)
    }

    /// What the loader is told to take for `sched_getcpu`.
    pub(super) extern "C" fn chosen(n: u64) -> u64 {
        take(n)
    }
}

global_asm!(
    ".globl sched_getcpu",
    ".type sched_getcpu, @gnu_indirect_function",
    "sched_getcpu:",
    "lea rax, [rip + {chosen}]",
    "ret",
    ".size sched_getcpu, . - sched_getcpu",
    chosen = sym defined::chosen,
);

#[cfg(not(target_feature = "crt-static"))]
unsafe extern "C" {
    safe fn _exit(code: i32) -> i32;
}

unsafe extern "C" {
    safe fn regfree(n: u64) -> u64;
    safe fn mi_free(n: u64) -> u64;
    safe fn tzset(n: u64) -> u64;
    safe fn gethostname(n: u64) -> u64;
    safe fn sched_getcpu(n: u64) -> u64;
}

// Allocates: behind what does not end the program.
#[cfg(not(target_feature = "crt-static"))]
fn behind_an_ending(d: &mut Data) -> u64 {
    if d.n == 4_000_000 {
        return 0;
    }
    let code = _exit(d.n as i32);
    u64::from(black_box(Box::new(code)).unsigned_abs())
}

// Allocates: in what bears the name of a function that frees.
fn in_a_free(d: &mut Data) -> u64 {
    regfree(u64::from(d.n))
}

// Allocates: in what bears the name of an allocator's `free`.
fn in_an_allocators_free(d: &mut Data) -> u64 {
    mi_free(u64::from(d.n))
}

// Free: what bears the name of a function that allocates does not.
fn in_an_allocation(d: &mut Data) -> u64 {
    tzset(u64::from(d.n))
}

// Allocates: in what bears a harmless name.
fn in_a_system_call(d: &mut Data) -> u64 {
    gethostname(u64::from(d.n))
}

// Allocates: in what the loader chooses for a harmless name.
fn in_what_is_chosen(d: &mut Data) -> u64 {
    sched_getcpu(u64::from(d.n))
}

pub fn cases() -> Vec<Case> {
    vec![
        #[cfg(not(target_feature = "crt-static"))]
        case!(behind_an_ending, Allocates, frees),
        case!(in_a_free, Allocates, frees),
        case!(in_an_allocators_free, Allocates, frees),
        case!(in_an_allocation, Free),
        case!(in_a_system_call, Allocates, frees),
        case!(in_what_is_chosen, Allocates, frees),
    ]
}
