//! Arguments become checked options: every refusal that needs no slow act happens here.

mod compare;
mod parts;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use no_heap::record::SAMPLES;
use regex_lite::Regex;

use crate::cli::{
    BaselineArgs, BuildArgs, CheckArgs, Cli, Command, LastArgs, LevelArgs, ListArgs, OutputArgs, ProveArgs,
    ReportArgs, SelectionArgs,
};
pub(crate) use crate::cli::{Ci, TerminalArgs, When};
use crate::compare::refuse_name;
use crate::exit::{Exit, Failure};
use crate::model::{Asked, Level, Partition, Policy, Rule, Setting};
use crate::report::Output;
pub(crate) use compare::{CompareOptions, New};
pub(crate) use parts::MergeOptions;
use parts::{merge, partition};

/// What to do.
#[derive(Debug)]
pub(crate) enum Options {
    Check(Box<CheckOptions>),
    Prove(Box<ProveOptions>),
    List(ListOptions),
    Explain(ExplainOptions),
    Compare(Box<CompareOptions>),
    Report(ReportOptions),
    Merge(MergeOptions),
    Clean(CleanOptions),
    Init(InitOptions),
    Completions(clap_complete::Shell),
    Manual,
}

/// Checked options of `check`.
#[derive(Clone, Debug)]
pub(crate) struct CheckOptions {
    pub(crate) selection: SelectionArgs,
    pub(crate) build: BuildArgs,
    pub(crate) report: ReportOptions,
    /// `None` skips the clock.
    pub(crate) bench_time: Option<Duration>,
    /// Of each benchmark; `None` leaves it to the harness.
    pub(crate) samples: Option<u32>,
    pub(crate) timeout: Option<Duration>,
    /// Targets that run at the same time, where none of them is timed.
    pub(crate) jobs: usize,
    pub(crate) partition: Option<Partition>,
    /// Of the command line alone.
    pub(crate) policy: Policy,
    pub(crate) filters: Vec<String>,
    pub(crate) harness_args: Vec<String>,
    /// What the user wrote after `check`; empty where nobody did.
    pub(crate) words: Vec<String>,
}

/// Checked options of `prove`.
#[derive(Debug)]
pub(crate) struct ProveOptions {
    pub(crate) selection: SelectionArgs,
    pub(crate) build: BuildArgs,
    pub(crate) report: ReportOptions,
    /// Of the command line alone.
    pub(crate) policy: Policy,
    pub(crate) asked: Asked,
}

/// What to write, and where; all of `report`, part of `check`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReportOptions {
    pub(crate) outputs: Vec<Output>,
    /// What to keep the report as.
    pub(crate) save: Option<String>,
    pub(crate) verbose: bool,
    /// Write the baseline anew.
    pub(crate) bless: bool,
    /// Accepted debt that is gone fails.
    pub(crate) strict_baseline: bool,
    /// Only hot functions whose name matches.
    pub(crate) pattern: Option<Regex>,
    /// Where the last check or proof is.
    pub(crate) build: BuildArgs,
}

/// Checked options of `list`.
#[derive(Debug)]
pub(crate) struct ListOptions {
    pub(crate) selection: SelectionArgs,
    pub(crate) json: bool,
    pub(crate) build: BuildArgs,
}

/// Checked options of `explain`.
#[derive(Debug)]
pub(crate) struct ExplainOptions {
    pub(crate) what: What,
    pub(crate) verbose: bool,
    pub(crate) build: BuildArgs,
}

/// What to explain.
#[derive(Debug, PartialEq)]
pub(crate) enum What {
    /// A function's name, or its tail.
    Function(String),
    /// A line of a file, which is given by the end of its path.
    Place { file: String, line: u32 },
}

impl What {
    /// `lib.rs:33`, `lib.rs:33:17`; everything else is a name.
    fn parse(text: &str) -> What {
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next().map(str::parse)) {
            (Some(file), Some(Ok(line))) => What::Place { file: file.to_owned(), line },
            _ => What::Function(text.to_owned()),
        }
    }
}

