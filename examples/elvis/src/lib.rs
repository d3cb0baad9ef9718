//! Finds `elvis` in a stream of bytes and writes `Elvis` in its place: the program of the article
//! *Language Mechanics On Memory Profiling*, in four steps from two allocations a call to none.
//!
//! Each step does the same work and takes one thing off the heap. `cargo noalloc check -p elvis` shows which.

use std::io::{Cursor, Read};

use no_heap::no_heap;

/// The article's input.
pub const INPUT: &[u8] = b"abcelvisaElvisabcelviseelvisaelvisaabeeeelvise l v i saa bb e l v i saa elvi
selvielviselvielvielviselvi1elvielviselvis";

/// What the article says comes out.
pub const OUTPUT: &[u8] = b"abcElvisaElvisabcElviseElvisaElvisaabeeeElvise l v i saa bb e l v i saa elvi
selviElviselvielviElviselvi1elviElvisElvis";

/// Step one: reads through a trait object and keeps its window on the heap.
///
/// `data` is the stream, `find` (not empty) is replaced by `repl`, and the result is appended to `out`.
#[no_heap]
pub fn algo_one(data: &[u8], find: &[u8], repl: &[u8], out: &mut Vec<u8>) {
    // Use a reader to provide a stream to process.
    let mut input: Box<dyn Read> = Box::new(Cursor::new(data));

    // Declare the buffer we need to process the stream.
    let mut buf = vec![0u8; find.len()];
    let end = buf.len() - 1;

    // Read in an initial number of bytes we need to get started.
    let n = read_full_dyn(&mut *input, &mut buf[..end]);
    if n < end {
        out.extend_from_slice(&buf[..n]);
        return;
    }

    // Read in one byte from the input stream at a time.
    while read_full_dyn(&mut *input, &mut buf[end..]) == 1 {
        // If we have a match, replace the bytes and read a new initial number of bytes.
        if buf == find {
            out.extend_from_slice(repl);
            let n = read_full_dyn(&mut *input, &mut buf[..end]);
            if n < end {
                out.extend_from_slice(&buf[..n]);
                return;
            }
            continue;
        }

        // Write the front byte since it has been compared, and slice it out.
        out.push(buf[0]);
        buf.copy_within(1.., 0);
    }

    // Flush the rest of the bytes we have.
    out.extend_from_slice(&buf[..end]);
}

/// Step two: the reader is a concrete type on the stack; the window is still on the heap.
///
/// Arguments as for [`algo_one`].
#[no_heap]
pub fn algo_two(data: &[u8], find: &[u8], repl: &[u8], out: &mut Vec<u8>) {
    let mut input = Cursor::new(data);
    let mut buf = vec![0u8; find.len()];
    let end = buf.len() - 1;

    let n = read_full(&mut input, &mut buf[..end]);
    if n < end {
        out.extend_from_slice(&buf[..n]);
        return;
    }
    while read_full(&mut input, &mut buf[end..]) == 1 {
        if buf == find {
            out.extend_from_slice(repl);
            let n = read_full(&mut input, &mut buf[..end]);
            if n < end {
                out.extend_from_slice(&buf[..n]);
                return;
            }
            continue;
        }
        out.push(buf[0]);
        buf.copy_within(1.., 0);
    }
    out.extend_from_slice(&buf[..end]);
}

/// Step three: the window's size is known to the compiler, so it is on the stack, too.
///
/// Arguments as for [`algo_one`]. It allocates only when `out` has to grow.
#[no_heap]
pub fn algo_three<const N: usize>(data: &[u8], find: &[u8; N], repl: &[u8], out: &mut Vec<u8>) {
    let mut input = Cursor::new(data);
    let mut buf = [0u8; N];
    let end = N - 1;

    let n = read_full(&mut input, &mut buf[..end]);
    if n < end {
        out.extend_from_slice(&buf[..n]);
        return;
    }
    while read_full(&mut input, &mut buf[end..]) == 1 {
        if buf == *find {
            out.extend_from_slice(repl);
            let n = read_full(&mut input, &mut buf[..end]);
            if n < end {
                out.extend_from_slice(&buf[..n]);
                return;
            }
            continue;
        }
        out.push(buf[0]);
        buf.copy_within(1.., 0);
    }
    out.extend_from_slice(&buf[..end]);
}

/// Step four: the output goes into the caller's memory, so nothing is left that could grow.
///
/// Arguments as for [`algo_one`], but the result is written to the front of `out`; returns its length, or `None`
/// when `out` is too short.
#[no_heap]
pub fn algo_four<const N: usize>(data: &[u8], find: &[u8; N], repl: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut input = data;
    let mut out = Output { buf: out, len: 0 };
    let mut buf = [0u8; N];
    let end = N - 1;

    let n = read_full(&mut input, &mut buf[..end]);
    if n < end {
        return out.write(&buf[..n]);
    }
    while read_full(&mut input, &mut buf[end..]) == 1 {
        if buf == *find {
            out.write(repl)?;
            let n = read_full(&mut input, &mut buf[..end]);
            if n < end {
                return out.write(&buf[..n]);
            }
            continue;
        }
        out.push(buf[0])?;
        buf.copy_within(1.., 0);
    }
    out.write(&buf[..end])
}

/// [`read_full`] for any reader at all, like the article's `io.ReadFull`: compiled once and called, so whatever
/// is read has to have an address.
#[inline(never)]
fn read_full_dyn(input: &mut dyn Read, buf: &mut [u8]) -> usize {
    read_full(input, buf)
}

/// Fills `buf` as far as `input` goes; returns the number of bytes.
fn read_full<R: Read + ?Sized>(input: &mut R, buf: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buf.len() {
        match input.read(&mut buf[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(n) => filled += n,
        }
    }
    filled
}

/// The caller's memory and how much of it is written.
struct Output<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl Output<'_> {
    /// Appends one byte; returns `None` when it does not fit.
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.buf.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }

    /// Appends `bytes`; returns the length so far, or `None` when they do not fit.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = self.len + bytes.len();
        self.buf.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(end)
    }
}
