//! Step 8: the verdict becomes bytes. One format a file.

mod explain;
mod human;
mod json;
mod list;
mod listing;
mod proved;
mod short;
mod table;

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use crate::exit::{Exit, Failure};
use crate::model::{Declared, Environment, Status, Texts, Verdict};
use crate::options::{ReportOptions, What};
use crate::shell::Shell;

/// The formats, by the names users write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// For a person at a terminal.
    #[default]
    Human,
    /// The whole report, `noalloc-report/1`.
    Json,
    /// One line a finding, as compilers print for editors.
    Short,
    /// The source of hot functions with what each line allocates.
    Listing,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Human => "human",
            Format::Json => "json",
            Format::Short => "short",
            Format::Listing => "listing",
        })
    }
}

/// A format and where it goes: `json=report.json`; `-` and nothing are standard output.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) path: Option<PathBuf>,
}

impl Output {
    /// Whether it needs standard output for itself.
    pub(crate) fn is_machine_on_stdout(&self) -> bool {
        self.path.is_none() && self.format != Format::Human
    }
}

impl FromStr for Output {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Output, Failure> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let format = match name {
            "human" => Format::Human,
            "json" => Format::Json,
            "short" => Format::Short,
            "listing" => Format::Listing,
            other => {
                return Err(Failure::new(Exit::Usage, format!("unknown format `{other}`"))
                    .help("`--format` takes: human, json, short, listing"));
            }
        };
        if path == Some("") {
            return Err(Failure::new(Exit::Usage, format!("`--format {text}` has no path after the `=`"))
                .help(format!("write `--format {name}` for standard output, or `{name}=PATH`")));
        }
        Ok(Output { format, path: path.filter(|path| *path != "-").map(PathBuf::from) })
    }
}

/// Writes every output that was asked for.
pub(crate) fn write(
    verdict: &Verdict,
    environment: &Environment,
    texts: &Texts,
    options: &ReportOptions,
    shell: Shell,
) -> Result<(), Failure> {
    let stdout_is_taken = options.outputs.iter().any(Output::is_machine_on_stdout);
    for output in &options.outputs {
        let to_terminal = output.path.is_none();
        let bytes = match output.format {
            Format::Json => json::render(verdict, environment),
            Format::Short => short::render(verdict),
            Format::Listing => listing::render(verdict, texts, options.pattern.as_ref()),
            Format::Human => {
                let color = to_terminal && if stdout_is_taken { shell.color() } else { stdout_color(shell) };
                human::render(
                    verdict,
                    texts,
                    human::Style {
                        color,
                        verbose: options.verbose,
                        links: to_terminal && links(),
                        width: width(),
                    },
                )
            }
        };
        match &output.path {
            Some(path) => to_file(path, &bytes)?,
            None if output.format == Format::Human && stdout_is_taken => shell.raw(&bytes),
            // A reader that has gone away (`| head`) is no reason to fail.
            None => drop(std::io::stdout().write_all(bytes.as_bytes())),
        }
    }
    Ok(())
}

/// Writes everything known about one function or place to standard output.
pub(crate) fn explain(verdict: &Verdict, texts: &Texts, what: &What, shell: Shell) -> Result<(), Failure> {
    // The chains follow, each frame with its place.
    let style = human::Style { color: stdout_color(shell), verbose: false, links: links(), width: width() };
    let text = explain::render(verdict, texts, what, style)?;
    drop(std::io::stdout().write_all(text.as_bytes()));
    Ok(())
}

/// Writes the declared hot functions to standard output.
pub(crate) fn list(declared: &Declared, last: Option<&Verdict>, json: bool, shell: Shell) {
    let text = if json { list::json(declared, last) } else { list::human(declared, last) };
    drop(std::io::stdout().write_all(text.as_bytes()));
    for problem in &declared.problems {
        shell.raw(&format!("warning: {problem}"));
    }
}

/// As the shell decided for standard error, but for standard output.
fn stdout_color(shell: Shell) -> bool {
    match std::env::var("CARGO_TERM_COLOR").as_deref() {
        Ok("always") => true,
        Ok("never") => false,
        _ => std::io::stdout().is_terminal() && (shell.color() || std::env::var_os("NO_COLOR").is_none()),
    }
}

/// Whether the terminal knows links; a file and a pipe do not.
fn links() -> bool {
    supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout)
}

/// Columns of the terminal; without one, what `COLUMNS` says, or 100.
fn width() -> usize {
    let told = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns >= 40);
    let terminal = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    terminal.or_else(told).unwrap_or(100)
}

fn to_file(path: &std::path::Path, bytes: &str) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| {
        Failure::new(Exit::Usage, format!("the report could not be written to `{}`: {error}", path.display()))
            .help("name a file in a folder that is there and writable")
    })
}

/// How a target ended, as the end of a sentence about it.
pub(crate) fn ending(status: &Status) -> String {
    match status {
        Status::Ok => "ran to its end".to_owned(),
        Status::Failed { code } => format!("ended with exit code {code}"),
        Status::Crashed { signal } => format!("was ended by signal {signal}{}", signal_name(*signal)),
        Status::TimedOut { after } => format!("was killed after {after} s: `--timeout` says so"),
        Status::Unrecorded { reason } => format!("ran without being seen: {reason}"),
        Status::NotRun => "was proved without being run".to_owned(),
        Status::Interrupted => "was not run: the check was interrupted".to_owned(),
        Status::Skipped { reason } => format!("was not run: {reason}"),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        2 => " (SIGINT)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        15 => " (SIGTERM)",
        _ => "",
    }
}
