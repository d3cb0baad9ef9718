//! As small as a program with an allocator, a jump table, a vtable and a marker gets.
#![no_std]
#![no_main]

extern crate alloc;

mod marker;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;

#[link(name = "c")]
unsafe extern "C" {
    fn malloc(size: usize) -> *mut u8;
    fn free(block: *mut u8);
    fn abort() -> !;
}

struct Allocator;

// SAFETY: forwards to the C library.
unsafe impl GlobalAlloc for Allocator {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { malloc(layout.size()) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        unsafe { free(block) }
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe { abort() }
}

/// `alloc` was compiled for unwinding and asks for these.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    unsafe { abort() }
}

trait Step {
    fn step(&self, n: u64) -> u64;
}

struct Add(u64);
struct Store(Vec<u64>);

impl Step for Add {
    fn step(&self, n: u64) -> u64 {
        n + self.0
    }
}

impl Step for Store {
    fn step(&self, n: u64) -> u64 {
        let mut list = self.0.clone();
        list.push(n);
        black_box(list).len() as u64
    }
}

struct Site<const N: u64>;

impl<const N: u64> marker::Site for Site<N> {
    const ID: u64 = N;
}

fn table(n: u64) -> u64 {
    match n {
        0 => 3,
        1 => n.rotate_left(7),
        2 => black_box(n) * 5,
        3 => black_box(n) ^ 0x55,
        4 => black_box(Box::new(n)).wrapping_add(1),
        5 => black_box(n) - 4,
        6 => 99,
        _ => n,
    }
}

#[unsafe(no_mangle)]
extern "C" fn main(count: i32, _: *const *const u8) -> i32 {
    let count = count as u64;
    let steps: [Box<dyn Step>; 2] = [Box::new(Add(count)), Box::new(Store(Vec::new()))];
    let free = marker::root::<Site<1>, u64, _>(|| black_box(count) * 3);
    let some = marker::root::<Site<2>, u64, _>(|| table(black_box(count)));
    let any = marker::root::<Site<3>, u64, _>(|| black_box(&steps).iter().map(|step| step.step(count)).sum());
    (free + some + any) as i32
}
