//! Dynamic calls: trait objects, function pointers, closures.

use std::fmt::Write;
use std::hint::black_box;

use crate::data::{Data, Down, Fixed, Quiet, Shape, Square, Up};
use crate::{Case, case};

// Conditional: another implementation allocates; which one is behind it is not this function's choice.
fn dyn_with_a_noisy_fellow(d: &mut Data) -> u64 {
    d.shape.area()
}

// Free: no implementation of the trait allocates.
fn dyn_quiet(d: &mut Data) -> u64 {
    d.quiet.tick()
}

// Free: a default method.
fn dyn_default_method(d: &mut Data) -> u64 {
    d.shape.name()
}

#[inline(never)]
fn through_dyn(shape: &dyn Shape) -> u64 {
    shape.area() + 1
}

// Free: the vtable is a constant of this call, whatever other callers pass.
fn dyn_argument_known(d: &mut Data) -> u64 {
    through_dyn(&Square(u64::from(d.n)))
}

// Conditional: the same callee, with what came from outside.
fn dyn_argument_from_outside(d: &mut Data) -> u64 {
    through_dyn(&*d.shape)
}

// Conditional: both at once; the known one says nothing about the other.
fn dyn_argument_mixed(d: &mut Data) -> u64 {
    through_dyn(&Square(u64::from(d.n))) + through_dyn(&*d.shape)
}

#[inline(never)]
fn deeper(first: u32, quiet: &mut dyn Quiet, times: u32) -> u64 {
    (0..times).map(|_| quiet.tick()).sum::<u64>() + u64::from(first)
}

// Free: passed on through two functions.
fn dyn_passed_on(d: &mut Data) -> u64 {
    deeper(d.n, &mut Up(1), d.n) + deeper(d.n, &mut Down(90), d.n)
}

// Free: a function pointer that this function chooses.
fn function_pointer_chosen(d: &mut Data) -> u64 {
    fn double(n: u32) -> u32 {
        n * 2
    }
    fn halve(n: u32) -> u32 {
        n / 2
    }
    let op: fn(u32) -> u32 = if d.n > 3 { double } else { halve };
    u64::from(black_box(op)(d.n))
}

// Free: a function pointer from outside, which does not allocate.
fn function_pointer_from_outside(d: &mut Data) -> u64 {
    u64::from((d.op)(d.n))
}

#[inline(never)]
fn apply(op: fn(u64) -> u64, n: u64) -> u64 {
    op(n) ^ 1
}

fn noisy(n: u64) -> u64 {
    black_box(Box::new(n)).wrapping_add(1)
}

fn quiet(n: u64) -> u64 {
    n + 1
}

// Free: a constant function as an argument.
fn function_argument_quiet(d: &mut Data) -> u64 {
    apply(quiet, u64::from(d.n))
}

// Allocates: the same callee with another constant.
fn function_argument_noisy(d: &mut Data) -> u64 {
    apply(noisy, u64::from(d.n))
}

// Free: closures are functions.
fn closure(d: &mut Data) -> u64 {
    let add = |n: u32| u64::from(n + d.n);
    d.numbers.iter().map(|n| add(*n)).sum()
}

// Allocates: a boxed closure with a capture.
fn boxed_closure(d: &mut Data) -> u64 {
    let n = u64::from(d.n);
    let add: Box<dyn Fn(u64) -> u64> = Box::new(move |m| m + n);
    black_box(add)(3)
}

// Free: a closure by reference as a trait object.
fn dyn_closure(d: &mut Data) -> u64 {
    #[inline(never)]
    fn call(f: &mut dyn FnMut(u32)) {
        f(1);
        f(2);
    }
    let mut total = u64::from(d.n);
    call(&mut |n| total += u64::from(n));
    total
}

// Free: a table of functions.
fn function_table(d: &mut Data) -> u64 {
    static OPS: [fn(u64) -> u64; 3] = [quiet, |n| n * 3, |n| n >> 1];
    OPS[d.n as usize % 3](5)
}

// Conditional: a table with a function that allocates, which is not called here.
fn noisy_function_table(d: &mut Data) -> u64 {
    static OPS: [fn(u64) -> u64; 3] = [quiet, quiet, noisy];
    OPS[d.n as usize % 3](5)
}

