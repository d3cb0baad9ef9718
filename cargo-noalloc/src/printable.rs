//! Text that somebody else wrote, made such that a terminal, a log and a page show it and do nothing else.
//!
//! Names, paths, reasons and source lines come from the code under audit and from reports of other machines. Each
//! character that would act instead of being seen is replaced by one that is seen, one by one, so that columns stay
//! what they are.

use std::borrow::Cow;

/// Words after `::` at the start of a line that make it a command to GitHub's runners.
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
const COMMANDS: [&str; 16] = [
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "internal-set-repo-path",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// What a name, a path or a sentence looks like on its line. It begins no command either, wherever it stands.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    // A path begins with no colon, and a path of a crate not with two.
    let begins = text.trim_start().starts_with(':');
    made(text, begins, |_| false)
}

/// What source or a message of several lines looks like: line breaks and tabs are what they are.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    if is_plain(text, |c| matches!(c, '\n' | '\t')) && !text.lines().any(is_command) {
        return Cow::Borrowed(text);
    }
    let keeps = |c: char| c == '\t';
    let shown = text.split_inclusive('\n').map(|line| {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        // Part of the line's end.
        let line = if end.is_empty() { line } else { line.strip_suffix('\r').unwrap_or(line) };
        format!("{}{end}", made(line, is_command(line), keeps))
    });
    Cow::Owned(shown.collect())
}

/// Whether a character acts, hides or turns the text around it where it should be seen. Nothing of what it stands for is
/// needed in any script: joiners and variation selectors are not among these.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        // C0, DEL and C1: cursors, colours, clipboards, titles.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Directions of text.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Line and paragraph breaks.
        | '\u{2028}' | '\u{2029}'
        // Without a width or a look of their own.
        | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // A second alphabet that nobody sees.
        | '\u{e0000}'..='\u{e007f}')
}

/// `begins`: the first character but blanks is a colon that must not begin a command.
fn made(text: &str, begins: bool, keeps: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !begins && is_plain(text, &keeps) {
        return Cow::Borrowed(text);
    }
    let mut colon = begins;
    let shown = text.char_indices().map(|(at, c)| match c {
        ':' if std::mem::take(&mut colon) => '：',
        '#' if is_marker(&text[at..]) => '＃',
        c if keeps(c) => c,
        c => picture(c),
    });
    Cow::Owned(shown.collect())
}

fn is_plain(text: &str, keeps: impl Fn(char) -> bool) -> bool {
    // PERF: nearly every text is plain, and every text of a report is asked.
    let usual = text.bytes().all(|byte| matches!(byte, b' '..=b'"' | b'$'..=b'~'));
    usual
        || !text.char_indices().any(|(at, c)| is_hidden(c) && !keeps(c) || c == '#' && is_marker(&text[at..]))
}

/// Where the commands to a runner begin that stand anywhere in a line.
pub(crate) fn markers(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices('#').map(|(at, _)| at).filter(|at| is_marker(&text[*at..]))
}

/// Whether a command to the runners of GitHub (`##[`), Azure (`##vso[`) or TeamCity begins here, wherever in its line.
fn is_marker(text: &str) -> bool {
    ["##[", "##vso[", "##teamcity["].iter().any(|marker| text.starts_with(marker))
}

fn is_command(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix("::") else { return false };
    COMMANDS.iter().any(|command| {
        rest.get(..command.len()).is_some_and(|word| word.eq_ignore_ascii_case(command))
            && rest[command.len()..].starts_with([' ', ':'])
    })
}

/// As rustc shows it: control characters have pictures of their own.
fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        c if is_hidden(c) => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_hidden, line, lines};

    #[test]
    fn what_acts_is_seen_instead() {
        for (text, shown) in [
            ("src/größe.rs", "src/größe.rs"),
            ("\u{1b}[31mred\u{7f}", "␛[31mred␡"),
            ("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇"),
            ("a\r\n::error::b\tc", "a␍␊::error::b␉c"),
            ("\u{9b}2J \u{202e}abc\u{2066}\u{2028}", "�2J �abc��"),
            ("family 👨‍👩‍👧 stays", "family 👨‍👩‍👧 stays"),
            ("::error::x", "：:error::x"),
            (" :error:1:1", " ：error:1:1"),
            ("app::error::x", "app::error::x"),
            ("a ##[error] b ##vso[x] #[c] ##d", "a ＃#[error] b ＃#vso[x] #[c] ##d"),
        ] {
            assert_eq!(line(text), shown);
            assert_eq!(line(text).chars().count(), text.chars().count(), "columns stay what they are");
        }
    }

    #[test]
    fn lines_stay_lines_and_none_is_a_command() {
        for (text, shown) in [
            ("fn a() {\r\n\tb()\n}\r\n", "fn a() {\n\tb()\n}\n"),
            ("a\rb\n", "a␍b\n"),
            ("  ::std::mem::take(x)\n", "  ::std::mem::take(x)\n"),
            ("x\n  ::Error file=a::b\n", "x\n  ：:Error file=a::b\n"),
            ("::error::x();", "：:error::x();"),
            ("::errors::x();", "::errors::x();"),
            ("// \u{202e}\n", "// �\n"),
        ] {
            assert_eq!(lines(text), shown);
        }
    }

    #[test]
    fn nothing_hidden_is_left_of_any_character() {
        for c in '\0'..=char::MAX {
            assert!(!line(&c.to_string()).contains(is_hidden), "{c:?}");
            assert!(!lines(&c.to_string()).contains(|c| is_hidden(c) && c != '\n' && c != '\t'), "{c:?}");
        }
    }
}
