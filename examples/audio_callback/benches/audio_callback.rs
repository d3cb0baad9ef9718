//! One block of 128 samples, as the sound card asks for it.

use std::hint::black_box;
use std::sync::{Arc, Mutex};

use audio_callback::{Careless, Ring, Voice};
use no_heap::Bencher;

const BLOCK: usize = 128;

#[no_heap::bench]
fn voice(b: &mut Bencher) {
    let ring = Arc::new(Ring::default());
    let mut voice = Voice::new(Arc::clone(&ring), 0.2);
    let (input, mut out) = ([0.5; BLOCK], [0.0; BLOCK]);
    b.iter(|| {
        ring.write(black_box(&input));
        voice.process(&mut out);
    });
}

#[no_heap::bench]
fn careless(b: &mut Bencher) {
    let input = Arc::new(Mutex::new(Vec::new()));
    let mut voice = Careless::new(Arc::clone(&input), 0.2, vec![Box::new(<[f32]>::to_vec)]);
    let mut out = [0.0; BLOCK];
    b.iter(|| {
        voice.process(&mut out);
        voice.log.clear();
    });
}

no_heap::main!();
