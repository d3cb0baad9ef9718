//! Arguments become checked options: every refusal that needs no slow act happens here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser as _;

use crate::cli::{BuildArgs, CheckArgs, Cli, Command, SelectionArgs};
use crate::exit::{Exit, Failure};
use crate::judge::Policy;
use crate::report::Output;

/// What to do.
#[derive(Debug)]
pub(crate) enum Options {
    Check(Box<CheckOptions>),
    Clean(CleanOptions),
}

/// Checked options of `check`.
#[derive(Debug)]
pub(crate) struct CheckOptions {
    pub(crate) selection: SelectionArgs,
    pub(crate) build: BuildArgs,
    pub(crate) outputs: Vec<Output>,
    /// `None` skips the clock.
    pub(crate) bench_time: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) require_exercised: bool,
    pub(crate) verbose: bool,
    pub(crate) filters: Vec<String>,
    pub(crate) harness_args: Vec<String>,
}

/// Checked options of `clean`.
#[derive(Debug)]
pub(crate) struct CleanOptions {
    pub(crate) build: BuildArgs,
}

/// Why there is nothing to do: clap's own answer (help, version, a wrong word), or a failure of ours.
#[derive(Debug)]
pub(crate) enum Refusal {
    Clap(Box<clap::Error>),
    Failure(Box<Failure>),
}

impl Options {
    /// Reads the command line; the words may start with cargo's `noalloc`.
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Options, Refusal> {
        let mut words = words.peekable();
        let program = words.next().unwrap_or_default();
        words.next_if(|word| word == "noalloc");
        let cli = Cli::try_parse_from(std::iter::once(program).chain(words))
            .map_err(|error| Refusal::Clap(Box::new(error)))?;
        match cli.command {
            Command::Check(args) => {
                let options = check(*args).map_err(|failure| Refusal::Failure(Box::new(failure)))?;
                Ok(Options::Check(Box::new(options)))
            }
            Command::Clean(args) => {
                let (manifest_path, target_dir) = (args.manifest_path, args.target_dir);
                let build = BuildArgs { manifest_path, target_dir, ..BuildArgs::default() };
                Ok(Options::Clean(CleanOptions { build }))
            }
        }
    }
}

fn check(args: CheckArgs) -> Result<CheckOptions, Failure> {
    if !args.bench_time.is_finite() || args.bench_time < 0.0 {
        return Err(Failure::new(Exit::Usage, format!("`--bench-time {}` is no time", args.bench_time))
            .help("give seconds, such as `--bench-time 0.5`, or `--no-timing`"));
    }
    if let Some(path) = args.build.manifest_path.as_ref().filter(|path| !path.exists()) {
        return Err(Failure::new(Exit::MetadataFailed, format!("there is no manifest `{}`", path.display()))
            .help("`--manifest-path` takes the path of a Cargo.toml"));
    }
    let timing = !args.no_timing && args.bench_time > 0.0;
    Ok(CheckOptions {
        outputs: outputs(&args.formats)?,
        selection: args.selection,
        build: args.build,
        bench_time: timing.then(|| Duration::from_secs_f64(args.bench_time)),
        timeout: args.timeout.map(Duration::from_secs),
        require_exercised: args.require_exercised,
        verbose: args.verbose,
        filters: args.filters,
        harness_args: args.harness_args,
    })
}

/// Human text on standard output where nothing else is asked for.
fn outputs(formats: &[String]) -> Result<Vec<Output>, Failure> {
    if formats.is_empty() {
        return Ok(vec![Output::default()]);
    }
    let outputs: Vec<Output> = formats.iter().map(|format| format.parse()).collect::<Result<_, _>>()?;
    let to_stdout: Vec<&Output> = outputs.iter().filter(|output| output.is_machine_on_stdout()).collect();
    if let [first, second, ..] = to_stdout[..] {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` and `{}` cannot both go to standard output", first.format, second.format),
        )
        .help(format!("give one of them a file: `--format {}=PATH`", second.format)));
    }
    Ok(outputs)
}

/// The path that `--manifest-path` gives, or cargo's own search.
impl BuildArgs {
    pub(crate) fn manifest(&self) -> Option<PathBuf> {
        self.manifest_path.clone()
    }
}

impl CheckOptions {
    /// What the rules have to know.
    pub(crate) fn policy(&self) -> Policy {
        Policy { require_exercised: self.require_exercised }
    }
}

/// Prints clap's help, version or complaint, and says how that ends.
pub(crate) fn answer(answer: &clap::Error) -> Exit {
    // A terminal that has gone away is not worth another message.
    let _ = answer.print();
    if answer.use_stderr() { Exit::Usage } else { Exit::Pass }
}
