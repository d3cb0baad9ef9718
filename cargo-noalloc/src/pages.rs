//! What the command line says of itself: completions for shells, and the manual page.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::shell;

/// The tool as a program of its own: shells complete what stands in `PATH`.
const PROGRAM: &str = "cargo-noalloc";

/// Prints completions for a shell.
pub(crate) fn completions(of: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(of, &mut Cli::command(), PROGRAM, &mut text);
    print(&text)
}

/// Prints the manual page, for `cargo help noalloc` to find as `cargo-noalloc.1`.
pub(crate) fn manual() -> Result<Exit, Failure> {
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(Cli::command()).title(PROGRAM);
    page.render(&mut text).expect("writing to memory cannot fail");
    print(&text)
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    shell::to_stdout(&String::from_utf8_lossy(text))?;
    Ok(Exit::Pass)
}
