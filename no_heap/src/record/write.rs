//! Creates the record file of this process and maps it. What a thread writes is in `parts`.
//!
//! Runs once, at the first call of a hot function, outside of every guard: it may allocate. It must not print
//! or panic: a record that cannot be written is the tool's to report, by its absence.

mod hello;
mod parts;

use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::layout::{
    BLOCK_NAME, BLOCK_TEXT, BLOCKS, BenchResult, Block, BlockKind, FnCounts, Head, MAGIC, PARTS, SAMPLES,
    SITES, SiteSlot, ThreadHead, VERSION, head_sum,
};
use crate::registry::HOT_FUNCTIONS;
#[cfg(feature = "bench")]
use crate::registry::HotFn;
use hello::{bench_count, hello};
pub(crate) use parts::Thread;

const WORD: usize = size_of::<u64>();

/// Parts start on pages of their own, so that only parts in use take up room.
const PAGE: usize = 4096;

/// The mapped record file. Never unmapped: threads may write to it until the process ends.
pub(crate) struct Map {
    base: *mut u8,
    head: Head,
    /// Kept open: the file grows by parts.
    file: File,
    /// Threads that have a part.
    running: AtomicUsize,
    folder: PathBuf,
    hello: Vec<u8>,
}

// SAFETY: the shared parts of the map are reached through atomics only (`shared`), the part of one thread only
// through the `Thread` that this thread has acquired; `base` itself never changes.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// Creates `folder/<pid>-<n>.noalloc` and writes everything but [`Head::ready`].
    pub(crate) fn create(folder: PathBuf, flags: u64) -> io::Result<Map> {
        Map::with_hello(folder, hello(), flags)
    }

    /// The same for the child of a fork. It asks for nothing that another thread of the parent may have locked
    /// when the fork happened: the environment, the list of loaded objects.
    pub(crate) fn renew(&self) -> io::Result<Map> {
        let new = Map::with_hello(self.folder.clone(), self.hello.clone(), self.head.flags)?;
        let used = std::mem::offset_of!(Head, blocks_used);
        let count = self.shared(used).load(Ordering::Acquire).min(BLOCKS as u64);
        // Those that another thread was writing at the moment of the fork stay without a kind.
        for index in 0..count as usize {
            let (from, to) = (self.block(index), new.block(index));
            let kind = from.kind().load(Ordering::Acquire);
            if kind != 0 {
                to.copy(from);
                to.kind().store(kind, Ordering::Release);
            }
        }
        new.shared(used).store(count, Ordering::Release);
        Ok(new)
    }

    fn with_hello(folder: PathBuf, hello: Vec<u8>, flags: u64) -> io::Result<Map> {
        let head = head(&hello, flags);
        let mut file = create_new(&folder)?;
        reserve(&file, 0, head.parts_offset)?;
        file.write_all(&encode(&head))?;
        file.write_all(&hello)?;
        let base = map(&file, head.parts_offset as usize + PARTS * head.part_stride as usize)?;
        Ok(Map { base, head, file, running: AtomicUsize::new(0), folder, hello })
    }

    /// Tells the reader that the head is whole.
    pub(crate) fn publish(&self) {
        self.shared(std::mem::offset_of!(Head, ready)).store(1, Ordering::Release);
    }

    /// Lists a block of code and returns the index of its counters, or `None` when there is no room. Two threads that
    /// come at once may list it twice: the reader adds up what has one id.
    pub(crate) fn add_block(&self, id: u64, kind: BlockKind, name: &str, at: &Location<'_>) -> Option<u32> {
        let used = self.shared(std::mem::offset_of!(Head, blocks_used));
        let first = HOT_FUNCTIONS.len();
        let same = |index: &usize| {
            let block = self.block(*index);
            block.kind().load(Ordering::Acquire) == kind as u64 && block.cells().id.get() == id
        };
        let seen = used.load(Ordering::Acquire).min(BLOCKS as u64) as usize;
        if let Some(index) = (0..seen).find(same) {
            return u32::try_from(first + index).ok();
        }
        let mut index = seen;
        loop {
            if index >= BLOCKS {
                return None;
            }
            let next = index as u64 + 1;
            match used.compare_exchange(index as u64, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(other) => index = other as usize,
            }
        }
        let block = self.block(index);
        block.describe(id, name, at);
        block.kind().store(kind as u64, Ordering::Release);
        u32::try_from(first + index).ok()
    }

    fn block(&self, index: usize) -> BlockSlot {
        assert!(index < BLOCKS, "there are no more");
        let offset = self.head.blocks_offset as usize + index * BlockSlot::BYTES;
        // SAFETY: `head` placed `BLOCKS` slots of this size here, word-aligned and inside the map.
        BlockSlot { base: unsafe { self.base.add(offset) } }
    }

    /// Counts a call that found no place.
    pub(crate) fn lose_call(&self) {
        self.shared(std::mem::offset_of!(Head, lost_calls)).fetch_add(1, Ordering::Relaxed);
    }

    /// The index of the counters for what a benchmark's iterations do outside of all hot functions.
    #[cfg(feature = "bench")]
    pub(crate) fn outside_of(&self, bench: usize) -> u32 {
        u32::try_from(HOT_FUNCTIONS.len() + BLOCKS + bench).unwrap_or(HotFn::UNREGISTERED)
    }

    /// The cells of one benchmark's result and its samples.
    #[cfg(feature = "bench")]
    pub(crate) fn bench(&self, index: usize) -> BenchCells<'_> {
        assert!(
            index < self.head.bench_count as usize,
            "the registry had {} benchmarks",
            self.head.bench_count
        );
        let offset = self.head.benches_offset as usize + index * (BenchResult::WORDS + SAMPLES) * WORD;
        // SAFETY: `head` placed `bench_count` results of this size here, word-aligned and inside the map; only
        // the harness's one thread writes them, and `Cell<u64>` has the layout of the word in the file.
        unsafe {
            let result = self.base.add(offset).cast::<BenchResult<Cell<u64>>>();
            BenchCells { result: &*result, samples: &*result.add(1).cast() }
        }
    }

    fn shared(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: `offset` is the offset of a word of `Head`, which stands at the page-aligned start of the map;
        // after creation this process reads and writes these words through atomics only.
        unsafe { AtomicU64::from_ptr(self.base.add(offset).cast()) }
    }
}

