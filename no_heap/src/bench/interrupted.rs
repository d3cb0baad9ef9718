//! Whether somebody else had the processor while the clock ran: other programs, or other guests of the same host.
//!
//! The kernel keeps a clock for each thread that stands still while the thread has no processor. Where a thread did not
//! wait of its own accord, what the usual clock says beyond that one is an interruption. On other systems than Linux
//! nothing is known, and nothing is called interrupted.

use std::time::{Duration, Instant};

/// Interruptions shorter than this part of the time are none: timer interrupts, and reading two clocks one after the
/// other.
const PART: u32 = 32;

/// Both clocks at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    wall: Instant,
    own: Option<Own>,
}

/// What the kernel says of this thread.
#[derive(Clone, Copy, Debug)]
struct Own {
    /// It had a processor so long.
    time: Duration,
    /// It gave the processor up so often: it slept, or waited for a lock, a disk, another thread.
    waits: u64,
}

/// What happened since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// Time that passed for the thread: without what others had, and with what it waited for itself.
    pub(super) spent: Duration,
    pub(super) interrupted: bool,
}

impl Watch {
    pub(super) fn begin() -> Watch {
        // What is read last is read first at the end: the thread's own clock sees a little more than the usual one.
        let own = own();
        Watch { wall: Instant::now(), own }
    }

    pub(super) fn end(self) -> Seen {
        let wall = self.wall.elapsed();
        let of_this_thread = self.own.zip(own());
        judge(
            wall,
            of_this_thread
                .map(|(before, now)| (now.time.saturating_sub(before.time), now.waits != before.waits)),
        )
    }
}

/// `own`: the time by the thread's own clock, and whether it waited meanwhile.
fn judge(wall: Duration, own: Option<(Duration, bool)>) -> Seen {
    match own {
        Some((own, false)) if wall.saturating_sub(own) > wall / PART => {
            Seen { spent: own, interrupted: true }
        }
        _ => Seen { spent: wall, interrupted: false },
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn own() -> Option<Own> {
    use std::ffi::{c_int, c_long};

    // `libc` is no dependency of a plain build. The shapes are those of the kernel's 64-bit interface:
    // clock_gettime(2), getrusage(2), `include/uapi/linux/resource.h`.
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: c_long,
    }
    #[repr(C)]
    struct Usage {
        times: [c_long; 4],
        counts: [c_long; 12],
        voluntary_switches: c_long,
        involuntary_switches: c_long,
    }
    const CLOCK_THREAD_CPUTIME_ID: c_int = 3;
    const RUSAGE_THREAD: c_int = 1;
    unsafe extern "C" {
        fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
        fn getrusage(who: c_int, usage: *mut Usage) -> c_int;
    }

    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    let mut usage = Usage { times: [0; 4], counts: [0; 12], voluntary_switches: 0, involuntary_switches: 0 };
    // SAFETY: both write to a structure of the shape that they are documented with, and keep no pointer to it.
    let failed = unsafe {
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) | getrusage(RUSAGE_THREAD, &raw mut usage)
    };
    let time = Duration::new(time.seconds.try_into().ok()?, time.nanoseconds.try_into().ok()?);
    (failed == 0).then_some(Own { time, waits: usage.voluntary_switches.try_into().ok()? })
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn own() -> Option<Own> {
    None
}

#[cfg(test)]
mod tests {
    use super::{Seen, Watch, judge};
    use std::time::{Duration, Instant};

    #[test]
    fn what_others_had_is_not_the_threads() {
        let us = Duration::from_micros;
        let interrupted = |spent| Seen { spent: us(spent), interrupted: true };
        let alone = |spent| Seen { spent: us(spent), interrupted: false };
        assert_eq!(judge(us(4_200), Some((us(200), false))), interrupted(200));
        // The kernel's clock is a little ahead, or a timer interrupt was on it.
        assert_eq!(judge(us(200), Some((us(201), false))), alone(200));
        assert_eq!(judge(us(200), Some((us(196), false))), alone(200));
        // Who sleeps is not interrupted: what it waits for is its time.
        assert_eq!(judge(us(4_200), Some((us(200), true))), alone(4_200));
        assert_eq!(judge(us(4_200), None), alone(4_200));
    }

    #[test]
    fn a_sleep_is_no_interruption() {
        let watch = Watch::begin();
        std::thread::sleep(Duration::from_millis(2));
        let seen = watch.end();
        assert!(!seen.interrupted && seen.spent >= Duration::from_millis(2), "{seen:?}");
    }

    /// However busy the machine is, the thread's own clock tells what it had from what passed.
    #[test]
    #[cfg(target_os = "linux")]
    fn work_is_on_the_threads_own_clock() {
        let (watch, start) = (Watch::begin(), Instant::now());
        while start.elapsed() < Duration::from_millis(20) {}
        let seen = watch.end();
        assert!(seen.interrupted || seen.spent >= Duration::from_millis(20), "{seen:?}");
        assert!(seen.spent > Duration::ZERO, "{seen:?}");
    }
}
