//! The words of the record file, little-endian, 64 bits each.
//!
//! One list of fields makes the writer's view (cells in the mapped file) and the reader's (plain numbers), so
//! the two cannot drift apart.

/// First word of every record.
pub(crate) const MAGIC: u64 = u64::from_le_bytes(*b"noalloc\0");

/// Version of this layout. A reader refuses every other one.
pub const VERSION: u64 = 9;

/// Return addresses kept for one call stack, innermost first.
pub const FRAMES: usize = 96;

/// Distinct (hot function, operation, stack) entries in the part of a thread. What more it has goes into parts of its own.
pub const SITES: usize = 256;

/// Threads that can run hot functions at the same time; ended threads give their place back.
pub const THREADS: usize = 256;

/// Parts of one record: those of threads, and those that hold more sites of a thread.
pub const PARTS: usize = 1024;

/// Blocks and permits of one program, see [`Block`].
pub const BLOCKS: usize = 128;

/// Words after each [`Block`] for its name and its file, one behind the other.
pub const BLOCK_TEXT: usize = 96;

/// Longest name of a block in bytes; the rest is for the file.
#[cfg(noalloc_audit)]
pub(crate) const BLOCK_NAME: usize = 256;

/// Timing samples kept for one benchmark.
pub const SAMPLES: usize = 64;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Debug, Default)]
        pub struct $name<W = u64> { $($(#[$doc])* pub $field: W,)* }

        impl $name {
            /// Words this takes in the file.
            pub const WORDS: usize = [$(stringify!($field)),*].len();

            /// Takes the words in the order of the fields.
            #[cfg(feature = "read-record")]
            pub(crate) fn decode(words: &[u64]) -> $name {
                let mut words = words.iter().copied();
                $(let $field = words.next().unwrap_or_default();)*
                $name { $($field,)* }
            }
        }
    };
}

words! {
    /// Stands at the start of the file.
    Head {
        /// [`MAGIC`].
        magic,
        /// [`VERSION`].
        version,
        /// The process that wrote it.
        pid,
        /// See [`hello_flag`].
        flags,
        /// Offset of the hello in bytes.
        hello_offset,
        /// Length of the hello in bytes.
        hello_len,
        /// See [`head_sum`].
        hello_sum,
        /// Offset of the benchmarks' results in bytes.
        benches_offset,
        /// Benchmarks in this program.
        bench_count,
        /// Counters in each thread's part: the program's hot functions, then [`Head::block_room`] blocks, then its benchmarks,
        /// which count what their iterations do outside of all hot functions.
        hot_count,
        /// Offset of the blocks in bytes.
        blocks_offset,
        /// Blocks there is room for.
        block_room,
        /// Offset of the first part in bytes.
        parts_offset,
        /// Bytes from one part to the next.
        part_stride,
        /// Parts in use, from the first on; only ever grows. Written atomically.
        parts_used,
        /// Calls of hot functions that found no place for their thread. Written atomically.
        lost_calls,
        /// Blocks that were met, from the first on; only ever grows. Written atomically.
        blocks_used,
        /// 1 when the file is whole: written last.
        ready,
    }
}

/// Bits of [`Head::flags`]: what the program was really built with.
pub mod hello_flag {
    /// An allocation made as a test arrived in the recorder.
    pub const RECORDER_INSTALLED: u64 = 1;
    /// A stack walked as a test led from the allocator to the frame it should.
    pub const FRAME_POINTERS: u64 = 2;
    /// A block that the C library took for itself as a test arrived in the recorder.
    pub const C_HEAP: u64 = 4;
}

words! {
    /// A block of code that was met while the program ran: `no_heap::guard` or `no_heap::permit`. Its name and its
    /// file follow, see [`BLOCK_TEXT`].
    Block {
        /// See [`BlockKind`]; 0 until the others are written. Written atomically.
        kind,
        /// As a hot function's, see the marker section.
        id,
        /// Line of the call, from 1.
        line,
        /// Column of the call in characters, from 1.
        column,
        /// Bytes of its name.
        name_len,
        /// Bytes of its file.
        file_len,
    }
}

/// What a block of code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum BlockKind {
    /// `no_heap::guard`: a hot function without a name of its own.
    Guard = 1,
    /// `no_heap::permit`: its counters hold what it excused, and no call stacks.
    Permit = 2,
}

