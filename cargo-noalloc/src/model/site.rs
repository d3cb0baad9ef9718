//! A call stack that reached the heap, with what it did there.

use super::{Frame, HotId, Origin, SiteSource, Streams};

/// What was done with the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// `alloc` or `alloc_zeroed`.
    Alloc,
    /// `realloc`.
    Realloc,
    /// `dealloc`.
    Free,
}

impl Op {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Op::Alloc => "alloc",
            Op::Realloc => "realloc",
            Op::Free => "free",
        }
    }

    /// What is called `name`.
    pub fn named(name: &str) -> Option<Op> {
        [Op::Alloc, Op::Realloc, Op::Free].into_iter().find(|op| op.name() == name)
    }
}

/// Whose a block was that a hot function freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A call of the function had allocated it that ran still: this one, one around it or one inside.
    Own,
    /// Somebody else's.
    Foreign,
    /// Not known: not all of the call's blocks could be followed.
    Unknown,
}

/// Why a stack does not begin at the hot function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It was deeper than the [`no_heap::record::FRAMES`] that are kept, the innermost.
    Deep,
    /// Its thread had no room for one more whole stack of this function: a few innermost frames stand for all that begin so.
    Crowded,
    /// It could not be walked to its end.
    Broken,
}

impl Cut {
    /// As it stands in reports.
    pub fn name(self) -> &'static str {
        match self {
            Cut::Deep => "deep",
            Cut::Crowded => "crowded",
            Cut::Broken => "broken",
        }
    }
}

/// Smallest and largest request in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// In bytes.
    pub min: u64,
    /// In bytes.
    pub max: u64,
}

/// In which calls of the hot function it happened; calls are numbered from 1 on each thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Number of such calls; where it is not exact, there may be more.
    pub affected: u64,
    /// Whether it is.
    pub exact: bool,
    /// Number of the first.
    pub first: u64,
    /// Number of the last.
    pub last: u64,
    /// How they are spread over the streams of calls.
    pub streams: Streams,
}

/// One (hot function, operation, owner of what was freed, stack), summed over the threads of a process.
#[derive(Clone, Debug)]
pub struct Site {
    /// The hot function that answers for it.
    pub hot: HotId,
    /// What was done.
    pub op: Op,
    /// The function of the C library's allocator that was called; `None` for the program's global allocator.
    pub c_function: Option<String>,
    /// Which of the processes that the target has started: their calls are others.
    pub process: usize,
    /// From the hot function's own frame down to the allocator.
    pub chain: Vec<Frame>,
    /// Events.
    pub count: u64,
    /// Requested bytes; of a free, bytes given back.
    pub bytes: u64,
    /// Of single events.
    pub sizes: Sizes,
    /// When it happened.
    pub calls: Calls,
    /// Blocks from here that were freed before the call returned.
    pub freed: u64,
    /// Blocks from here that were alive when the call returned.
    pub escaped: u64,
    /// Blocks from here whose fate was not followed.
    pub untracked: u64,
    /// Of a free: whose the blocks were.
    pub whose: Option<Whose>,
    /// Index, among the sites of the same record, of the free that gave blocks from here back.
    pub freed_by: Option<usize>,
    /// What stands there in the source; filled in by the source step.
    pub source: Option<SiteSource>,
    /// Why the chain does not begin at the hot function; `None` where it does.
    pub cut: Option<Cut>,
}

impl Site {
    /// The innermost frame that the reader can change: where a reader would point.
    pub fn user_frame(&self) -> Option<&Frame> {
        self.chain.iter().rev().find(|frame| frame.is_user())
    }

    /// As a report shows it.
    pub(crate) fn without_syntax(self) -> Site {
        Site { source: self.source.map(SiteSource::without_syntax), ..self }
    }

    /// For memory of the C library's: the function that was called from outside of C, `strdup` or `malloc`.
    pub fn called_in_c(&self) -> Option<&str> {
        let entry = self.c_function.as_deref()?;
        let caller = self.chain.iter().rposition(|frame| frame.origin != Origin::System)?;
        Some(self.chain.get(caller + 1).map_or(entry, |frame| frame.function.as_str()))
    }

    /// The function called there: the frame below [`Site::user_frame`].
    pub fn callee(&self) -> Option<&Frame> {
        let user = self.chain.iter().rposition(Frame::is_user)?;
        self.chain.get(user + 1)
    }
}
