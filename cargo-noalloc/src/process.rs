//! Child processes: a time limit, Ctrl-C, and how they ended.

mod signals;
mod tree;

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::model::Status;
pub(crate) use signals::{Running, handle as handle_interrupts, interrupted, spawn};

/// Numbers of the signals that ask for an end.
const HANGUP: i32 = 1;
const INTERRUPT: i32 = 2;
const TERMINATE: i32 = 15;

/// Whether the child may use the terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Terminal {
    /// A program that a person may talk to: it stays in our process group.
    Shared,
    /// Cargo, through which git may ask for a password: it stays there, too. Compilers and build scripts end with it.
    Lent,
    /// A benchmark or test: a group of its own, so that its children end with it.
    Apart,
}

/// Runs `command` to its end, or to `timeout`. Between two looks at it `meanwhile` passes the time that it is given.
pub(crate) fn run(
    command: &mut Command,
    terminal: Terminal,
    timeout: Option<Duration>,
    meanwhile: &mut dyn FnMut(Duration),
) -> std::io::Result<Status> {
    if terminal == Terminal::Apart {
        command.process_group(0);
    }
    let mut child = spawn(command)?;
    let running = Running::new(&child, terminal);
    wait(&mut child, &running, terminal, timeout, meanwhile)
}

fn wait(
    child: &mut Child,
    running: &Running,
    terminal: Terminal,
    timeout: Option<Duration>,
    meanwhile: &mut dyn FnMut(Duration),
) -> std::io::Result<Status> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if has_ended(child)? {
            // What the target has started and left behind ends with it: it would write into a record that is
            // being read. The group cannot be another's by now, because its leader has not been waited for.
            running.kill_group();
            return Ok(as_wanted(ended(child.wait()?), terminal));
        }
        if let Some(limit) = timeout.filter(|limit| started.elapsed() >= *limit) {
            match terminal {
                Terminal::Apart => running.kill_group(),
                Terminal::Shared | Terminal::Lent => child.kill()?,
            }
            child.wait()?;
            return Ok(Status::TimedOut { after: limit.as_secs() });
        }
        meanwhile(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

/// A program that runs until it is told to stop has ended as it should: by the signal, or with the code that shells
/// give for it.
fn as_wanted(status: Status, terminal: Terminal) -> Status {
    let by_signal = |signal| matches!(signal, HANGUP | INTERRUPT | TERMINATE);
    match status {
        Status::Crashed { signal } if by_signal(signal) => {}
        Status::Failed { code } if by_signal(code - 128) => {}
        other => return other,
    }
    if terminal == Terminal::Shared && interrupted() { Status::Ok } else { status }
}

/// Looks, and leaves the waiting for later.
fn has_ended(child: &Child) -> std::io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match Pid::from_raw(child.id().cast_signed()) {
        Some(pid) => Ok(waitid(WaitId::Pid(pid), options)?.is_some()),
        None => Ok(true),
    }
}

fn ended(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(0), _) => Status::Ok,
        (Some(code), _) => Status::Failed { code },
        (None, signal) => Status::Crashed { signal: signal.unwrap_or(0) },
    }
}
