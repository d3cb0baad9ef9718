//! A real-time audio callback. The sound card asks for the next block of samples and waits: whoever calls the
//! allocator there waits for a lock that another thread may hold, and the listener hears it.
//!
//! [`Voice::process`] is how it is done. [`Careless::process`] does the same work with the usual sins.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use no_heap::no_heap;

/// Samples the ring has room for; a power of two.
const CAPACITY: usize = 1024;

/// A ring of samples between two threads, one that writes and one that reads. Neither ever waits.
#[derive(Debug)]
pub struct Ring {
    /// Samples as their bits.
    samples: [AtomicU32; CAPACITY],
    written: AtomicUsize,
    read: AtomicUsize,
}

impl Default for Ring {
    fn default() -> Ring {
        Ring {
            samples: [const { AtomicU32::new(0) }; CAPACITY],
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }
}

impl Ring {
    /// Appends as much of `samples` as there is room for; returns how many.
    ///
    /// Only one thread may write.
    #[no_heap]
    pub fn write(&self, samples: &[f32]) -> usize {
        let written = self.written.load(Ordering::Relaxed);
        let room = CAPACITY - written.wrapping_sub(self.read.load(Ordering::Acquire));
        let count = samples.len().min(room);
        for (i, sample) in samples[..count].iter().enumerate() {
            self.samples[written.wrapping_add(i) % CAPACITY].store(sample.to_bits(), Ordering::Relaxed);
        }
        self.written.store(written.wrapping_add(count), Ordering::Release);
        count
    }

    /// Takes the oldest sample, if there is one.
    ///
    /// Only one thread may read.
    fn take(&self) -> Option<f32> {
        let read = self.read.load(Ordering::Relaxed);
        if read == self.written.load(Ordering::Acquire) {
            return None;
        }
        let bits = self.samples[read % CAPACITY].load(Ordering::Relaxed);
        self.read.store(read.wrapping_add(1), Ordering::Release);
        Some(f32::from_bits(bits))
    }
}

/// A one-pole low-pass filter.
#[derive(Clone, Copy, Debug)]
struct LowPass {
    coefficient: f32,
    last: f32,
}

impl LowPass {
    fn next(&mut self, sample: f32) -> f32 {
        self.last += self.coefficient * (sample - self.last);
        self.last
    }
}

/// What plays one voice, with nothing that has to be asked for while it plays.
#[derive(Debug)]
pub struct Voice {
    input: Arc<Ring>,
    filter: LowPass,
    /// Blocks for which the input came too late. Another thread reads and reports it.
    underruns: AtomicU32,
}

impl Voice {
    /// Plays what is written to `input`, filtered with `coefficient` (0 to 1).
    pub fn new(input: Arc<Ring>, coefficient: f32) -> Voice {
        Voice { input, filter: LowPass { coefficient, last: 0.0 }, underruns: AtomicU32::new(0) }
    }

    /// Fills `out` with the next block; silence where the input is late.
    #[no_heap(prove)]
    pub fn process(&mut self, out: &mut [f32]) {
        let mut late = false;
        for out in &mut *out {
            let sample = self.input.take();
            late |= sample.is_none();
            *out = self.filter.next(sample.unwrap_or(0.0));
        }
        if late {
            self.underruns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Blocks for which the input came too late.
    pub fn underruns(&self) -> u32 {
        self.underruns.load(Ordering::Relaxed)
    }
}

/// Something that a user of [`Careless`] may hang in.
pub type Hook = Box<dyn Fn(&[f32]) -> Vec<f32> + Send>;

/// The same voice as it is written in a hurry.
pub struct Careless {
    input: Arc<Mutex<Vec<f32>>>,
    filter: LowPass,
    hooks: Vec<Hook>,
    /// What was logged, oldest first.
    pub log: Vec<String>,
}

impl Careless {
    /// Plays what is pushed to `input`; every block goes through `hooks`.
    pub fn new(input: Arc<Mutex<Vec<f32>>>, coefficient: f32, hooks: Vec<Hook>) -> Careless {
        Careless { input, filter: LowPass { coefficient, last: 0.0 }, hooks, log: Vec::new() }
    }

    /// Fills `out` with the next block.
    #[no_heap]
    pub fn process(&mut self, out: &mut [f32]) {
        // Sin one: a lock that a slower thread may hold. Without contention it takes nothing from the heap; what the
        // proof says of it is in the README.
        let mut input = self.input.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Sin two: a vector that grows.
        let mut block = Vec::new();
        while block.len() < out.len() {
            block.push(self.filter.next(input.pop().unwrap_or(0.0)));
        }
        drop(input);
        // Sin three: hooks of unknown cost behind `dyn Fn`.
        for hook in &self.hooks {
            block = hook(&block);
        }
        // Sin four: a log line, made and kept while the sound card waits.
        self.log.push(format!("played {} samples", block.len()));
        out.copy_from_slice(&block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_voices_play_the_same() {
        let (ring, samples) = (Arc::new(Ring::default()), [1.0, 0.5, 0.25, 0.125]);
        assert_eq!(ring.write(&samples), 4);
        let mut good = [0.0; 4];
        Voice::new(ring, 0.5).process(&mut good);

        let stack = Arc::new(Mutex::new(samples.iter().rev().copied().collect()));
        let mut careless = Careless::new(stack, 0.5, vec![Box::new(<[f32]>::to_vec)]);
        let mut bad = [0.0; 4];
        careless.process(&mut bad);
        assert_eq!(good, bad);
        assert_eq!(careless.log, ["played 4 samples"]);
    }

    #[test]
    fn a_late_input_is_silence_and_is_counted() {
        let mut voice = Voice::new(Arc::default(), 1.0);
        let mut out = [9.0; 8];
        voice.process(&mut out);
        assert_eq!((out, voice.underruns()), ([0.0; 8], 1));
    }

    #[test]
    fn the_ring_takes_what_it_has_room_for() {
        let ring = Ring::default();
        assert_eq!(ring.write(&[0.5; CAPACITY + 3]), CAPACITY);
        assert_eq!(ring.take(), Some(0.5));
        assert_eq!(ring.write(&[0.25; 3]), 1);
    }
}
