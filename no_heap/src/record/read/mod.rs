//! Reads a record file, and trusts nothing in it.
//!
//! Every offset and length is checked before it is used, and the counts must agree with each other: a record that
//! was cut or damaged is an error that says so, not a wrong number.

mod blocks;
mod hello;
mod merge;
mod parts;
mod underway;

use std::fmt;

use super::layout::{BLOCKS, BenchResult, FnCounts, Head, MAGIC, PARTS, SAMPLES, Site, VERSION, head_sum};
pub use hello::{BenchEntry, Hello, HotEntry, Module};
use merge::Merged;
pub use underway::Underway;

const WORD: usize = size_of::<u64>();

/// Everything one audited process recorded.
#[derive(Clone, Debug)]
pub struct Record {
    /// The process.
    pub pid: u64,
    /// See [`super::hello_flag`].
    pub flags: u64,
    /// Who the program is.
    pub hello: Hello,
    /// Counts of each hot function over all threads, in the order of [`Hello::hot`].
    pub counts: Vec<FnCounts>,
    /// Sites over all threads, ordered by hot function, operation and stack.
    pub sites: Vec<SiteEntry>,
    /// Permits that were entered inside hot functions, as they were met.
    pub permits: Vec<PermitEntry>,
    /// Results of each benchmark, in the order of [`Hello::benches`].
    pub benches: Vec<(BenchResult, Vec<f64>)>,
    /// What the recorded iterations of each did outside of all hot functions, in the same order.
    pub outside: Vec<Outside>,
    /// Calls that were not recorded, because too many threads ran hot functions at once.
    pub lost_calls: u64,
}

/// A site and where it is.
#[derive(Clone, Debug)]
pub struct SiteEntry {
    /// What was counted.
    pub site: Site,
    /// Return addresses, innermost first.
    pub frames: Vec<u64>,
    /// Index in [`Record::sites`] of the free that last freed a block from here.
    pub freed_by: Option<usize>,
}

/// What a benchmark's recorded iterations, the first one left aside, did outside of all hot functions.
#[derive(Clone, Debug)]
pub struct Outside {
    /// `calls` are the times that they were begun.
    pub counts: FnCounts,
    /// Where; of no block it is known what became of it, or whose it was.
    pub sites: Vec<SiteEntry>,
}

/// What one `no_heap::permit` excused.
#[derive(Clone, Debug)]
pub struct PermitEntry {
    /// As it was given.
    pub reason: String,
    /// As `Location::caller()` gave it.
    pub file: String,
    /// Line of the call, from 1.
    pub line: u32,
    /// Column of the call in characters, from 1.
    pub column: u32,
    /// `calls` are the times it was entered inside a hot function; the rest is what it excused.
    pub counts: FnCounts,
}

/// Why a file is no record that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadRecord {
    /// It does not start as a record does.
    NotARecord,
    /// Written by another version of `no_heap`.
    Version {
        /// What the file says.
        found: u64,
    },
    /// The process ended before the head was written.
    Unfinished,
    /// Shorter than it says.
    Cut {
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has.
        found: u64,
    },
    /// Something in it cannot be.
    Corrupt(&'static str),
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRecord::NotARecord => f.write_str("this is no record of `no_heap`"),
            BadRecord::Version { found } if *found > VERSION => write!(
                f,
                "the record has version {found}, this tool reads version {VERSION}: upgrade cargo-noalloc"
            ),
            BadRecord::Version { found } => write!(
                f,
                "the record has version {found}, this tool reads version {VERSION}: upgrade `no_heap`"
            ),
            BadRecord::Unfinished => f.write_str("the process ended before its record was set up"),
            BadRecord::Cut { expected, found } => {
                write!(f, "the record is cut: {found} of {expected} bytes are there")
            }
            BadRecord::Corrupt(what) => write!(f, "the record is damaged: {what}"),
        }
    }
}

impl std::error::Error for BadRecord {}

impl Record {
    /// Reads the whole record.
    ///
    /// # Errors
    ///
    /// For bytes that are not a whole, consistent record of this version.
    pub fn read(bytes: &[u8]) -> Result<Record, BadRecord> {
        let head = read_head(bytes)?;
        let mut hello = read_hello(bytes, &head)?;
        let blocks = blocks::Blocks::read(bytes, &head)?;
        let outside = hello.hot.len() + BLOCKS;
        let mut merged = Merged::new(outside + hello.benches.len());
        for part in parts::of_threads(bytes, &head)? {
            merged.add_thread(bytes, &part)?;
        }
        let (mut sites, mut counts) = merged.finish();
        let outside = take_outside(outside, &mut counts, &mut sites);
        let permits = blocks.divide(&mut hello.hot, &mut counts, &mut sites)?;
        Ok(Record {
            pid: head.pid,
            flags: head.flags,
            benches: read_benches(bytes, &head)?,
            hello,
            counts,
            sites,
            permits,
            outside,
            lost_calls: head.lost_calls,
        })
    }
}

/// Takes what belongs to benchmarks, whose indices begin at `first`: the sites are in the order of these.
fn take_outside(first: usize, counts: &mut Vec<FnCounts>, sites: &mut Vec<SiteEntry>) -> Vec<Outside> {
    let mut of_benches = sites.split_off(sites.partition_point(|entry| entry.site.hot < first as u64));
    let outside = counts.split_off(first).into_iter().zip(first as u64..).map(|(counts, index)| {
        let rest = of_benches.split_off(of_benches.partition_point(|entry| entry.site.hot == index));
        Outside { counts, sites: std::mem::replace(&mut of_benches, rest) }
    });
    outside.collect()
}