words! {
    /// Stands at the start of each thread's part.
    ThreadHead {
        /// See [`PartState`]. Written atomically.
        state,
        /// Odd while an event is being written: a reader then forgives one event's difference, and a permit's whatever it is.
        updates,
        /// Events that the sites hold as repeats, without those of the call that runs.
        repeats,
        /// 1 while a call runs whose events may repeat: a reader then forgives that the sites hold more.
        repeating,
        /// Number of the stream of calls that runs, see [`Site::stream`].
        stream,
        /// 1 + index of the benchmark whose iterations it is; 0 for the other calls of a thread.
        bench,
        /// The running thread's first stream.
        first_stream,
        /// Sites with their whole stacks that functions have beyond the places that each has for itself, by the running thread.
        pooled,
    }
}

words! {
    /// Stands at the start of a part that holds more sites of a thread: as many as there is room for follow.
    MoreSites {
        /// [`PartState::MoreSites`]. Written atomically.
        state,
        /// 1 + the number of the thread's part; 0 until there is a site.
        thread,
    }
}

/// What a part of the record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum PartState {
    /// Nobody's yet.
    New = 0,
    /// A running thread's.
    Running = 1,
    /// That of a thread which has ended, and the next one's to take over.
    Ended = 2,
    /// It holds more sites of a thread, and none of a thread's numbers.
    MoreSites = 3,
}

words! {
    /// What one thread counted for one hot function.
    FnCounts {
        /// Calls begun.
        calls,
        /// Calls of `alloc` and `alloc_zeroed`.
        allocs,
        /// Calls of `realloc`.
        reallocs,
        /// Calls of `dealloc`.
        frees,
        /// Requested bytes of allocs and reallocs.
        bytes,
        /// Most allocs in one call.
        max_allocs,
        /// Most allocs and reallocs in one call.
        max_requests,
        /// Most requested bytes in one call.
        max_bytes,
        /// Events that no site holds, because there was no room for one.
        unsited,
        /// Requested bytes of those.
        unsited_bytes,
        /// Of those, frees of blocks that the same call had not allocated.
        unsited_foreign,
        /// Blocks that were not followed, because there was no room.
        unfollowed,
        /// Frees of which it is not known whether the same call had allocated the block.
        doubtful_frees,
        /// 1 while a call runs that has such blocks: what it frees may be one of them.
        doubtful,
        /// Blocks of the running calls that stand in the larger of the tables that follow them.
        apart,
        /// Sites with their whole stacks that the running thread has hit.
        whole_sites,
        /// Sites that it has hit with stacks that were cut because there was no room for more whole ones.
        cut_sites,
        /// Events while the thread was panicking: not counted above.
        unwinding,
        /// Events inside a permit: not counted above.
        permitted,
        /// Of `allocs`, those of the C library's allocator.
        c_allocs,
        /// Of `reallocs`, those of the C library's allocator.
        c_reallocs,
        /// Of `frees`, those of the C library's allocator.
        c_frees,
        /// Of `bytes`, those of the C library's allocator.
        c_bytes,
        /// Of the calls, those of the threads that had this part before.
        before_thread,
        /// Of the calls, those before the stream that runs.
        before_stream,
    }
}

