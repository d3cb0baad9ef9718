//! Options of `compare`: what is compared, and how to check what has to be measured for it.

use std::time::Duration;

use clap::Parser as _;

use super::{CheckOptions, ReportOptions, is_json};
use crate::cli::{BuildArgs, CheckArgs, Cli, Command, CompareArgs, SelectionArgs};
use crate::exit::{Exit, Failure};

/// Checked options of `compare`.
#[derive(Debug)]
pub(crate) struct CompareOptions {
    /// What the user calls the old side.
    pub(crate) old: String,
    pub(crate) new: New,
    /// In per cent, of times.
    pub(crate) threshold: f64,
    pub(crate) json: bool,
    /// The clock's share of each benchmark and side in one round; `None` skips the clock.
    pub(crate) round: Option<Duration>,
    pub(crate) rounds: u32,
    /// How to check what is not measured yet.
    check: CheckOptions,
    /// The command line says itself what to check.
    chooses: bool,
}

/// The new side.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum New {
    /// What the user calls it.
    Named(String),
    /// The last check, as it is.
    Last,
    /// The working tree, checked anew.
    Tree,
}

impl CompareOptions {
    pub(super) fn new(args: CompareArgs) -> Result<CompareOptions, Failure> {
        if !args.threshold.is_finite() || args.threshold < 0.0 {
            return Err(Failure::new(
                Exit::Usage,
                format!("`--threshold {}` is no threshold", args.threshold),
            )
            .help("give per cent, such as `--threshold 5`"));
        }
        if args.rounds < ENOUGH {
            return Err(Failure::new(Exit::Usage, format!("`--rounds {}` is too few", args.rounds))
                .note(format!("with fewer than {ENOUGH} on each side even the clearest order is chance"))
                .help("leave it out for 80"));
        }
        let json = is_json(&args.format, "compare")?;
        let new = match (args.new, args.last) {
            (Some(name), _) => New::Named(name),
            (None, true) => New::Last,
            (None, false) => New::Tree,
        };
        let usual = check_args(&[])?;
        let chooses = args.selection != SelectionArgs::default()
            || !args.harness_args.is_empty()
            || args.build
                != BuildArgs {
                    manifest_path: args.build.manifest_path.clone(),
                    target_dir: args.build.target_dir.clone(),
                    ..usual.build
                };
        let usual_time = usual.bench_time;
        let mut check = super::check(CheckArgs {
            selection: args.selection,
            build: args.build,
            bench_time: args.bench_time,
            no_timing: args.no_timing,
            timeout: args.timeout,
            harness_args: args.harness_args,
            ..usual
        })?;
        // However many rounds there are, the clock runs in each: no time at all would tell the harness to leave it.
        let round = check.bench_time.map(|time| (time / args.rounds).max(LEAST));
        // What a file holds was measured without turns: so is what stands beside it.
        check.bench_time = round.map(|_| Duration::from_secs_f64(usual_time));
        let (old, threshold, rounds) = (args.old, args.threshold, args.rounds);
        Ok(CompareOptions { old, new, threshold, json, round, rounds, check, chooses })
    }

    /// Where saved checks and the last one are.
    pub(crate) fn build(&self) -> &BuildArgs {
        &self.check.build
    }

    /// How to check: as the command line says, and where it says nothing, as a saved check was made.
    pub(crate) fn check(&self, saved: Option<&[String]>) -> Result<CheckOptions, Failure> {
        let Some(words) = saved.filter(|_| !self.chooses) else { return Ok(self.check.clone()) };
        let mut args = CheckArgs { message_format: None, save: None, ..check_args(words)? };
        args.output.formats.clear();
        let mut check = super::check(args)?;
        let BuildArgs { manifest_path, target_dir, .. } = &self.check.build;
        check.build.manifest_path = manifest_path.clone().or(check.build.manifest_path);
        check.build.target_dir = target_dir.clone().or(check.build.target_dir);
        check.report = ReportOptions::default();
        check.bench_time = self.check.bench_time;
        Ok(check)
    }
}

/// With seven on each side the clearest order has p = 0.0017, for three figures of each round.
const ENOUGH: u32 = 7;

/// A round of one sample.
const LEAST: Duration = Duration::from_micros(100);

/// What `cargo noalloc check` makes of these words.
fn check_args(words: &[String]) -> Result<CheckArgs, Failure> {
    let line = ["cargo noalloc", "check"].into_iter().chain(words.iter().map(String::as_str));
    match Cli::try_parse_from(line) {
        Ok(Cli { command: Command::Check(args), .. }) => Ok(*args),
        _ => Err(Failure::new(
            Exit::Usage,
            format!("the saved check was made with words that nobody knows any more: {}", words.join(" ")),
        )
        .help("save it again: `cargo noalloc check --save NAME`")),
    }
}
