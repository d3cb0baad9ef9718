//! Cargo's JSON messages: diagnostics go to the terminal as they are, artifacts to the caller.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{Artifact, CompilerMessage, Message, TargetKind as CargoKind};

use super::stderr::{self, Listener};
use crate::exit::{Exit, Failure};
use crate::model::{PlannedTarget, TargetKind};
use crate::process::{self, Running, Terminal};
use crate::shell::Shell;

/// What one run of cargo gave.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) artifacts: Vec<(PlannedTarget, PathBuf)>,
    /// Programs that belong to no target of the group, which cargo builds beside it: main source file and executable.
    pub(super) programs: Vec<(PathBuf, PathBuf)>,
    /// `#[global_allocator]`s that are in the way of ours.
    pub(super) conflicts: Vec<Conflict>,
    pub(super) library_paths: Vec<PathBuf>,
    pub(super) success: bool,
}

/// A target that cannot have the audit's allocator.
#[derive(Clone, Debug)]
pub(super) struct Conflict {
    pub(super) target: PlannedTarget,
    /// The main source file of the program that has one, where it is not the target itself.
    pub(super) program: Option<PathBuf>,
}

/// Runs cargo to its end. Where a conflict `may_be`, it is none of the user's errors, and cargo's last words about it are
/// not shown.
pub(super) fn read(
    command: &mut Command,
    may_be: bool,
    shell: Shell,
    shown: &RefCell<BTreeSet<String>>,
    group: &[&PlannedTarget],
) -> Result<Built, Failure> {
    if may_be {
        stderr::redirect(command, shell);
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::BuildFailed, format!("`{program}` could not be run: {error}"))
    };
    let mut child = process::spawn(command).map_err(cannot)?;
    let _running = Running::new(&child, Terminal::Lent);
    let listener = child.stderr.take().map(|pipe| Listener::new(pipe, shell));
    let show = |text: &str| {
        if shown.borrow_mut().insert(text.to_owned()) {
            listener.iter().for_each(Listener::make_room);
            shell.raw(text);
        }
    };
    let mut built = Built::default();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok) {
            take(message, &mut built, &show, group);
        }
    }
    let status = child.wait().map_err(cannot)?;
    built.success = status.success();
    if let Some(listener) = listener {
        listener.end(!built.conflicts.is_empty());
    }
    Ok(built)
}

fn take(message: Message, built: &mut Built, show: &dyn Fn(&str), group: &[&PlannedTarget]) {
    match message {
        Message::CompilerArtifact(artifact) => {
            let Some(executable) = &artifact.executable else { return };
            let executable = executable.clone().into_std_path_buf();
            match planned(&artifact, group) {
                Some(planned) => built.artifacts.push((planned.clone(), executable)),
                None => built.programs.push((artifact.target.src_path.into_std_path_buf(), executable)),
            }
        }
        Message::CompilerMessage(message) if is_allocator_conflict(&message) => {
            built.conflicts.extend(in_conflict(&message, group));
        }
        Message::CompilerMessage(message) => {
            if let Some(rendered) = &message.message.rendered {
                show(rendered);
            }
        }
        Message::BuildScriptExecuted(script) => {
            let path = |path: &cargo_metadata::camino::Utf8PathBuf| {
                let path = path.as_str();
                PathBuf::from(path.split_once('=').map_or(path, |(_, path)| path))
            };
            built.library_paths.extend(script.linked_paths.iter().map(path));
        }
        Message::TextLine(line) => show(&line),
        _ => {}
    }
}

fn planned<'a>(artifact: &Artifact, group: &[&'a PlannedTarget]) -> Option<&'a PlannedTarget> {
    let kind = |kind: TargetKind| {
        artifact.target.kind.iter().any(|of_cargo| match of_cargo {
            CargoKind::Bench => kind == TargetKind::Bench,
            CargoKind::Bin => kind == TargetKind::Bin,
            CargoKind::Example => kind == TargetKind::Example,
            CargoKind::Test => kind == TargetKind::Test,
            CargoKind::Lib | CargoKind::RLib => kind == TargetKind::Lib,
            _ => false,
        })
    };
    group
        .iter()
        .find(|planned| {
            planned.package_id == artifact.package_id.repr
                && planned.target.name == artifact.target.name
                && kind(planned.target.kind)
        })
        .copied()
}

/// Cargo also builds the programs of a package whose benchmarks or tests are selected: an allocator in one of
/// those is in the way of all of them.
fn in_conflict(message: &CompilerMessage, group: &[&PlannedTarget]) -> Vec<Conflict> {
    let program = message.target.src_path.as_std_path();
    let of_package = group.iter().filter(|planned| planned.package_id == message.package_id.repr);
    let itself =
        |planned: &PlannedTarget| planned.source == program && planned.target.name == message.target.name;
    let conflict = |planned: &PlannedTarget| Conflict {
        target: planned.clone(),
        program: (!itself(planned)).then(|| program.to_owned()),
    };
    let all: Vec<Conflict> = of_package.map(|planned| conflict(planned)).collect();
    let own: Vec<Conflict> = all.iter().filter(|conflict| conflict.program.is_none()).cloned().collect();
    if own.is_empty() { all } else { own }
}

/// rustc gives this error no code, only words.
fn is_allocator_conflict(message: &CompilerMessage) -> bool {
    message.message.level == DiagnosticLevel::Error && names_ours(&message.message.message)
}

/// `the `#[global_allocator]` in ONE conflicts with global allocator in: OTHER`, of which one is the audit's.
fn names_ours(text: &str) -> bool {
    let names = text.strip_prefix("the `#[global_allocator]` in ");
    let names = names.and_then(|rest| rest.split_once(" conflicts with global allocator in: "));
    names.is_some_and(|(one, other)| one == "no_heap" || other == "no_heap")
}

#[cfg(test)]
mod tests {
    use super::names_ours;

    #[test]
    fn only_a_conflict_with_the_audits_allocator_is_expected() {
        let says = |one: &str, other: &str| {
            names_ours(&format!(
                "the `#[global_allocator]` in {one} conflicts with global allocator in: {other}"
            ))
        };
        assert!(says("this crate", "no_heap") && says("no_heap", "this crate") && says("no_heap", "one"));
        assert!(!says("this crate", "no_heap_of_mine") && !says("one", "other"));
        assert!(!names_ours("cannot define multiple global allocators"));
    }
}
