//! What lies outside of the language: locks, clocks, thread-locals, input and output, C.

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_void};
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use crate::data::Data;
use crate::{Case, case};

unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
    fn strlen(text: *const c_char) -> usize;
}

thread_local! {
    static PLAIN: Cell<u64> = const { Cell::new(1) };
    static LAZY: Cell<u64> = Cell::new(black_box(3));
    static DROPPED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

static COUNTER: AtomicU64 = AtomicU64::new(0);
static TABLE: LazyLock<Vec<u64>> = LazyLock::new(|| vec![1, 2, 3]);
static NUMBER: LazyLock<u64> = LazyLock::new(|| black_box(7));

// Free: atomics.
fn atomics(d: &mut Data) -> u64 {
    COUNTER.fetch_add(u64::from(d.n), Ordering::SeqCst) + COUNTER.load(Ordering::Acquire)
}

// Free: a thread-local without a destructor.
fn thread_local_plain(d: &mut Data) -> u64 {
    PLAIN.set(PLAIN.get() + u64::from(d.n));
    PLAIN.get()
}

// Free: one that is made at first use.
fn thread_local_lazy(d: &mut Data) -> u64 {
    LAZY.get() + u64::from(d.n)
}

// Outside: a destructor is registered at first use; the C library takes memory for its list.
fn thread_local_with_drop(d: &mut Data) -> u64 {
    DROPPED.with(|list| list.borrow().len() as u64) + u64::from(d.n)
}

// Allocates: a lazy static that makes a vector.
fn lazy_vector(d: &mut Data) -> u64 {
    TABLE[d.n as usize % 3]
}

// Free: a lazy static that makes a number.
fn lazy_number(d: &mut Data) -> u64 {
    *NUMBER + u64::from(d.n)
}

// Free: `OnceLock` with a number.
fn once_lock(d: &mut Data) -> u64 {
    u64::from(*d.once.get_or_init(|| black_box(9)))
}

// Free: std's mutex is a futex.
fn mutex(d: &mut Data) -> u64 {
    let mut guard = d.mutex.lock().unwrap();
    *guard += d.n;
    u64::from(*guard)
}

// Free: std's reader-writer lock.
fn rw_lock(d: &mut Data) -> u64 {
    *d.lock.write().unwrap() += 1;
    u64::from(*d.lock.read().unwrap())
}

// Free: borrowed twice would panic.
fn ref_cell(d: &mut Data) -> u64 {
    *d.cell.borrow_mut() += 1;
    u64::from(*d.cell.borrow())
}

// Free: clocks.
fn clocks(d: &mut Data) -> u64 {
    let start = Instant::now();
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (start.elapsed() + wall + Duration::from_nanos(u64::from(d.n))).as_secs()
}

// Free: gives the rest of its time away.
fn sleep(d: &mut Data) -> u64 {
    std::thread::yield_now();
    std::thread::sleep(Duration::from_nanos(u64::from(d.n)));
    0
}

// Outside: memory of C, behind the Rust allocator's back.
fn ffi_malloc(d: &mut Data) -> u64 {
    let block = black_box(unsafe { malloc(d.n as usize) });
    unsafe { free(block) };
    u64::from(block.is_null())
}

// Free: a C function that takes nothing.
fn ffi_strlen(d: &mut Data) -> u64 {
    d.bytes[63] = 0;
    unsafe { strlen(d.bytes.as_ptr().cast()) as u64 }
}

// Allocates: the panic is caught, and its message was boxed.
fn catch_panic(d: &mut Data) -> u64 {
    let n = black_box(d.n);
    u64::from(std::panic::catch_unwind(|| assert!(n > 1000, "n is {n}")).is_err())
}

// Conditional: could panic inside, does not.
fn catch_nothing(d: &mut Data) -> u64 {
    let n = black_box(d.n);
    std::panic::catch_unwind(|| 100 / n).map_or(0, u64::from)
}

struct Twice(bool);

impl Future for Twice {
    type Output = u64;
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(5);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

// Free: a future on the stack, with a waker that does nothing.
fn async_poll(d: &mut Data) -> u64 {
    let n = u64::from(d.n);
    let mut future = pin!(async move { Twice(false).await + n });
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

// Allocates: a boxed future.
fn async_boxed(d: &mut Data) -> u64 {
    let n = u64::from(d.n);
    let mut future: std::pin::Pin<Box<dyn Future<Output = u64>>> = Box::pin(async move { Twice(true).await + n });
    let mut context = Context::from_waker(Waker::noop());
    match black_box(&mut future).as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => 0,
    }
}

// Allocates: a channel.
fn channel(d: &mut Data) -> u64 {
    let (sender, receiver) = mpsc::channel();
    let _ = sender.send(d.n);
    receiver.recv().map_or(0, u64::from)
}

// Allocates: an error with a message.
fn io_error_message(d: &mut Data) -> u64 {
    let error = std::io::Error::other("nothing there");
    black_box(error).raw_os_error().map_or(1, |code| code as u64) + u64::from(d.n)
}

// Free: an error that is a number. Dropping an `io::Error` may free a boxed one, never here.
fn io_error_code(d: &mut Data) -> u64 {
    let error = std::io::Error::from_raw_os_error(d.n as i32);
    u64::from(error.kind() == std::io::ErrorKind::NotFound)
}

// Conditional: an open that fails; a long path would be copied to the heap.
fn open_missing(d: &mut Data) -> u64 {
    u64::from(std::fs::File::open("/nowhere/at/all").is_err()) + u64::from(d.n)
}

// Allocates: the environment is copied.
fn environment(d: &mut Data) -> u64 {
    std::env::var("PATH").map_or(0, |path| path.len() as u64) + u64::from(d.n)
}

// Outside: a thread takes a stack, and its handle memory.
fn spawn(d: &mut Data) -> u64 {
    let n = d.n;
    std::thread::spawn(move || u64::from(n)).join().unwrap_or(0)
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        case!(atomics, Free),
        case!(thread_local_plain, Free),
        case!(thread_local_lazy, Free),
        case!(thread_local_with_drop, Outside),
        case!(lazy_vector, Allocates),
        case!(lazy_number, Free),
        case!(once_lock, Free),
        case!(mutex, Free),
        case!(rw_lock, Free),
        case!(ref_cell, Free),
        case!(clocks, Free),
        case!(sleep, Free),
        case!(ffi_malloc, Outside),
        case!(ffi_strlen, Free),
        case!(async_poll, Free),
        case!(async_boxed, Allocates, frees),
        case!(channel, Allocates, frees),
        case!(io_error_message, Allocates, frees),
        case!(io_error_code, Free),
        case!(open_missing, Conditional),
        case!(environment, Allocates, frees),
        case!(spawn, Allocates, frees),
    ];
    // Without unwinding the panic ends the program.
    if cfg!(panic = "unwind") {
        cases.push(case!(catch_panic, Allocates, frees));
        cases.push(case!(catch_nothing, Conditional));
    } else {
        cases.push(case!(catch_nothing, Free));
    }
    cases
}
