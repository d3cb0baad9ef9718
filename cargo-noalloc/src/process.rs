//! Child processes: a time limit, Ctrl-C, and how they ended.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::model::Status;

/// Times the user has pressed Ctrl-C.
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// Process group of the running target; 0 for none.
static RUNNING: AtomicI32 = AtomicI32::new(0);

/// Takes Ctrl-C: the running target gets it, and we stay to report what was recorded.
pub(crate) fn handle_interrupts() {
    // Fails only when a handler is there already: then Ctrl-C ends us as it ends any program.
    let _ = ctrlc::set_handler(|| {
        let earlier = INTERRUPTS.fetch_add(1, Ordering::SeqCst);
        // A target that ignores the first one is not asked twice.
        signal_group(if earlier == 0 { Signal::INT } else { Signal::KILL });
    });
}

/// Whether the user wants to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTS.load(Ordering::SeqCst) > 0
}

fn signal_group(signal: Signal) {
    if let Some(group) = Pid::from_raw(RUNNING.load(Ordering::SeqCst)) {
        // The group may have ended just now.
        let _ = kill_process_group(group, signal);
    }
}

/// Whether the target may use the terminal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Terminal {
    /// A program that a person may talk to: it stays in our process group.
    Shared,
    /// A benchmark or test: a group of its own, so that its children end with it.
    Apart,
}

/// Runs `command` to its end, or to `timeout`.
pub(crate) fn run(
    command: &mut Command,
    terminal: Terminal,
    timeout: Option<Duration>,
) -> std::io::Result<Status> {
    if terminal == Terminal::Apart {
        command.process_group(0);
    }
    let mut child = command.spawn()?;
    if terminal == Terminal::Apart {
        RUNNING.store(child.id().cast_signed(), Ordering::SeqCst);
    }
    let status = wait(&mut child, terminal, timeout);
    RUNNING.store(0, Ordering::SeqCst);
    status
}

fn wait(child: &mut Child, terminal: Terminal, timeout: Option<Duration>) -> std::io::Result<Status> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(ended(status));
        }
        if let Some(limit) = timeout.filter(|limit| started.elapsed() >= *limit) {
            match terminal {
                Terminal::Apart => signal_group(Signal::KILL),
                Terminal::Shared => child.kill()?,
            }
            child.wait()?;
            return Ok(Status::TimedOut { after: limit.as_secs() });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}

fn ended(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(0), _) => Status::Ok,
        (Some(code), _) => Status::Failed { code },
        (None, signal) => Status::Crashed { signal: signal.unwrap_or(0) },
    }
}
