//! Reads a record file, and trusts nothing in it.
//!
//! Every offset and length is checked before it is used, and the counts must agree with each other: a record that
//! was cut or damaged is an error that says so, not a wrong number.

use std::collections::BTreeMap;
use std::fmt;

use super::layout::{
    BenchResult, FRAMES, FnCounts, Head, MAGIC, SAMPLES, SITES, Site, THREADS, ThreadHead, VERSION, checksum,
};

const WORD: usize = size_of::<u64>();
const SITE_WORDS: usize = Site::WORDS + FRAMES;

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
    /// Results of each benchmark, in the order of [`Hello::benches`].
    pub benches: Vec<(BenchResult, Vec<f64>)>,
    /// Calls that were not recorded, because too many threads ran hot functions at once.
    pub lost_calls: u64,
}

/// Who the program is.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    /// Path of the executable.
    pub exe: String,
    /// Loaded objects, the executable first.
    pub modules: Vec<Module>,
    /// Hot functions.
    pub hot: Vec<HotEntry>,
    /// Benchmarks.
    pub benches: Vec<BenchEntry>,
}

/// One loaded object.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Path; empty for the executable.
    pub name: String,
    /// What was added to the addresses in the file.
    pub bias: u64,
    /// First address of code in memory.
    pub low: u64,
    /// First address after the code.
    pub high: u64,
}

/// A hot function as its attribute describes it.
#[derive(Clone, Debug, Default)]
pub struct HotEntry {
    /// As in the binary's marker section.
    pub id: u64,
    /// Path of the item inside the function: `app::Filter::process::__NoHeapSite`.
    pub path: String,
    /// As `file!()` gave it.
    pub file: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name in characters, from 1.
    pub column: u32,
    /// Allowed allocations for each call; `u64::MAX` for any number.
    pub allocs: u64,
    /// Allowed bytes for each call; `u64::MAX` for any number.
    pub bytes: u64,
    /// First calls that may use the heap.
    pub warmup: u64,
    /// Frees are fine.
    pub allow_free: bool,
    /// The proof must hold.
    pub prove: bool,
}

/// A benchmark.
#[derive(Clone, Debug, Default)]
pub struct BenchEntry {
    /// Path inside the crate.
    pub name: String,
    /// As `file!()` gave it.
    pub file: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name in characters, from 1.
    pub column: u32,
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
        let hello = read_hello(bytes, &head)?;
        let mut merged = Merged { counts: vec![FnCounts::default(); hello.hot.len()], ..Merged::default() };
        for index in 0..head.threads_used {
            let start = index
                .checked_mul(head.thread_stride)
                .and_then(|offset| offset.checked_add(head.threads_offset))
                .ok_or(BadRecord::Corrupt("a thread lies beyond all files"))?;
            merged.add_thread(bytes, start, hello.hot.len())?;
        }
        let (sites, counts) = merged.finish();
        Ok(Record {
            pid: head.pid,
            flags: head.flags,
            benches: read_benches(bytes, &head)?,
            hello,
            counts,
            sites,
            lost_calls: head.lost_calls,
        })
    }
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

fn read_head(bytes: &[u8]) -> Result<Head, BadRecord> {
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
    if head.threads_used > THREADS as u64 {
        return Err(BadRecord::Corrupt("more threads than there is room for"));
    }
    let expected = head
        .thread_stride
        .checked_mul(head.threads_used)
        .and_then(|len| len.checked_add(head.threads_offset))
        .ok_or(BadRecord::Corrupt("a thread lies beyond all files"))?;
    // It may be longer by the part of a thread that was about to come.
    if expected > bytes.len() as u64 {
        return Err(BadRecord::Cut { expected, found: bytes.len() as u64 });
    }
    Ok(head)
}

