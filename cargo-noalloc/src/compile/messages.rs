//! Cargo's JSON messages: diagnostics go to the terminal as they are, artifacts to the caller.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::Command;

use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{Artifact, CompilerMessage, Message, TargetKind as CargoKind};

use crate::exit::{Exit, Failure};
use crate::model::{PlannedTarget, Target, TargetKind};
use crate::process::{self, Running, Terminal};
use crate::shell::Shell;

/// What one run of cargo gave.
#[derive(Debug, Default)]
pub(super) struct Built {
    pub(super) artifacts: Vec<(PlannedTarget, PathBuf)>,
    /// Targets whose own `#[global_allocator]` is in the way of ours.
    pub(super) conflicts: Vec<Target>,
    pub(super) library_paths: Vec<PathBuf>,
    pub(super) success: bool,
}

/// Runs cargo to its end.
pub(super) fn read(
    command: &mut Command,
    shell: Shell,
    shown: &RefCell<BTreeSet<String>>,
    group: &[&PlannedTarget],
) -> Result<Built, Failure> {
    let show = |text: &str| {
        if shown.borrow_mut().insert(text.to_owned()) {
            shell.raw(text);
        }
    };
    let program = command.get_program().to_string_lossy().into_owned();
    let cannot = |error: std::io::Error| {
        Failure::new(Exit::BuildFailed, format!("`{program}` could not be run: {error}"))
    };
    let mut child = process::spawn(command).map_err(cannot)?;
    let _running = Running::new(&child, Terminal::Lent);
    let mut built = Built::default();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)).map_while(Result::ok) {
            take(message, &mut built, &show, group);
        }
    }
    let status = child.wait().map_err(cannot)?;
    built.success = status.success();
    Ok(built)
}

fn take(message: Message, built: &mut Built, show: &dyn Fn(&str), group: &[&PlannedTarget]) {
    match message {
        Message::CompilerArtifact(artifact) => {
            if let (Some(planned), Some(executable)) = (planned(&artifact, group), &artifact.executable) {
                built.artifacts.push((planned.clone(), executable.clone().into_std_path_buf()));
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
fn in_conflict(message: &CompilerMessage, group: &[&PlannedTarget]) -> Vec<Target> {
    let of_package = |planned: &&&PlannedTarget| planned.package_id == message.package_id.repr;
    let itself = |planned: &&&PlannedTarget| {
        planned.source == message.target.src_path.as_std_path() && planned.target.name == message.target.name
    };
    let one: Vec<Target> =
        group.iter().filter(of_package).filter(itself).map(|planned| planned.target.clone()).collect();
    if one.is_empty() {
        group.iter().filter(of_package).map(|planned| planned.target.clone()).collect()
    } else {
        one
    }
}

/// rustc gives this error no code, only words.
fn is_allocator_conflict(message: &CompilerMessage) -> bool {
    let text = &message.message.message;
    message.message.level == DiagnosticLevel::Error
        && text.contains("#[global_allocator]")
        && text.contains("conflicts with")
        && text.contains("no_heap")
}
