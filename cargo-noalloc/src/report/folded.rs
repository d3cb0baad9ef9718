//! Frames of a stack for a reader: those that a recursion goes through again and again are shown once.

use crate::model::Frame;

/// A line of a chain.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'a> {
    Frame(&'a Frame),
    /// So many more frames, each like one of the `of` before.
    Again {
        more: usize,
        of: usize,
    },
}

/// Frames that a recursion may go through before it comes back to where it was.
const LONGEST: usize = 16;

/// The frames, outermost first, without the many that say nothing new.
pub(super) fn folded(frames: &[Frame]) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut rest = frames;
    while let Some(first) = rest.first() {
        let (run, kinds) = recursion(rest);
        let more = run - kinds.len();
        if more > 1 {
            lines.extend(kinds.iter().copied().map(Line::Frame));
            lines.push(Line::Again { more, of: kinds.len() });
            rest = &rest[run..];
        } else {
            lines.push(Line::Frame(first));
            rest = &rest[1..];
        }
    }
    lines
}

/// How many frames from the first on belong to one recursion, and which kinds of them there are. Without one that is the
/// first frame.
fn recursion(frames: &[Frame]) -> (usize, Vec<&Frame>) {
    let again = frames.iter().take(LONGEST + 1).skip(1).position(|frame| is_like(frame, &frames[0]));
    let period = again.map_or(1, |at| at + 1);
    let mut kinds: Vec<&Frame> = Vec::new();
    for frame in &frames[..period] {
        if !kinds.iter().any(|kind| is_like(kind, frame)) {
            kinds.push(frame);
        }
    }
    let run = frames.iter().take_while(|frame| kinds.iter().any(|kind| is_like(kind, frame))).count();
    (run, kinds)
}

/// Whether a reader sees no difference.
fn is_like(a: &Frame, b: &Frame) -> bool {
    (a.function.as_str(), &a.place, a.inlined) == (b.function.as_str(), &b.place, b.inlined)
}

#[cfg(test)]
mod tests {
    use super::{Line, folded};
    use crate::model::{CodePlace, Frame, FunctionName, Origin};

    /// Each character is a frame; `(n of m)` stands for what is left out.
    fn check(chain: &str, expected: &str) {
        let frame = |name: char| Frame {
            function: FunctionName::new(&format!("app::{name}")),
            place: Some(CodePlace { file: "src/lib.rs".to_owned(), line: name as u32, byte_column: 1 }),
            inlined: false,
            origin: Origin::User,
        };
        let frames: Vec<Frame> = chain.chars().map(frame).collect();
        let line = |line: &Line<'_>| match line {
            Line::Frame(frame) => frame.function.as_str().trim_start_matches("app::").to_owned(),
            Line::Again { more, of } => format!("({more} of {of})"),
        };
        assert_eq!(folded(&frames).iter().map(line).collect::<String>(), expected, "{chain}");
    }

    #[test]
    fn a_recursion_is_shown_once() {
        check("hab", "hab");
        check(&"a".repeat(96), "a(95 of 1)");
        check(&format!("h{}xy", "ab".repeat(40)), "hab(78 of 2)xy");
        // Either branch, in any order.
        check("hlrrlrlllrx", "hlr(7 of 2)x");
        check("haax", "haax");
        check("habab", "hab(2 of 2)");
        check("", "");
        // The same function twice, with others between that do not come again.
        check("abcda", "abcda");
    }
}
