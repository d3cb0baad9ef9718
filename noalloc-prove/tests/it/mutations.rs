//! Twenty thousand damaged binaries: no panic, no hang, no exhausted memory. Whatever is said of them is fine.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use noalloc_prove::Program;

use crate::subjects::build_tiny;

const MUTANTS: u64 = 20_000;
const THREADS: u64 = 2;
const LONGEST: Duration = Duration::from_secs(5);
const MOST_MEMORY: usize = 1 << 30;

/// Measures the memory of the whole test binary.
struct Measured;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: forwards to `System`.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measured = Measured;

/// xorshift64*: the same mutants every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn mutate(original: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    random.next();
    let mut bytes = original.to_vec();
    let length = bytes.len();
    match random.below(8) {
        0 => bytes.truncate(random.below(length)),
        1 => {
            let (from, to) = (random.below(length), random.below(length));
            let count = random.below(4096).min(length - from).min(length - to);
            bytes.copy_within(from..from + count, to);
        }
        2 => {
            let (at, count) = (random.below(length), random.below(64));
            bytes.splice(at..(at + count).min(length), std::iter::repeat_n(0x41, count / 2));
        }
        kind => {
            // The headers are small and matter most.
            let flips = 1 + random.below(if kind == 3 { 512 } else { 12 });
            for _ in 0..flips {
                let at = match random.below(4) {
                    0 => random.below(64),
                    1 => length - 1 - random.below(64 * 40),
                    _ => random.below(length),
                };
                bytes[at] ^= 1 << random.below(8);
            }
        }
    }
    bytes
}

/// Asks everything that can be asked.
fn ask(bytes: &[u8]) -> bool {
    let Ok(program) = Program::parse(bytes) else { return false };
    for site in program.sites().unwrap_or_default().iter().take(8) {
        let proof = program.prove_site(site);
        for unknown in proof.unknowns.iter().take(2) {
            std::hint::black_box(program.implementations(unknown, None));
        }
    }
    for function in program.functions_matching("main").into_iter().take(4) {
        std::hint::black_box(function.address.map(|address| program.prove(address)));
    }
    true
}

#[test]
fn no_damage_makes_the_proof_panic_or_hang() {
    let original = build_tiny("tiny");
    assert!(ask(&original), "the original is fine");
    let (at, parsed) = ([const { AtomicU64::new(0) }; 2], AtomicU64::new(0));
    let worker = |thread: u64| {
        let mut longest = Duration::ZERO;
        for seed in (0..MUTANTS).filter(|seed| seed % THREADS == thread) {
            at[thread as usize].store(seed, Ordering::Relaxed);
            let bytes = mutate(&original, seed);
            let start = Instant::now();
            let answer = std::panic::catch_unwind(|| ask(&bytes));
            let took = start.elapsed();
            assert!(answer.is_ok(), "mutant {seed} makes it panic");
            assert!(took < LONGEST, "mutant {seed} takes {took:?}");
            parsed.fetch_add(u64::from(answer.unwrap_or(false)), Ordering::Relaxed);
            longest = longest.max(took);
        }
        longest
    };
    let before = USED.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let longest = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || worker(thread))).collect();
        watch(&threads, &at);
        threads.into_iter().map(|thread| thread.join().expect("no panic")).max()
    });
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let parsed = parsed.into_inner();
    println!(
        "{MUTANTS} mutants of {} bytes, {parsed} analysed, longest {longest:?}, {peak} bytes",
        original.len()
    );
    assert!(peak < MOST_MEMORY);
    assert!(parsed > MUTANTS / 20, "the mutants are too broken to test anything");
}

/// A worker that stays at one mutant hangs: end the test instead of waiting for ever.
fn watch<T>(threads: &[std::thread::ScopedJoinHandle<'_, T>], at: &[AtomicU64; 2]) {
    let mut last: Vec<(u64, Instant)> = at.iter().map(|_| (u64::MAX, Instant::now())).collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        std::thread::sleep(Duration::from_millis(50));
        for ((thread, at), last) in threads.iter().zip(at).zip(&mut last) {
            let seed = at.load(Ordering::Relaxed);
            if last.0 != seed {
                *last = (seed, Instant::now());
            } else if !thread.is_finished() && last.1.elapsed() > 4 * LONGEST {
                println!("mutant {seed} hangs");
                std::process::abort();
            }
        }
    }
}
