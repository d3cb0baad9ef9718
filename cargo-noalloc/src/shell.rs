//! The terminal: progress in cargo's grammar, failures in rustc's. Only this and `report` write to it.

mod pace;
mod progress;

use std::io::{self, IsTerminal, Write as _};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};

use crate::exit::{Exit, Failure};
use crate::options::{TerminalArgs, When};
use crate::printable;
pub(crate) use pace::Pace;
pub(crate) use progress::{Now, Stage};

const VERB: Style = AnsiColor::Green.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const FRAME: Style = AnsiColor::Blue.on_default().bold();
const BOLD: Style = Style::new().bold();

/// Where progress and failures go: standard error, so that standard output is the report's alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shell {
    choice: ColorChoice,
    quiet: bool,
    progress: When,
}

/// Cargo's table `term`, from its files and the environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configured {
    pub(crate) color: When,
    pub(crate) quiet: bool,
    pub(crate) progress: When,
}

impl Shell {
    /// Follows the command line, then cargo's configuration, then `NO_COLOR` and the terminal.
    pub(crate) fn new(asked: TerminalArgs, configured: Configured) -> Shell {
        let choice = match asked.color.unwrap_or(configured.color) {
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
            When::Auto if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => {
                ColorChoice::Never
            }
            When::Auto => ColorChoice::Auto,
        };
        choice.write_global();
        Shell { choice, quiet: asked.quiet || configured.quiet, progress: configured.progress }
    }

    /// Whether what goes to standard error may be coloured.
    pub(crate) fn color(&self) -> bool {
        self.color_on(&io::stderr())
    }

    /// Whether what goes to standard output may be coloured.
    pub(crate) fn color_of_stdout(&self) -> bool {
        self.color_on(&io::stdout())
    }

    fn color_on(&self, stream: &impl IsTerminal) -> bool {
        match self.choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            _ => stream.is_terminal(),
        }
    }

    /// What makes cargo speak as we do.
    pub(crate) fn for_cargo(&self) -> impl Iterator<Item = &'static str> {
        let color = match self.choice {
            ColorChoice::Always => Some("--color=always"),
            ColorChoice::Never => Some("--color=never"),
            _ => None,
        };
        self.quiet.then_some("--quiet").into_iter().chain(color)
    }

    /// Variables that make a cargo that speaks into a pipe look as it does in the terminal.
    pub(crate) fn for_piped_cargo(&self) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        if self.color() {
            variables.push(("CARGO_TERM_COLOR", "always".to_owned()));
        }
        if !self.quiet && progress::is_wanted(self.progress) {
            variables.push(("CARGO_TERM_PROGRESS_WHEN", "always".to_owned()));
            variables.push(("CARGO_TERM_PROGRESS_WIDTH", (progress::columns() + 1).to_string()));
        }
        variables
    }

    /// Bytes of somebody else who writes to the terminal as if it were his own.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        progress::aside(|| drop(io::stderr().write_all(bytes)));
    }

    /// `   Compiling elvis v0.1.0`: a green verb and what it is done to.
    pub(crate) fn status(&self, verb: &str, what: &str) {
        if !self.quiet {
            self.line(&format!("{VERB}{verb:>12}{VERB:#} {}", printable::line(what)));
        }
    }

    /// Something that takes long begins: whoever looks sees how far it is.
    pub(crate) fn stage(&self) -> Stage {
        Stage::new(!self.quiet && progress::is_wanted(self.progress), self.color())
    }

    /// Begins a line of our own where a child that was ended has left the cursor: behind `^C`, in what it showed.
    pub(crate) fn begin_line(&self) {
        if io::stderr().is_terminal() {
            progress::aside(|| drop(write!(io::stderr(), "\r\x1b[K")));
        }
    }

    /// Text that is finished already, such as a compiler's message.
    pub(crate) fn raw(&self, text: &str) {
        self.line(text.trim_end_matches('\n'));
    }

    /// What somebody else said, to the byte; whole lines.
    pub(crate) fn pass_on(&self, text: &str) {
        self.line(text.strip_suffix('\n').unwrap_or(text));
    }

    /// What the reader should know, and nothing depends on.
    pub(crate) fn warning(&self, what: &str) {
        self.line(&format!("warning: {}", printable::line(what)));
    }

    /// Why there is no verdict.
    pub(crate) fn failure(&self, failure: &Failure) {
        let Failure { exit: _, message, quoted, place, notes, help } = failure;
        self.line(&format!("{ERROR}error{ERROR:#}{BOLD}: {}{BOLD:#}", printable::line(message)));
        if let Some(quoted) = quoted {
            self.line(&printable::lines(quoted));
        }
        if let Some(place) = place {
            self.line(&format!("  {FRAME}-->{FRAME:#} {}", printable::line(place)));
        }
        let words = notes.iter().map(|note| ("note", note)).chain(help.iter().map(|help| ("help", help)));
        for (word, text) in words {
            self.line(&format!("   {FRAME}={FRAME:#} {BOLD}{word}{BOLD:#}: {}", printable::line(text)));
        }
    }

    /// Whether the user says yes; without a terminal nobody can.
    pub(crate) fn agrees(&self, question: &str) -> bool {
        if !io::stdin().is_terminal() {
            return false;
        }
        let _ = write!(anstream::stderr(), "{BOLD}{}{BOLD:#} [y/N] ", printable::line(question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }

    /// A terminal that has gone away is no reason to lose the verdict: errors are dropped.
    fn line(&self, text: &str) {
        progress::aside(|| drop(writeln!(anstream::stderr(), "{text}")));
    }
}

/// Leaves the terminal as it should be found: the process ends.
pub(crate) fn leave() {
    progress::clear();
}

/// A reader that has gone away (`| head`) is no reason to fail; a report that is lost is.
pub(crate) fn to_stdout(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::SetUp, format!("standard output could not be written: {error}"))
                .note("without it nobody knows what was found, so this is no pass")
                .help("write it to a file: `--format FORMAT=PATH`"))
        }
        _ => Ok(()),
    }
}
