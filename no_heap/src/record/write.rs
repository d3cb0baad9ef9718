//! Creates the record file of this process and maps it.
//!
//! Runs once, at the first call of a hot function, outside of every guard: it may allocate. It must not print
//! or panic: a record that cannot be written is the tool's to report, by its absence.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout::{
    BLOCK_NAME, BLOCK_TEXT, BLOCKS, BenchResult, Block, BlockKind, FnCounts, Head, MAGIC, SAMPLES, SITES,
    SiteSlot, THREADS, ThreadHead, VERSION, head_sum,
};
use crate::names;
use crate::registry::HOT_FUNCTIONS;

const WORD: usize = size_of::<u64>();

/// Threads' parts start on pages of their own, so that only parts in use take up room.
const PAGE: usize = 4096;

/// The mapped record file. Never unmapped: threads may write to it until the process ends.
pub(crate) struct Map {
    base: *mut u8,
    head: Head,
    /// Kept open: the file grows with the threads.
    file: File,
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
        reserve(&file, 0, head.threads_offset)?;
        file.write_all(&encode(&head))?;
        file.write_all(&hello)?;
        let base = map(&file, head.threads_offset as usize + THREADS * head.thread_stride as usize)?;
        Ok(Map { base, head, file, folder, hello })
    }

    /// Tells the reader that the head is whole.
    pub(crate) fn publish(&self) {
        self.shared(std::mem::offset_of!(Head, ready)).store(1, Ordering::Release);
    }

    /// Lists a block of code and returns the index of its counters, or `None` when there is no room. Two threads that
    /// come at once may list it twice: the reader adds up what has one id.
    pub(crate) fn add_block(&self, id: u64, kind: BlockKind, name: &str, at: &Location<'_>) -> Option<u32> {
        let used = self.shared(std::mem::offset_of!(Head, blocks_used));
        let first = (self.head.hot_count - self.head.block_room) as usize;
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

    /// A place for this thread, or `None` when all are taken.
    pub(crate) fn acquire(&self) -> Option<Thread> {
        let used = self.shared(std::mem::offset_of!(Head, threads_used));
        loop {
            let seen = used.load(Ordering::Acquire);
            for index in 0..seen.min(THREADS as u64) {
                let thread = self.thread(index as usize);
                if thread.owned().compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    return Some(thread);
                }
            }
            // Only who has looked at all places gives up: one that was made in the meantime may stay free.
            if seen >= THREADS as u64 {
                return None;
            }
            // Before a reader can hear of the part, and before a thread writes to it: a page that has no room on
            // the disk would be a SIGBUS.
            let Head { threads_offset, thread_stride, .. } = self.head;
            reserve(&self.file, threads_offset + seen * thread_stride, thread_stride).ok()?;
            let _ = used.compare_exchange(seen, seen + 1, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Counts a call that found no place.
    pub(crate) fn lose_call(&self) {
        self.shared(std::mem::offset_of!(Head, lost_calls)).fetch_add(1, Ordering::Relaxed);
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

    fn thread(&self, index: usize) -> Thread {
        let offset = self.head.threads_offset as usize + index * self.head.thread_stride as usize;
        // SAFETY: `index < THREADS`, and `head` placed that many parts of `thread_stride` bytes inside the map.
        Thread { base: unsafe { self.base.add(offset) }, hot_count: self.head.hot_count as usize }
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

/// The part of the record that one thread writes.
#[derive(Clone, Copy)]
pub(crate) struct Thread {
    base: *mut u8,
    hot_count: usize,
}

impl Thread {
    pub(crate) const NONE: Thread = Thread { base: std::ptr::null_mut(), hot_count: 0 };

    pub(crate) fn is_none(self) -> bool {
        self.base.is_null()
    }

    /// Where it starts; not null, unless it is [`Thread::NONE`].
    pub(crate) fn base(self) -> *const std::ffi::c_void {
        self.base.cast()
    }

    /// Gives the place back; the counts stay.
    pub(crate) fn release(self) {
        self.owned().store(0, Ordering::Release);
    }

    /// Hot functions this part has counters for.
    pub(crate) fn hot_count(self) -> usize {
        self.hot_count
    }

    #[inline]
    pub(crate) fn head<'map>(self) -> &'map ThreadHead<Cell<u64>> {
        // SAFETY: `base` is a part of the map, which lives as long as the process; only the thread that owns the
        // part uses its cells.
        unsafe { &*self.base.cast() }
    }

    #[inline]
    pub(crate) fn counts<'map>(self, hot: u32) -> &'map FnCounts<Cell<u64>> {
        assert!((hot as usize) < self.hot_count, "the index was checked when the call began");
        // SAFETY: as for `head`; `hot_count` counters follow the thread's head.
        unsafe { &*self.base.add(ThreadHead::WORDS * WORD).cast::<FnCounts<Cell<u64>>>().add(hot as usize) }
    }

    #[inline]
    pub(crate) fn sites<'map>(self) -> &'map [SiteSlot; SITES] {
        let offset = (ThreadHead::WORDS + FnCounts::WORDS * self.hot_count) * WORD;
        // SAFETY: as for `head`; the sites follow the counters.
        unsafe { &*self.base.add(offset).cast() }
    }

    fn owned(&self) -> &AtomicU64 {
        // SAFETY: `owned` is the first word of the part and is reached through this atomic only.
        unsafe { AtomicU64::from_ptr(self.base.cast()) }
    }
}

/// At most `len` bytes of `text`, whole characters.
fn cut(text: &str, len: usize) -> &str {
    let len = (0..=len.min(text.len())).rfind(|len| text.is_char_boundary(*len)).unwrap_or(0);
    &text[..len]
}

fn head(hello: &[u8], flags: u64) -> Head {
    let hot_count = HOT_FUNCTIONS.len() + BLOCKS;
    let hello_offset = Head::WORDS * WORD;
    let benches_offset = (hello_offset + hello.len()).next_multiple_of(WORD);
    let benches = bench_count() * (BenchResult::WORDS + SAMPLES) * WORD;
    let blocks_offset = benches_offset + benches;
    let threads_offset = (blocks_offset + BLOCKS * BlockSlot::BYTES).next_multiple_of(PAGE);
    let sites = SITES * size_of::<SiteSlot>();
    let thread_stride =
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
        threads_offset: threads_offset as u64,
        thread_stride: thread_stride as u64,
        threads_used: 0,
        lost_calls: 0,
        blocks_used: 0,
        ready: 0,
    };
    head.hello_sum = head_sum(&head, hello);
    head
}

fn encode(head: &Head) -> Vec<u8> {
    let Head { magic, version, pid, flags, hello_offset, hello_len, hello_sum, benches_offset, .. } = *head;
    let Head { bench_count, hot_count, blocks_offset, block_room, threads_offset, thread_stride, .. } = *head;
    let words = [magic, version, pid, flags, hello_offset, hello_len, hello_sum, benches_offset]
        .into_iter()
        .chain([bench_count, hot_count, blocks_offset, block_room, threads_offset, thread_stride])
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

#[cfg(feature = "bench")]
fn bench_count() -> usize {
    crate::registry::BENCHMARKS.len()
}

#[cfg(not(feature = "bench"))]
fn bench_count() -> usize {
    0
}

/// Who this program is: strings and numbers, each string after its length.
fn hello() -> Vec<u8> {
    let mut out = Vec::new();
    let exe = std::env::current_exe().unwrap_or_default();
    text(&mut out, &exe.to_string_lossy());
    let modules = modules();
    if let Some(program) = modules.first() {
        crate::stack::set_program(program.low, program.high);
        crate::c_heap::find_scope();
    }
    number(&mut out, modules.len() as u64);
    for module in &modules {
        text(&mut out, &module.name);
        number(&mut out, module.bias);
        number(&mut out, module.low);
        number(&mut out, module.high);
    }
    number(&mut out, HOT_FUNCTIONS.len() as u64);
    for hot in HOT_FUNCTIONS {
        number(&mut out, hot.id);
        text(&mut out, &names::function((hot.path)()));
        text(&mut out, hot.written);
        text(&mut out, hot.file);
        let promise = &hot.promise;
        for value in
            [u64::from(hot.line), u64::from(hot.column), promise.allocs, promise.bytes, promise.warmup]
        {
            number(&mut out, value);
        }
        number(&mut out, u64::from(promise.allow_free) | u64::from(promise.prove) << 1);
    }
    benches(&mut out);
    out
}

#[cfg(feature = "bench")]
fn benches(out: &mut Vec<u8>) {
    number(out, crate::registry::BENCHMARKS.len() as u64);
    for bench in crate::registry::BENCHMARKS {
        text(out, &bench.display_name());
        text(out, bench.file);
        number(out, u64::from(bench.line));
        number(out, u64::from(bench.column));
    }
}

#[cfg(not(feature = "bench"))]
fn benches(out: &mut Vec<u8>) {
    number(out, 0);
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// One loaded object: the executable first, then its libraries.
struct Module {
    name: String,
    bias: u64,
    low: u64,
    high: u64,
}

fn modules() -> Vec<Module> {
    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
        // SAFETY: `data` is the vector below, which outlives the iteration and is not touched elsewhere during
        // it; `info` and what it points to are valid during the callback, as dl_iterate_phdr promises.
        unsafe {
            let modules = &mut *data.cast::<Vec<Module>>();
            let info = &*info;
            let headers = std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
            let code = headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_X != 0);
            let low = code.clone().map(|h| h.p_vaddr).min().unwrap_or(0);
            let high = code.map(|h| h.p_vaddr + h.p_memsz).max().unwrap_or(0);
            let name = CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned();
            let bias = info.dlpi_addr;
            modules.push(Module { name, bias, low: bias.wrapping_add(low), high: bias.wrapping_add(high) });
        }
        0
    }
    let mut modules: Vec<Module> = Vec::new();
    // SAFETY: `visit` has the signature asked for and uses `data` as the vector that it is.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut modules).cast()) };
    modules
}