/// Checked options of `init`.
#[derive(Debug)]
pub(crate) struct InitOptions {
    pub(crate) package: Option<String>,
    pub(crate) ci: Option<Ci>,
    pub(crate) dry_run: bool,
    pub(crate) yes: bool,
    /// The folder that `no_heap` comes from, instead of the registry.
    pub(crate) no_heap: Option<String>,
    pub(crate) build: BuildArgs,
}

/// Checked options of `clean`.
#[derive(Debug)]
pub(crate) struct CleanOptions {
    pub(crate) build: BuildArgs,
}

/// A command line that clap has understood.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// How the user wants to be told of anything, refusals included.
    pub(crate) terminal: TerminalArgs,
    pub(crate) options: Result<Options, Failure>,
}

impl CommandLine {
    /// Reads the words, which may start with cargo's `noalloc`. The error is clap's own answer: help, version, a wrong
    /// word.
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<CommandLine, clap::Error> {
        let mut words = words.peekable();
        let program = words.next().unwrap_or_default();
        words.next_if(|word| word == "noalloc");
        let words: Vec<OsString> = words.collect();
        let after = words.iter().skip_while(|word| *word != "check").skip(1);
        let after = after.map(|word| word.to_string_lossy().into_owned()).collect();
        let cli = Cli::try_parse_from(std::iter::once(program).chain(words))?;
        Ok(CommandLine { terminal: cli.terminal, options: Options::new(cli.command, after) })
    }
}

impl Options {
    /// `after` are the words after `check`.
    fn new(command: Command, after: Vec<String>) -> Result<Options, Failure> {
        Ok(match command {
            Command::Check(args) => Options::Check(Box::new(CheckOptions { words: after, ..check(*args)? })),
            Command::Prove(args) => Options::Prove(Box::new(prove(*args)?)),
            Command::List(args) => Options::List(list(args)?),
            Command::Explain(args) => {
                let (what, verbose) = (What::parse(&args.what), args.verbose);
                Options::Explain(ExplainOptions { what, verbose, build: args.last.into() })
            }
            Command::Compare(args) => Options::Compare(Box::new(CompareOptions::new(*args)?)),
            Command::Report(args) => Options::Report(report(args)?),
            Command::Merge(args) => Options::Merge(merge(args)?),
            Command::Init(args) => Options::Init(InitOptions {
                package: args.package,
                ci: args.ci,
                dry_run: args.dry_run,
                yes: args.yes,
                no_heap: args.no_heap,
                build: args.last.into(),
            }),
            Command::Completions(args) => Options::Completions(args.shell),
            Command::Man => Options::Manual,
            Command::Clean(args) => Options::Clean(CleanOptions { build: args.last.into() }),
        })
    }
}

fn check(args: CheckArgs) -> Result<CheckOptions, Failure> {
    if !args.bench_time.is_finite() || args.bench_time < 0.0 {
        return Err(Failure::new(Exit::Usage, format!("`--bench-time {}` is no time", args.bench_time))
            .help("give seconds, such as `--bench-time 0.5`, or `--no-timing`"));
    }
    if let Some(samples) = args.samples.filter(|samples| !(1..=SAMPLES as u32).contains(samples)) {
        return Err(Failure::new(Exit::Usage, format!("`--samples {samples}` cannot be taken"))
            .note(format!("a record has room for {SAMPLES} samples of each benchmark"))
            .help(format!("give a number from 1 to {SAMPLES}; longer samples come with `--bench-time`")));
    }
    refuse_no_manifest(&args.build)?;
    args.save.as_deref().map_or(Ok(()), refuse_name)?;
    if args.timeout == Some(0) {
        return Err(Failure::new(Exit::Usage, "`--timeout 0` leaves a target no time at all")
            .help("give whole seconds, such as `--timeout 60`"));
    }
    let jobs = jobs(args.build.jobs.as_deref())?;
    let timing = !args.no_timing && args.bench_time > 0.0;
    let mut output = args.output;
    output.formats.extend(args.message_format.map(|named| named.format().to_owned()));
    let report = shown(&output, &args.baseline)?;
    let partition = args.partition.as_deref().map(partition).transpose()?;
    if partition.is_some() && args.baseline.bless {
        return Err(Failure::new(
            Exit::Usage,
            "`--bless` accepts what a whole check found, and this is a part",
        )
        .help("put the parts together: `cargo noalloc merge --bless REPORT…`"));
    }
    let (command_line, deny_warnings) = levels(&args.levels)?;
    let policy = Policy {
        partial: partition.is_some(),
        filtered: !args.filters.is_empty() || args.harness_args.iter().any(|word| !word.starts_with('-')),
        selected: args.selection != SelectionArgs::default(),
        require_exercised: args.require_exercised,
        require_proof: args.require_proof,
        command_line,
        deny_warnings,
        ..Policy::default()
    };
    Ok(CheckOptions {
        report: ReportOptions { save: args.save, ..report },
        selection: args.selection,
        build: args.build,
        bench_time: timing.then(|| Duration::from_secs_f64(args.bench_time)),
        samples: args.samples,
        timeout: args.timeout.map(Duration::from_secs),
        jobs,
        partition,
        policy,
        filters: args.filters,
        harness_args: args.harness_args,
        words: Vec::new(),
    })
}