words! {
    /// What one thread counted for one (hot function, operation, stack).
    Site {
        /// Of the other key words and the frames; 0 marks an empty slot.
        hash,
        /// Index of the hot function.
        hot,
        /// 0 alloc, 1 realloc, 2 free; and see [`op_bit`](super::op_bit).
        op,
        /// Of this site among those of its thread, from 1.
        number,
        /// Frames that follow.
        depth,
        /// See [`SiteFlag`].
        flags,
        /// Events.
        count,
        /// Requested bytes (of a free: of the freed blocks).
        bytes,
        /// Smallest request.
        size_min,
        /// Largest request.
        size_max,
        /// Calls of the hot function in which it happened.
        calls_affected,
        /// Number of the first such call among those of its thread, from 1.
        first_call,
        /// Number of the last such call among those of its thread.
        last_call,
        /// Number of the call that hit it last, while that call or one inside it runs; over all threads of the part.
        stamp,
        /// Blocks from here that were freed before the call returned.
        freed,
        /// Blocks from here that were alive when the call returned.
        escaped,
        /// Blocks from here that a later `realloc` of the same call took over.
        superseded,
        /// Blocks from here that were not followed, and requests that were refused.
        untracked,
        /// Number of the free site that last freed a block from here, repeats left aside; 0 for none.
        freed_by,
        /// Events that were like one before them in the same call, and are in no other number: each of `repeat_size` bytes,
        /// each free of a block from `repeat_from` that this same call had allocated. A reader adds them to the others.
        repeats,
        /// Requested bytes of each repeat.
        repeat_size,
        /// Number of the site that the freed blocks were from; 0 of what is no free.
        repeat_from,
        /// See [`repeat_sum`].
        repeat_sum,
        /// The last stream in which it happened. A stream is what can be told apart of a function's calls: the iterations of
        /// one benchmark with one argument, or all other calls of one thread.
        stream,
        /// Calls of that stream in which it happened.
        stream_calls,
        /// Number of the last of them among the stream's, from 1.
        stream_last,
        /// Largest first request of those calls.
        stream_size,
        /// Number of the site that was hit before this one for the first time in the stream; 0 for none.
        stream_link,
        /// Of the streams that have ended: the latest call of one in which it happened, by its number there.
        latest,
        /// Of the streams that have ended: the fewest calls that came after the last one in which it happened.
        quiet,
        /// See [`StreamTrait`].
        traits,
        /// As in [`ThreadHead::bench`], of the streams that have ended; `u64::MAX` for several.
        bench,
    }
}

/// Bits of [`Site::flags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum SiteFlag {
    /// The stack was deeper than [`FRAMES`]: the outermost frames are missing.
    Truncated = 1,
    /// The frame pointers were broken; the unwind tables gave the stack.
    Unwound = 2,
    /// Neither led to the hot function: frames may be missing.
    Incomplete = 4,
    /// Calls that hit it again after an inner call of the same function had are not counted: there was no room to remember.
    CallsAtLeast = 8,
}

/// Bits of [`Site::traits`]: what is true of some stream in which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum StreamTrait {
    /// Nobody knows what its calls have in common: one may do by its arguments what another does not.
    Unknown = 1,
    /// Not all of its first calls up to the last such call were such calls.
    Gaps = 2,
    /// More than a quarter of its calls were such calls.
    Frequent = 4,
    /// Some of its calls were none.
    Partial = 8,
    /// Some such call requested no more than one before it.
    Level = 16,
}

