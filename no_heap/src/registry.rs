//! The hot functions and benchmarks of this program: one linker-collected slice each, no code before `main`.

#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
use std::sync::atomic::AtomicU32;

#[cfg(any(noalloc_audit, feature = "bench"))]
use linkme::distributed_slice;

/// Every function with `#[no_heap]` that was linked.
#[cfg(noalloc_audit)]
#[distributed_slice]
pub static HOT_FUNCTIONS: [HotFn];

/// Every function with `#[no_heap::bench]` that was linked.
#[cfg(feature = "bench")]
#[distributed_slice]
pub static BENCHMARKS: [Benchmark];

/// Where the linker puts the descriptors of all hot functions: an array of [`HotFn`].
#[cfg(feature = "read-record")]
pub const HOT_FUNCTIONS_SECTION: &str = "linkme_HOT_FUNCTIONS";

/// One hot function as its attribute describes it.
///
/// The tool reads these from the linked binary, too, without running it: their layout is C's.
#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
#[derive(Debug)]
#[repr(C)]
pub struct HotFn {
    /// The same number stands in the binary's marker section, see [`site_id`].
    pub id: u64,
    /// The path of the item inside the function, `app::Filter::process::__NoHeapSite`.
    pub path: fn() -> &'static str,
    /// What its author called it: another macro may have moved the body into a function of its own.
    pub written: &'static str,
    /// As `file!()` gives it: relative to the workspace, or absolute.
    pub file: &'static str,
    /// Line of the name that its author wrote, from 1.
    pub line: u32,
    /// Column of that name in characters, from 1.
    pub column: u32,
    /// What the attribute's options allow.
    pub promise: Promise,
    /// Position in the record file, with or without [`HotFn::ASLEEP`]; [`HotFn::UNREGISTERED`] until the record is open.
    pub index: AtomicU32,
}

#[cfg(any(noalloc_audit, feature = "enforce"))]
impl HotFn {
    /// The index of a function that the record does not know: one in a library loaded after the start.
    pub const UNREGISTERED: u32 = u32::MAX;

    /// Bit of an index: its guard has to ask what is recorded at all. No record has so many functions.
    #[cfg(noalloc_audit)]
    pub(crate) const ASLEEP: u32 = 1 << 31;
}

/// The options of `#[no_heap(…)]`.
#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Promise {
    /// Allocations allowed in each call.
    pub allocs: u64,
    /// Requested bytes allowed in each call.
    pub bytes: u64,
    /// This many first calls may use the heap freely.
    pub warmup: u64,
    /// Frees are fine.
    pub allow_free: bool,
    /// A clean run is not enough: the static proof must hold.
    pub prove: bool,
}

/// Ties a guard to its descriptor, as a type: each hot function has one of its own.
#[cfg(any(noalloc_audit, feature = "enforce"))]
pub trait Site {
    /// See [`HotFn::id`].
    const ID: u64;
    /// The descriptor.
    fn hot() -> &'static HotFn;
}

/// Identifies a hot function across builds of the same source: FNV-1a over its module, name and place.
#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
pub const fn site_id(name: &str, file: &str, line: u32, column: u32) -> u64 {
    const fn mix(mut hash: u64, bytes: &[u8]) -> u64 {
        let mut i = 0;
        while i < bytes.len() {
            hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            i += 1;
        }
        hash
    }
    let hash = mix(0xcbf2_9ce4_8422_2325, name.as_bytes());
    let hash = mix(hash, file.as_bytes());
    let hash = mix(hash, &line.to_le_bytes());
    mix(hash, &column.to_le_bytes())
}

/// Declares the descriptor of one hot function and the type that leads to it.
#[cfg(any(noalloc_audit, feature = "enforce"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __hot_function {
    ($site:ident, $name:literal, $written:literal, $line:literal, $column:literal, { $($promise:tt)* }) => {
        enum $site {}
        impl $crate::__private::Site for $site {
            const ID: u64 = $crate::__private::site_id(
                ::core::concat!(::core::module_path!(), "::", $name), ::core::file!(), $line, $column,
            );
            fn hot() -> &'static $crate::__private::HotFn {
                $crate::__private::listed! { static HOT: $crate::__private::HotFn = $crate::__private::HotFn {
                    id: <$site as $crate::__private::Site>::ID,
                    path: || ::core::any::type_name::<$site>(),
                    written: $written,
                    file: ::core::file!(),
                    line: $line,
                    column: $column,
                    promise: $crate::__private::Promise { $($promise)* },
                    index: ::core::sync::atomic::AtomicU32::new($crate::__private::HotFn::UNREGISTERED),
                }; }
                &HOT
            }
        }
    };
}
#[cfg(any(noalloc_audit, feature = "enforce"))]
pub use __hot_function as hot_function;

/// Puts a descriptor on the program's list.
#[cfg(noalloc_audit)]
#[doc(hidden)]
#[macro_export]
macro_rules! __listed {
    ($($descriptor:tt)*) => {
        #[$crate::__private::linkme::distributed_slice($crate::__private::HOT_FUNCTIONS)]
        #[linkme(crate = $crate::__private::linkme)]
        $($descriptor)*
    };
}
/// Without an audit nobody reads the list.
#[cfg(all(feature = "enforce", not(noalloc_audit)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __listed {
    ($($descriptor:tt)*) => {
        $($descriptor)*
    };
}
#[cfg(any(noalloc_audit, feature = "enforce"))]
pub use __listed as listed;

/// One benchmark of the harness.
#[cfg(feature = "bench")]
#[derive(Debug)]
pub struct Benchmark {
    /// The function's name; `name/argument` where it runs with several.
    pub name: &'static str,
    /// The module it stands in, `elvis::replace`.
    pub module: &'static str,
    /// As `file!()` gives it.
    pub file: &'static str,
    /// Line of the function's name, from 1.
    pub line: u32,
    /// Column of the function's name in characters, from 1.
    pub column: u32,
    /// Position among the function's arguments; 0 without arguments.
    pub part: u32,
    /// The benchmark itself.
    pub run: fn(&mut crate::Bencher),
}

#[cfg(feature = "bench")]
impl Benchmark {
    /// The name filters see: the path inside the crate, `replace::algo_one`.
    pub fn display_name(&self) -> String {
        match self.module.split_once("::") {
            Some((_, inner)) => format!("{inner}::{}", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// Declares one benchmark.
#[cfg(feature = "bench")]
#[doc(hidden)]
#[macro_export]
macro_rules! __benchmark {
    ($name:literal, $line:literal, $column:literal, $part:literal, $run:expr) => {
        #[$crate::__private::linkme::distributed_slice($crate::__private::BENCHMARKS)]
        #[linkme(crate = $crate::__private::linkme)]
        static BENCHMARK: $crate::__private::Benchmark = $crate::__private::Benchmark {
            name: $name,
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: $line,
            column: $column,
            part: $part,
            run: $run,
        };
    };
}
#[cfg(feature = "bench")]
pub use __benchmark as benchmark;
