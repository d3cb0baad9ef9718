//! Environment variables through which the tool talks to an audited program.

/// Names the folder into which an audited process writes its record.
pub const RECORD_DIR: &str = "NOALLOC_RECORD_DIR";

/// `0` when nothing but `no_heap` uses `assert_no_alloc` in this program, so its own permits need no asking.
pub const FOREIGN_PERMITS: &str = "NOALLOC_FOREIGN_PERMITS";

/// Seconds that the harness may spend on timing each benchmark; `0` skips the clock.
pub const BENCH_TIME: &str = "NOALLOC_BENCH_TIME";

/// Samples that the harness aims at for each benchmark.
pub const BENCH_SAMPLES: &str = "NOALLOC_BENCH_SAMPLES";

/// Set when only the clock is wanted: one short run of many.
pub const CLOCK_ONLY: &str = "NOALLOC_CLOCK_ONLY";