words! {
    /// What the harness measured for one benchmark. Times are nanoseconds as the bits of an `f64`.
    BenchResult {
        /// See [`BenchState`].
        state,
        /// Iterations the clock saw, over all samples.
        timed_iterations,
        /// Samples that follow the other words, at most [`SAMPLES`].
        samples,
        /// Slices that the samples were made of, those that were left out among them.
        slices,
        /// Of those, how many were interrupted and are in no sample.
        slices_left_out,
        /// Iterations of the recorded pass, without the first call.
        recorded,
        /// Allocs in those.
        allocs,
        /// Reallocs in those.
        reallocs,
        /// Frees in those.
        frees,
        /// Requested bytes in those.
        bytes,
        /// Of the allocs, those of the C library's allocator.
        c_allocs,
        /// Of the reallocs, those of the C library's allocator.
        c_reallocs,
        /// Of the frees, those of the C library's allocator.
        c_frees,
        /// Of the bytes, those of the C library's allocator.
        c_bytes,
        /// Allocs of the first iteration.
        first_allocs,
        /// Reallocs of the first iteration.
        first_reallocs,
        /// Frees of the first iteration.
        first_frees,
        /// Requested bytes of the first iteration.
        first_bytes,
        /// 1 + index of the hot function that the iterations called directly; 0 for none, `u64::MAX` for several.
        hot,
        /// Calls of hot functions that the recorded iterations made directly.
        hot_calls,
        /// Calls of hot functions in the first iteration, inside of each other too.
        first_guarded_calls,
        /// The same in the recorded iterations.
        guarded_calls,
        /// Time that the loop takes for one of the clock's iterations; it is in the samples.
        loop_ns,
        /// Time that a guard takes for one call while the clock runs; it is in the samples.
        guard_ns,
        /// Bytes that one iteration works through, as the benchmark says; 0 where it says nothing.
        processed_bytes,
        /// The same in items.
        processed_items,
        /// See [`AllocatorPass`].
        allocator_pass,
        /// Of an iteration's time, as the bits of an `f64`; below zero where noise hides it.
        allocator_share,
        /// How far that may be off, in the same unit.
        allocator_error,
        /// Time that measuring it took, for one iteration.
        allocator_overhead_ns,
    }
}

#[cfg(feature = "read-record")]
impl BenchResult {
    /// The words that are times, and the error of a share: never below zero.
    pub(crate) fn times(&self) -> [f64; 4] {
        let BenchResult { loop_ns, guard_ns, allocator_error, allocator_overhead_ns, .. } = *self;
        [loop_ns, guard_ns, allocator_error, allocator_overhead_ns].map(f64::from_bits)
    }
}

/// How far a benchmark came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum BenchState {
    /// Not selected.
    NotRun = 0,
    /// Was running when the process ended.
    Started = 1,
    /// Finished.
    Done = 2,
    /// Panicked.
    Panicked = 3,
    /// Returned without having called `iter`.
    NeverIterated = 4,
    /// Selected, and not reached yet.
    Waiting = 5,
}

/// How far the pass came that times the allocator's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum AllocatorPass {
    /// Not begun, and never without the clock: nothing is known of the share.
    NotRun = 0,
    /// The share stands in the words behind this one.
    Done = 1,
    /// Was running when the record was read, or when the process ended.
    Started = 2,
}

/// Of a site's key: hot function, operation and frames. Never 0: that marks an empty slot.
#[cfg(any(noalloc_audit, feature = "read-record"))]
pub(crate) fn site_hash(hot: u64, op: u64, frames: &[u64]) -> u64 {
    let mut hash = (hot << 16 | op) ^ 0x9e37_79b9_7f4a_7c15;
    for frame in frames {
        hash = (hash.rotate_left(5) ^ frame).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    hash.max(1)
}

/// Of what says how the repeats of a site are to be read; it is written once. Never 0: nothing is said yet.
#[cfg(any(noalloc_audit, feature = "read-record"))]
pub(crate) fn repeat_sum(hash: u64, size: u64, from: u64) -> u64 {
    site_hash(hash, 0, &[size, from])
}

/// A site and its frames, as they stand in the file.
#[cfg(noalloc_audit)]
#[repr(C)]
pub(crate) struct SiteSlot {
    pub(crate) site: Site<std::cell::Cell<u64>>,
    pub(crate) frames: [std::cell::Cell<u64>; FRAMES],
}

/// FNV-1a of the hello and of the words of the head that do not change.
pub(crate) fn head_sum(head: &Head, hello: &[u8]) -> u64 {
    let Head { version, pid, flags, hello_offset, hello_len, benches_offset, bench_count, .. } = *head;
    let Head { hot_count, blocks_offset, block_room, parts_offset, part_stride, .. } = *head;
    let fixed = [
        version,
        pid,
        flags,
        hello_offset,
        hello_len,
        benches_offset,
        bench_count,
        hot_count,
        blocks_offset,
        block_room,
        parts_offset,
    ];
    let fixed = fixed.into_iter().chain([part_stride]).flat_map(u64::to_le_bytes);
    fixed.chain(hello.iter().copied()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