fn read_hello(bytes: &[u8], head: &Head) -> Result<Hello, BadRecord> {
    let beyond = BadRecord::Corrupt("the hello lies beyond the end of the file");
    let start = usize::try_from(head.hello_offset).map_err(|_| beyond.clone())?;
    let len = usize::try_from(head.hello_len).map_err(|_| beyond.clone())?;
    let end = start.checked_add(len).ok_or(beyond.clone())?;
    let hello = bytes.get(start..end).ok_or(beyond)?;
    if checksum(hello) != head.hello_sum {
        return Err(BadRecord::Corrupt("the hello's checksum does not match"));
    }
    let hello =
        Cursor { rest: hello }.hello().ok_or(BadRecord::Corrupt("the hello is not what it should be"))?;
    if hello.hot.len() as u64 != head.hot_count || hello.benches.len() as u64 != head.bench_count {
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
            if samples.iter().any(|ns| !ns.is_finite() || *ns < 0.0) {
                return Err(BadRecord::Corrupt("a sample is no time"));
            }
            Ok((result, samples))
        })
        .collect()
}

/// Takes the hello apart.
struct Cursor<'bytes> {
    rest: &'bytes [u8],
}

impl Cursor<'_> {
    fn hello(&mut self) -> Option<Hello> {
        let exe = self.text()?;
        let modules = self.list(|cursor| {
            Some(Module {
                name: cursor.text()?,
                bias: cursor.number()?,
                low: cursor.number()?,
                high: cursor.number()?,
            })
        })?;
        let hot = self.list(Cursor::hot)?;
        let benches = self.list(|cursor| {
            Some(BenchEntry {
                name: cursor.text()?,
                file: cursor.text()?,
                line: cursor.small()?,
                column: cursor.small()?,
            })
        })?;
        self.rest.is_empty().then_some(Hello { exe, modules, hot, benches })
    }

    fn hot(&mut self) -> Option<HotEntry> {
        let (id, path, file) = (self.number()?, self.text()?, self.text()?);
        let (line, column) = (self.small()?, self.small()?);
        let (allocs, bytes, warmup) = (self.number()?, self.number()?, self.number()?);
        let bits = self.number()?;
        let (allow_free, prove) = (bits & 1 != 0, bits & 2 != 0);
        Some(HotEntry { id, path, file, line, column, allocs, bytes, warmup, allow_free, prove })
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.number()?;
        // Every item takes at least one word, so a length beyond that is a lie, not a reason to allocate.
        if len > (self.rest.len() / WORD) as u64 {
            return None;
        }
        (0..len).map(|_| item(self)).collect()
    }

    fn number(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_first_chunk::<WORD>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*word))
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}

/// Identity of a site over threads.
type Key = (u64, u64, Vec<u64>);

/// Sums over the threads.
#[derive(Default)]
struct Merged {
    counts: Vec<FnCounts>,
    sites: BTreeMap<Key, (Site, Option<Key>)>,
}

impl Merged {
    fn add_thread(&mut self, bytes: &[u8], start: u64, hot_count: usize) -> Result<(), BadRecord> {
        let fixed = ThreadHead::WORDS + FnCounts::WORDS * hot_count;
        let fixed_words = words(bytes, start, fixed)?;
        let head = ThreadHead::decode(&fixed_words);
        let counts: Vec<FnCounts> =
            fixed_words[ThreadHead::WORDS..].chunks_exact(FnCounts::WORDS).map(FnCounts::decode).collect();
        let sites_start = start
            .checked_add((fixed * WORD) as u64)
            .ok_or(BadRecord::Corrupt("a thread lies beyond all files"))?;
        let slots = words(bytes, sites_start, SITES * SITE_WORDS)?;
        let slots: Vec<&[u64]> = slots.chunks_exact(SITE_WORDS).collect();
        check_sums(&counts, &slots, head.updates % 2 == 1)?;
        for slot in &slots {
            self.add_site(slot, &slots, hot_count)?;
        }
        for (total, counts) in self.counts.iter_mut().zip(&counts) {
            total.add(counts);
        }
        Ok(())
    }

    fn add_site(&mut self, slot: &[u64], slots: &[&[u64]], hot_count: usize) -> Result<(), BadRecord> {
        let site = Site::decode(slot);
        if site.hash == 0 {
            return Ok(());
        }
        if site.hot >= hot_count as u64 {
            return Err(BadRecord::Corrupt("a site names a hot function that is not there"));
        }
        let freed_by = match site.freed_by {
            0 => None,
            slot => {
                let free = slots.get((slot - 1) as usize);
                Some(key(free.ok_or(BadRecord::Corrupt("a site was freed by none"))?)?)
            }
        };
        let (total, last_free) = self.sites.entry(key(slot)?).or_default();
        add_sites(total, &site);
        *last_free = freed_by.or(last_free.take());
        Ok(())
    }

