//! Step 2: cargo builds the plan in audit mode, in a target directory of the audit's own.
//!
//! Whether the flags arrived is not assumed: the record's hello says what a program was really built with.

mod allocators;
mod config;
mod flags;
mod messages;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::cli::BuildArgs;
use crate::exit::{Exit, Failure};
use crate::model::{Binaries, Binary, Plan, PlannedTarget, TargetKind, Workspace};
use crate::process;
use crate::shell::Shell;
pub(crate) use config::terminal;
use messages::Built;

/// Builds every target of the plan.
pub(crate) fn compile(plan: &Plan, options: &BuildArgs, shell: Shell) -> Result<Binaries, Failure> {
    let flags = flags::Flags::decide(&plan.workspace, options)?;
    let (own, usual): (Vec<PlannedTarget>, Vec<PlannedTarget>) =
        plan.targets.iter().cloned().partition(allocators::defines_one);
    let build = Build { plan, options, flags: &flags, shell, shown: RefCell::default() };
    let mut binaries = Vec::new();
    let conflicting = build.all(&usual, false, &mut binaries)?;
    // The prediction from the source text missed these; rustc did not.
    for planned in &conflicting {
        let what =
            format!("{} `{}` without the recorder's allocator", planned.target.kind, planned.target.name);
        shell.status("Rebuilding", &what);
    }
    let own: Vec<PlannedTarget> = own.into_iter().chain(conflicting).collect();
    let still = build.all(&own, true, &mut binaries)?;
    if let Some(target) = still.first() {
        return Err(Failure::new(
            Exit::BuildFailed,
            format!("`{}` has two global allocators", target.target.name),
        ));
    }
    binaries.sort_by(|a, b| a.planned.target.cmp(&b.planned.target));
    Ok(Binaries { toolchain: flags.toolchain(), binaries })
}

struct Build<'a> {
    plan: &'a Plan,
    options: &'a BuildArgs,
    flags: &'a flags::Flags,
    shell: Shell,
    /// Compiler messages that were shown: a second build in another folder says the same again.
    shown: RefCell<BTreeSet<String>>,
}

impl Build<'_> {
    /// Builds `targets` and returns those that cannot have our allocator because they have their own.
    fn all(
        &self,
        targets: &[PlannedTarget],
        own_allocator: bool,
        binaries: &mut Vec<Binary>,
    ) -> Result<Vec<PlannedTarget>, Failure> {
        let mut conflicting = Vec::new();
        let (programs, tests): (Vec<&PlannedTarget>, Vec<&PlannedTarget>) = targets
            .iter()
            .partition(|planned| matches!(planned.target.kind, TargetKind::Bin | TargetKind::Example));
        for (verb, group) in [(&["build"][..], programs), (&["test", "--no-run"][..], tests)] {
            if !group.is_empty() {
                conflicting.extend(self.group(verb, &group, own_allocator, binaries)?);
            }
        }
        Ok(conflicting)
    }

    fn group(
        &self,
        verb: &[&str],
        group: &[&PlannedTarget],
        own_allocator: bool,
        binaries: &mut Vec<Binary>,
    ) -> Result<Vec<PlannedTarget>, Failure> {
        let mut command = self.command(verb, group, own_allocator);
        let built = messages::read(&mut command, self.shell, &self.shown, group)?;
        let Built { artifacts, conflicts, library_paths, success } = built;
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
        if !success && conflicts.len() < group.len() {
            // Cargo stopped at the conflict: the others are built without those in the way.
            let rest: Vec<&PlannedTarget> =
                group.iter().filter(|planned| !conflicts.contains(&planned.target)).copied().collect();
            self.group(verb, &rest, own_allocator, binaries)?;
        } else {
            let Workspace { root, user_roots, .. } = &self.plan.workspace;
            let find = |planned: &PlannedTarget| allocators::find(planned, user_roots, root);
            binaries.extend(artifacts.into_iter().map(|(planned, executable)| Binary {
                allocator: own_allocator.then(|| find(&planned)).flatten(),
                planned,
                executable,
                own_allocator,
                library_paths: library_paths.clone(),
            }));
        }
        let conflicting = group.iter().filter(|planned| conflicts.contains(&planned.target));
        Ok(conflicting.map(|planned| (*planned).clone()).collect())
    }

    fn command(&self, verb: &[&str], group: &[&PlannedTarget], own_allocator: bool) -> Command {
        let Workspace { audit_dir, build_dir, has_guard, .. } = &self.plan.workspace;
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
        self.flags.apply(&mut command, own_allocator, *has_guard);
        // Two kinds of builds that share a folder would build each other anew every time.
        let dir = |base: &PathBuf| if own_allocator { base.join("own-allocator") } else { base.clone() };
        command.arg("--target-dir").arg(dir(audit_dir));
        if let Some(build_dir) = build_dir {
            command.env("CARGO_BUILD_BUILD_DIR", dir(build_dir));
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