/// As cargo reads `--jobs`: so many, so many less than there are cores, or `default`.
fn jobs(given: Option<&str>) -> Result<usize, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let number = given.filter(|given| *given != "default").map(str::parse::<isize>);
    match number {
        None => Ok(cores),
        Some(Ok(number @ 1..)) => Ok(number.unsigned_abs()),
        Some(Ok(number @ ..=-1)) => Ok(cores.saturating_sub(number.unsigned_abs()).max(1)),
        Some(_) => Err(Failure::new(
            Exit::Usage,
            format!("`--jobs {}` is no number of jobs", given.unwrap_or_default()),
        )
        .help("give how many at the same time, such as `--jobs 4`; `--jobs -1` leaves one core to others")),
    }
}

/// What `-A`, `-W` and `-D` say of rules, and whether warnings are errors.
fn levels(args: &LevelArgs) -> Result<(BTreeMap<Rule, Setting>, bool), Failure> {
    let mut levels = BTreeMap::new();
    let mut deny_warnings = false;
    let given = [
        ("-A", &args.allow, None),
        ("-W", &args.warn, Some(Level::Warning)),
        ("-D", &args.deny, Some(Level::Error)),
    ];
    for (flag, names, level) in given {
        for name in names {
            if flag == "-D" && name == "warnings" {
                deny_warnings = true;
                continue;
            }
            let rule = Rule::named(name).ok_or_else(|| unknown_rule(flag, name))?;
            if levels.insert(rule, level).is_some_and(|earlier| earlier != level) {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("the command line sets two levels for `{name}`"),
                )
                .help("leave one of them out"));
            }
        }
    }
    Ok((levels, deny_warnings))
}

fn unknown_rule(flag: &str, name: &str) -> Failure {
    let names = Rule::ALL.map(Rule::name);
    let failure = Failure::new(Exit::Usage, format!("`{flag} {name}`: there is no such rule"));
    match names.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name)) {
        Some(near) if strsim::damerau_levenshtein(near, name) <= 3 => {
            failure.help(format!("did you mean `{near}`?"))
        }
        _ => failure.help(format!("the rules are: {}", names.join(", "))),
    }
}

fn prove(args: ProveArgs) -> Result<ProveOptions, Failure> {
    refuse_no_manifest(&args.build)?;
    let functions: Vec<String> = args.functions.iter().map(|pattern| pattern.trim().to_owned()).collect();
    if functions.iter().any(String::is_empty) {
        return Err(Failure::new(Exit::Usage, "`--fn` needs a name")
            .help("give a function's path or its tail, such as `--fn parse_headers`"));
    }
    let report = shown(&args.output, &BaselineArgs::default())?;
    let (command_line, deny_warnings) = levels(&args.levels)?;
    let policy =
        Policy { require_proof: true, command_line, deny_warnings, proof_only: true, ..Policy::default() };
    Ok(ProveOptions {
        selection: args.selection,
        build: args.build,
        report,
        policy,
        asked: Asked { functions },
    })
}

fn refuse_no_manifest(build: &BuildArgs) -> Result<(), Failure> {
    match build.manifest_path.as_ref().filter(|path| !path.exists()) {
        Some(path) => {
            Err(Failure::new(Exit::MetadataFailed, format!("there is no manifest `{}`", path.display()))
                .help("`--manifest-path` takes the path of a Cargo.toml"))
        }
        None => Ok(()),
    }
}

