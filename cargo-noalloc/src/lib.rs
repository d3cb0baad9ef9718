//! The pipeline of `cargo noalloc`, one call a step:
//!
//! ```text
//! options ─▶ discover ─▶ compile ─▶ run ─▶ symbolise ─▶ source ─▶ judge ─▶ report
//!             Plan       Binaries   Runs    Audited     Sources   Verdict   bytes
//! ```
//!
//! This is the only file that knows the order. Steps up to `run` may fail; what comes after them returns what it
//! found together with its problems, and carries on.

mod cli;
mod compile;
mod discover;
mod exit;
mod judge;
mod last;
mod mapped;
pub mod model;
mod numbers;
mod options;
mod process;
mod report;
mod run;
mod setup;
mod shell;
mod source;
mod symbolise;

use std::ffi::OsString;

pub use exit::{Exit, Failure};
use judge::Policy;
use model::{Environment, Plan, Run, Status, Target, Texts, Toolchain, Verdict};
use options::{CheckOptions, CleanOptions, ExplainOptions, Options, Refusal, ReportOptions};
use shell::Shell;

/// Does what the command line says; nothing it returns is undocumented.
pub fn main(words: impl Iterator<Item = OsString>) -> Exit {
    let shell = Shell::from_environment();
    let done = match Options::parse(words) {
        Ok(Options::Check(options)) => check(&options, shell),
        Ok(Options::Explain(options)) => explain(&options, shell),
        Ok(Options::Report(options)) => report(&options, shell),
        Ok(Options::Clean(options)) => clean(&options, shell),
        Err(Refusal::Failure(failure)) => Err(*failure),
        Err(Refusal::Clap(answer)) => return options::answer(&answer),
    };
    done.unwrap_or_else(|failure| {
        shell.failure(&failure);
        failure.exit
    })
}

/// Builds, runs, names, judges and reports.
fn check(options: &CheckOptions, shell: Shell) -> Result<Exit, Failure> {
    process::handle_interrupts();
    let plan = discover::plan(options)?;
    let binaries = compile::compile(&plan, options, shell)?;
    let runs = run::run(&plan, &binaries, options, shell)?;
    let check = Checked {
        plan,
        runs,
        environment: environment(&binaries.toolchain, options),
        policy: options.policy(),
    };
    last::save(&check)?;
    let missing = setup::missing(&check.runs);
    let (verdict, texts, environment) = check.conclude();
    setup::refuse_nothing(&verdict, &missing)?;
    report::write(&verdict, &environment, &texts, &options.report, shell)?;
    for failure in &missing {
        shell.failure(failure);
    }
    Ok(exit(&verdict, &missing))
}

/// Renders the last check again.
fn report(options: &ReportOptions, shell: Shell) -> Result<Exit, Failure> {
    let (verdict, texts, environment) = last::load(&options.build)?.conclude();
    report::write(&verdict, &environment, &texts, options, shell)?;
    Ok(exit(&verdict, &[]))
}

/// Says all that the last check knows about one thing.
fn explain(options: &ExplainOptions, shell: Shell) -> Result<Exit, Failure> {
    let (verdict, texts, _) = last::load(&options.build)?.conclude();
    report::explain(&verdict, &texts, &options.what, shell)?;
    Ok(Exit::Pass)
}

/// Everything that running gave: what the later steps, which run nothing, need.
pub(crate) struct Checked {
    pub(crate) plan: Plan,
    pub(crate) runs: Vec<Run>,
    pub(crate) environment: Environment,
    pub(crate) policy: Policy,
}

impl Checked {
    /// Names, reads, judges.
    fn conclude(self) -> (Verdict, Texts, Environment) {
        let Checked { plan, runs, environment, policy } = self;
        let mut audited = symbolise::symbolise(runs, &plan.workspace);
        let texts = source::read(&mut audited, &plan.workspace.root);
        let evidence = judge::Evidence::gather(audited, plan.skipped);
        (judge::judge(evidence, policy), texts, environment)
    }
}

fn environment(toolchain: &Toolchain, options: &CheckOptions) -> Environment {
    Environment {
        rustc: toolchain.rustc.clone(),
        target: toolchain.target.clone(),
        profile: options.build.cargo_profile.clone(),
        rustflags: toolchain.rustflags.clone(),
    }
}

/// A target that did not end well outweighs its findings: they are not all.
fn exit(verdict: &Verdict, missing: &[Failure]) -> Exit {
    let ended_badly = |(_, status): &(Target, Status)| !matches!(status, Status::Ok | Status::Skipped { .. });
    if let Some(failure) = missing.first() {
        failure.exit
    } else if verdict.targets.iter().any(ended_badly) {
        Exit::TargetFailed
    } else if verdict.passes() {
        Exit::Pass
    } else {
        Exit::Findings
    }
}

/// Removes `target/noalloc`.
fn clean(options: &CleanOptions, shell: Shell) -> Result<Exit, Failure> {
    let folder = discover::audit_dir(&options.build)?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|error| {
            Failure::new(Exit::SetUp, format!("`{}` could not be removed: {error}", folder.display()))
        })?;
    }
    shell.status("Removed", &folder.display().to_string());
    Ok(Exit::Pass)
}
