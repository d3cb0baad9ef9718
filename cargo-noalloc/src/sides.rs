//! The two sides of a comparison: what is not measured yet is checked, and where both can run, they take turns.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::compare::{self, Made, Source, take_turns};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::lock::{self, AuditLock};
use crate::model::{Binaries, Binary, Comparison, Measured, Plan};
use crate::options::{CheckOptions, CompareOptions, New, ReportOptions};
use crate::revision::{Repository, Worktree};
use crate::shell::{Now, Pace, Shell};
use crate::{Checked, discover, last, process, report, run, setup};

/// What the user calls the side that has no name.
const TREE: &str = "working tree";

/// Measures what has to be measured, and compares.
pub(crate) fn compare(options: &CompareOptions, shell: Shell) -> Result<Comparison, Failure> {
    let audit_dir = || discover::audit_dir(options.build());
    let here = manifest(options);
    let find = |text: &str| Source::find(text, audit_dir, here.parent().unwrap_or(Path::new(".")));
    let old = find(&options.old)?;
    let new = match &options.new {
        New::Named(text) => find(text)?,
        New::Last => Source::Last,
        New::Tree => Source::Tree,
    };
    let notes = notes(&old, &new);
    let made = match &old {
        Source::Saved { name, .. } => compare::made(&audit_dir()?, name)?,
        _ => None,
    };
    let sides = Sides {
        check: options.check(made.as_ref().map(|made| &*made.words))?,
        manifest: here,
        _lock: [&old, &new]
            .iter()
            .any(|side| side.is_to_be_measured())
            .then(|| lock(options, shell))
            .transpose()?,
        shell,
    };
    let (old, new) = (sides.prepare(&old)?, sides.prepare(&new)?);
    // The executables of a saved check are run as those that were built now.
    let then = made.zip(new.built()).and_then(|(made, new)| new.as_it_was(&made));
    let both = old.built().or(then.as_ref()).zip(new.built());
    let turns = both.zip(options.round);
    let mut measured = [sides.measure(&old, turns.is_some())?, sides.measure(&new, turns.is_some())?];
    let rounds = match turns {
        Some(((old, new), time)) => sides.take_turns(&mut measured, [old, new], options.rounds, time)?,
        None => None,
    };
    let [old, new] = measured;
    let mut comparison = compare::compare(old, new, options.threshold, rounds);
    comparison.notes.extend(notes);
    Ok(comparison)
}

/// One comparison in one audit directory, and no check beside it.
fn lock(options: &CompareOptions, shell: Shell) -> Result<AuditLock, Failure> {
    process::handle_interrupts();
    lock::take(&discover::audit_dir(options.build())?, shell)
}

/// The manifest that cargo would take.
fn manifest(options: &CompareOptions) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.exists());
    let given = options.build().manifest_path.as_ref().map(|path| here.join(path));
    given.or(above).unwrap_or_else(|| here.join("Cargo.toml"))
}

/// What the user may not have meant.
fn notes(old: &Source, new: &Source) -> Vec<String> {
    let mut notes = Vec::new();
    for side in [old, new] {
        if let Source::Saved { name, hides: Some(revision) } = side {
            notes.push(format!(
                "`{name}` is a saved check, and a git revision as well: the saved check was taken; the revision is \
                 `{}`",
                revision.commit
            ));
        }
    }
    if let (Source::Revision(repository, _), Source::Tree) = (old, new)
        && repository.has_changes()
    {
        notes.push(format!("the {TREE} has changes that are not committed, and was measured with them"));
    }
    notes
}

/// How sides are made.
struct Sides {
    check: CheckOptions,
    /// In the user's checkout.
    manifest: PathBuf,
    _lock: Option<AuditLock>,
    shell: Shell,
}

/// A side whose turn has not come.
enum Side {
    /// Measured before, as a report says.
    Read(Measured),
    Built(Box<Built>),
}

impl Side {
    fn built(&self) -> Option<&Built> {
        match self {
            Side::Read(_) => None,
            Side::Built(built) => Some(built),
        }
    }
}

