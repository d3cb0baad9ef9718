//! Runs every case under a counting allocator and prints what it did: `name truth frees taken freed`.
//!
//! The truth stands beside each function in `cases/`; the test compares it with what is printed here and with the
//! proof about the function's marker.

#[cfg(feature = "bump")]
mod bump;
mod cases;
mod counting;
mod data;
mod marker;

use data::Data;

#[cfg(not(feature = "bump"))]
#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

#[cfg(feature = "bump")]
#[global_allocator]
static ALLOCATOR: bump::Bump = bump::Bump;

/// What a function can do at all, in words that do not depend on how it is compiled.
#[derive(Clone, Copy, Debug)]
pub enum Truth {
    /// No path that returns takes memory.
    Free,
    /// It takes memory in this run.
    Allocates,
    /// Some path takes memory, none in this run.
    Conditional,
    /// The C library or the kernel takes memory; the counting allocator does not see it.
    Outside,
}

/// One function under test.
pub struct Case {
    pub name: &'static str,
    pub truth: Truth,
    /// Gives memory back in this run.
    pub frees: bool,
    pub run: fn(&mut Data) -> u64,
}

/// `case!(name, Truth)` or `case!(name, Truth, frees)`: wraps a function as the runtime would.
#[macro_export]
macro_rules! case {
    ($name:ident, $truth:ident) => {
        $crate::case!(@ $name, $truth, false)
    };
    ($name:ident, $truth:ident, frees) => {
        $crate::case!(@ $name, $truth, true)
    };
    (@ $name:ident, $truth:ident, $frees:literal) => {{
        struct Site;
        impl $crate::marker::Site for Site {
            const ID: u64 = $crate::marker::id(stringify!($name));
        }
        fn run(data: &mut $crate::data::Data) -> u64 {
            $crate::marker::root::<Site, u64, _>(|| $name(data))
        }
        $crate::Case { name: stringify!($name), truth: $crate::Truth::$truth, frees: $frees, run }
    }};
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for case in cases::all() {
        let mut data = std::hint::black_box(Data::new());
        let before = counting::counts();
        let result = (case.run)(&mut data);
        let after = counting::counts();
        std::hint::black_box(result);
        let (taken, freed) = (after.0 - before.0, after.1 - before.1);
        println!("{} {:?} {} {taken} {freed}", case.name, case.truth, case.frees);
    }
}
