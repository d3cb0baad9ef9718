//! Two checks side by side.

/// What a report says of a check, as far as two can be compared.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What the user calls it.
    pub name: String,
    /// `rustc`, target and profile: what else could explain a difference.
    pub built_with: [String; 3],
    /// In the order of the report.
    pub benches: Vec<MeasuredBench>,
    /// Hot functions, by name.
    pub functions: Vec<String>,
    /// Places that used the heap.
    pub sites: Vec<MeasuredSite>,
    /// Targets that did not end well: `bench `hot` crashed`.
    pub unfinished: Vec<String>,
}

/// One benchmark of a report.
#[derive(Clone, Debug, Default)]
pub struct MeasuredBench {
    /// The target it stands in.
    pub target: String,
    /// Path inside the crate.
    pub name: String,
    /// Nanoseconds for one iteration, one figure a sample, or the median of each round where the two sides took
    /// turns; empty without the clock.
    pub samples: Vec<f64>,
    /// What a quarter of the samples of each round stay below; empty where the sides took no turns.
    pub quartiles: Vec<f64>,
    /// The fastest sample of each round; empty likewise.
    pub fastest: Vec<f64>,
    /// Median of `samples`.
    pub ns: Option<f64>,
    /// Iterations that were counted; `None` in reports that do not say.
    pub recorded: Option<u64>,
    /// Requested bytes for one iteration.
    pub bytes: f64,
    /// Allocs and reallocs for one iteration.
    pub allocs: f64,
    /// Frees for one iteration.
    pub frees: f64,
}

/// One finding of a report that something ran into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeasuredSite {
    /// The rule's name.
    pub rule: String,
    /// It failed its check.
    pub is_error: bool,
    /// The hot function.
    pub function: String,
    /// What stands there: `Box::new`.
    pub construct: Option<String>,
    /// `alloc`, `realloc` or `free`.
    pub op: String,
    /// Relative to the workspace.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// A figure before and after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Before.
    pub old: f64,
    /// After.
    pub new: f64,
}

impl Change {
    /// In per cent of the old figure; `None` from 0 to anything else.
    pub fn percent(self) -> Option<f64> {
        if self.old == self.new {
            return Some(0.0);
        }
        (self.old != 0.0).then(|| (self.new / self.old - 1.0) * 100.0)
    }
}

/// What stands for the samples of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Their median, as everywhere else.
    Median,
    /// What a quarter of them stay below: of those that the machine disturbed little, the slowest.
    Quartile,
    /// The fastest: what the machine disturbed least.
    Fastest,
}

/// How the times differ.
#[derive(Clone, Copy, Debug)]
pub struct TimeChange {
    /// Medians of the figures, in nanoseconds for one iteration.
    pub ns: Change,
    /// Which figures.
    pub figure: Figure,
    /// That samples so far apart come from one distribution; `None` without samples.
    pub p: Option<f64>,
    /// Whether chance, and what else the machine does, is an unlikely explanation.
    pub significant: bool,
    /// Samples on the two sides, or rounds where they took turns.
    pub samples: (usize, usize),
}

/// One benchmark in both checks.
#[derive(Clone, Debug)]
pub struct BenchChange {
    /// The target it stands in.
    pub target: String,
    /// Path inside the crate.
    pub name: String,
    /// Where both checks have times.
    pub time: Option<TimeChange>,
    /// Requested bytes for one iteration.
    pub bytes: Change,
    /// Allocs and reallocs for one iteration.
    pub allocs: Change,
    /// Frees for one iteration.
    pub frees: Change,
    /// What got worse: `time`, `allocs`, `bytes`.
    pub worse: Vec<&'static str>,
}

/// Two checks, compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What the user calls the two.
    pub names: [String; 2],
    /// A time is worse from here on, in per cent.
    pub threshold: f64,
    /// How often the two sides took turns; `None` where they were measured at two times.
    pub rounds: Option<u32>,
    /// In the order of the new report.
    pub benches: Vec<BenchChange>,
    /// `target: name` of those that the other one has not.
    pub only: [Vec<String>; 2],
    /// Of the times, in per cent; `None` without times.
    pub geometric_mean: Option<f64>,
    /// Sites of the new check alone.
    pub appeared: Vec<MeasuredSite>,
    /// Sites of the old check alone.
    pub vanished: Vec<MeasuredSite>,
    /// The same thing in the same function at another place.
    pub moved: Vec<(MeasuredSite, MeasuredSite)>,
    /// Hot functions that failed for a site in the new check, and for none in the old one.
    pub began: Vec<String>,
    /// Of those, the ones that the old check has not.
    pub unknown: Vec<String>,
    /// What a reader should know before believing the figures.
    pub notes: Vec<String>,
    /// The new check did not come to its end, so what it does not show is not known.
    pub incomplete: bool,
}

impl Comparison {
    /// Whether anything got worse. A site that takes another's place is judged by the counts alone.
    pub fn is_worse(&self) -> bool {
        self.benches.iter().any(|bench| !bench.worse.is_empty()) || !self.began.is_empty()
    }

    /// Whether there were benchmarks, and none of them is left: whatever became slower has another name now.
    pub fn is_nothing(&self) -> bool {
        self.benches.is_empty() && !self.only[0].is_empty()
    }
}
