//! Tools that a test needs beside Rust, and that a machine may lack.

/// Says that a test has not been done for want of `what`, or fails it where everything has to be there.
#[expect(clippy::print_stderr, reason = "who runs the tests has to hear of it")]
#[track_caller]
pub(crate) fn absent(what: &str) {
    assert!(std::env::var_os("NOALLOC_TOOLS").is_none_or(|value| value != "required"), "there is no {what}");
    eprintln!("not tried, because there is no {what}");
}