/// `count` words from byte `offset` on.
fn words(bytes: &[u8], offset: u64, count: usize) -> Result<Vec<u64>, BadRecord> {
    let cut = BadRecord::Corrupt("a part lies beyond the end of the file");
    let start = usize::try_from(offset).map_err(|_| cut.clone())?;
    let end = count.checked_mul(WORD).and_then(|len| start.checked_add(len)).ok_or(cut.clone())?;
    let part = bytes.get(start..end).ok_or(cut)?;
    let (words, _) = part.as_chunks::<WORD>();
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

/// The head of a record of this version that was set up, whatever follows it.
fn read_start(bytes: &[u8]) -> Result<Head, BadRecord> {
    let head = words(bytes, 0, Head::WORDS).map_err(|_| BadRecord::NotARecord)?;
    let head = Head::decode(&head);
    if head.magic != MAGIC {
        return Err(BadRecord::NotARecord);
    }
    if head.version != VERSION {
        return Err(BadRecord::Version { found: head.version });
    }
    if head.ready != 1 {
        return Err(BadRecord::Unfinished);
    }
    Ok(head)
}

fn read_head(bytes: &[u8]) -> Result<Head, BadRecord> {
    let head = read_start(bytes)?;
    if head.parts_used > PARTS as u64 {
        return Err(BadRecord::Corrupt("more parts than there is room for"));
    }
    let expected = head
        .part_stride
        .checked_mul(head.parts_used)
        .and_then(|len| len.checked_add(head.parts_offset))
        .ok_or(BadRecord::Corrupt("a part lies beyond all files"))?;
    let found = bytes.len() as u64;
    let rest = usize::try_from(expected).ok().and_then(|expected| bytes.get(expected..));
    // It may be longer by a part that was about to come.
    match rest {
        None => Err(BadRecord::Cut { expected, found }),
        Some(rest) if rest.len() as u64 > head.part_stride || rest.iter().any(|byte| *byte != 0) => {
            Err(BadRecord::Corrupt("there is more in it than its parts"))
        }
        Some(_) => Ok(head),
    }
}

/// One word at byte `offset`.
fn word(bytes: &[u8], offset: u64) -> Result<u64, BadRecord> {
    let word = usize::try_from(offset).ok().and_then(|start| bytes.get(start..)?.first_chunk::<WORD>());
    word.map(|word| u64::from_le_bytes(*word))
        .ok_or(BadRecord::Corrupt("a part lies beyond the end of the file"))
}

fn read_hello(bytes: &[u8], head: &Head) -> Result<Hello, BadRecord> {
    let beyond = BadRecord::Corrupt("the hello lies beyond the end of the file");
    let start = usize::try_from(head.hello_offset).map_err(|_| beyond.clone())?;
    let len = usize::try_from(head.hello_len).map_err(|_| beyond.clone())?;
    let end = start.checked_add(len).ok_or(beyond.clone())?;
    let hello = bytes.get(start..end).ok_or(beyond)?;
    if head_sum(head, hello) != head.hello_sum {
        return Err(BadRecord::Corrupt("the checksum of its head does not match"));
    }
    let hello = Hello::parse(hello).ok_or(BadRecord::Corrupt("the hello is not what it should be"))?;
    let of_others = head.block_room.saturating_add(head.bench_count);
    if Some(hello.hot.len() as u64) != head.hot_count.checked_sub(of_others)
        || hello.benches.len() as u64 != head.bench_count
    {
        return Err(BadRecord::Corrupt("the hello and the head disagree"));
    }
    Ok(hello)
}

fn read_benches(bytes: &[u8], head: &Head) -> Result<Vec<(BenchResult, Vec<f64>)>, BadRecord> {
    let each = BenchResult::WORDS + SAMPLES;
    let count = usize::try_from(head.bench_count).map_err(|_| BadRecord::Corrupt("too many benchmarks"))?;
    let total = count.checked_mul(each).ok_or(BadRecord::Corrupt("too many benchmarks"))?;
    let all = words(bytes, head.benches_offset, total)?;
    all.chunks_exact(each)
        .map(|words| {
            let (result, samples) = words.split_at(BenchResult::WORDS);
            let result = BenchResult::decode(result);
            let used = usize::try_from(result.samples).unwrap_or(usize::MAX);
            let samples =
                samples.get(..used).ok_or(BadRecord::Corrupt("a benchmark has too many samples"))?;
            let samples: Vec<f64> = samples.iter().copied().map(f64::from_bits).collect();
            if samples.iter().chain(&result.times()).any(|ns| !ns.is_finite() || *ns < 0.0) {
                return Err(BadRecord::Corrupt("a sample is no time"));
            }
            if !f64::from_bits(result.allocator_share).is_finite() {
                return Err(BadRecord::Corrupt("a share is no number"));
            }
            if result.slices_left_out > result.slices {
                return Err(BadRecord::Corrupt("more slices are left out than there are"));
            }
            Ok((result, samples))
        })
        .collect()
}
