//! Ctrl-C and its kin: what is running gets them, and we stay to report what was recorded.

use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Terminal, tree};
use crate::exit::Exit;

/// Times that somebody wanted an end.
static INTERRUPTS: AtomicU32 = AtomicU32::new(0);

/// The children that are running, and what of the terminal each has.
static RUNNING: Mutex<Vec<(Pid, Terminal)>> = Mutex::new(Vec::new());

/// A signal that asks for an end.
#[derive(Clone, Copy)]
struct Request {
    signal: Signal,
    /// The terminal has sent it to everything in our process group.
    from_terminal: bool,
}

/// Takes the signals that ask for an end, from now on.
pub(crate) fn handle() {
    // First, so that the thread that the handler has of its own blocks the signals, too: it would take them away from
    // who can tell where they come from.
    #[cfg(target_os = "linux")]
    let are_read = origin::read();
    #[cfg(not(target_os = "linux"))]
    let are_read = false;
    // Who has sent it is not known here. Most often it is the terminal; but where signals are read, only those come
    // here that arrive while a child is being started, and one of them that nobody passes on is lost for ever: the
    // child may have been too young for the terminal's. Fails only when a handler is there already: then Ctrl-C ends
    // us as it ends any program.
    let _ = ctrlc::set_handler(move || pass_on(Request { signal: Signal::INT, from_terminal: !are_read }));
}

/// Starts a child that gets its signals as if it had been started from a shell.
pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Child> {
    #[cfg(target_os = "linux")]
    let _unblocked = origin::Unblocked::new();
    command.spawn()
}

/// Linux says where a signal comes from, to who blocks it and reads it from a file descriptor.
#[cfg(target_os = "linux")]
mod origin {
    use nix::sys::signal::{SigSet, Signal as Number};
    use nix::sys::signalfd::SignalFd;

    use super::{Request, Signal, pass_on};

    /// `si_code` of what the terminal sends; what somebody sends with `kill` has another one.
    const SI_KERNEL: i32 = 0x80;

    fn mask() -> SigSet {
        [Number::SIGINT, Number::SIGTERM, Number::SIGHUP].into_iter().collect()
    }

    /// Threads that are started from now on block the signals, too. Where this fails, the handler is left. Says
    /// whether they are read.
    pub(super) fn read() -> bool {
        let Ok(signals) = SignalFd::new(&mask()) else { return false };
        if mask().thread_block().is_err() {
            return false;
        }
        std::thread::spawn(move || {
            while let Ok(Some(info)) = signals.read_signal() {
                let signal = match Number::try_from(info.ssi_signo.cast_signed()) {
                    Ok(Number::SIGTERM) => Signal::TERM,
                    Ok(Number::SIGHUP) => Signal::HUP,
                    _ => Signal::INT,
                };
                pass_on(Request { signal, from_terminal: info.ssi_code == SI_KERNEL });
            }
        });
        true
    }

    /// A child inherits what the thread blocks that starts it: meanwhile nothing. The handler takes what arrives.
    pub(super) struct Unblocked(SigSet);

    impl Unblocked {
        pub(super) fn new() -> Unblocked {
            let before = SigSet::thread_get_mask().unwrap_or_else(|_| SigSet::empty());
            let _ = mask().thread_unblock();
            Unblocked(before)
        }
    }

    impl Drop for Unblocked {
        fn drop(&mut self) {
            let _ = self.0.thread_set_mask();
        }
    }
}

/// Whether the user wants to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTS.load(Ordering::SeqCst) > 0
}

fn pass_on(request: Request) {
    let again = INTERRUPTS.fetch_add(1, Ordering::SeqCst) > 0;
    let running = running();
    // Between two targets and after the last the first request is heeded when there is time. Not so the second.
    if again && running.is_empty() {
        crate::shell::leave();
        std::process::exit(Exit::TargetFailed as i32);
    }
    running.iter().for_each(|one| tell(*one, request, again));
}

fn running() -> MutexGuard<'static, Vec<(Pid, Terminal)>> {
    // A list of plain values is whole, whoever panicked.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child that ignores the first request is not asked twice.
fn tell((pid, terminal): (Pid, Terminal), request: Request, again: bool) {
    let signal = if again { Signal::KILL } else { request.signal };
    let has_it = request.from_terminal && !again;
    // It may have ended just now.
    let _ = match terminal {
        Terminal::Apart => kill_process_group(pid, signal),
        Terminal::Shared | Terminal::Lent if has_it => Ok(()),
        Terminal::Shared => kill_process(pid, signal),
        Terminal::Lent => {
            tree::tell(pid, signal);
            Ok(())
        }
    };
}

/// A child that signals are passed on to, as long as this lives.
#[derive(Debug)]
pub(crate) struct Running {
    /// As in the list of all that run.
    pid: Pid,
    terminal: Terminal,
}

impl Running {
    pub(crate) fn new(child: &Child, terminal: Terminal) -> Running {
        let pid = Pid::from_child(child);
        running().push((pid, terminal));
        if interrupted() {
            // Asked while it was being started.
            tell((pid, terminal), Request { signal: Signal::INT, from_terminal: false }, false);
        }
        Running { pid, terminal }
    }

    /// Ends everything in the target's group, and nothing where it has none of its own.
    pub(super) fn kill_group(&self) {
        if self.terminal == Terminal::Apart {
            // The group may have ended just now.
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        running().retain(|(pid, _)| *pid != self.pid);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use nix::sys::signal::{Signal as Number, raise};

    use super::{Running, Signal, Terminal, handle, origin};

    #[test]
    fn a_request_that_comes_while_a_child_is_being_started_reaches_it() {
        handle();
        let (mut child, _running) = {
            let _unblocked = origin::Unblocked::new();
            let child = std::process::Command::new("sleep").arg("5").spawn().unwrap();
            let running = Running::new(&child, Terminal::Shared);
            // To this thread: who reads signals for the process does not get it.
            raise(Number::SIGINT).unwrap();
            (child, running)
        };
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
    }
}
