//! Programs with a `#[global_allocator]` of their own.
//!
//! The text search is a prediction that saves a build in the common case: a target whose allocator stands in a
//! file that is not searched is still found, by rustc's error.

use std::fs;
use std::path::{Path, PathBuf};

use crate::model::PlannedTarget;

/// Whether the target's source seems to define the program's allocator.
pub(super) fn defines_one(planned: &PlannedTarget) -> bool {
    find(planned).is_some()
}

/// `file:line:column` of the attribute.
pub(super) fn place(planned: &PlannedTarget, workspace: &Path) -> Option<String> {
    let (path, line, column) = find(planned)?;
    let path = path.strip_prefix(workspace).unwrap_or(&path);
    Some(format!("{}:{line}:{column}", path.display()))
}

/// Looks where programs define it: in the target's main file and in the package's library.
fn find(planned: &PlannedTarget) -> Option<(PathBuf, usize, usize)> {
    let library = planned.package_root.join("src/lib.rs");
    [planned.source.clone(), library].into_iter().find_map(|path| {
        let text = fs::read_to_string(&path).ok()?;
        let (line, column) = attribute(&text)?;
        Some((path, line, column))
    })
}

/// The first line that starts with the attribute: not one in a comment, not one in a string.
fn attribute(text: &str) -> Option<(usize, usize)> {
    text.lines().enumerate().find_map(|(index, line)| {
        let code = line.trim_start();
        code.starts_with("#[global_allocator]").then(|| (index + 1, line.len() - code.len() + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::attribute;

    #[test]
    fn comments_and_strings_are_not_taken_for_the_attribute() {
        assert_eq!(attribute("use a;\n  #[global_allocator]\nstatic A: X = X;"), Some((2, 3)));
        assert_eq!(attribute("// #[global_allocator]\nlet s = \"#[global_allocator]\";"), None);
    }
}