/// What can run, and the files that it may need for that.
struct Built {
    name: String,
    check: CheckOptions,
    plan: Plan,
    binaries: Binaries,
    _worktree: Option<Worktree>,
}

impl Built {
    /// The targets as they were in a saved check; `None` where no executable is left.
    fn as_it_was(&self, made: &Made) -> Option<Built> {
        let then: Vec<Binary> =
            self.binaries.binaries.iter().filter_map(|binary| made.counterpart(binary)).collect();
        let toolchain = self.binaries.toolchain.clone();
        (!then.is_empty()).then(|| Built {
            name: self.name.clone(),
            check: self.check.clone(),
            plan: self.plan.clone(),
            binaries: Binaries { toolchain, binaries: then },
            _worktree: None,
        })
    }
}

impl Sides {
    /// Reads what was measured, and builds what is to be.
    fn prepare(&self, source: &Source) -> Result<Side, Failure> {
        let audit_dir = || discover::audit_dir(&self.check.build);
        match source {
            Source::File(path) => compare::read_file(path).map(Side::Read),
            Source::Saved { name, .. } => compare::read_saved(name, &audit_dir()?).map(Side::Read),
            Source::Last => {
                measured("last check", last::check(&self.check.build)?, self.shell).map(Side::Read)
            }
            Source::Tree => {
                self.shell.status("Building", &format!("the {TREE}"));
                self.build(TREE, self.check.clone(), None)
            }
            Source::Revision(repository, revision) => {
                let label = revision.label();
                self.shell.status("Building", &label);
                let worktree = repository.check_out(revision, &audit_dir()?)?;
                self.revision(repository, worktree, &label).map_err(|failure| of_revision(failure, &label))
            }
        }
    }

    fn revision(&self, repository: &Repository, worktree: Worktree, label: &str) -> Result<Side, Failure> {
        let manifest = repository.counterpart(&self.manifest, &worktree).filter(|manifest| manifest.exists());
        let manifest = manifest.ok_or_else(|| {
            let manifest = self.manifest.display();
            Failure::new(Exit::MetadataFailed, format!("`{manifest}` is not in the revision"))
                .help("compare with one in which the package was there already")
        })?;
        let mut check = self.check.clone();
        check.build.manifest_path = Some(manifest);
        check.build.target_dir = Some(worktree.home.clone());
        self.build(label, check, Some(worktree))
    }

    fn build(&self, name: &str, check: CheckOptions, worktree: Option<Worktree>) -> Result<Side, Failure> {
        let plan = discover::plan(&check.selection, &check.build);
        let mut plan = plan.map_err(|failure| outside(failure, worktree.as_ref()))?;
        if worktree.is_some() {
            // A build directory that is configured for all would be the other side's, too.
            plan.workspace.build_dir =
                plan.workspace.build_dir.take().map(|_| plan.workspace.audit_dir.join("build"));
        }
        let binaries = crate::build(&plan, &check, self.shell)?;
        Ok(Side::Built(Box::new(Built { name: name.to_owned(), check, plan, binaries, _worktree: worktree })))
    }

    /// Checks what was built; without the clock where the sides will take turns for that.
    fn measure(&self, side: &Side, in_turns: bool) -> Result<Measured, Failure> {
        let built = match side {
            Side::Read(measured) => return Ok(measured.clone()),
            Side::Built(built) => built,
        };
        let Built { name, check, plan, binaries, _worktree: worktree } = &**built;
        let mut check = check.clone();
        check.bench_time = check.bench_time.filter(|_| !in_turns);
        let what = if worktree.is_some() { name.clone() } else { format!("the {name}") };
        self.shell.status(if check.bench_time.is_some() { "Measuring" } else { "Counting" }, &what);
        let measured = self.checked(name, plan, binaries, &check);
        match worktree {
            Some(_) => measured.map_err(|failure| of_revision(failure, name)),
            None => measured,
        }
    }

