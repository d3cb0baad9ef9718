//! Step 8: the verdict becomes bytes. One format a file.

mod allocating;
mod cargo;
mod clock;
mod comparison;
mod document;
mod explain;
mod folded;
mod github;
mod gitlab;
mod go;
mod growth;
mod human;
mod json;
mod junit;
mod list;
mod listing;
mod markdown;
mod naming;
mod overhead;
mod printable;
mod proved;
mod rows;
mod sarif;
mod short;
mod table;

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;

use crate::exit::{Exit, Failure};
use regex_lite::Regex;

use crate::model::{Comparison, Declared, Environment, Status, Texts, Verdict, Workspace};
use crate::options::{ExplainOptions, ReportOptions};
use crate::shell::{Shell, to_stdout};
use document::Document;
use printable::Printable;

/// Every format, in the order in which the help names them.
static FORMATS: [&Format; 11] = [
    &human::FORMAT,
    &short::FORMAT,
    &listing::FORMAT,
    &json::FORMAT,
    &sarif::FORMAT,
    &junit::FORMAT,
    &markdown::FORMAT,
    &github::FORMAT,
    &gitlab::FORMAT,
    &cargo::FORMAT,
    &go::FORMAT,
];

/// A format: the name that users write, and what makes text of a verdict.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    render: Render,
}

/// Who reads a format, and with it what it gets to see.
#[derive(Debug)]
enum Render {
    /// People, here or on a page: every text can be printed.
    Text(fn(&Input<'_>) -> String),
    /// Programs: every text is what it is, and a document cannot but quote it. What they show to people is as people may
    /// see it.
    Data(fn(&Raw<'_>, &Input<'_>) -> Document),
}

impl Format {
    const fn text(name: &'static str, render: fn(&Input<'_>) -> String) -> Format {
        Format { name, render: Render::Text(render) }
    }

    const fn data(name: &'static str, render: fn(&Raw<'_>, &Input<'_>) -> Document) -> Format {
        Format { name, render: Render::Data(render) }
    }

    fn render(&self, report: &Report<'_>, style: human::Style) -> String {
        match self.render {
            Render::Text(render) => render(&report.input(style)),
            Render::Data(render) => render(&report.raw, &report.input(style)).into_text(),
        }
    }
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name == other.name
    }
}

/// What there is to report.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    raw: Raw<'a>,
    /// Only hot functions whose name matches.
    pattern: Option<&'a Regex>,
    style: human::Style,
    verdict: Printable<'a, Verdict>,
    environment: Printable<'a, Environment>,
    texts: Printable<'a, Texts>,
}

/// Everything as it was found.
#[derive(Clone, Copy, Debug)]
struct Raw<'a> {
    verdict: &'a Verdict,
    environment: &'a Environment,
    texts: &'a Texts,
    workspace: &'a Workspace,
    /// What the report of a part brings along for the whole.
    part: Option<&'a serde_json::Value>,
}

/// What a text format sees, and how text may look. Made of a [`Report`] alone, so that every text in it can be printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input<'a> {
    verdict: &'a Verdict,
    environment: &'a Environment,
    texts: &'a Texts,
    /// For comparing paths with.
    workspace: &'a Workspace,
    /// Only hot functions whose name matches.
    pattern: Option<&'a Regex>,
    style: human::Style,
}

impl<'a> Report<'a> {
    /// For plain text; [`write`] knows what the terminal can show.
    pub(crate) fn new(
        verdict: &'a Verdict,
        environment: &'a Environment,
        texts: &'a Texts,
        workspace: &'a Workspace,
        options: &'a ReportOptions,
    ) -> Report<'a> {
        let style = human::Style { color: false, verbose: options.verbose, links: false, width: width() };
        Report {
            raw: Raw { verdict, environment, texts, workspace, part: None },
            pattern: options.pattern.as_ref(),
            style,
            verdict: Printable::of(verdict),
            environment: Printable::of(environment),
            texts: Printable::of(texts),
        }
    }

    /// Of a part: with what the whole is put together from.
    #[must_use]
    pub(crate) fn of_part(mut self, part: Option<&'a serde_json::Value>) -> Report<'a> {
        self.raw.part = part;
        self
    }

    fn input(&self, style: human::Style) -> Input<'_> {
        let Report { raw, pattern, verdict, environment, texts, .. } = self;
        Input { verdict, environment, texts, workspace: raw.workspace, pattern: *pattern, style }
    }
}

/// A format and where it goes: `json=report.json`; `-` and nothing are standard output.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Output {
    pub(crate) format: &'static Format,
    pub(crate) path: Option<PathBuf>,
    /// Lines among others: it leaves standard output to everybody.
    beside: bool,
}

