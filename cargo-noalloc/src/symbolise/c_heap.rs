//! Whether C's memory was counted in a target, and if not, why.

use no_heap::record::{Record, hello_flag};
use object::{Object as _, ObjectSymbol as _};

use crate::model::{Problem, Step, Target};

/// Why C's memory was not counted; `None` where it was, or where nothing ran.
pub(super) fn uncounted(records: &[Record], binary: Option<&[u8]>) -> Option<String> {
    let is_counted = |record: &Record| record.flags & hello_flag::C_HEAP != 0;
    if records.iter().all(is_counted) {
        return None;
    }
    Some(binary.map_or_else(|| UNKNOWN.to_owned(), reason))
}

/// What the report has to admit.
pub(super) fn problem(target: &Target, reason: &str) -> Problem {
    let Target { kind, name, .. } = target;
    let message = format!("{kind} `{name}`: memory that C code takes is not counted, because {reason}");
    Problem::new(Step::Run, message)
}

const UNKNOWN: &str = "its calls of `malloc` do not reach the recorder";

fn reason(binary: &[u8]) -> String {
    let Ok(file) = object::File::parse(binary) else { return UNKNOWN.to_owned() };
    // The recorder's own is weak, so that any other takes its place.
    let is_own = |symbol: &object::Symbol<'_, '_>| {
        symbol.name() == Ok("malloc") && symbol.is_definition() && !symbol.is_weak()
    };
    let is_static = file.dynamic_symbols().next().is_none();
    if is_static {
        return "its C library is linked statically".to_owned();
    }
    if file.symbols().any(|symbol| is_own(&symbol)) {
        return "the program brings a `malloc` of its own".to_owned();
    }
    UNKNOWN.to_owned()
}
