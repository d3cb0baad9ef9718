//! The pipeline of `cargo noalloc`, one call a step:
//!
//! ```text
//! options ─▶ discover ─▶ compile ─▶ run ─▶ prove ─▶ symbolise ─▶ source ─▶ judge ─▶ report
//!             Plan       Binaries   Runs    Proofs    Audited     Texts    Verdict   bytes
//! ```
//!
//! This is the only file that knows the order. Steps up to `run` may fail; what comes after them returns what it
//! found together with its problems, and carries on.

mod baseline;
mod cli;
mod compare;
mod compile;
mod config;
mod discover;
mod exit;
mod files;
mod init;
mod judge;
mod last;
mod lock;
mod mapped;
pub mod model;
mod numbers;
mod options;
mod pages;
mod parts;
mod printable;
mod process;
mod prove;
mod quoting;
mod report;
mod revision;
mod run;
mod setup;
mod shell;
mod sides;
mod source;
mod source_files;
mod symbolise;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::mem;
use std::path::Path;

use cli::BuildArgs;
pub use exit::{Exit, Failure};
use model::{
    Asked, Binaries, Debt, Environment, Plan, Policy, Run, Step, Texts, Toolchain, Verdict, Workspace,
};
use options::{
    CheckOptions, CleanOptions, CommandLine, CompareOptions, ExplainOptions, InitOptions, ListOptions,
    MergeOptions, Options, ProveOptions, ReportOptions,
};
use shell::Shell;
use source_files::SourceFolders;

/// Does what the command line says; nothing it returns is undocumented.
pub fn main(words: impl Iterator<Item = OsString>) -> Exit {
    let CommandLine { terminal, options } = match CommandLine::parse(words) {
        Ok(line) => line,
        Err(answer) => return options::answer(&answer),
    };
    let shell = Shell::new(terminal, compile::terminal());
    options.and_then(|options| perform(options, shell)).unwrap_or_else(|failure| {
        shell.failure(&failure);
        failure.exit
    })
}

fn perform(options: Options, shell: Shell) -> Result<Exit, Failure> {
    match options {
        Options::Check(options) => check(&options, shell),
        Options::Prove(options) => prove_alone(&options, shell),
        Options::List(options) => list(&options, shell),
        Options::Explain(options) => explain(&options, shell),
        Options::Compare(options) => compare_two(&options, shell),
        Options::Report(options) => report(&options, shell),
        Options::Merge(options) => merge(&options, shell),
        Options::Init(options) => init(&options, shell),
        Options::Completions(of) => pages::completions(of),
        Options::Manual => pages::manual(),
        Options::Clean(options) => clean(&options, shell),
    }
}

/// Builds, runs, names, judges and reports.
fn check(options: &CheckOptions, shell: Shell) -> Result<Exit, Failure> {
    let plan = discover::plan(&options.selection, &options.build)?;
    let plan = match options.partition {
        Some(partition) => plan.part(partition, options.asked()),
        None => plan,
    };
    process::handle_interrupts();
    let _lock = lock::take(&plan.workspace.audit_dir, shell)?;
    let binaries = build(&plan, options, shell)?;
    let check = run_built(plan, &binaries, options, shell)?;
    let kept = last::save(&check);
    if let Some(name) = &options.report.save {
        compare::keep(&check.plan.workspace.audit_dir, name, &options.words, &check.runs)?;
    }
    let exit = conclude(check, &options.report, shell);
    if let Some(model::Partition { index, count }) = options.partition {
        let what = format!(
            "part {index} of {count}: `cargo noalloc merge` judges the whole, from the JSON reports of all"
        );
        shell.status("Checked", &what);
    }
    // Whatever became of the copy, what was seen is said.
    exit.and_then(|exit| kept.map(|()| exit))
}

/// The steps that may fail, up to the binaries, under a lock that the caller holds.
fn build(plan: &Plan, options: &CheckOptions, shell: Shell) -> Result<Binaries, Failure> {
    run::prepare(&plan.workspace)?;
    compiled(plan, &options.build, shell)
}

/// Cargo's work, with what later steps can tell of allocators.
fn compiled(plan: &Plan, build: &BuildArgs, shell: Shell) -> Result<Binaries, Failure> {
    let linked = |executable: &Path| symbolise::allocator(executable, &plan.workspace);
    let probes = compile::Probes { declared: &source::allocators, linked: &linked };
    compile::compile(plan, build, probes, shell)
}

/// The step after them, under the same lock.
fn run_built(
    plan: Plan,
    binaries: &Binaries,
    options: &CheckOptions,
    shell: Shell,
) -> Result<Checked, Failure> {
    let runs = run::run(&plan, binaries, options, shell)?;
    let policy = policy(&options.policy, &plan.workspace);
    let environment = environment(&binaries.toolchain, &options.build);
    Ok(Checked { plan, runs, environment, policy, asked: None, sources: BTreeMap::new() })
}

