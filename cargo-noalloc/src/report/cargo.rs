//! Cargo's own messages, one JSON object a line: what editors read that let cargo check the code.
//! <https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>

use serde_json::{Value, json};

use super::human::{self, range, words};
use super::naming::short_names;
use super::{Format, Input};
use crate::model::{Finding, Member, Span};

pub(super) static FORMAT: Format = Format { name: "cargo", render };

/// A `compiler-message` for each finding, and `build-finished`.
fn render(input: &Input<'_>) -> String {
    let names = short_names(input.verdict);
    let mut out = String::new();
    for finding in &input.verdict.findings {
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
            "message": diagnostic(finding, name, input),
        });
        out.push_str(&message.to_string());
        out.push('\n');
    }
    let success =
        input.verdict.passes() && input.verdict.targets.iter().all(|(_, status)| status.ended_well());
    out.push_str(&json!({ "reason": "build-finished", "success": success }).to_string());
    out.push('\n');
    out
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

/// As rustc describes its own: <https://doc.rust-lang.org/rustc/json.html>
fn diagnostic(finding: &Finding, name: &str, input: &Input<'_>) -> Value {
    let mut spans: Vec<Value> =
        span(&finding.span, true, &words::label(finding), input).into_iter().collect();
    spans.extend(finding.labels.iter().filter_map(|label| span(&label.span, false, &label.text, input)));
    let note = words::note(finding, name).map(|note| child("note", &note));
    let help = finding.help.as_deref().map(|help| child("help", help));
    let rendered = human::finding(finding, name, input.verdict, input.texts, input.style);
    json!({
        "$message_type": "diagnostic",
        "message": words::title(finding, name),
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
fn span(span: &Span, primary: bool, label: &str, input: &Input<'_>) -> Option<Value> {
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
