//! Cargo's standard error, passed on as it comes, but for its last words about a target: those are held back until it is
//! known whether the failure was expected.
//!
//! Only where a failure may be expected: cargo has the terminal to itself otherwise.

use std::io::Read;
use std::mem;
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::shell::Shell;

/// How lines begin that speak of a target that could not be built.
const HELD: [&str; 2] = ["error: could not compile ", "warning: build failed, waiting "];

/// What follows on a line that cargo has cleared, where its progress was.
const ERASE: &[u8] = b"\x1b[K";

/// What cargo has started may hold the pipe open when cargo has ended: nobody waits for that.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes cargo speak into a pipe as it would speak to the terminal.
pub(super) fn redirect(command: &mut Command, shell: Shell) {
    command.stderr(Stdio::piped()).envs(shell.for_piped_cargo());
}

/// A thread that passes on what cargo says.
pub(super) struct Listener {
    lines: Arc<Mutex<Lines>>,
    ended: Receiver<()>,
    shell: Shell,
}

impl Listener {
    pub(super) fn new(mut pipe: ChildStderr, shell: Shell) -> Listener {
        let lines = Arc::<Mutex<Lines>>::default();
        let (end, ended) = mpsc::channel();
        let of_thread = Arc::clone(&lines);
        thread::spawn(move || {
            let mut bytes = [0; 4 << 10];
            while let Ok(count @ 1..) = pipe.read(&mut bytes) {
                shell.bytes(&lock(&of_thread).pass(&bytes[..count]));
            }
            // Nobody may listen any more.
            let _ = end.send(());
        });
        Listener { lines, ended, shell }
    }

    /// Begins a line for a message of somebody else: cargo's progress may stand there.
    pub(super) fn make_room(&self) {
        if lock(&self.lines).is_begun() {
            self.shell.begin_line();
        }
    }

    /// Cargo has ended; what was held back is passed on, unless it was `expected`.
    pub(super) fn end(self, expected: bool) {
        let _ = self.ended.recv_timeout(PATIENCE);
        let (rest, held) = lock(&self.lines).end();
        self.shell.bytes(&rest);
        if !expected {
            self.shell.bytes(&held);
        }
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    // It is whole after each call, whoever panicked.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the lines to hold back from the others, which are passed on before they end.
#[derive(Default)]
struct Lines {
    /// Of the last line: what has not been passed on.
    begun: Vec<u8>,
    /// Of the last line: whether a part has been passed on.
    passes: bool,
    /// Whole lines that wait.
    held: Vec<u8>,
}

impl Lines {
    /// What of all that came can be passed on.
    fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            self.begun.extend_from_slice(part);
            if matches!(part.last(), Some(b'\n' | b'\r')) {
                let line = mem::take(&mut self.begun);
                if mem::take(&mut self.passes) || !is_held(&line) {
                    out.extend(line);
                } else {
                    let words = line.strip_prefix(ERASE).unwrap_or(&line);
                    out.extend(&line[..line.len() - words.len()]);
                    self.held.extend(words);
                }
            }
        }
        if self.passes || !may_be_held(&self.begun) {
            self.passes |= !self.begun.is_empty();
            out.append(&mut self.begun);
        } else if self.begun.starts_with(ERASE) {
            out.extend(self.begun.drain(..ERASE.len()));
        }
        out
    }

    /// Whether a line without an end stands in the terminal.
    fn is_begun(&self) -> bool {
        self.passes
    }

    /// What is left, and what was held back.
    fn end(&mut self) -> (Vec<u8>, Vec<u8>) {
        let rest = mem::take(&mut self.begun);
        if is_held(&rest) {
            self.held.extend(rest);
            return (Vec::new(), mem::take(&mut self.held));
        }
        (rest, mem::take(&mut self.held))
    }
}

fn is_held(line: &[u8]) -> bool {
    let text = plain(line);
    HELD.iter().any(|held| text.starts_with(held))
}

/// Whether the rest of a line that begins so could make it one to hold back.
fn may_be_held(begun: &[u8]) -> bool {
    let text = plain(begun);
    HELD.iter().any(|held| held.starts_with(&text) || text.starts_with(held))
}

/// Without the terminal's sequences, the last of which may not be whole.
fn plain(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let mut pieces = line.split("\x1b[");
    let mut plain = pieces.next().unwrap_or_default().trim_end_matches('\x1b').to_owned();
    for piece in pieces {
        let is_end = |c: char| ('\x40'..='\x7e').contains(&c);
        plain.push_str(piece.split_once(is_end).map_or("", |(_, rest)| rest).trim_end_matches('\x1b'));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Lines;

    /// What was passed on of each piece, and what was held back in the end.
    #[track_caller]
    fn check(pieces: &[&str], passed: &[&str], held: &str) {
        let mut lines = Lines::default();
        let said: Vec<String> =
            pieces.iter().map(|piece| String::from_utf8(lines.pass(piece.as_bytes())).unwrap()).collect();
        assert_eq!(said, passed, "{pieces:?}");
        let (rest, back) = lines.end();
        assert_eq!((rest, String::from_utf8(back).unwrap().as_str()), (Vec::new(), held), "{pieces:?}");
    }

    #[test]
    fn the_last_words_about_a_target_wait_and_nothing_else_does() {
        let error = "error: could not compile `a` (bench \"b\") due to 1 previous error\n";
        let failed = "warning: build failed, waiting for other jobs to finish...\n";
        check(
            &["   Compiling a v0.1.0\n", error, failed],
            &["   Compiling a v0.1.0\n", "", ""],
            &[error, failed].concat(),
        );
        check(
            &["error: linker not found\nwarning: unused\n"],
            &["error: linker not found\nwarning: unused\n"],
            "",
        );
        let colored = "\x1b[1m\x1b[91merror\x1b[0m: could not compile `a`\n";
        check(&[colored], &[""], colored);
        check(&["said `error: could not compile `\n"], &["said `error: could not compile `\n"], "");
    }

    #[test]
    fn progress_is_drawn_at_once_and_cleared_before_what_waits() {
        let bar = "\x1b[1m\x1b[96m    Building\x1b[0m [===>   ] 3/7: a          \r";
        check(&[bar, "\x1b[K", bar], &[bar, "\x1b[K", bar], "");
        let (one, other) = ("\x1b[K\x1b[1m\x1b[91merr", "or\x1b[0m: could not compile `a`\n");
        check(&[bar, one, other], &[bar, "\x1b[K", ""], &[&one[3..], other].concat());
        check(&["    Blocking waiting for file lock"], &["    Blocking waiting for file lock"], "");
        check(&["err", "or: no", "\n"], &["", "error: no", "\n"], "");
    }
}
