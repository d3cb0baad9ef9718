//! What the cases work on, made outside of them and hidden from the optimiser.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

/// A trait with an implementation that allocates.
pub trait Shape {
    fn area(&self) -> u64;
    fn name(&self) -> u64 {
        4
    }
}

pub struct Square(pub u64);
pub struct Noisy(pub u64);

impl Shape for Square {
    fn area(&self) -> u64 {
        self.0 * self.0
    }
}

impl Shape for Noisy {
    fn area(&self) -> u64 {
        std::hint::black_box(vec![self.0; 3]).iter().sum()
    }
}

/// A trait none of whose implementations allocates.
pub trait Quiet {
    fn tick(&mut self) -> u64;
}

pub struct Up(pub u64);
pub struct Down(pub u64);

impl Quiet for Up {
    fn tick(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl Quiet for Down {
    fn tick(&mut self) -> u64 {
        self.0 -= 1;
        self.0
    }
}

/// A writer into memory that it is given.
pub struct Fixed<'a> {
    pub bytes: &'a mut [u8],
    pub length: usize,
}

impl std::fmt::Write for Fixed<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length.checked_add(text.len()).ok_or(std::fmt::Error)?;
        let room = self.bytes.get_mut(self.length..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

pub struct Point {
    pub x: i64,
    pub y: i64,
}

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "({}, {})", self.x, self.y)
    }
}

/// Every third `Drop` does something that can be seen.
pub struct Droppy<'a>(pub &'a Cell<u64>);

impl Drop for Droppy<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

pub struct Data {
    pub n: u32,
    pub x: f64,
    pub numbers: Vec<u32>,
    pub text: String,
    pub words: Vec<String>,
    pub bytes: [u8; 64],
    pub spare: Vec<u32>,
    pub full: Vec<u32>,
    pub map: HashMap<u32, u32>,
    pub tree: BTreeMap<u32, u32>,
    pub heap: BinaryHeap<u32>,
    pub queue: VecDeque<u32>,
    pub shape: Box<dyn Shape>,
    pub quiet: Box<dyn Quiet>,
    pub op: fn(u32) -> u32,
    pub writer: Box<dyn std::fmt::Write>,
    pub display: Box<dyn std::fmt::Display>,
    pub boxed: Option<Box<u32>>,
    pub rc: Option<Rc<u32>>,
    pub arc: Arc<u32>,
    pub cell: RefCell<u32>,
    pub mutex: Mutex<u32>,
    pub lock: RwLock<u32>,
    pub once: OnceLock<u32>,
    pub seen: Cell<u64>,
    pub out: [u8; 256],
}

fn triple(n: u32) -> u32 {
    n.wrapping_mul(3)
}

/// Discards what it is given.
struct Sink;

impl std::fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        std::hint::black_box(text.len());
        Ok(())
    }
}

impl Data {
    pub fn new() -> Self {
        let mut full = Vec::with_capacity(4);
        while full.len() < full.capacity() {
            full.push(1);
        }
        let shape: Box<dyn Shape> =
            if std::env::args().count() > 9 { Box::new(Noisy(2)) } else { Box::new(Square(3)) };
        let quiet: Box<dyn Quiet> = if std::env::args().count() > 9 { Box::new(Down(2)) } else { Box::new(Up(3)) };
        let mut heap = BinaryHeap::with_capacity(64);
        heap.push(3);
        let mut queue = VecDeque::with_capacity(64);
        queue.push_back(3);
        Self {
            n: std::env::args().count() as u32 + 6,
            x: 2.5,
            numbers: vec![5, 3, 9, 1, 7, 2, 8, 6],
            text: "12, 34 and Some words".to_owned(),
            words: vec!["a".to_owned(), "bc".to_owned()],
            bytes: [7; 64],
            spare: Vec::with_capacity(64),
            full,
            map: HashMap::from([(1, 2), (3, 4)]),
            tree: BTreeMap::from([(1, 2), (3, 4)]),
            heap,
            queue,
            shape,
            quiet,
            op: triple,
            writer: Box::new(Sink),
            display: Box::new(7),
            boxed: Some(Box::new(5)),
            rc: Some(Rc::new(5)),
            arc: Arc::new(5),
            cell: RefCell::new(5),
            mutex: Mutex::new(5),
            lock: RwLock::new(5),
            once: OnceLock::new(),
            seen: Cell::new(0),
            out: [0; 256],
        }
    }
}