/// Without running: what the binaries alone tell.
fn prove_alone(options: &ProveOptions, shell: Shell) -> Result<Exit, Failure> {
    process::handle_interrupts();
    let plan = discover::plan(&options.selection, &options.build)?;
    let _lock = lock::take(&plan.workspace.audit_dir, shell)?;
    let binaries = compiled(&plan, &options.build, shell)?;
    let runs = run::none(&binaries);
    let policy = policy(&options.policy, &plan.workspace);
    let environment = environment(&binaries.toolchain, &options.build);
    let asked = Some(options.asked.clone());
    let check = Checked { plan, runs, environment, policy, asked, sources: BTreeMap::new() };
    let kept = last::save(&check);
    let exit = conclude(check, &options.report, shell);
    exit.and_then(|exit| kept.map(|()| exit))
}

/// Names, judges and reports what was recorded; keeps it where that was asked for.
fn conclude(check: Checked, options: &ReportOptions, shell: Shell) -> Result<Exit, Failure> {
    // Nothing is accepted of what was not run.
    let ran = check.asked.is_none();
    let conclusion = check.conclude(shell)?;
    last::save_sources(&conclusion.workspace.audit_dir, &conclusion.texts, !ran);
    present(conclusion, ran, options, shell)
}

/// Holds a verdict against the baseline, where something `ran`, and reports it.
fn present(
    conclusion: Conclusion,
    ran: bool,
    options: &ReportOptions,
    shell: Shell,
) -> Result<Exit, Failure> {
    let Conclusion { mut verdict, texts, environment, workspace, unseen, part } = conclusion;
    let nothing = setup::refuse_nothing(&verdict, &unseen);
    if part.is_none() && !setup::has_died(&verdict) {
        nothing.clone()?;
    }
    if ran {
        accept(&mut verdict, &unseen, &texts, &workspace, options, shell)?;
    }
    let report =
        report::Report::new(&verdict, &environment, &texts, &workspace, options).of_part(part.as_ref());
    if let Some(name) = &options.save {
        compare::save(&workspace.audit_dir, name, &report::json(&report))?;
    }
    // Before the report, whose last line says how it ended.
    report::warn_of_spread(&report, shell);
    report::write(&report, options, shell)?;
    report::say_what_is_gone(&verdict, options, shell);
    for failure in &unseen {
        shell.failure(failure);
    }
    // The report of a part that has nothing is needed all the same, and so is that of a target that died.
    nothing?;
    Ok(setup::exit(&verdict, &unseen))
}

/// Holds the findings against the baseline, after writing it anew when that is asked for.
fn accept(
    verdict: &mut Verdict,
    unseen: &[Failure],
    texts: &Texts,
    workspace: &Workspace,
    options: &ReportOptions,
    shell: Shell,
) -> Result<(), Failure> {
    let mut accepted = baseline::read(&workspace.root)?;
    if options.bless {
        setup::refuse_partial_baseline(verdict, unseen)?;
        let earlier = accepted.unwrap_or_default();
        let mut now = judge::accepted::debts(verdict, texts);
        let unseen = |debt: &&Debt| !judge::accepted::was_looked_at(&debt.identity, verdict);
        now.extend(earlier.iter().filter(unseen).cloned());
        now.sort_by(|a, b| a.identity.cmp(&b.identity));
        baseline::write(&workspace.root, &now)?;
        let added = now.iter().filter(|debt| !earlier.contains(debt)).count();
        let gone = earlier.iter().filter(|debt| !now.contains(debt)).count();
        let what = format!("{}: {} accepted, {added} added, {gone} removed", baseline::FILE, now.len());
        shell.status("Blessed", &what);
        accepted = Some(now);
    }
    if let Some(accepted) = accepted {
        judge::accepted::compare(verdict, texts, &accepted, options.strict_baseline);
    }
    Ok(())
}

/// Renders the last check or proof again; what has to do with the baseline is asked of the last check.
fn report(options: &ReportOptions, shell: Shell) -> Result<Exit, Failure> {
    let needs_counts = options.bless || options.strict_baseline;
    let load = if needs_counts { last::check } else { last::check_or_proof };
    conclude(load(&options.build)?, options, shell)
}

/// Parts of a check, which other machines made, as the whole.
fn merge(options: &MergeOptions, shell: Shell) -> Result<Exit, Failure> {
    let workspace = discover::workspace_now(&options.report.build)?;
    let mut shown = parts::merge(&options.reports, &SourceFolders::of(&workspace))?;
    shown.policy.configured = workspace.configured.clone();
    present(judged(shown, workspace), true, &options.report, shell)
}

/// Two checks side by side.
fn compare_two(options: &CompareOptions, shell: Shell) -> Result<Exit, Failure> {
    let comparison = sides::compare(options, shell)?;
    report::comparison(&comparison, options.json)?;
    Ok(match (comparison.is_worse(), comparison.incomplete) {
        (_, true) => Exit::TargetFailed,
        (true, false) => Exit::Findings,
        (false, false) if comparison.is_nothing() => Exit::NothingToCheck,
        (false, false) => Exit::Pass,
    })
}

