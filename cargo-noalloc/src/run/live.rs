//! Which benchmark a target is in, from the record that it is writing.

use std::fs::File;
use std::path::{Path, PathBuf};

use no_heap::record::{AllocatorPass, BenchResult, BenchState, Underway};

use super::{is_same_file, record_files};
use crate::files;

/// One running target.
#[derive(Debug)]
pub(super) struct Live {
    /// Of its records.
    folder: PathBuf,
    executable: PathBuf,
    /// As soon as it is there.
    record: Option<Underway<File>>,
}

/// How far its benchmarks have come.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Benches {
    pub(super) done: usize,
    /// That were selected; never 0.
    pub(super) of: usize,
    /// `None` between two of them.
    pub(super) now: Option<Bench>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bench {
    pub(super) name: String,
    /// Under the clock, if there is one: that of its iterations, or that of the allocator.
    pub(super) under_clock: bool,
}

impl Live {
    pub(super) fn new(records: &Path, executable: &Path) -> Live {
        Live { folder: records.to_owned(), executable: executable.to_owned(), record: None }
    }

    /// `None` as long as nothing is known, and of a harness that is not ours.
    pub(super) fn benches(&mut self) -> Option<Benches> {
        if self.record.is_none() {
            // A program that it starts writes there, too.
            let files = record_files(&self.folder).into_iter();
            let mut all = files.filter_map(|path| Underway::open(files::open(&path).ok()?));
            self.record = all.find(|record| is_same_file(Path::new(&record.exe), &self.executable));
        }
        let record = self.record.as_mut().filter(|record| !record.benches.is_empty())?;
        let results = record.results()?;
        let is = |result: &BenchResult, state: BenchState| result.state == state as u64;
        let waits =
            |result: &&BenchResult| is(result, BenchState::Waiting) || is(result, BenchState::Started);
        let of = results.iter().filter(|result| !is(result, BenchState::NotRun)).count();
        let now = record.benches.iter().zip(&results).find(|(_, result)| is(result, BenchState::Started));
        (of > 0).then(|| Benches {
            done: of - results.iter().filter(waits).count(),
            of,
            now: now.map(|(bench, result)| Bench {
                name: bench.name.clone(),
                under_clock: result.samples == 0 || result.allocator_pass == AllocatorPass::Started as u64,
            }),
        })
    }
}
