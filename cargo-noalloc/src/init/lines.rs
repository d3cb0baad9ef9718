//! A text file's byte order mark and line ends, which an edit leaves as they are.

/// A text with `\n` alone, and what it takes to give it back.
pub(super) struct Lines {
    marked: bool,
    /// Each line without its end, and whether that was `\r\n`.
    lines: Vec<(String, bool)>,
}

const MARK: char = '\u{feff}';

/// So many lines of a text may have been replaced at one place; any number may have been added.
const REPLACED: usize = 3;

impl Lines {
    /// Takes a file's text apart.
    pub(super) fn of(text: &str) -> Lines {
        let marked = text.starts_with(MARK);
        let line = |line: &str| match line.strip_suffix("\r\n") {
            Some(line) => (line.to_owned(), true),
            None => (line.trim_end_matches('\n').to_owned(), false),
        };
        let lines = text.trim_start_matches(MARK).split_inclusive('\n').map(line).collect();
        Lines { marked, lines }
    }

    /// What is to be edited.
    pub(super) fn plain(&self) -> String {
        self.lines.iter().map(|(line, _)| format!("{line}\n")).collect()
    }

    /// The edited text with the ends that its lines had. New lines have those of most.
    pub(super) fn give_back(&self, edited: &str) -> String {
        let usual = self.lines.iter().filter(|(_, carriage)| *carriage).count() * 2 > self.lines.len();
        let mut before = &self.lines[..];
        let mut text = if self.marked { MARK.to_string() } else { String::new() };
        for line in edited.lines() {
            let known = before.iter().take(REPLACED + 1).position(|(before, _)| before == line);
            let carriage = known.map_or(usual, |known| before[known].1);
            before = known.map_or(before, |known| &before[known + 1..]);
            text.push_str(line);
            text.push_str(if carriage { "\r\n" } else { "\n" });
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[track_caller]
    fn check(text: &str, edit: (&str, &str), expected: &str) {
        let lines = Lines::of(text);
        let plain = lines.plain();
        assert!(!plain.contains(['\r', '\u{feff}']), "{plain:?}");
        assert_eq!(lines.give_back(&plain.replacen(edit.0, edit.1, 1)), expected);
    }

    #[test]
    fn ends_and_the_mark_stay_as_they_are() {
        check("a\nb\n", ("b", "b\nc"), "a\nb\nc\n");
        check("a\r\nb\r\n", ("a", "a\nnew"), "a\r\nnew\r\nb\r\n");
        check("\u{feff}a\r\n\r\nb\r\n", ("b", "c"), "\u{feff}a\r\n\r\nc\r\n");
        check("a\nb\r\nc\n\r\nd\n", ("c", "c\nnew"), "a\nb\r\nc\nnew\n\r\nd\n");
    }

    #[test]
    fn a_last_line_gets_an_end() {
        check("a\r\nb\r\nc", ("", ""), "a\r\nb\r\nc\n");
        check("", ("", ""), "");
    }
}