    fn checked(
        &self,
        name: &str,
        plan: &Plan,
        binaries: &Binaries,
        check: &CheckOptions,
    ) -> Result<Measured, Failure> {
        // One revision may be both sides: what it has left was the other's.
        run::prepare(&plan.workspace)?;
        let checked = crate::run_built(plan.clone(), binaries, check, self.shell)?;
        last::save(&checked)?;
        if process::interrupted() {
            return Err(Failure::new(Exit::TargetFailed, "interrupted before both sides were measured"));
        }
        measured(name, checked, self.shell)
    }

    /// How often they did: not at all where they have no benchmark in common.
    fn take_turns(
        &self,
        measured: &mut [Measured; 2],
        built: [&Built; 2],
        rounds: u32,
        time: Duration,
    ) -> Result<Option<u32>, Failure> {
        // Only a harness of ours can be told to run for the clock alone; such targets have benchmarks.
        let common = compare::common_targets(measured);
        let timed = |side: usize| -> Vec<&Binary> {
            let has = |binary: &&Binary| common.contains(&binary.planned.target.name);
            built[side].binaries.binaries.iter().filter(has).collect()
        };
        let timed = [timed(0), timed(1)];
        if common.is_empty() {
            return Ok(None);
        }
        let audit_dir = discover::audit_dir(&self.check.build)?;
        let home = files::make(&audit_dir, "turns").map_err(|error| {
            let home = audit_dir.join("turns");
            Failure::new(Exit::SetUp, format!("`{}` cannot be written: {error}", home.display()))
        })?;
        let side = |side: usize| {
            let Built { plan, binaries: Binaries { toolchain, .. }, .. } = built[side];
            let home = home.join(side.to_string());
            let runs = run::Rounds { plan, toolchain, options: &self.check, time, home };
            let binaries = runs.stage(&timed[side])?;
            Ok((runs, binaries))
        };
        let sides = [side(0)?, side(1)?];
        self.shell.status("Timing", &format!("both sides in turns, {rounds} rounds"));
        let names = [&measured[0], &measured[1]].map(|side| side.name.clone());
        let (stage, mut pace, mut turns) = (self.shell.stage(), Pace::new(), 0);
        let of = rounds as usize;
        let taken = take_turns(measured, rounds, |side| {
            let (runs, binaries) = &sides[side];
            let mut figures = Vec::new();
            for binary in binaries {
                let target = &binary.planned.target.name;
                let left = pace.left(2 * of - turns, Instant::now());
                let what = format!("{target} ({})", names[side]);
                stage.show(&Now { verb: "Timing", done: turns / 2, of, part: 0.0, what, left });
                figures.extend(runs.once(binary)?.into_iter().map(|(name, ns)| (target.clone(), name, ns)));
            }
            turns += 1;
            pace.one_more(Instant::now());
            Ok(figures)
        });
        drop(stage);
        // Copies of what lies elsewhere: nobody misses them.
        let _ = std::fs::remove_dir_all(&home);
        taken.map(|()| Some(rounds))
    }
}

/// A path dependency that lies outside of the repository is nowhere beside the worktree.
fn outside(failure: Failure, worktree: Option<&Worktree>) -> Failure {
    if !worktree.is_some_and(|worktree| worktree.is_left_by(&failure.text())) {
        return failure;
    }
    failure.note("a worktree has the repository's files, and this lies outside of the repository").help(
        "check the revision out beside this checkout: `git worktree add ../then REVISION`; there `cargo noalloc \
         check --format json=then.json`, and here `cargo noalloc compare ../then/then.json`",
    )
}

fn of_revision(failure: Failure, label: &str) -> Failure {
    failure.note(format!("this is `{label}`, in a worktree of its own"))
}

/// What a check measured, read like every other report.
fn measured(name: &str, checked: Checked, shell: Shell) -> Result<Measured, Failure> {
    let conclusion = checked.conclude(shell)?;
    setup::refuse_nothing(&conclusion.verdict, &conclusion.unseen)?;
    for failure in &conclusion.unseen {
        shell.failure(failure);
    }
    let options = ReportOptions::default();
    compare::parse(name, &report::json(&conclusion.report(&options)))
}
