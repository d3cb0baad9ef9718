//! From the allocator up to the hot function: the return addresses of the frames between.
//!
//! An audit build keeps frame pointers (`-Cforce-frame-pointers=yes`; the shipped standard library has them), so
//! each frame starts with the caller's frame pointer and the return address above it. Code built without them
//! (a C library that calls back) breaks the chain: the walk notices, and [`unwind`] does the work once more from
//! the unwind tables.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// As many frames as one record entry holds.
pub(crate) use crate::record::FRAMES as CAPACITY;

/// The frame pointer of the function this stands in.
///
/// NOTE: the address of a local goes into the `asm!`, because LLVM may otherwise place it before the prologue
/// that sets the frame pointer up.
macro_rules! frame {
    () => {{
        let local = ::std::mem::MaybeUninit::<u8>::uninit();
        $crate::stack::read_frame_pointer!(&raw const local)
    }};
}
pub(crate) use frame;

#[cfg(target_arch = "x86_64")]
macro_rules! read_frame_pointer {
    ($local:expr) => {{
        let frame: usize;
        // SAFETY: copies a register; reads and writes no memory.
        unsafe {
            ::std::arch::asm!("mov {frame}, rbp", "/* {local} */", frame = out(reg) frame, local = in(reg) $local,
                options(nostack, preserves_flags));
        }
        frame
    }};
}

#[cfg(target_arch = "aarch64")]
macro_rules! read_frame_pointer {
    ($local:expr) => {{
        let frame: usize;
        // SAFETY: copies a register; reads and writes no memory.
        unsafe {
            ::std::arch::asm!("mov {frame}, x29", "/* {local} */", frame = out(reg) frame, local = in(reg) $local,
                options(nostack, preserves_flags));
        }
        frame
    }};
}

/// Elsewhere nothing is known of frames: the chain counts as broken and the unwind tables are used.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
macro_rules! read_frame_pointer {
    ($local:expr) => {{
        let _ = $local;
        0usize
    }};
}
pub(crate) use read_frame_pointer;

/// Whether frames are known here; where they are not, each is 0.
pub(crate) const HAS_FRAMES: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// The part of memory that is this thread's stack; empty where that is not known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    low: usize,
    high: usize,
}

impl Bounds {
    pub(crate) const UNKNOWN: Bounds = Bounds { low: 0, high: 0 };

    pub(crate) fn is_unknown(self) -> bool {
        self.high == 0
    }

    /// Asks the thread library. May allocate inside the C library: never call it from the allocator.
    #[cfg(target_os = "linux")]
    pub(crate) fn of_this_thread() -> Bounds {
        let mut low = std::ptr::null_mut();
        let mut size = 0;
        // SAFETY: `pthread_getattr_np` initialises `attributes` when it returns 0, and only then is it read and
        // destroyed; the two out-pointers live through the call.
        unsafe {
            let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
            if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
                return Bounds::UNKNOWN;
            }
            let got = libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size);
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            if got != 0 {
                return Bounds::UNKNOWN;
            }
        }
        Bounds { low: low as usize, high: low as usize + size }
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn of_this_thread() -> Bounds {
        Bounds::UNKNOWN
    }

    /// Whether a frame (two words) at `address` lies in the stack.
    fn contain(self, address: usize) -> bool {
        address >= self.low && address.saturating_add(2 * size_of::<usize>()) <= self.high
    }
}

/// Why a walk ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// At the frame that was asked for.
    Reached,
    /// The capacity was used up; the innermost frames are there.
    Full,
    /// The chain does not lead there.
    Broken,
}