/// A block of code in the map. Until it has a kind, only the thread that took it knows of it.
#[derive(Clone, Copy)]
struct BlockSlot {
    base: *mut u8,
}

impl BlockSlot {
    const BYTES: usize = (Block::WORDS + BLOCK_TEXT) * WORD;

    fn kind(&self) -> &AtomicU64 {
        // SAFETY: `kind` is the first word of the slot and is written through this atomic only.
        unsafe { AtomicU64::from_ptr(self.base.cast()) }
    }

    fn cells(&self) -> &Block<Cell<u64>> {
        // SAFETY: the slot lies in the map, which lives as long as the process. Its words are written by one thread
        // before `kind` is, and only read after that.
        unsafe { &*self.base.cast() }
    }

    fn describe(self, id: u64, name: &str, at: &Location<'_>) {
        // NOTE: what is too long is cut. Nothing here may allocate: a hot function may be running.
        let name = cut(name, BLOCK_NAME);
        let file = cut(at.file(), BLOCK_TEXT * WORD - BLOCK_NAME);
        let block = self.cells();
        block.id.set(id);
        block.line.set(u64::from(at.line()));
        block.column.set(u64::from(at.column()));
        block.name_len.set(name.len() as u64);
        block.file_len.set(file.len() as u64);
        // SAFETY: the two texts together are not longer than the room behind the words; only this thread writes it.
        unsafe {
            let text = self.base.add(Block::WORDS * WORD);
            text.copy_from_nonoverlapping(name.as_ptr(), name.len());
            text.add(name.len()).copy_from_nonoverlapping(file.as_ptr(), file.len());
        }
    }

