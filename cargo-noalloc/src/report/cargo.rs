//! Cargo's own messages, one JSON object a line: what editors read that let cargo check the code.
//! <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>

use serde_json::{Value, json};

use super::human::{self, range, words};
use super::naming::short_names;
use super::{Document, Format, Input, Raw};
use crate::model::{Finding, Member, Span};

pub(super) static FORMAT: Format = Format::data("cargo", render);

/// A `compiler-message` for each finding, and `build-finished`.
fn render(input: &Raw<'_>, shown: &Input<'_>) -> Document {
    let names = short_names(shown.verdict);
    let mut messages = Vec::new();
    for (finding, shown_finding) in input.verdict.findings.iter().zip(&shown.verdict.findings) {
        let workspace = input.workspace;
        let member = workspace.member_of(&finding.span.start.file).or(workspace.members.first());
        // A message belongs to a package, and without one there is nothing to tell an editor.
        let Some(member) = member else { continue };
        let name = names.get(&finding.hot).map_or("", String::as_str);
        let message = json!({
            "reason": "compiler-message",
            "package_id": member.id,
            "manifest_path": member.manifest,
            "target": target(member),
            "message": diagnostic(finding, shown_finding, name, input, shown),
        });
        messages.push(message);
    }
    let success =
        input.verdict.passes() && input.verdict.targets.iter().all(|(_, status)| status.ended_well());
    messages.push(json!({ "reason": "build-finished", "success": success }));
    Document::on_lines(messages)
}

fn target(member: &Member) -> Value {
    let target = &member.target;
    json!({
        "kind": [target.kind],
        "crate_types": [target.crate_type],
        "name": target.name,
        "src_path": target.source,
        "edition": target.edition,
        "doc": true,
        "doctest": true,
        "test": true,
    })
}

/// As rustc describes its own: <https://doc.rust-lang.org/rustc/json.html>. Places and source are what they are, and
/// whoever reads them shows the words as they stand here.
fn diagnostic(
    finding: &Finding,
    shown_finding: &Finding,
    name: &str,
    input: &Raw<'_>,
    shown: &Input<'_>,
) -> Value {
    let mut spans: Vec<Value> =
        span(&finding.span, true, &words::label(shown_finding), input).into_iter().collect();
    let labels = finding.labels.iter().zip(&shown_finding.labels);
    spans.extend(labels.filter_map(|(label, shown)| span(&label.span, false, &shown.text, input)));
    let note = words::note(shown_finding, name).map(|note| child("note", &note));
    let help = shown_finding.help.as_deref().map(|help| child("help", help));
    let rendered = human::finding(shown_finding, name, shown.verdict, shown.texts, shown.style);
    json!({
        "$message_type": "diagnostic",
        "message": words::title(shown_finding, name),
        "code": { "code": finding.rule.name(), "explanation": finding.rule.about() },
        "level": finding.level.to_string(),
        "spans": spans,
        "children": note.into_iter().chain(help).collect::<Vec<Value>>(),
        "rendered": format!("{rendered}\n\n"),
    })
}

fn child(level: &str, message: &str) -> Value {
    json!({ "message": message, "code": null, "level": level, "spans": [], "children": [], "rendered": null })
}

/// `None` where no line is known.
fn span(span: &Span, primary: bool, label: &str, input: &Raw<'_>) -> Option<Value> {
    let start = &span.start;
    let first = start.line.checked_sub(1)?;
    let text = input.texts.get(&start.file).unwrap_or_default();
    let bytes = range(text, span);
    // Of a point the word that starts there is shown.
    let word = Span { end_column: start.column + text[bytes.clone()].chars().count() as u32, ..span.clone() };
    let span = if (span.end_line, span.end_column) > (start.line, start.column) { span } else { &word };
    let lines: Vec<&str> = text.lines().skip(first as usize).take((span.end_line - first) as usize).collect();
    let rows: Vec<Value> = (start.line..).zip(&lines).map(|(number, line)| row(number, line, span)).collect();
    Some(json!({
        "file_name": start.file,
        "byte_start": bytes.start,
        "byte_end": bytes.end,
        "line_start": start.line,
        "line_end": span.end_line,
        "column_start": start.column,
        "column_end": span.end_column,
        "is_primary": primary,
        "text": rows,
        "label": label,
        "suggested_replacement": null,
        "suggestion_applicability": null,
        "expansion": null,
    }))
}

/// One line of the source, with what of it the span covers.
fn row(number: u32, line: &str, span: &Span) -> Value {
    let from = if number == span.start.line { span.start.column } else { 1 };
    let whole = line.chars().count() as u32 + 1;
    let to = if number == span.end_line { span.end_column } else { whole };
    json!({ "text": line, "highlight_start": from, "highlight_end": to })
}
