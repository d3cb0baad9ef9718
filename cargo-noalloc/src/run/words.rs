//! What a target says while a live line stands below: line by line, above it.

use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::shell::Shell;

/// Bytes that are read at once.
const CHUNK: usize = 16 << 10;

/// The end that hears.
#[derive(Debug)]
pub(super) struct Words {
    /// `None` when nobody can say anything any more.
    pipe: Option<PipeReader>,
    /// Of a line that has not ended.
    begun: Vec<u8>,
    shell: Shell,
}

impl Words {
    /// With the end that the target writes to.
    pub(super) fn new(shell: Shell) -> io::Result<(Words, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        Ok((Words { pipe: Some(reader), begun: Vec::new(), shell }, writer))
    }

    /// Passes on what comes in this time; never less than that, but for what comes.
    pub(super) fn hear(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while self.hear_once(until.saturating_duration_since(Instant::now())) && Instant::now() < until {}
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }

    /// Passes on the rest: the target has ended. Something that it left behind may hold the other end open, and is not
    /// listened to: what was said before fits into a pipe.
    pub(super) fn finish(mut self) {
        const MOST: usize = 1 << 20;
        for _ in 0..MOST / CHUNK {
            if !self.hear_once(Duration::ZERO) {
                break;
            }
        }
        if !self.begun.is_empty() {
            self.shell.pass_on(&String::from_utf8_lossy(&self.begun));
        }
    }

    /// Whether anything came.
    fn hear_once(&mut self, time: Duration) -> bool {
        let Some(pipe) = &mut self.pipe else { return false };
        let mut ready = [PollFd::new(pipe, PollFlags::IN)];
        let time = Timespec::try_from(time).unwrap_or_default();
        if !matches!(poll(&mut ready, Some(&time)), Ok(1..)) {
            return false;
        }
        let mut bytes = [0; CHUNK];
        match pipe.read(&mut bytes) {
            Ok(0) | Err(_) => self.pipe = None,
            Ok(count) => self.take(&bytes[..count]),
        }
        self.pipe.is_some()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.begun.extend_from_slice(bytes);
        if let Some(end) = self.begun.iter().rposition(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            self.shell.pass_on(&String::from_utf8_lossy(&self.begun));
            self.begun = rest;
        }
    }
}
