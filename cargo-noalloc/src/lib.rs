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
use options::{CheckOptions, CleanOptions, Options, Refusal};
use shell::Shell;

/// Does what the command line says; nothing it returns is undocumented.
pub fn main(words: impl Iterator<Item = OsString>) -> Exit {
    let shell = Shell::from_environment();
    let done = match Options::parse(words) {
        Ok(Options::Check(options)) => check(&options, shell),
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
    let missing = setup::missing(&runs);
    let mut audited = symbolise::symbolise(runs, &plan.workspace);
    let texts = source::read(&mut audited, &plan.workspace.root);
    let evidence = judge::Evidence::gather(audited, plan.skipped);
    let verdict = judge::judge(evidence, options.policy());
    setup::refuse_nothing(&verdict, &missing)?;
    let environment = report::Environment::new(&binaries.toolchain, options);
    report::write(&verdict, &environment, &texts, options, shell)?;
    for failure in &missing {
        shell.failure(failure);
    }
    Ok(exit(&verdict, &missing))
}

/// A target that did not end well outweighs its findings: they are not all.
fn exit(verdict: &model::Verdict, missing: &[Failure]) -> Exit {
    let ended_badly = |(_, status): &(model::Target, model::Status)| {
        !matches!(status, model::Status::Ok | model::Status::Skipped { .. })
    };
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