    fn finish(self) -> (Vec<SiteEntry>, Vec<FnCounts>) {
        let index: BTreeMap<Key, usize> =
            self.sites.keys().enumerate().map(|(index, key)| (key.clone(), index)).collect();
        let sites = self
            .sites
            .into_iter()
            .map(|((_, _, frames), (site, freed_by))| SiteEntry {
                site,
                frames,
                freed_by: freed_by.and_then(|key| index.get(&key).copied()),
            })
            .collect();
        (sites, self.counts)
    }
}

fn key(slot: &[u64]) -> Result<Key, BadRecord> {
    let site = Site::decode(slot);
    let depth = usize::try_from(site.depth).unwrap_or(usize::MAX);
    let frames = slot[Site::WORDS..].get(..depth).ok_or(BadRecord::Corrupt("a stack is too deep"))?;
    if site.op > 2 {
        return Err(BadRecord::Corrupt("a site has no known operation"));
    }
    Ok((site.hot, site.op, frames.to_vec()))
}

/// Events counted for a function must be those of its sites, one apart when an event was being written.
fn check_sums(counts: &[FnCounts], slots: &[&[u64]], updating: bool) -> Result<(), BadRecord> {
    let mut events = vec![0u64; counts.len()];
    let mut bytes = vec![0u64; counts.len()];
    let mut largest = 0;
    for slot in slots {
        let site = Site::decode(slot);
        let Some(hot) = usize::try_from(site.hot).ok().filter(|hot| site.hash != 0 && *hot < counts.len())
        else {
            continue;
        };
        events[hot] = events[hot].saturating_add(site.count);
        if site.op < 2 {
            bytes[hot] = bytes[hot].saturating_add(site.bytes);
            largest = site.size_max.max(largest);
        }
    }
    for ((counts, events), bytes) in counts.iter().zip(events).zip(bytes) {
        let counted =
            [counts.allocs, counts.reallocs, counts.frees].iter().fold(0u64, |a, b| a.saturating_add(*b));
        let of_sites = events.saturating_add(counts.unsited);
        let bytes_of_sites = bytes.saturating_add(counts.unsited_bytes);
        let (slack, byte_slack) = if updating { (1, largest.max(counts.bytes)) } else { (0, 0) };
        if counted.abs_diff(of_sites) > slack || counts.bytes.abs_diff(bytes_of_sites) > byte_slack {
            return Err(BadRecord::Corrupt("the counts of a function and of its sites disagree"));
        }
    }
    Ok(())
}

impl FnCounts {
    /// Adds what another thread or process counted for the same function.
    pub fn add(&mut self, more: &FnCounts) {
        for (total, more) in [
            (&mut self.calls, more.calls),
            (&mut self.allocs, more.allocs),
            (&mut self.reallocs, more.reallocs),
            (&mut self.frees, more.frees),
            (&mut self.bytes, more.bytes),
            (&mut self.unsited, more.unsited),
            (&mut self.unsited_bytes, more.unsited_bytes),
            (&mut self.unwinding, more.unwinding),
            (&mut self.permitted, more.permitted),
        ] {
            *total = total.saturating_add(more);
        }
        self.max_allocs = self.max_allocs.max(more.max_allocs);
        self.max_requests = self.max_requests.max(more.max_requests);
        self.max_bytes = self.max_bytes.max(more.max_bytes);
    }
}

fn add_sites(total: &mut Site, more: &Site) {
    if total.count == 0 {
        *total = more.clone();
        return;
    }
    for (total, more) in [
        (&mut total.count, more.count),
        (&mut total.bytes, more.bytes),
        (&mut total.calls_affected, more.calls_affected),
        (&mut total.freed, more.freed),
        (&mut total.escaped, more.escaped),
        (&mut total.superseded, more.superseded),
        (&mut total.untracked, more.untracked),
        (&mut total.own, more.own),
    ] {
        *total = total.saturating_add(more);
    }
    total.flags |= more.flags;
    total.size_min = total.size_min.min(more.size_min);
    total.size_max = total.size_max.max(more.size_max);
    total.first_call = total.first_call.min(more.first_call);
    total.last_call = total.last_call.max(more.last_call);
}
