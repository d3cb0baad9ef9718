//! The cases by theme.

mod adversarial;
mod dynamic;
mod format;
mod heap;
mod impostors;
mod nested;
mod plain;
mod system;

use crate::Case;

/// Every case.
pub fn all() -> Vec<Case> {
    let groups = [
        plain::cases(),
        heap::cases(),
        dynamic::cases(),
        format::cases(),
        system::cases(),
        nested::cases(),
        adversarial::cases(),
        impostors::cases(),
    ];
    groups.into_iter().flatten().collect()
}
