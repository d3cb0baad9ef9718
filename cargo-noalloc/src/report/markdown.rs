//! Markdown, for a comment on a pull request and for the page of a GitHub run: the verdict, the table, and the
//! findings folded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::human::{words, worst_first};
use super::naming::short_names;
use super::{Format, Input, ending, growth, proved, rows};
use crate::model::{Finding, FunctionVerdict, HotId, HotReport, Level, ProofState, Standing, Verdict};
use crate::numbers::plural;

pub(super) static FORMAT: Format = Format::text("markdown", render);

/// Bytes that a GitHub comment may have are 65,536 characters.
const COMMENT_LIMIT: usize = 65_000;

/// A step summary may have 1 MiB.
pub(super) const STEP_SUMMARY_LIMIT: usize = 1_000_000;

fn render(input: &Input<'_>) -> String {
    within(input, COMMENT_LIMIT)
}

/// Worst findings first, as many as `limit` bytes hold; it says how many are left out.
pub(super) fn within(input: &Input<'_>, limit: usize) -> String {
    let verdict = input.verdict;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "### {}\n", headline(verdict));
    for (target, status) in verdict.targets.iter().filter(|(_, status)| !status.ended_well()) {
        let _ = writeln!(out, "- {} {} {}", target.kind, code(&target.name), inline(&ending(status)));
    }
    let grown = |finding: &&Finding| matches!(finding.standing, Some(Standing::New | Standing::Worse { .. }));
    if let Some(compared) = &verdict.compared {
        let new = verdict.findings.iter().filter(grown).count();
        let (accepted, gone) = (compared.accepted, compared.tighter.len());
        let _ = writeln!(
            out,
            "- against the baseline: {new} new or worse, {accepted} accepted, {gone} to tighten"
        );
    }
    for problem in &verdict.problems {
        let _ = writeln!(out, "- {}", inline(&problem.message));
    }
    for ignored in &verdict.ignored {
        let _ = writeln!(out, "- {}", inline(&words::ignored(ignored)));
    }
    if !out.ends_with("\n\n") {
        out.push('\n');
    }
    table(&mut out, verdict);
    for (index, grown) in growth::all(verdict).iter().enumerate() {
        let _ = writeln!(out, "{}- {}", if index == 0 { "\n" } else { "" }, inline(&grown.words()));
    }
    let names = short_names(verdict);
    let shown: Vec<&Finding> =
        worst_first(&verdict.findings).into_iter().filter(|finding| finding.level > Level::Note).collect();
    let mut left = shown.len();
    for finding in shown {
        let text = details(finding, names.get(&finding.hot).map_or("", String::as_str), input);
        // Room for the line that says what is left out.
        if out.len() + text.len() + 100 > limit {
            let _ =
                writeln!(out, "\n… and {}: see the check's own output.", plural(left as u64, "more finding"));
            break;
        }
        out.push_str(&text);
        left -= 1;
    }
    out
}

fn headline(verdict: &Verdict) -> String {
    if verdict.proof_only {
        let word = if verdict.passes() { "✅ pass" } else { "❌ fail" };
        return format!("cargo noalloc prove: {word} — {}", proved::last_line(verdict));
    }
    let heap = [FunctionVerdict::Allocates, FunctionVerdict::Frees];
    let users = verdict.functions.iter().filter(|report| heap.contains(&report.verdict)).count();
    let all = plural(verdict.functions.len() as u64, "hot function");
    let ended_well = verdict.targets.iter().all(|(_, status)| status.ended_well());
    let word = if verdict.passes() && ended_well { "✅ pass" } else { "❌ fail" };
    let proved = verdict.functions.iter().filter(|report| report.verdict == FunctionVerdict::Proved).count();
    let errors = verdict.findings.iter().filter(|finding| finding.level == Level::Error).count();
    let errors = if errors > 0 { format!(", {}", plural(errors as u64, "error")) } else { String::new() };
    format!("cargo noalloc: {word} — {all}, {users} on the heap, {proved} proved{errors}")
}

