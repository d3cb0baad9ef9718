//! Memory that a library takes for itself.

use super::super::Case;

/// `` `process_with_scratch` takes memory of the caller's instead: keep it from call to call ``
pub(super) fn of(case: &Case<'_>) -> Option<String> {
    let names: Vec<String> = case.source?.lending.iter().map(|name| format!("`{name}`")).collect();
    let takes = if names.len() == 1 { "takes" } else { "take" };
    (!names.is_empty()).then(|| {
        format!("{} {takes} memory of the caller's instead: keep it from call to call", names.join(" and "))
    })
}
