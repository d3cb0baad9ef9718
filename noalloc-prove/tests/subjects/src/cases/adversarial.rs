//! Where a proof could be fooled by what the compiler makes of a function.

use std::hint::black_box;

use crate::data::Data;
use crate::{Case, case};

/// Called with 3 only: the compiler may specialise it, and the branch that allocates vanishes from its own code.
#[inline(never)]
pub fn constant_only(n: u32) -> u64 {
    if n > 100 { black_box(vec![n; n as usize]).len() as u64 } else { u64::from(n) }
}

// Free: with 3 nothing is taken, in this binary.
fn constant_only_caller(_: &mut Data) -> u64 {
    constant_only(3)
}

// Conditional: the same body under the marker, with what the caller passes.
fn constant_only_marked(d: &mut Data) -> u64 {
    if d.n > 100 { black_box(vec![d.n; d.n as usize]).len() as u64 } else { u64::from(d.n) }
}

// Free, and the twin of the next one.
fn twin_one(d: &mut Data) -> u64 {
    d.numbers.iter().map(|n| u64::from(*n) * 3).sum()
}

// Free, and the twin of the one before.
fn twin_two(d: &mut Data) -> u64 {
    d.numbers.iter().map(|n| u64::from(*n) * 3).sum()
}

// Allocates, and the twin of the next one.
fn noisy_twin_one(d: &mut Data) -> u64 {
    black_box(vec![d.n; 7]).len() as u64
}

// Allocates, and the twin of the one before.
fn noisy_twin_two(d: &mut Data) -> u64 {
    black_box(vec![d.n; 7]).len() as u64
}

/// Vanishes into its callers.
#[inline(always)]
pub fn always_inlined(n: u32) -> u64 {
    black_box(vec![n; 9]).len() as u64
}

// Allocates: inlined code is this function's code.
fn inlined_allocation(d: &mut Data) -> u64 {
    always_inlined(d.n)
}

/// Both arms end in the same call, which the compiler merges: one location is lost.
#[inline(always)]
pub fn tail_merged(flag: bool, n: u32) -> u64 {
    if flag {
        let list = black_box(vec![n; 3]);
        list.len() as u64
    } else {
        let list = black_box(vec![n; 4]);
        list.len() as u64
    }
}

// Allocates: on both arms.
fn merged_tails(d: &mut Data) -> u64 {
    tail_merged(d.n > 6, d.n) + tail_merged(d.n > 9, d.n + 1)
}

#[cold]
#[inline(never)]
fn cold_path(n: u32) -> u64 {
    black_box(Box::new(n)).wrapping_add(1).into()
}

// Conditional: a cold path that is never taken here.
fn cold(d: &mut Data) -> u64 {
    if d.n == 4_000_000 { cold_path(d.n) } else { 2 }
}

// Conditional: returns normally although it looks like an error path.
fn late_return(d: &mut Data) -> u64 {
    for n in 0..d.n {
        if n == 3_000_000 {
            return black_box(d.text.clone()).len() as u64;
        }
    }
    1
}

fn quiet(n: u64) -> u64 {
    n + 1
}

fn noisy(n: u64) -> u64 {
    *black_box(Box::new(n))
}

/// Exported, as the hook of a program with plugins is: whoever looks up its name may set it.
#[unsafe(no_mangle)]
pub static mut SUBJECTS_HOOK: fn(u64) -> u64 = quiet;

#[used]
#[unsafe(link_section = "subjects_hooks")]
static mut FIRST_HOOK: fn(u64) -> u64 = quiet;
#[used]
#[unsafe(link_section = "subjects_hooks")]
static mut SECOND_HOOK: fn(u64) -> u64 = quiet;

/// Lies where only constants lie, and is written all the same.
#[cfg(feature = "unprotected")]
#[unsafe(link_section = ".data.rel.ro.hooks")]
static mut CONSTANT_HOOK: fn(u64) -> u64 = quiet;

unsafe extern "C" {
    #[link_name = "__start_subjects_hooks"]
    static mut HOOKS: u8;
    #[link_name = "__stop_subjects_hooks"]
    static mut HOOKS_END: u8;
    fn dlsym(handle: *mut u8, name: *const std::ffi::c_char) -> *mut u8;
}