impl Output {
    /// What is written when nothing is asked for: text, and in GitHub's runners its annotations beside it.
    pub(crate) fn usual(on_github: bool) -> Vec<Output> {
        let output = |format, beside| Output { format, path: None, beside };
        let annotations = on_github.then(|| output(&github::FORMAT, true));
        [output(&human::FORMAT, false)].into_iter().chain(annotations).collect()
    }

    /// `name` on standard output.
    pub(crate) fn is_machine_on_stdout(&self) -> bool {
        self.path.is_none() && *self.format != human::FORMAT && !self.beside
    }
}

impl FromStr for Output {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Output, Failure> {
        let (name, path) = match text.split_once('=') {
            Some((name, path)) => (name, Some(path)),
            None => (text, None),
        };
        let Some(format) = FORMATS.into_iter().find(|format| format.name == name) else {
            let names = FORMATS.map(|format| format.name).join(", ");
            return Err(Failure::new(Exit::Usage, format!("unknown format `{name}`"))
                .help(format!("`--format` takes: {names}")));
        };
        if path == Some("") {
            return Err(Failure::new(Exit::Usage, format!("`--format {text}` has no path after the `=`"))
                .help(format!("write `--format {name}` for standard output, or `{name}=PATH`")));
        }
        Ok(Output { format, path: path.filter(|path| *path != "-").map(PathBuf::from), beside: false })
    }
}

/// Writes every output that was asked for.
pub(crate) fn write(report: &Report<'_>, options: &ReportOptions, shell: Shell) -> Result<(), Failure> {
    let stdout_is_taken = options.outputs.iter().any(Output::is_machine_on_stdout);
    for output in &options.outputs {
        let to_terminal = output.path.is_none();
        let color = to_terminal && if stdout_is_taken { shell.color() } else { shell.color_of_stdout() };
        let style = human::Style { color, links: to_terminal && links(), ..report.style };
        let bytes = output.format.render(report, style);
        match &output.path {
            Some(path) => to_file(path, &bytes)?,
            None if *output.format == human::FORMAT && stdout_is_taken => shell.raw(&bytes),
            None => to_stdout(&bytes)?,
        }
    }
    if options.outputs.iter().any(|output| *output.format == github::FORMAT) {
        append_step_summary(&report.input(report.style), shell);
    }
    Ok(())
}

/// What GitHub shows on the page of the run: it takes ten annotations of a kind, and the page takes everything.
fn append_step_summary(input: &Input<'_>, shell: Shell) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return };
    let text = markdown::within(input, markdown::STEP_SUMMARY_LIMIT);
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        shell.warning(&format!("the step summary could not be written: {error}"));
    }
}

/// Writes everything known about one function or place to standard output.
pub(crate) fn explain(
    verdict: &Verdict,
    texts: &Texts,
    options: &ExplainOptions,
    shell: Shell,
) -> Result<(), Failure> {
    // The chains follow, each frame with its place.
    let ExplainOptions { what, verbose, .. } = options;
    let style =
        human::Style { color: shell.color_of_stdout(), verbose: *verbose, links: links(), width: width() };
    to_stdout(&explain::render(&Printable::of(verdict), &Printable::of(texts), what, style)?)
}

/// The report that programs read, whatever else is written.
pub(crate) fn json(report: &Report<'_>) -> String {
    json::FORMAT.render(report, report.style)
}

/// Why a strict baseline fails, on standard error: most formats speak of findings, and this is the lack of one.
pub(crate) fn say_what_is_gone(verdict: &Verdict, options: &ReportOptions, shell: Shell) {
    let said = options.outputs.iter().any(|output| *output.format == human::FORMAT);
    let gone = verdict.compared.iter().filter(|compared| compared.strict && !said);
    for what in gone.flat_map(|compared| &compared.tighter) {
        shell.failure(
            &Failure::new(Exit::Findings, what.clone())
                .help("tighten the baseline: `cargo noalloc check --bless`"),
        );
    }
}

/// What the reader should know of the times, when they are worth little.
pub(crate) fn warn_of_spread(report: &Report<'_>, shell: Shell) {
    if let Some(warning) = clock::warning(&report.verdict) {
        shell.raw(&warning);
    }
}

/// Writes two checks side by side to standard output.
pub(crate) fn comparison(comparison: &Comparison, json: bool) -> Result<(), Failure> {
    to_stdout(&match json {
        true => comparison::json(comparison).into_text(),
        false => comparison::human(&Printable::of(comparison)),
    })
}

/// Writes the declared hot functions to standard output.
pub(crate) fn list(
    declared: &Declared,
    last: Option<&Verdict>,
    json: bool,
    shell: Shell,
) -> Result<(), Failure> {
    let audited = list::audited(declared, last);
    to_stdout(&match json {
        true => list::json(declared, &audited).into_text(),
        false => list::human(&Printable::of(declared), &audited),
    })?;
    for problem in &declared.problems {
        shell.warning(&problem.to_string());
    }
    Ok(())
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
        Status::Unrecorded { reason } => format!("was not seen whole: {reason}"),
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