/// Every hot function in the source, and whether the last check's binaries have it.
fn list(options: &ListOptions, shell: Shell) -> Result<Exit, Failure> {
    let (roots, workspace) = discover::roots(&options.selection, &options.build)?;
    let sources = source::Sources::new(SourceFolders::of(&workspace));
    let declared = source::scan::all(&sources, &roots);
    // Without a last check nothing is known of binaries, and the list says so.
    let last =
        last::check(&options.build).and_then(|last| last.conclude(shell)).ok().map(|last| last.verdict);
    report::list(&declared, last.as_ref(), options.json, shell)?;
    Ok(Exit::Pass)
}

/// Says all that the last check or proof knows about one thing.
fn explain(options: &ExplainOptions, shell: Shell) -> Result<Exit, Failure> {
    let Conclusion { verdict, texts, .. } = last::check_or_proof(&options.build)?.conclude(shell)?;
    let of_sources = verdict.problems.iter().filter(|problem| problem.step == Step::Source);
    of_sources.for_each(|problem| shell.warning(&problem.message));
    report::explain(&verdict, &texts, options, shell)?;
    Ok(Exit::Pass)
}

/// Everything that running gave: what the later steps, which run nothing, need.
pub(crate) struct Checked {
    pub(crate) plan: Plan,
    pub(crate) runs: Vec<Run>,
    pub(crate) environment: Environment,
    pub(crate) policy: Policy,
    /// What to prove, when nothing was run.
    pub(crate) asked: Option<Asked>,
    /// Of what was kept: sources as they were then, by the names that reports give them.
    pub(crate) sources: BTreeMap<String, String>,
}

impl Checked {
    /// Proves, names, reads, judges.
    fn conclude(self, shell: Shell) -> Result<Conclusion, Failure> {
        let Checked { plan, mut runs, environment, policy, asked, sources } = self;
        prove::prove(&mut runs, asked.as_ref(), shell);
        let mut unseen = match &asked {
            Some(asked) => setup::unproved(&mut runs, asked)?,
            None => setup::unrecorded(&mut runs, &plan.workspace),
        };
        let mut audited = symbolise::symbolise(runs, &plan.workspace);
        unseen.extend(setup::unreadable(&mut audited));
        let Plan { workspace, skipped, part, .. } = plan;
        let shown = parts::Shown {
            audited,
            skipped,
            unseen,
            environment,
            policy,
            part,
            changed: Vec::new(),
            digests: None,
            sources,
        };
        Ok(judged(shown, workspace))
    }
}

/// Reads and judges what was shown, here or on several machines.
fn judged(mut shown: parts::Shown, workspace: Workspace) -> Conclusion {
    // What the source step adds is added to the whole once more.
    let before = shown.part.is_some().then(|| shown.clone());
    let (texts, refused) = source::read(
        &mut shown.audited,
        SourceFolders::of(&workspace),
        &shown.changed,
        shown.digests.as_ref(),
        mem::take(&mut shown.sources),
    );
    let part = before.and_then(|before| parts::send(&before, &texts, &workspace.root));
    let parts::Shown { audited, skipped, unseen, environment, policy, .. } = shown;
    let mut evidence = judge::Evidence::gather(audited, skipped);
    evidence.problems.extend(refused);
    let verdict = judge::judge(evidence, &policy);
    Conclusion { verdict, texts, environment, workspace, unseen, part }
}

/// What there is to report.
struct Conclusion {
    verdict: Verdict,
    texts: Texts,
    environment: Environment,
    workspace: Workspace,
    /// Targets that did not show what they do, and why.
    unseen: Vec<Failure>,
    /// What the report of a part brings along for the whole.
    part: Option<serde_json::Value>,
}

impl Conclusion {
    /// For the report.
    fn report<'a>(&'a self, options: &'a ReportOptions) -> report::Report<'a> {
        report::Report::new(&self.verdict, &self.environment, &self.texts, &self.workspace, options)
    }
}

/// With what the manifests want.
fn policy(asked: &Policy, workspace: &Workspace) -> Policy {
    Policy { configured: workspace.configured.clone(), ..asked.clone() }
}

fn environment(toolchain: &Toolchain, build: &BuildArgs) -> Environment {
    Environment {
        rustc: toolchain.rustc.clone(),
        target: toolchain.target.clone(),
        profile: build.cargo_profile.clone(),
        rustflags: toolchain.rustflags.clone(),
    }
}

/// Adds what a package needs to be checked.
fn init(options: &InitOptions, shell: Shell) -> Result<Exit, Failure> {
    let (manifest, root) = discover::package_to_set_up(&options.build, options.package.as_deref())?;
    init::init(&manifest, &root, options, shell)
}

/// Removes `target/noalloc`.
fn clean(options: &CleanOptions, shell: Shell) -> Result<Exit, Failure> {
    let folder = discover::audit_dir(&options.build)?;
    if files::is_there(&folder) {
        let _lock = lock::take(&folder, shell)?;
        files::remove_folder(&folder).map_err(|error| {
            Failure::new(Exit::SetUp, format!("`{}` could not be removed: {error}", folder.display()))
        })?;
    }
    shell.status("Removed", &folder.display().to_string());
    Ok(Exit::Pass)
}
