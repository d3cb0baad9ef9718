//! What the harness measured for one benchmark.

use super::{CHeap, HotId, Place, Site};

/// One benchmark of a target with `no_heap::main!`.
#[derive(Clone, Debug)]
pub struct Bench {
    /// Path inside the crate.
    pub name: String,
    /// The target it stands in.
    pub target: String,
    /// Of its function's name.
    pub place: Place,
    /// Iterations the clock saw.
    pub iterations: u64,
    /// Nanoseconds for one iteration, one figure a sample, without `overhead`; empty without the clock.
    pub samples: Vec<f64>,
    /// What the samples were made of.
    pub slices: Slices,
    /// What measuring took of each iteration.
    pub overhead: Overhead,
    /// Iterations of the recorded pass, the first iteration not among them.
    pub recorded: u64,
    /// Allocs in those.
    pub allocs: u64,
    /// Reallocs in those.
    pub reallocs: u64,
    /// Frees in those.
    pub frees: u64,
    /// Requested bytes in those.
    pub bytes: u64,
    /// C's part of these counts; `None` where C's memory was not counted.
    pub c_heap: Option<CHeap>,
    /// Bytes that one iteration works through; `None` where the benchmark does not say.
    pub processed_bytes: Option<u64>,
    /// The same in items.
    pub processed_items: Option<u64>,
    /// Time inside the allocator; `None` where it was not measured.
    pub allocator: Option<InAllocator>,
    /// The hot function that each iteration called directly, exactly once.
    pub hot: Option<HotId>,
    /// What those did outside of all hot functions.
    pub outside: Vec<Site>,
}

/// The clock looks up after each slice of a sample: when somebody else had the processor meanwhile, it leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slices {
    /// In all.
    pub taken: u64,
    /// Of those, in no sample.
    pub left_out: u64,
}

/// What the allocator takes of one iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InAllocator {
    /// Of the iteration's time; below zero where noise hides it.
    pub share: f64,
    /// How far that may be off.
    pub error: f64,
    /// Nanoseconds that measuring it took; they are in no other figure.
    pub overhead: f64,
}

/// What measuring takes, in nanoseconds as measured in the benchmark's own process; zero where the clock could not tell
/// it from nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// The loop, for one iteration.
    pub each_loop: f64,
    /// A guard, for one call of a hot function.
    pub guard: f64,
    /// Calls of hot functions in one iteration, inside of each other too.
    pub guarded_calls: f64,
}

impl Overhead {
    /// For one iteration.
    pub fn ns(&self) -> f64 {
        self.each_loop + self.guard * self.guarded_calls
    }

    /// A time without it, and never a negative one.
    pub fn subtract_from(&self, ns: f64) -> f64 {
        (ns - self.ns()).max(0.0)
    }
}

impl Bench {
    /// The function's name and the number that it runs with: `fill/16` is `fill` and 16, `fill/16/2` is `fill/16` and 2.
    pub fn argument(&self) -> Option<(&str, u64)> {
        let (name, number) = self.name.rsplit_once('/')?;
        Some((name, number.parse().ok()?))
    }

    /// Median of the samples in nanoseconds.
    pub fn ns_per_op(&self) -> Option<f64> {
        let mut sorted = self.samples.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            len if len % 2 == 1 => Some(sorted[middle]),
            _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
        }
    }

    /// The part of its time that it spends inside the allocator, from 0 to 1, and the same in nanoseconds: nothing where
    /// no iteration uses the heap, and `None` where noise hides it.
    ///
    /// Calls that are timed one by one cannot overlap with what stands around them: together they may seem to take more
    /// than the whole.
    pub fn in_allocator(&self) -> Option<(f64, f64)> {
        let InAllocator { share, error, .. } = self.allocator?;
        let ns = self.ns_per_op().filter(|ns| *ns > 0.0)?;
        // It was measured against a time with the overhead in it.
        let inside = share * (ns + self.overhead.ns());
        (!self.uses_heap() || share > 2.0 * error).then(|| ((inside / ns).min(1.0), inside.min(ns)))
    }

    /// Whether more than half of what the clock saw was spent on measuring: what is left is a guess.
    pub fn is_mostly_overhead(&self) -> bool {
        self.ns_per_op().is_some_and(|ns| self.overhead.ns() > ns)
    }

    /// Bytes and items in a second; each `None` where the benchmark does not say how many, or has no time.
    pub fn throughput(&self) -> [Option<f64>; 2] {
        let ns = self.ns_per_op().filter(|ns| *ns > 0.0);
        [self.processed_bytes, self.processed_items].map(|count| Some(count? as f64 / ns? * 1e9))
    }

    /// Whether an iteration uses the heap.
    pub fn uses_heap(&self) -> bool {
        self.allocs + self.reallocs + self.frees > 0
    }

    /// `count` for one recorded iteration.
    pub fn per_op(&self, count: u64) -> f64 {
        if self.recorded == 0 { 0.0 } else { count as f64 / self.recorded as f64 }
    }
}
