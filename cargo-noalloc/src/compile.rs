//! Step 2: cargo builds the plan in audit mode, in a target directory of the audit's own.
//!
//! Whether the flags arrived is not assumed: the record's hello says what a program was really built with.

mod allocators;
mod answers;
mod config;
mod flags;
mod messages;
mod stderr;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::BuildArgs;
use crate::exit::{Exit, Failure};
use crate::model::{
    Binaries, Binary, DeclaredAllocator, LinkedAllocator, Plan, PlannedTarget, TargetKind, UnusedAllocator,
    Workspace,
};
use crate::process;
use crate::shell::Shell;
use allocators::{Guess, Search};
use answers::Answers;
pub(crate) use config::terminal;
use messages::{Built, Conflict};

/// Questions about allocators that other steps answer.
#[derive(Clone, Copy)]
pub(crate) struct Probes<'a> {
    /// The allocators that a source text declares.
    pub(crate) declared: &'a dyn Fn(&str) -> Vec<DeclaredAllocator>,
    /// The allocator of an executable.
    pub(crate) linked: &'a dyn Fn(&Path) -> LinkedAllocator,
}

/// Whose global allocator a build is made with. Everything but `no_heap` and what depends on it is the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Audit,
    Program,
}

/// Builds every target of the plan.
pub(crate) fn compile(
    plan: &Plan,
    options: &BuildArgs,
    probes: Probes<'_>,
    shell: Shell,
) -> Result<Binaries, Failure> {
    let flags = flags::Flags::decide(&plan.workspace, options)?;
    let answers = Answers::read(&plan.workspace.audit_dir, flags.configuration(options));
    let search = Search::new(probes.declared);
    let guesses: Vec<Guess> =
        plan.targets.iter().map(|planned| Guess::new(planned, &search, &answers)).collect();
    let build = Build { plan, options, flags: &flags, guesses: &guesses, shell, shown: RefCell::default() };
    let built = build.settle(probes)?;
    answers.learn(&guesses, &built);
    let with_unused = |(binary, whose): (Binary, Whose)| {
        let unused_allocator = unused(&binary.planned, whose, &search, &plan.workspace.root);
        Binary { unused_allocator, ..binary }
    };
    let mut binaries: Vec<Binary> = built.into_iter().map(with_unused).collect();
    binaries.sort_by(|a, b| a.planned.target.cmp(&b.planned.target));
    Ok(Binaries { toolchain: flags.toolchain(), binaries })
}

/// The allocator of a library that a program does not use: one that has the audit's links with no other.
fn unused(
    planned: &PlannedTarget,
    whose: Whose,
    search: &Search<'_>,
    root: &Path,
) -> Option<UnusedAllocator> {
    // Tests of a library are the library, and tests of a program may need none.
    if whose == Whose::Program || matches!(planned.target.kind, TargetKind::Lib | TargetKind::Test) {
        return None;
    }
    let found = search.in_library(planned)?;
    let library = planned.library.as_ref()?;
    let file = library.source.strip_prefix(root).unwrap_or(&library.source);
    let place = format!("{}:{}:{}", file.display(), found.line, found.column);
    Some(UnusedAllocator { library: library.krate.clone(), place })
}

struct Build<'a> {
    plan: &'a Plan,
    options: &'a BuildArgs,
    flags: &'a flags::Flags,
    guesses: &'a [Guess],
    shell: Shell,
    /// Compiler messages that were shown: a second build says the same again.
    shown: RefCell<BTreeSet<String>>,
}

/// What builds of one kind have given.
#[derive(Default)]
struct Builds {
    binaries: Vec<Binary>,
    /// Programs that cargo has built beside them.
    programs: Vec<(PathBuf, PathBuf)>,
    conflicts: Vec<Conflict>,
}