fn table(out: &mut String, verdict: &Verdict) {
    if verdict.functions.is_empty() {
        return;
    }
    let names = short_names(verdict);
    if verdict.proof_only {
        return proofs(out, verdict, &names);
    }
    out.push_str("| function | calls | ns/op | B/op | allocs/op | frees/op | verdict |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for row in rows::of(verdict) {
        let said = row.of.map_or_else(|| row.verdict().0.to_owned(), verdict_of);
        let rows::Row { name, calls, ns, bytes, allocs, frees, .. } = row;
        let _ = writeln!(out, "| {} | {calls} | {ns} | {bytes} | {allocs} | {frees} | {said} |", cell(&name));
    }
}

/// Nothing ran, so nothing was counted.
fn proofs(out: &mut String, verdict: &Verdict, names: &BTreeMap<HotId, String>) {
    out.push_str("| function | verdict | basis |\n| --- | --- | --- |\n");
    for report in &verdict.functions {
        let name = cell(names.get(&report.hot.id).map_or("", String::as_str));
        let _ = writeln!(
            out,
            "| {name} | {} | {} |",
            report.verdict.name(),
            inline(&proved::basis(report, verdict))
        );
    }
}

fn verdict_of(report: &HotReport) -> String {
    let mut text = report.verdict.name().to_owned();
    if report.proof.state == ProofState::MayAllocate && report.may_allocate_at > 0 {
        let _ = write!(text, ", may allocate at {}", plural(report.may_allocate_at as u64, "more place"));
    }
    text
}

fn details(finding: &Finding, name: &str, input: &Input<'_>) -> String {
    let place = &finding.span.start;
    let title = inline(&words::title(finding, name)).replace("\\|", "|");
    let mut out = format!("\n<details><summary><b>{}</b> {}</summary>\n\n", finding.level, html(&title));
    let at = format!("{}:{}:{}", place.file, place.line, place.column);
    let _ = writeln!(out, "{} at {}\n", code(finding.rule.name()), code(&at));
    let line =
        input.texts.get(&place.file).and_then(|text| text.lines().nth(place.line.checked_sub(1)? as usize));
    if let Some(line) = line {
        let fence = fence(line);
        let _ = writeln!(out, "{fence}rust\n{}\n{fence}\n", line.trim());
    }
    let (note, worse) = (words::note(finding, name), words::worse(finding));
    for more in
        [worse.as_ref(), note.as_ref(), Some(&finding.reason), finding.help.as_ref()].into_iter().flatten()
    {
        if !more.is_empty() {
            let _ = writeln!(out, "- {}", inline(more));
        }
    }
    out.push_str("\n</details>\n");
    out
}

/// A fence that no run of backticks in `text` closes.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

/// One of our sentences: what stands between backticks is code, the rest is text.
fn inline(text: &str) -> String {
    let text = one_line(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(&text);
    }
    let shown =
        parts.iter().enumerate().map(|(index, part)| if index % 2 == 0 { escape(part) } else { code(part) });
    shown.collect()
}

/// Code in a table, where a bar ends the cell whatever is around it.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Code, where it stands in no table.
fn code(text: &str) -> String {
    let text = one_line(text);
    if text.contains('`') {
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let ticks = "`".repeat(longest + 1);
        return format!("{ticks} {text} {ticks}");
    }
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

/// A table's row and a list's item are one line, and control characters show nothing.
fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text that shall not be taken for marks, tags, links or mentions.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Inside a tag's line markdown is not read: code becomes a tag of its own.
fn html(markdown: &str) -> String {
    let parts: Vec<&str> = markdown.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return markdown.replace('`', "");
    }
    let plain = |part: &str| part.replace('\\', "");
    let tagged = |part: &str| {
        format!("<code>{}</code>", part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
    };
    let parts = parts.iter().enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { plain(part) } else { tagged(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::{cell, code, fence, html, inline};

    #[test]
    fn our_sentences_keep_their_code_and_nothing_else_is_a_mark() {
        assert_eq!(
            inline("`a|b` takes *all* <b>, @user\r\nx"),
            "`a|b` takes \\*all\\* &lt;b&gt;, &#64;user x"
        );
        assert_eq!(inline("one ` alone"), "one \\` alone");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(code("\u{1b}[31mred"), "`[31mred`");
        assert_eq!(fence("a ```` b"), "`````");
    }

    #[test]
    fn a_summary_is_html() {
        assert_eq!(html(&inline("`Vec<u8>` of <b>")), "<code>Vec&lt;u8&gt;</code> of &lt;b&gt;");
    }
}
