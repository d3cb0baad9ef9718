//! The two sides of a comparison: what is not measured yet is checked, and where both can run, they take turns.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::compare::{self, Made, Source, take_turns};
use crate::exit::{Exit, Failure};
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
        Source::Saved { name, .. } => compare::made(&audit_dir()?, name),
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
    let (old, new) = (sides.side(&old)?, sides.side(&new)?);
    let mut both = [old.measured, new.measured];
    let new = new.built;
    // The executables of a saved check are run as those that were built now.
    let old = old.built.or_else(|| new.as_ref()?.as_it_was(made.as_ref()?));
    let rounds = match (options.round, old, new) {
        (Some(time), Some(old), Some(new)) => {
            sides.take_turns(&mut both, [&old, &new], options.rounds, time)?;
            Some(options.rounds)
        }
        _ => None,
    };
    let [old, new] = both;
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

struct Side {
    measured: Measured,
    /// Where it can run again.
    built: Option<Built>,
}

/// What can run again, and the files that it may need for that.
struct Built {
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
            plan: self.plan.clone(),
            binaries: Binaries { toolchain, binaries: then },
            _worktree: None,
        })
    }
}

impl Sides {
    fn side(&self, source: &Source) -> Result<Side, Failure> {
        let only = |measured| Side { measured, built: None };
        let audit_dir = || discover::audit_dir(&self.check.build);
        match source {
            Source::File(path) => compare::read_file(path).map(only),
            Source::Saved { name, .. } => compare::read_saved(name, &audit_dir()?).map(only),
            Source::Last => measured("last check", last::check(&self.check.build)?, self.shell).map(only),
            Source::Tree => {
                self.shell.status("Measuring", &format!("the {TREE}"));
                self.measure(TREE, &self.check, None)
            }
            Source::Revision(repository, revision) => {
                let label = revision.label();
                self.shell.status("Measuring", &label);
                let worktree = repository.check_out(revision, &audit_dir()?)?;
                self.revision(repository, worktree, &label)
                    .map_err(|failure| failure.note(format!("this is `{label}`, in a worktree of its own")))
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
        self.measure(label, &check, Some(worktree))
    }

    /// Checks, and keeps what was built.
    fn measure(&self, name: &str, check: &CheckOptions, worktree: Option<Worktree>) -> Result<Side, Failure> {
        let mut plan = discover::plan(check)?;
        if worktree.is_some() {
            // A build directory that is configured for all would be the other side's, too.
            plan.workspace.build_dir =
                plan.workspace.build_dir.take().map(|_| plan.workspace.audit_dir.join("build"));
        }
        let (checked, binaries) = crate::build_and_run(plan.clone(), check, self.shell)?;
        last::save(&checked)?;
        if process::interrupted() {
            return Err(Failure::new(Exit::TargetFailed, "interrupted before both sides were measured"));
        }
        let built = Built { plan, binaries, _worktree: worktree };
        Ok(Side { measured: measured(name, checked, self.shell)?, built: Some(built) })
    }

    fn take_turns(
        &self,
        measured: &mut [Measured; 2],
        built: [&Built; 2],
        rounds: u32,
        time: Duration,
    ) -> Result<(), Failure> {
        // Only a harness of ours can be told to run for the clock alone.
        let timed = |side: usize| -> Vec<&Binary> {
            let has = |binary: &&Binary| {
                measured[side].benches.iter().any(|bench| bench.target == binary.planned.target.name)
            };
            built[side].binaries.binaries.iter().filter(has).collect()
        };
        let timed = [timed(0), timed(1)];
        let home = discover::audit_dir(&self.check.build)?.join("turns");
        let side = |side: usize| {
            let Built { plan, binaries: Binaries { toolchain, .. }, .. } = built[side];
            let home = home.join(side.to_string());
            let rounds = run::Rounds { plan, toolchain, options: &self.check, time, home };
            let binaries = rounds.stage(&timed[side])?;
            Ok((rounds, binaries))
        };
        let sides = [side(0)?, side(1)?];
        self.shell.status("Timing", &format!("both sides in turns, {rounds} rounds"));
        let names = [&measured[0], &measured[1]].map(|side| side.name.clone());
        let (stage, mut pace, mut turns) = (self.shell.stage(), Pace::new(), 0);
        let of = rounds as usize;
        let taken = take_turns(measured, rounds, |side| {
            let (rounds, binaries) = &sides[side];
            let mut figures = Vec::new();
            for binary in binaries {
                let target = &binary.planned.target.name;
                let left = pace.left(2 * of - turns, Instant::now());
                let what = format!("{target} ({})", names[side]);
                stage.show(&Now { verb: "Timing", done: turns / 2, of, part: 0.0, what, left });
                figures.extend(rounds.once(binary)?.into_iter().map(|(name, ns)| (target.clone(), name, ns)));
            }
            turns += 1;
            pace.one_more(Instant::now());
            Ok(figures)
        });
        drop(stage);
        // Copies of what lies elsewhere: nobody misses them.
        let _ = std::fs::remove_dir_all(&home);
        taken
    }
}

/// What a check measured, read like every other report.
fn measured(name: &str, checked: Checked, shell: Shell) -> Result<Measured, Failure> {
    let conclusion = checked.conclude(shell)?;
    setup::refuse_nothing(&conclusion.verdict, &conclusion.unseen)?;
    for failure in &conclusion.unseen {
        shell.failure(failure);
    }
    let options = ReportOptions::default();
    compare::parse(name, &report::json(&conclusion.input(&options)))
}