impl Build<'_> {
    /// Builds each target with the allocator that it is guessed to have, and those where that was wrong with the other.
    fn settle(&self, probes: Probes<'_>) -> Result<Vec<(Binary, Whose)>, Failure> {
        let guessed = |whose: Whose| {
            let guesses = self.guesses.iter().filter(move |guess| guess.whose == whose);
            guesses.map(|guess| guess.planned.clone())
        };
        let first = self.all(&guessed(Whose::Audit).collect::<Vec<_>>(), Whose::Audit)?;
        for Conflict { target, .. } in &first.conflicts {
            self.again(target, "without the audit's allocator, because there is another one");
        }
        let conflicting = first.conflicts.iter().map(|conflict| conflict.target.clone());
        let programs: Vec<PlannedTarget> = guessed(Whose::Program).chain(conflicting).collect();
        let second = self.all(&programs, Whose::Program)?;
        if let Some(Conflict { target, .. }) = second.conflicts.first() {
            let message = format!("`{}` has two global allocators", target.target.name);
            return Err(Failure::new(Exit::BuildFailed, message)
                .note("one of them is in a `no_heap` that this tool does not know")
                .help("use the same version of `no_heap` and `cargo-noalloc`"));
        }
        let is_known = |binary: &Binary| {
            let linked = (probes.linked)(&binary.executable);
            let conflicts = || first.conflicts.iter().any(|conflict| conflict.target == binary.planned);
            linked.recorded || linked.place.is_some() || conflicts()
        };
        let (known, doubted): (Vec<Binary>, Vec<Binary>) = second.binaries.into_iter().partition(is_known);
        for Binary { planned, .. } in &doubted {
            self.again(planned, "with the audit's allocator, because it seems to have none of its own");
        }
        let doubted_targets: Vec<PlannedTarget> =
            doubted.iter().map(|binary| binary.planned.clone()).collect();
        let third = self.all(&doubted_targets, Whose::Audit)?;
        let conflicts: Vec<&Conflict> = first.conflicts.iter().chain(&third.conflicts).collect();
        let doubted = doubted
            .into_iter()
            .filter(|binary| third.conflicts.iter().any(|conflict| conflict.target == binary.planned));
        let own = known.into_iter().chain(doubted).map(|binary| {
            let conflict = conflicts.iter().find(|conflict| conflict.target == binary.planned);
            let source = conflict.and_then(|conflict| conflict.program.as_ref());
            let program = source.and_then(|source| second.programs.iter().find(|(of, _)| of == source));
            let in_the_way = program.map(|(_, executable)| executable.clone());
            (Binary { in_the_way, ..binary }, Whose::Program)
        });
        let audits = first.binaries.into_iter().chain(third.binaries).map(|binary| (binary, Whose::Audit));
        Ok(audits.chain(own).collect())
    }

    fn again(&self, planned: &PlannedTarget, how: &str) {
        self.shell.status("Rebuilding", &format!("{} `{}` {how}", planned.target.kind, planned.target.name));
    }

    /// Builds `targets` as far as they can have that allocator.
    fn all(&self, targets: &[PlannedTarget], whose: Whose) -> Result<Builds, Failure> {
        let mut builds = Builds::default();
        let (programs, tests): (Vec<&PlannedTarget>, Vec<&PlannedTarget>) = targets
            .iter()
            .partition(|planned| matches!(planned.target.kind, TargetKind::Bin | TargetKind::Example));
        for (verb, group) in [(&["build"][..], programs), (&["test", "--no-run"][..], tests)] {
            if !group.is_empty() {
                self.group(verb, &group, whose, &mut builds)?;
            }
        }
        Ok(builds)
    }

    fn group(
        &self,
        verb: &[&str],
        group: &[&PlannedTarget],
        whose: Whose,
        builds: &mut Builds,
    ) -> Result<(), Failure> {
        let mut command = self.command(verb, group, whose);
        let is_sure = |planned: &PlannedTarget| {
            self.guesses.iter().any(|guess| guess.is_sure && guess.planned == *planned)
        };
        let may_conflict = whose == Whose::Audit && !group.iter().all(|planned| is_sure(planned));
        let built = messages::read(&mut command, may_conflict, self.shell, &self.shown, group)?;
        let Built { artifacts, programs, conflicts, library_paths, success } = built;
        if !success && process::interrupted() {
            self.shell.begin_line();
            return Err(Failure::new(Exit::BuildFailed, "interrupted while building"));
        }
        if !success && conflicts.is_empty() {
            return Err(Failure::new(
                Exit::BuildFailed,
                "the audit build failed: see cargo's messages above",
            )
            .note(
                "it is the usual build with `--cfg noalloc_audit` and frame pointers, in `target/noalloc`",
            ));
        }
        let in_conflict =
            |planned: &PlannedTarget| conflicts.iter().any(|conflict| conflict.target == *planned);
        let rest: Vec<&PlannedTarget> =
            group.iter().filter(|planned| !in_conflict(planned)).copied().collect();
        if success {
            builds.binaries.extend(artifacts.into_iter().map(|(planned, executable)| Binary {
                planned,
                executable,
                in_the_way: None,
                unused_allocator: None,
                library_paths: library_paths.clone(),
            }));
            builds.programs.extend(programs);
        } else if !rest.is_empty() {
            // Cargo stopped at the conflict: the others are built without those in the way.
            self.group(verb, &rest, whose, builds)?;
        }
        builds.conflicts.extend(conflicts);
        Ok(())
    }

    fn command(&self, verb: &[&str], group: &[&PlannedTarget], whose: Whose) -> Command {
        let Workspace { audit_dir, build_dir, .. } = &self.plan.workspace;
        let mut command = cargo();
        command.args(verb).args(["--profile", &self.options.cargo_profile]);
        let mut specs: Vec<&str> = group.iter().map(|planned| planned.package_id.as_str()).collect();
        specs.dedup();
        command.args(specs.iter().flat_map(|spec| ["-p", spec]));
        // Once each, in however many packages they are: cargo refuses a second `--lib`.
        let targets: BTreeSet<_> =
            group.iter().map(|planned| (planned.target.kind, planned.target.name.as_str())).collect();
        if targets.iter().any(|(kind, _)| *kind == TargetKind::Lib) {
            command.arg("--lib");
        }
        for (kind, name) in targets.iter().filter(|(kind, _)| *kind != TargetKind::Lib) {
            command.arg(format!("--{kind}")).arg(name);
        }
        let format = if self.shell.color() { "json-diagnostic-rendered-ansi" } else { "json" };
        command.arg(format!("--message-format={format}"));
        command.args(self.shell.for_cargo());
        self.flags.apply(&mut command, whose, &self.plan.workspace);
        // Programs have one name in both kinds of builds, and so a folder each. What they are made of has many, and is shared:
        // cargo tells the kinds apart.
        let programs = match whose {
            Whose::Audit => audit_dir.clone(),
            Whose::Program => audit_dir.join("own-allocator"),
        };
        command.arg("--target-dir").arg(programs);
        let shared = build_dir.as_ref().unwrap_or(audit_dir);
        // Cargo takes braces in that setting for a variable's.
        if build_dir.is_some() || whose == Whose::Program && !shared.to_string_lossy().contains(['{', '}']) {
            command.env("CARGO_BUILD_BUILD_DIR", shared);
        }
        self.pass_on(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// The options that cargo has to see as they were given.
    fn pass_on(&self, command: &mut Command) {
        let build = self.options;
        if let Some(path) = &build.manifest_path {
            command.arg("--manifest-path").arg(path);
        }
        for features in &build.features {
            command.args(["--features", features]);
        }
        for (given, flag) in [
            (build.all_features, "--all-features"),
            (build.no_default_features, "--no-default-features"),
            (build.locked, "--locked"),
            (build.offline, "--offline"),
            (build.frozen, "--frozen"),
        ] {
            if given {
                command.arg(flag);
            }
        }
        if let Some(jobs) = &build.jobs {
            command.args(["--jobs", jobs]);
        }
        for flag in &build.unstable {
            command.arg(format!("-Z{flag}"));
        }
    }
}

/// The cargo that called us, so that `cargo +toolchain noalloc` means what it says.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
