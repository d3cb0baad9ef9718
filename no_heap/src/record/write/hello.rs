//! Who the audited program is, as bytes: what stands behind the record's head.

use std::ffi::{CStr, c_int, c_void};

use crate::names;
use crate::registry::HOT_FUNCTIONS;

/// Who this program is: strings and numbers, each string after its length.
pub(super) fn hello() -> Vec<u8> {
    let mut out = Vec::new();
    let exe = std::env::current_exe().unwrap_or_default();
    text(&mut out, &exe.to_string_lossy());
    let modules = modules();
    if let Some(program) = modules.first() {
        crate::stack::set_program(program.low, program.high);
        crate::c_heap::find_scope();
    }
    number(&mut out, modules.len() as u64);
    for module in &modules {
        text(&mut out, &module.name);
        number(&mut out, module.bias);
        number(&mut out, module.low);
        number(&mut out, module.high);
    }
    number(&mut out, HOT_FUNCTIONS.len() as u64);
    for hot in HOT_FUNCTIONS {
        number(&mut out, hot.id);
        text(&mut out, &names::function((hot.path)()));
        text(&mut out, hot.written);
        text(&mut out, hot.file);
        let promise = &hot.promise;
        for value in
            [u64::from(hot.line), u64::from(hot.column), promise.allocs, promise.bytes, promise.warmup]
        {
            number(&mut out, value);
        }
        number(&mut out, u64::from(promise.allow_free) | u64::from(promise.prove) << 1);
    }
    benches(&mut out);
    out
}

#[cfg(feature = "bench")]
fn benches(out: &mut Vec<u8>) {
    number(out, crate::registry::BENCHMARKS.len() as u64);
    for bench in crate::registry::BENCHMARKS {
        text(out, &bench.display_name());
        text(out, bench.file);
        number(out, u64::from(bench.line));
        number(out, u64::from(bench.column));
    }
}

#[cfg(not(feature = "bench"))]
fn benches(out: &mut Vec<u8>) {
    number(out, 0);
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// One loaded object: the executable first, then its libraries.
struct Module {
    name: String,
    bias: u64,
    low: u64,
    high: u64,
}

fn modules() -> Vec<Module> {
    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
        // SAFETY: `data` is the vector below, which outlives the iteration and is not touched elsewhere during
        // it; `info` and what it points to are valid during the callback, as dl_iterate_phdr promises.
        unsafe {
            let modules = &mut *data.cast::<Vec<Module>>();
            let info = &*info;
            let headers = std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum));
            let code = headers.iter().filter(|h| h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_X != 0);
            let low = code.clone().map(|h| h.p_vaddr).min().unwrap_or(0);
            let high = code.map(|h| h.p_vaddr + h.p_memsz).max().unwrap_or(0);
            let name = CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned();
            let bias = info.dlpi_addr;
            modules.push(Module { name, bias, low: bias.wrapping_add(low), high: bias.wrapping_add(high) });
        }
        0
    }
    let mut modules: Vec<Module> = Vec::new();
    // SAFETY: `visit` has the signature asked for and uses `data` as the vector that it is.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut modules).cast()) };
    modules
}

/// Benchmarks of this program.
#[cfg(feature = "bench")]
pub(super) fn bench_count() -> usize {
    crate::registry::BENCHMARKS.len()
}

#[cfg(not(feature = "bench"))]
pub(super) fn bench_count() -> usize {
    0
}