/// The frame above the one at `frame`, and where that one returns to; `None` when it cannot be a frame below `end`.
///
/// # Safety
///
/// `frame` is not below this function's own stack frame, `end` is not above the last two words of this thread's
/// stack.
#[inline]
unsafe fn step(frame: usize, end: usize) -> Option<(usize, usize)> {
    // A frame pointer is aligned, and callers' frames lie above their callees'.
    if frame >= end || !frame.is_multiple_of(align_of::<usize>()) {
        return None;
    }
    // SAFETY: `frame` is aligned, and it lies between this function's frame and `end`, so the stack contains it with
    // two words to spare. The stack of a running thread from its current frame upwards is mapped and initialised
    // memory, and no reference to these words exists: they are return addresses and saved registers, or, where the
    // chain is broken, other bytes of a frame that are copied and then found to be none.
    let [above, return_address] = unsafe { std::ptr::read(frame as *const [usize; 2]) };
    (above > frame).then_some((above, return_address))
}

/// What stands at a frame: the two words that lead on.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Link {
    above: usize,
    return_address: usize,
}

impl Link {
    pub(crate) const NONE: Link = Link { above: 0, return_address: 0 };

    /// Stands behind the last link of a chain: no frame is like this.
    const STOP: Link = Link { above: 0, return_address: 1 };
}

/// Copies the chain from `frame` to `end` into `links`, the one that leads to `end` as the last, and returns whether it leads
/// there; there may also be no room.
///
/// Where the last frame returns to is left out: that is in the function of the guard. A 0 stands there instead.
pub(crate) fn copy_chain(frame: usize, end: usize, stack: Bounds, links: &[Cell<Link>]) -> bool {
    if !stack.contain(frame) || !stack.contain(end) {
        return false;
    }
    let mut at = frame;
    for (depth, link) in links.iter().enumerate() {
        // SAFETY: `at` lies in [first frame, end], both of which the stack contains.
        let Some((above, return_address)) = (unsafe { step(at, end) }) else { return false };
        if above == end {
            link.set(Link { above, return_address: 0 });
            if let Some(behind) = links.get(depth + 1) {
                behind.set(Link::STOP);
            }
            return true;
        }
        // Nothing returns to 0: this is no frame, and 0 has a meaning here.
        if return_address == 0 {
            return false;
        }
        link.set(Link { above, return_address });
        at = above;
    }
    false
}

/// Whether the chain from `frame` is the one that `links` holds.
///
/// PERF: the recorder's inner loop. The next frame is taken from `links`, so no load waits for another; each word is
/// compared where it stands, because a comparison and its branch are one operation; and what ends the loop is the 0, which is
/// no return address, so nothing is counted.
///
/// # Safety
///
/// `frame` is the frame of a function that is running. [`copy_chain`] has filled `links` on this thread, from that frame or
/// another, and returned that the chain leads to the `end`, which is the frame of a function that is running still.
#[inline(always)]
pub(crate) unsafe fn is_chain<const ROOM: usize>(frame: usize, links: &[Cell<Link>; ROOM]) -> bool {
    let mut at = frame as *const usize;
    for link in links {
        let Link { above, return_address } = link.get();
        // SAFETY: `at` is `frame`, or a word of `links`. `copy_chain` saw to it that those are aligned and lie between the
        // frame where it began and `end`, and that this thread's stack contains both. That is mapped memory as long as the
        // function of `end` runs; no reference to these words exists. They need not be a frame at all this time: they are
        // compared.
        if unsafe { *at } != above {
            return false;
        }
        // SAFETY: as above; a frame is two words.
        if unsafe { *at.add(1) } != return_address {
            return return_address == 0;
        }
        // Should a 0 be equal to the last link's, the one behind it is next, held against the guard's own frame: equal to
        // that it is not.
        at = above as *const usize;
    }
    false
}

/// Where the function with the frame at `frame` returns to; 0 where frames are unknown.
#[inline]
pub(crate) fn return_address(frame: usize) -> usize {
    if !HAS_FRAMES {
        return 0;
    }
    // SAFETY: `frame` was read from the frame-pointer register of a function that is still running and keeps one: the
    // word above the saved frame pointer is the return address.
    unsafe { *(frame as *const usize).add(1) }
}

