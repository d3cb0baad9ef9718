//! The record of a program that still runs: which benchmark it is in. Only the start of the file is read, never the parts
//! of the threads, and none of its figures is for a report.

use std::io::{Read, Seek, SeekFrom};

use super::super::layout::{BenchResult, Head, SAMPLES};
use super::{BenchEntry, Hello, WORD, read_hello, read_start};

/// Beyond this a hello is damage, and no reason to read for long.
const LONGEST_HELLO: u64 = 16 << 20;

/// The benchmarks of a running program.
#[derive(Debug)]
pub struct Underway<F> {
    file: F,
    /// Path of the executable.
    pub exe: String,
    /// In the order of [`Underway::results`].
    pub benches: Vec<BenchEntry>,
    /// Offset of the results in bytes.
    results: u64,
}

impl<F: Read + Seek> Underway<F> {
    /// `None` for a file that is no record of this version, or not yet set up.
    pub fn open(mut file: F) -> Option<Underway<F>> {
        let head = read_start(&bytes(&mut file, 0, (Head::WORDS * WORD) as u64)?).ok()?;
        let end = head.hello_offset.checked_add(head.hello_len).filter(|end| *end <= LONGEST_HELLO)?;
        let Hello { exe, benches, .. } = read_hello(&bytes(&mut file, 0, end)?, &head).ok()?;
        Some(Underway { file, exe, benches, results: head.benches_offset })
    }

    /// What each benchmark has come to by now; `None` when the file is there no more. Only [`BenchResult::state`] and
    /// the counts that grow can be trusted to be there in whole words: the program goes on writing.
    pub fn results(&mut self) -> Option<Vec<BenchResult>> {
        let each = (BenchResult::WORDS + SAMPLES) * WORD;
        let all = bytes(&mut self.file, self.results, (self.benches.len() * each) as u64)?;
        let result = |bytes: &[u8]| {
            let (words, _) = bytes.as_chunks::<WORD>();
            let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
            BenchResult::decode(&words[..BenchResult::WORDS])
        };
        Some(all.chunks_exact(each).map(result).collect())
    }
}

/// Exactly `len` bytes from `offset` on.
fn bytes(file: &mut (impl Read + Seek), offset: u64, len: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(offset)).ok()?;
    let mut bytes = Vec::new();
    file.take(len).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == len).then_some(bytes)
}
