//! What one word of a site says: what was done, by which function of whose allocator, and with whose block.
//!
//! Both sides of the record use it; where the word stands is said in `layout`.

/// Bits of [`Site::op`](super::Site::op).
pub mod op_bit {
    /// The operation alone.
    pub const OPERATION: u64 = 3;
    /// The C library's allocator was called, by something else than the program's global allocator.
    pub const C_HEAP: u64 = 4;
    /// Of a free: the same call had allocated the block, or a call of the same function around it or inside.
    pub const OWN: u64 = 8;
    /// Of a free: whether that is so is not known.
    pub const DOUBTFUL: u64 = 16;
    /// There was no room for one more whole stack: the innermost frames are there, and stand for all that begin so.
    pub const CUT: u64 = 32;
    /// Bits up to here; above them is the function of the C library's allocator that was called, see
    /// [`C_FUNCTIONS`](super::C_FUNCTIONS).
    pub const WIDTH: u32 = 6;
}

/// The functions of the C library's allocator, by the number above the other bits of [`Site::op`](super::Site::op).
pub const C_FUNCTIONS: [&str; 9] = [
    "malloc",
    "calloc",
    "realloc",
    "free",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "valloc",
    "pvalloc",
];

/// A [`Site::op`](super::Site::op) of the C library's allocator: what was done, by which of [`C_FUNCTIONS`].
pub const fn c_op(op: u64, function: u64) -> u64 {
    op | op_bit::C_HEAP | function << op_bit::WIDTH
}

/// The function of the C library's allocator that stands in a [`Site::op`](super::Site::op); `None` for Rust's, and where there is no such one.
pub fn c_function(op: u64) -> Option<&'static str> {
    let number = usize::try_from(op >> op_bit::WIDTH).ok().filter(|_| op & op_bit::C_HEAP != 0)?;
    C_FUNCTIONS.get(number).copied()
}