// Free: generics are resolved.
fn generic(d: &mut Data) -> u64 {
    fn twice(mut quiet: impl Quiet) -> u64 {
        quiet.tick() + quiet.tick()
    }
    twice(Up(u64::from(d.n))) + twice(Down(50))
}

// Free: the writer came from outside, and none here allocates... but `String` implements it too.
fn dyn_writer_from_outside(d: &mut Data) -> u64 {
    u64::from(write!(d.writer, "{}", d.n).is_ok())
}

#[inline(never)]
fn banner(out: &mut dyn Write, n: u32) -> bool {
    out.write_str("n = ").is_ok() && write!(out, "{n}").is_ok()
}

// Conditional: a known writer first, then one from outside, through the same function.
fn dyn_writer_mixed(d: &mut Data) -> u64 {
    let mut fixed = Fixed { bytes: &mut d.out, length: 0 };
    let inside = banner(&mut fixed, d.n);
    u64::from(inside) + u64::from(banner(&mut *d.writer, d.n))
}

struct Tee<'a> {
    first: Fixed<'a>,
    second: &'a mut dyn Write,
}

impl Write for Tee<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.first.write_str(text)?;
        self.second.write_str(text)
    }
}

// Conditional: a writer from outside inside of a writer made here.
fn dyn_writer_hidden(d: &mut Data) -> u64 {
    let mut tee = Tee { first: Fixed { bytes: &mut d.out, length: 0 }, second: &mut *d.writer };
    u64::from(write!(tee, "{} {}", d.n, d.x).is_ok())
}

// Conditional: `&mut dyn Write` itself is the writer.
fn dyn_writer_by_reference(d: &mut Data) -> u64 {
    fn generic<W: Write>(mut out: W, n: u32) -> bool {
        write!(out, "{n:>8}").is_ok()
    }
    u64::from(generic(&mut *d.writer, d.n))
}

struct Pair<'a> {
    out: &'a mut dyn Write,
    n: u32,
}

#[inline(never)]
fn through_pair(pair: &mut Pair<'_>) -> bool {
    write!(pair.out, "{}", pair.n).is_ok()
}

// Conditional: the writer from outside lies in an object made here.
fn dyn_writer_in_a_local_object(d: &mut Data) -> u64 {
    let mut fixed = Fixed { bytes: &mut d.out, length: 0 };
    let inside = write!(fixed, "{}", d.n).is_ok();
    u64::from(inside) + u64::from(through_pair(&mut Pair { out: &mut *d.writer, n: d.n }))
}

// Conditional: what to write was made by someone else.
fn arguments_from_outside(d: &mut Data) -> u64 {
    #[inline(never)]
    fn log(out: &mut [u8], arguments: std::fmt::Arguments<'_>) -> bool {
        Fixed { bytes: out, length: 0 }.write_fmt(arguments).is_ok()
    }
    let quiet = log(&mut d.out, format_args!("{}", d.n));
    u64::from(quiet) + u64::from(log(&mut d.out, format_args!("{}", d.display)))
}

pub fn cases() -> Vec<Case> {
    vec![
        case!(dyn_writer_in_a_local_object, Conditional),
        case!(arguments_from_outside, Conditional),
        case!(dyn_with_a_noisy_fellow, Conditional),
        case!(dyn_quiet, Free),
        case!(dyn_default_method, Free),
        case!(dyn_argument_known, Free),
        case!(dyn_argument_from_outside, Conditional),
        case!(dyn_argument_mixed, Conditional),
        case!(dyn_passed_on, Free),
        case!(function_pointer_chosen, Free),
        case!(function_pointer_from_outside, Free),
        case!(function_argument_quiet, Free),
        case!(function_argument_noisy, Allocates, frees),
        case!(closure, Free),
        case!(boxed_closure, Allocates, frees),
        case!(dyn_closure, Free),
        case!(function_table, Free),
        case!(noisy_function_table, Conditional),
        case!(generic, Free),
        case!(dyn_writer_from_outside, Conditional),
        case!(dyn_writer_mixed, Conditional),
        case!(dyn_writer_hidden, Conditional),
        case!(dyn_writer_by_reference, Conditional),
    ]
}
