//! What a hot function is called, from the path of the item that the attribute has put into it.
//!
//! The compiler's path names what was compiled: with the closures and blocks that the function stands in, and with the
//! functions that other macros have moved its body into. Runtime and tool read it here alike.

/// The end of that item's path.
const SITE: &str = "::__NoHeapSite";

/// The path of the function around the item: without what has no name, such as the block that is the body of an
/// `async fn`, and the closures, constants and blocks that functions stand in.
#[cfg(any(noalloc_audit, feature = "enforce", feature = "read-record"))]
pub fn function(site: &str) -> String {
    let path = site.strip_suffix(SITE).unwrap_or(site);
    let mut function = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find("::{") {
        let unnamed = &rest[start + "::".len()..];
        let Some(end) = closing(unnamed) else { break };
        function.push_str(&rest[..start]);
        rest = &unnamed[end..];
    }
    function.push_str(rest);
    function
}

/// Length of the bracket at the start of `text`: `{{closure}}`, `{closure#0}`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index + 1);
        }
    }
    None
}

/// The path of the function that was written as `written`, where another macro has moved it to `path`: into a function or
/// a module of that name, or beside it. `None` where it is still there.
#[cfg(any(feature = "enforce", feature = "read-record"))]
pub fn as_written(path: &str, written: &str) -> Option<String> {
    let bare = |name: &str| name.strip_prefix("r#").unwrap_or(name).to_owned();
    let segments = segments(path);
    let (last, around) = segments.split_last()?;
    if written.is_empty() || bare(last) == bare(written) {
        return None;
    }
    // The first one is the crate, or the type of a method.
    let inside = around.iter().skip(1).rposition(|segment| bare(segment) == bare(written));
    Some(match inside {
        Some(index) => around[..index + 2].join("::"),
        None => [around, &[written]].concat().join("::"),
    })
}

/// The parts of a path; `<app::Ring as app::Step>` is one.
#[cfg(any(feature = "enforce", feature = "read-record"))]
fn segments(path: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let (mut depth, mut start, mut before) = (0, 0, ' ');
    for (index, c) in path.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' if before != '-' => depth -= 1,
            ')' | ']' | '}' => depth -= 1,
            ':' if depth == 0 && before == ':' => {
                segments.push(&path[start..index - 1]);
                start = index + 1;
            }
            _ => {}
        }
        before = c;
    }
    segments.push(&path[start..]);
    segments
}

#[cfg(all(test, feature = "read-record"))]
mod tests {
    use super::{as_written, function};

    #[test]
    fn what_has_no_name_is_no_part_of_a_name() {
        for (site, expected) in [
            ("app::run::__NoHeapSite", "app::run"),
            ("app::run::{{closure}}::__NoHeapSite", "app::run"),
            ("app::run::{closure#0}::__NoHeapSite", "app::run"),
            (
                "app::{{constant}}::outer::{{closure}}::{{closure}}::inner::{{closure}}::__NoHeapSite",
                "app::outer::inner",
            ),
            (
                "<app::Filter as app::Step>::step::{closure#0}::{closure#1}::__NoHeapSite",
                "<app::Filter as app::Step>::step",
            ),
            ("app::run", "app::run"),
        ] {
            assert_eq!(function(site), expected);
        }
    }

    #[test]
    fn a_function_that_a_macro_has_moved_is_called_as_it_was_written() {
        for (path, written, expected) in [
            ("app::run", "run", None),
            ("app::r#type", "type", None),
            ("app::run", "", None),
            ("app::run::__inner", "run", Some("app::run")),
            ("app::run_inner", "run", Some("app::run")),
            ("app::app_inner", "app", Some("app::app")),
            ("app::run::case_1", "run", Some("app::run")),
            ("<app::Filter as app::Step>::step::body", "step", Some("<app::Filter as app::Step>::step")),
            (
                "<app::Filter as app::Step<fn() -> u8>>::body",
                "step",
                Some("<app::Filter as app::Step<fn() -> u8>>::step"),
            ),
        ] {
            assert_eq!(as_written(path, written).as_deref(), expected, "{path}");
        }
    }
}