/// Sets every hook to what allocates, and names none of them.
fn set_hooks() {
    // SAFETY: one thread; the hooks are functions of this type, one behind the other.
    unsafe {
        let found = dlsym(std::ptr::null_mut(), c"SUBJECTS_HOOK".as_ptr()).cast::<fn(u64) -> u64>();
        // A program that is linked with its C library exports nothing.
        let is_static = cfg!(target_feature = "crt-static");
        assert!(is_static || !found.is_null(), "the build script exports it");
        *(if is_static { &raw mut SUBJECTS_HOOK } else { found }) = noisy;
        #[cfg(feature = "unprotected")]
        {
            CONSTANT_HOOK = noisy;
        }
        let mut hook = (&raw mut HOOKS).cast::<fn(u64) -> u64>();
        while hook < black_box((&raw mut HOOKS_END).cast()) {
            *hook = noisy;
            hook = hook.add(1);
        }
    }
}

// Allocates: nothing in the program names this static and writes it, and yet it was changed.
fn exported_hook(d: &mut Data) -> u64 {
    // SAFETY: one thread.
    unsafe { SUBJECTS_HOOK(u64::from(d.n)) }
}

// Allocates: the start of its section is named, and it is the second one there.
fn second_hook_of_a_section(d: &mut Data) -> u64 {
    // SAFETY: one thread.
    unsafe { SECOND_HOOK(u64::from(d.n)) }
}

// Allocates: the static was changed, wherever it lies.
#[cfg(feature = "unprotected")]
fn hook_among_constants(d: &mut Data) -> u64 {
    // SAFETY: one thread.
    unsafe { CONSTANT_HOOK(u64::from(d.n)) }
}

type Op = fn(&mut Machine) -> u64;

/// An interpreter whose operations jump to one another.
struct Machine {
    code: std::slice::Iter<'static, u8>,
    sum: u64,
}

#[rustfmt::skip]
static OPS: [Op; 16] = [
    op::<0>, op::<1>, op::<2>, op::<3>, op::<4>, op::<5>, op::<6>, op::<7>,
    op::<8>, op::<9>, op::<10>, op::<11>, op::<12>, op::<13>, op::<14>, op::<15>,
];

#[inline(never)]
fn op<const N: u64>(machine: &mut Machine) -> u64 {
    machine.sum = machine.sum.wrapping_mul(N * 2 + 3) ^ if N == 13 { *black_box(Box::new(N)) } else { N };
    match machine.code.next() {
        Some(next) => OPS[usize::from(*next) % 16](machine),
        None => machine.sum,
    }
}

// Allocates: the table that an operation jumps through begins with that operation, as one of its own labels would.
fn threaded_code(_: &mut Data) -> u64 {
    op::<0>(&mut Machine { code: black_box(&[1, 0, 13]).iter(), sum: 1 })
}

static mut LONE_HOOK: fn(u64) -> u64 = quiet;

/// Writes what stands before a pointer.
#[inline(never)]
fn set_before(end: *mut fn(u64) -> u64) {
    // SAFETY: the callers pass the end of an array of such functions.
    unsafe { *end.sub(1) = noisy }
}

// Allocates: only the end of what holds the function is ever named, and written from there.
fn written_from_its_end(d: &mut Data) -> u64 {
    let mut hooks: [fn(u64) -> u64; 1] = [quiet];
    let range = hooks.as_mut_ptr_range();
    set_before(range.end);
    // SAFETY: it points to the only element.
    unsafe { (*range.start)(u64::from(d.n)) }
}

// Allocates: only the address of the second element leaves the function, and the first one is written from there.
fn written_from_its_middle(d: &mut Data) -> u64 {
    let mut hooks: [fn(u64) -> u64; 2] = [quiet; 2];
    let first = hooks.as_mut_ptr();
    // SAFETY: both are elements of the array.
    unsafe {
        set_before(first.add(1));
        (*first)(u64::from(d.n))
    }
}

// Allocates: the same with a static.
fn static_written_from_its_end(d: &mut Data) -> u64 {
    // SAFETY: one thread.
    unsafe { LONE_HOOK(u64::from(d.n)) }
}

pub fn cases() -> Vec<Case> {
    set_hooks();
    set_before((&raw mut LONE_HOOK).wrapping_add(1));
    vec![
        #[cfg(feature = "unprotected")]
        case!(hook_among_constants, Allocates, frees),
        case!(threaded_code, Allocates, frees),
        case!(written_from_its_end, Allocates, frees),
        case!(written_from_its_middle, Allocates, frees),
        case!(static_written_from_its_end, Allocates, frees),
        case!(exported_hook, Allocates, frees),
        case!(second_hook_of_a_section, Allocates, frees),
        case!(constant_only_caller, Free),
        case!(constant_only_marked, Conditional),
        case!(twin_one, Free),
        case!(twin_two, Free),
        case!(noisy_twin_one, Allocates, frees),
        case!(noisy_twin_two, Allocates, frees),
        case!(inlined_allocation, Allocates, frees),
        case!(merged_tails, Allocates, frees),
        case!(cold, Conditional),
        case!(late_return, Conditional),
    ]
}