fn report(args: ReportArgs) -> Result<ReportOptions, Failure> {
    let wrong = |error: regex_lite::Error| {
        Failure::new(
            Exit::Usage,
            format!("`{}` is no regular expression: {error}", args.pattern.as_deref().unwrap_or("")),
        )
        .help("name functions by any part of their path, such as `parse` or `^app::net::`")
    };
    Ok(ReportOptions {
        pattern: args.pattern.as_deref().map(Regex::new).transpose().map_err(wrong)?,
        build: args.last.into(),
        ..shown(&args.output, &args.baseline)?
    })
}

/// What every command that reports is told of its reports.
fn shown(output: &OutputArgs, baseline: &BaselineArgs) -> Result<ReportOptions, Failure> {
    Ok(ReportOptions {
        outputs: outputs(&output.formats)?,
        verbose: output.verbose,
        bless: baseline.bless,
        strict_baseline: baseline.strict_baseline,
        ..ReportOptions::default()
    })
}

/// Of commands that know text and JSON only.
fn is_json(format: &str, command: &str) -> Result<bool, Failure> {
    match format {
        "human" => Ok(false),
        "json" => Ok(true),
        other => Err(Failure::new(Exit::Usage, format!("unknown format `{other}`"))
            .help(format!("`cargo noalloc {command} --format` takes: human, json"))),
    }
}

fn list(args: ListArgs) -> Result<ListOptions, Failure> {
    let json = is_json(&args.format, "list")?;
    let selection =
        SelectionArgs { packages: args.packages, workspace: args.workspace, ..SelectionArgs::default() };
    Ok(ListOptions { selection, json, build: args.last.into() })
}

impl From<LastArgs> for BuildArgs {
    fn from(last: LastArgs) -> BuildArgs {
        BuildArgs { manifest_path: last.manifest_path, target_dir: last.target_dir, ..BuildArgs::default() }
    }
}

/// Human text on standard output where nothing else is asked for.
fn outputs(formats: &[String]) -> Result<Vec<Output>, Failure> {
    if formats.is_empty() {
        return Ok(Output::usual(std::env::var("GITHUB_ACTIONS").as_deref() == Ok("true")));
    }
    let outputs: Vec<Output> = formats.iter().map(|format| format.parse()).collect::<Result<_, _>>()?;
    let to_stdout: Vec<&Output> = outputs.iter().filter(|output| output.is_machine_on_stdout()).collect();
    if let [first, second, ..] = to_stdout[..] {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{}` and `{}` cannot both go to standard output", first.format.name, second.format.name),
        )
        .help(format!("give one of them a file: `--format {}=PATH`", second.format.name)));
    }
    for path in outputs.iter().filter_map(|output| output.path.as_deref()) {
        refuse_unwritable(path)?;
    }
    Ok(outputs)
}

/// A report that has no place to go is worth saying before the build.
fn refuse_unwritable(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let why = match path.is_dir() {
        true => "it is a folder",
        false if !folder.is_dir() => "there is no such folder",
        false => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, format!("the report could not be written to `{}`: {why}", path.display()))
        .help("name a file in a folder that is there"))
}

/// The path that `--manifest-path` gives, or cargo's own search.
impl BuildArgs {
    pub(crate) fn manifest(&self) -> Option<PathBuf> {
        self.manifest_path.clone()
    }
}

/// Prints clap's help, version or complaint, and says how that ends.
pub(crate) fn answer(answer: &clap::Error) -> Exit {
    // A terminal that has gone away is not worth another message.
    let _ = answer.print();
    if answer.use_stderr() { Exit::Usage } else { Exit::Pass }
}

#[cfg(test)]
mod tests {
    use super::What;

    #[test]
    fn a_number_after_a_colon_makes_a_place() {
        let place = |file: &str, line| What::Place { file: file.to_owned(), line };
        assert_eq!(What::parse("lib.rs:33"), place("lib.rs", 33));
        assert_eq!(What::parse("src/lib.rs:33:17"), place("src/lib.rs", 33));
        assert_eq!(What::parse("Filter::process"), What::Function("Filter::process".to_owned()));
        assert_eq!(What::parse("algo_one"), What::Function("algo_one".to_owned()));
    }
}