    /// Takes over all but the kind.
    fn copy(self, from: BlockSlot) {
        // SAFETY: both slots lie in maps, and they are two; `from` is not written to any more.
        unsafe { self.base.add(WORD).copy_from_nonoverlapping(from.base.add(WORD), BlockSlot::BYTES - WORD) };
    }
}

/// Where the harness writes the results of one benchmark.
#[cfg(feature = "bench")]
pub(crate) struct BenchCells<'map> {
    pub(crate) result: &'map BenchResult<Cell<u64>>,
    pub(crate) samples: &'map [Cell<u64>; SAMPLES],
}

/// At most `len` bytes of `text`, whole characters.
fn cut(text: &str, len: usize) -> &str {
    let len = (0..=len.min(text.len())).rfind(|len| text.is_char_boundary(*len)).unwrap_or(0);
    &text[..len]
}

fn head(hello: &[u8], flags: u64) -> Head {
    let hot_count = HOT_FUNCTIONS.len() + BLOCKS + bench_count();
    let hello_offset = Head::WORDS * WORD;
    let benches_offset = (hello_offset + hello.len()).next_multiple_of(WORD);
    let benches = bench_count() * (BenchResult::WORDS + SAMPLES) * WORD;
    let blocks_offset = benches_offset + benches;
    let parts_offset = (blocks_offset + BLOCKS * BlockSlot::BYTES).next_multiple_of(PAGE);
    let sites = SITES * size_of::<SiteSlot>();
    let part_stride =
        ((ThreadHead::WORDS + FnCounts::WORDS * hot_count) * WORD + sites).next_multiple_of(PAGE);
    let mut head = Head {
        magic: MAGIC,
        version: VERSION,
        pid: u64::from(std::process::id()),
        flags,
        hello_offset: hello_offset as u64,
        hello_len: hello.len() as u64,
        hello_sum: 0,
        benches_offset: benches_offset as u64,
        bench_count: bench_count() as u64,
        hot_count: hot_count as u64,
        blocks_offset: blocks_offset as u64,
        block_room: BLOCKS as u64,
        parts_offset: parts_offset as u64,
        part_stride: part_stride as u64,
        parts_used: 0,
        lost_calls: 0,
        blocks_used: 0,
        ready: 0,
    };
    head.hello_sum = head_sum(&head, hello);
    head
}

fn encode(head: &Head) -> Vec<u8> {
    let Head { magic, version, pid, flags, hello_offset, hello_len, hello_sum, benches_offset, .. } = *head;
    let Head { bench_count, hot_count, blocks_offset, block_room, parts_offset, part_stride, .. } = *head;
    let words = [magic, version, pid, flags, hello_offset, hello_len, hello_sum, benches_offset]
        .into_iter()
        .chain([bench_count, hot_count, blocks_offset, block_room, parts_offset, part_stride])
        .chain([0; 4]);
    words.flat_map(u64::to_le_bytes).collect()
}

/// A process that was forked has its parent's name in the folder already: the first free number is taken.
fn create_new(folder: &Path) -> io::Result<File> {
    let pid = std::process::id();
    for number in 0..1000 {
        let path = folder.join(format!("{pid}-{number}.noalloc"));
        match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
    }
    Err(io::Error::other("a thousand records of one process"))
}

/// Makes the file at least `offset + len` bytes long, with room on the disk for the last `len` of them.
fn reserve(file: &File, offset: u64, len: u64) -> io::Result<()> {
    let too_long = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let (offset, len) = (offset.try_into().map_err(too_long)?, len.try_into().map_err(too_long)?);
    // SAFETY: the descriptor is open for writing; the call touches no memory of this process.
    match unsafe { libc::posix_fallocate(file.as_raw_fd(), offset, len) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

fn map(file: &File, len: usize) -> io::Result<*mut u8> {
    // SAFETY: a fresh mapping at an address of the kernel's choice touches no existing memory; the descriptor is
    // open for reading and writing and the file is `len` bytes long.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            len,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if base == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(base.cast()) }
}
