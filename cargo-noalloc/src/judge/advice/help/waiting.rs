//! Memory that a thread needs to wait for another.

use super::super::Case;
use crate::model::{Op, Syntax};

/// Functions that are called to wait: what they keep for it, they keep for each thread.
const WAIT: &[&str] = &[
    "parking_lot_core::parking_lot::park",
    "std::sync::mpmc::context::Context::with",
    "crossbeam_channel::context::Context::with",
];

/// Methods that wait, and those that do not.
const TRIES: &[(&str, &str)] = &[
    ("lock", "try_lock"),
    ("read", "try_read"),
    ("write", "try_write"),
    ("recv", "try_recv"),
    ("send", "try_send"),
    ("upgradable_read", "try_upgradable_read"),
];

/// Where the call waits. To use it before the hot path does not help: it has to wait there.
pub(super) fn of(case: &Case<'_>) -> Option<String> {
    is(case).then(|| match instead(case) {
        Some((method, instead)) => {
            format!("`{method}` waits for another thread, and that takes memory: `{instead}` does not wait")
        }
        None => "it waits for another thread, and that takes memory: do not wait in the hot path".to_owned(),
    })
}

/// Whether it happens because the thread has to wait.
pub(in super::super) fn is(case: &Case<'_>) -> bool {
    case.op != Op::Free
        && case.below.iter().any(|frame| WAIT.iter().any(|wait| frame.function.as_str().starts_with(wait)))
}

fn instead<'a>(case: &Case<'a>) -> Option<(&'a str, &'static str)> {
    let Syntax::Method { method, .. } = &case.expression()?.syntax else { return None };
    let (_, instead) = TRIES.iter().find(|(waits, _)| waits == method)?;
    Some((method, instead))
}
