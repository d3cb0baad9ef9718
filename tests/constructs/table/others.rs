//! Threads, channels, lazy values, macros, readers, dependencies.

use super::{FIRST, Row, SPORADIC, alloc};

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    alloc("others::Filter::method", "collect into Vec", false, "self.taps.iter().zip(input).map(|(a, b)| a * b).collect()"),
    alloc("others::buf_reader", "BufReader::new", false, "BufReader::new(data)"),
    alloc("others::buf_writer", "BufWriter::new", false, "BufWriter::new(out)"),
    alloc("others::channel", "mpsc::channel", false, "mpsc::channel::<u32>()"),
    Row { pattern: SPORADIC, ..alloc("others::channel_send", "Sender::send", true, "sender.send([n; 4])") },
    alloc("others::dependency_call", "call into memchr", false, "memchr::memmem::Finder::new(needle).into_owned()"),
    alloc("others::dependency_spills", "call into smallvec", false, "list.push(n)"),
    Row { pattern: FIRST, ..alloc("others::lazy_lock", "Box::new", true, "Box::new([5; 64])") },
    Row { pattern: FIRST, ..alloc("others::once_lock", "vec!", true, "vec![3; 64]") },
    alloc("others::own_macro", "Box::new", false, ""),
    Row { pattern: FIRST, ..alloc("others::print_line", "println!", true, r#"println!("constructs: a line")"#) },
    alloc("others::read_line", "read_line into String", false, "data.read_line(&mut line)"),
    alloc("others::read_to_end", "read_to_end into Vec", true, "data.read_to_end(out)"),
    alloc("others::read_to_string", "read_to_string into String", true, "data.read_to_string(&mut text)"),
    Row { pattern: SPORADIC, ..alloc("others::sporadic", "vec!", false, "vec![0u8; 16]") },
    alloc("others::sync_channel", "mpsc::sync_channel", false, "mpsc::sync_channel::<u32>(4)"),
    Row { pattern: FIRST, ..alloc("others::thread_local", "Vec::with_capacity", true, "Vec::with_capacity(64)") },
    alloc("others::thread_spawn", "thread::spawn", true, "thread::spawn(move || n + 1)"),
    alloc("others::through_helper", "vec!", false, "vec![n; 3]"),
    alloc("others::varying", "vec!", false, "vec![1u8; n % 50 + 1]"),
];