/// Addresses of the program's own code: from the first to the second. Until they are known all code is.
static PROGRAM: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(usize::MAX)];

/// Says where the program's own code is.
pub(crate) fn set_program(low: u64, high: u64) {
    PROGRAM[0].store(low as usize, Ordering::Relaxed);
    PROGRAM[1].store(high as usize, Ordering::Relaxed);
}

/// Whether an address is in the program itself; `false` until that is known.
pub(crate) fn is_in_program(address: *const std::ffi::c_void) -> bool {
    PROGRAM[1].load(Ordering::Relaxed) != usize::MAX && !is_in_library(address.addr())
}

/// Whether an address is in a library: code that was not built for the audit, and need not keep frame pointers.
fn is_in_library(address: usize) -> bool {
    address < PROGRAM[0].load(Ordering::Relaxed) || address >= PROGRAM[1].load(Ordering::Relaxed)
}

/// The return addresses of one event, innermost first, up to the one in the function that the guard runs.
///
/// The return address in the guard itself is left out. It says who called the hot function, when that was inlined,
/// and an event belongs to the same site whoever did.
///
/// Of frames of libraries that call each other the outermost is kept, whose function the program has called: `qsort` calls
/// itself in thousands of ways.
pub(crate) struct Trace {
    frames: [u64; CAPACITY],
    len: usize,
    /// The return address that was left out at the last guard: further guards lie beyond it.
    at_guard: usize,
}

impl Trace {
    pub(crate) const fn new() -> Trace {
        Trace { frames: [0; CAPACITY], len: 0, at_guard: 0 }
    }

    pub(crate) fn frames(&self) -> &[u64] {
        &self.frames[..self.len]
    }

    fn ends_in_library(&self) -> bool {
        self.frames().last().is_some_and(|address| is_in_library(*address as usize))
    }

    fn push(&mut self, return_address: usize) -> bool {
        let room = self.len < CAPACITY;
        if room {
            self.frames[self.len] = return_address as u64;
            self.len += 1;
        }
        room
    }

    /// Follows the frame pointers from the frame at `*frame` to the one at `end`, and leaves `*frame` there.
    pub(crate) fn walk(&mut self, frame: &mut usize, end: usize, stack: Bounds) -> End {
        if !stack.contain(*frame) || !stack.contain(end) {
            return End::Broken;
        }
        if self.at_guard != 0 && !self.push(self.at_guard) {
            return End::Full;
        }
        loop {
            // SAFETY: `*frame` lies in [first frame, end], both of which the stack contains.
            let Some((above, return_address)) = (unsafe { step(*frame, end) }) else { return End::Broken };
            *frame = above;
            if above == end {
                self.at_guard = return_address;
                return End::Reached;
            }
            // Such a function may have left its caller's frame out.
            if is_in_library(return_address) {
                return End::Broken;
            }
            if !self.push(return_address) {
                return End::Full;
            }
        }
    }

    /// Walks from `frame` to `end` by the unwind tables: slow, but sees through code without frame pointers.
    ///
    /// `frame` is the allocator method's own; frames below it are the recorder's and are left out.
    #[cold]
    pub(crate) fn unwind(&mut self, frame: usize, end: usize) -> End {
        self.len = 0;
        self.at_guard = 0;
        let mut ended = End::Broken;
        crate::unwind::frames(|return_address, stack_pointer| {
            // The caller's stack pointer at the call lies above the callee's frame.
            if stack_pointer <= frame {
                return true;
            }
            if stack_pointer > end {
                ended = End::Reached;
                return false;
            }
            if is_in_library(return_address) && self.ends_in_library() {
                self.len -= 1;
            }
            if !self.push(return_address) {
                ended = End::Full;
                return false;
            }
            true
        });
        if ended == End::Reached {
            self.len = self.len.saturating_sub(1);
        }
        ended
    }
}
