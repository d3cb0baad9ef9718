//! A parser of request heads that keeps its buffers: the first requests make them large enough, the later ones find
//! them so.
//!
//! It shows the promises that are less than "never": a warm-up, a budget, frees that are fine, and a permit.

use std::fmt;

use no_heap::no_heap;

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The first line is not `METHOD PATH VERSION`.
    RequestLine,
    /// A header line has no colon.
    Header,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::RequestLine => "the first line is not `METHOD PATH VERSION`",
            Malformed::Header => "a header line has no colon",
        })
    }
}

impl std::error::Error for Malformed {}

/// Where something stands in the parser's text.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    end: usize,
}

/// Parses one request after the other into the same buffers.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    text: String,
    path: Option<Span>,
    headers: Vec<(Span, Span)>,
    rejected: u64,
}

impl Parser {
    /// A parser that has seen `head`: its buffers are as large as that needs.
    ///
    /// # Errors
    ///
    /// What is wrong with `head`.
    pub fn warmed(head: &str) -> Result<Parser, Malformed> {
        let mut parser = Parser::default();
        parser.fill(head)?;
        Ok(parser)
    }

    /// Parses `head`, the lines before the body. Header names are lowercased.
    ///
    /// The buffers grow with the first request; for later ones like it the heap is not needed.
    ///
    /// # Errors
    ///
    /// What is wrong with `head`.
    #[no_heap(warmup = 1)]
    pub fn parse(&mut self, head: &str) -> Result<(), Malformed> {
        self.text.clear();
        self.headers.clear();
        self.path = None;
        let result = self.fill(head);
        if let Err(malformed) = result {
            self.rejected += 1;
            no_heap::permit("a malformed request is logged, and is rare", || self.log(malformed));
        }
        result
    }

    #[expect(clippy::print_stderr, reason = "the log of an example")]
    fn log(&self, malformed: Malformed) {
        eprintln!("request {} rejected: {malformed}", self.rejected);
    }

    fn fill(&mut self, head: &str) -> Result<(), Malformed> {
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or("").split(' ');
        let (Some(_), Some(path), Some(_), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Malformed::RequestLine);
        };
        self.path = Some(self.keep(path));
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(Malformed::Header)?;
            let name = self.keep(name);
            self.text[name.start..name.end].make_ascii_lowercase();
            let value = self.keep(value.trim());
            self.headers.push((name, value));
        }
        Ok(())
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = self.text.len();
        self.text.push_str(text);
        Span { start, end: self.text.len() }
    }

    fn text(&self, span: Span) -> &str {
        &self.text[span.start..span.end]
    }

    /// The path of the last request.
    #[no_heap]
    pub fn path(&self) -> Option<&str> {
        self.path.map(|path| self.text(path))
    }

    /// The first value of a header, by its lowercased name.
    #[no_heap]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| self.text(header.0) == name).map(|header| self.text(header.1))
    }

    /// The path as an owned string, for what outlives the request: one block, as long as the path.
    #[no_heap(allocs = 1, bytes = 256)]
    pub fn owned_path(&self) -> Option<String> {
        self.path().map(str::to_owned)
    }

    /// Gives the buffers back. Frees are fine here.
    #[no_heap(allow(free))]
    pub fn finish(self) -> u64 {
        self.rejected
    }
}

#[cfg(test)]
mod tests {
    use super::{Malformed, Parser};

    #[test]
    fn a_request_is_taken_apart() {
        let mut parser = Parser::default();
        assert_eq!(parser.parse("GET /a/b HTTP/1.1\r\nHost: example.org\r\nX-A:1\r\n\r\nbody"), Ok(()));
        assert_eq!(parser.path(), Some("/a/b"));
        assert_eq!(parser.header("host"), Some("example.org"));
        assert_eq!(parser.header("x-a"), Some("1"));
        assert_eq!(parser.header("accept"), None);
        assert_eq!(parser.owned_path().as_deref(), Some("/a/b"));
        assert_eq!(parser.finish(), 0);
        assert_eq!(Parser::warmed("GET /a HTTP/1.1").map(|parser| parser.path().map(str::len)), Ok(Some(2)));
    }

    #[test]
    fn what_is_malformed_is_said_and_counted() {
        let mut parser = Parser::default();
        assert_eq!(parser.parse("GET /"), Err(Malformed::RequestLine));
        assert_eq!(parser.parse("GET / HTTP/1.1\nno colon"), Err(Malformed::Header));
        assert_eq!(parser.finish(), 2);
    }
}
