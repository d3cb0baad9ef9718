//! Formatting into fixed buffers, strings and foreign writers.

use std::fmt::{Display, Write};

use crate::data::{Data, Fixed, Point};
use crate::{Case, case};

fn fixed(out: &mut [u8]) -> Fixed<'_> {
    Fixed { bytes: out, length: 0 }
}

// Free: text only.
fn write_text(d: &mut Data) -> u64 {
    u64::from(fixed(&mut d.out).write_str("hello").is_ok())
}

// Free: integers.
fn write_integers(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{} {:>5} {:#x}", d.n, d.n, d.n).is_ok())
}

// Free: floats.
fn write_floats(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{} {:.3} {:e}", d.x, d.x, d.x).is_ok())
}

// Free: strings with padding and escapes.
fn write_strings(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{:<30}|{:?}", d.text, 'x').is_ok())
}

// Free: a `Display` of the user's own.
fn write_own_type(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{}", Point { x: i64::from(d.n), y: -1 }).is_ok())
}

struct Loud(u32);

impl Display for Loud {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&std::hint::black_box(self.0.to_string()))
    }
}

// Allocates: a `Display` that makes a string.
fn write_loud_type(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{}", Loud(d.n)).is_ok())
}

// Allocates: into a string that grows.
fn write_to_string(d: &mut Data) -> u64 {
    let mut out = String::new();
    let result = write!(out, "{}", d.n).is_ok();
    std::hint::black_box(&out);
    u64::from(result)
}

// Conditional: the value's `Display` is chosen outside.
fn write_dyn_display(d: &mut Data) -> u64 {
    let mut out = fixed(&mut d.out);
    u64::from(write!(out, "{}", d.display).is_ok())
}

/// Keeps a formatter that it was given.
struct Holder<'h, 'f> {
    formatter: &'h mut std::fmt::Formatter<'f>,
    uses: u64,
}

#[inline(never)]
fn pad_through(holder: &mut Holder<'_, '_>) -> std::fmt::Result {
    holder.uses += 1;
    holder.formatter.pad("held")
}

struct HeldSite;
impl crate::marker::Site for HeldSite {
    const ID: u64 = crate::marker::id("held_formatter");
}

struct Held;

impl Display for Held {
    #[inline(never)]
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::marker::root::<HeldSite, std::fmt::Result, _>(|| {
            let mut holder = Holder { formatter: f, uses: 0 };
            std::hint::black_box(&mut holder.uses);
            pad_through(&mut holder)
        })
    }
}

// Allocates: the formatter lies on the root's stack by reference only; it writes to a string outside.
fn held_formatter(_: &mut Data) -> u64 {
    let mut text = String::new();
    let out: &mut dyn Write = std::hint::black_box(&mut text);
    u64::from(write!(out, "{}", std::hint::black_box(Held)).is_ok())
}

// Free: std's writer into a slice.
fn io_write_slice(d: &mut Data) -> u64 {
    use std::io::Write as _;
    let mut out: &mut [u8] = &mut d.out;
    u64::from(out.write_all(&d.bytes).is_ok())
}

// Free: a cursor over a slice.
fn io_cursor(d: &mut Data) -> u64 {
    use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
    let mut cursor = Cursor::new(&d.bytes[..]);
    let mut out = [0; 8];
    let sought = cursor.seek(SeekFrom::Start(3)).is_ok();
    u64::from(cursor.read_exact(&mut out).is_ok()) + u64::from(sought)
}

pub fn cases() -> Vec<Case> {
    vec![
        case!(write_text, Free),
        case!(write_integers, Free),
        case!(write_floats, Free),
        case!(write_strings, Free),
        case!(write_own_type, Free),
        case!(write_loud_type, Allocates, frees),
        case!(write_to_string, Allocates, frees),
        case!(write_dyn_display, Conditional),
        Case {
            name: "held_formatter",
            truth: crate::Truth::Allocates,
            frees: true,
            run: held_formatter,
        },
        case!(io_write_slice, Free),
        case!(io_cursor, Free),
    ]
}
