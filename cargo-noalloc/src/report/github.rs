//! GitHub's workflow commands: annotations on the changed lines of a pull request.
//!
//! A step may show ten errors and ten warnings, so the worst come first; the step summary has them all.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::fmt::Write as _;

use super::human::{words, worst_first};
use super::naming::{in_repository, short_names};
use super::{Format, Input, ending};
use crate::model::{Finding, Level};

pub(super) static FORMAT: Format = Format::text("github", render);

/// Annotations of one kind that a step may show.
const LIMIT: usize = 10;

/// One command a line.
fn render(input: &Input<'_>) -> String {
    let mut out = String::new();
    let broken = input.verdict.targets.iter().filter(|(_, status)| !status.ended_well());
    let mut errors = 0;
    for (target, status) in broken.take(LIMIT) {
        let message = format!("{} `{}` {}", target.kind, target.name, ending(status));
        let file = in_repository(&target.source, &input.workspace.root);
        let file = file.map(|file| format!("file={},", property(&file))).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "::error {file}title=noalloc::{}", data(&message));
        errors += 1;
    }
    let names = short_names(input.verdict);
    let worst = worst_first(&input.verdict.findings);
    for (level, room) in [(Level::Error, LIMIT - errors), (Level::Warning, LIMIT)] {
        for finding in worst.iter().filter(|finding| finding.level == level).take(room) {
            let name = names.get(&finding.hot).map_or("", String::as_str);
            let _ = writeln!(out, "{}", command(finding, name, input));
        }
    }
    out
}

fn command(finding: &Finding, name: &str, input: &Input<'_>) -> String {
    let span = &finding.span;
    let mut properties = Vec::new();
    if let Some(file) = in_repository(&span.start.file, &input.workspace.root).filter(|_| span.start.line > 0)
    {
        properties.push(format!("file={}", property(&file)));
        properties.push(format!("line={},endLine={}", span.start.line, span.end_line));
        // Columns are only understood within one line.
        if span.end_line == span.start.line && span.end_column > span.start.column {
            properties.push(format!("col={},endColumn={}", span.start.column, span.end_column));
        }
    }
    properties.push(format!("title={}", property(finding.rule.name())));
    let mut message = words::title(finding, name);
    for more in
        [Some(&finding.reason), finding.help.as_ref()].into_iter().flatten().filter(|more| !more.is_empty())
    {
        message.push('\n');
        message.push_str(more);
    }
    format!("::{} {}::{}", finding.level, properties.join(","), data(&message))
}

/// What follows the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_in_a_text_can_end_it_or_begin_another_command() {
        assert_eq!(data("100 %\r\n::error::x"), "100 %25%0D%0A::error::x");
        assert_eq!(property("C:\\a,b\n::set-output::"), "C%3A\\a%2Cb%0A%3A%3Aset-output%3A%3A");
        assert_eq!(property("%2C"), "%252C");
    }
}
