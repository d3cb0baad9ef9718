//! Runs the tool in a terminal that is read as a person sees it: row by row, each as it is written.

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::Child;

use pty_process::{Size, blocking};
use vt100::Parser;

use super::Tool;

const ROWS: u16 = 200;
const COLUMNS: u16 = 100;

/// The tool while it runs in a terminal of its own, which is large enough that nothing scrolls away.
pub(crate) struct Session {
    terminal: blocking::Pty,
    child: Child,
    parser: Parser,
    /// What was written, to the byte.
    written: Vec<u8>,
    /// Bytes of it that the parser has seen.
    shown: usize,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) code: Option<i32>,
    /// What stands there at the end, without spaces behind.
    pub(crate) rows: Vec<String>,
    pub(crate) hides_cursor: bool,
    pub(crate) written: String,
}

impl Tool {
    /// Starts it in a terminal, with all three streams.
    pub(crate) fn in_terminal(self) -> Session {
        let (terminal, inside) = blocking::open().expect("there are terminals");
        terminal.resize(Size::new(ROWS, COLUMNS)).expect("its size can be set");
        let given = &self.command;
        let mut command = blocking::Command::new(given.get_program()).args(given.get_args()).env_clear();
        command = command.env("TERM", "xterm-256color").current_dir(&self.root);
        command = command.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let child = command.spawn(inside).expect("the tool was built and can be started");
        let size = [ROWS, COLUMNS].map(|size| NonZero::new(size).expect("a terminal has room"));
        Session { terminal, child, parser: Parser::new(size[0], size[1], 0), written: Vec::new(), shown: 0 }
    }
}

impl Session {
    /// Waits until a row is as `wanted` wants it. Nothing that was to be seen is missed, however late it is read.
    #[track_caller]
    pub(crate) fn until(&mut self, wanted: impl Fn(&str) -> bool) -> &mut Session {
        while !rows(&self.parser).iter().any(|row| wanted(row)) {
            let goes_on = self.step();
            assert!(goes_on, "it never came:\n{}", String::from_utf8_lossy(&self.written));
        }
        self
    }

    /// As at the keyboard.
    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.terminal.write_all(keys).expect("the terminal takes keys");
    }

    /// Runs to the end.
    pub(crate) fn end(mut self) -> Shown {
        while self.step() {}
        Shown {
            code: self.child.wait().expect("it was started").code(),
            rows: rows(&self.parser),
            hides_cursor: self.parser.screen().hide_cursor(),
            written: String::from_utf8_lossy(&self.written).into_owned(),
        }
    }

    /// Shows what comes up to where a line is written over. False at the end.
    fn step(&mut self) -> bool {
        if self.shown == self.written.len() {
            let mut bytes = [0; 4096];
            // Linux calls the end an error.
            let count = self.terminal.read(&mut bytes).unwrap_or(0);
            self.written.extend_from_slice(&bytes[..count]);
        }
        let rest = &self.written[self.shown..];
        let end = rest.iter().position(|byte| *byte == b'\r').map_or(rest.len(), |at| at + 1);
        self.parser.process(&rest[..end]);
        self.shown += end;
        end > 0
    }
}

fn rows(parser: &Parser) -> Vec<String> {
    parser.screen().rows(0, COLUMNS).map(|row| row.trim_end().to_owned()).collect()
}
