//! A proof and a count that cannot both be true, where nothing was counted: both are said, and neither is believed.
//!
//! The other way round, where something was counted that the proof excludes, is `doubt_what_was_seen`.

use no_heap::record::THREADS;

use super::Case;
use crate::model::{Accounting, Problem, Step, accounting};
use crate::numbers::plural;

/// Every path that returns takes memory, as the proof has it, and no call did.
pub(super) fn find(case: &Case<'_>) -> Option<Problem> {
    let (counts, name) = (case.counts, &case.hot.name);
    let allocator = case.proof.inevitable.as_ref()?;
    // What happens in a permit, or while a call unwinds, is counted elsewhere.
    let seen = [counts.allocs, counts.reallocs, counts.permitted, counts.unwinding];
    if counts.calls == 0 || seen.iter().any(|events| *events > 0) {
        return None;
    }
    let why = match accounting(allocator, case.is_c_counted) {
        Accounting::Nothing => "what that takes is not counted here".to_owned(),
        // A call that never returns keeps its thread, and takes no path that is spoken of.
        _ if counts.calls <= THREADS as u64 => {
            "unless none of these calls has returned, one of the two is wrong: please report this as a bug"
                .to_owned()
        }
        _ => "one of the two is wrong: please report this as a bug".to_owned(),
    };
    Some(Problem::new(
        Step::Judge,
        format!(
            "`{name}` reaches the allocator on every path that returns, by `{allocator}`, and yet nothing was counted in \
             {}: {why}",
            plural(counts.calls, "call")
        ),
    ))
}
