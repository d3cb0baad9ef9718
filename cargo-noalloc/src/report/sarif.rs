//! SARIF 2.1.0, for GitHub's code scanning and other viewers of static analysis results.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

pub(super) mod fingerprint;

use std::path::Path;

use serde_json::{Value, json};

use super::human::words;
use super::naming::{in_repository, repository, short_names};
use super::{Document, Format, Input, Raw, ending};
use crate::model::{Finding, Frame, Level, Origin, Place, Rule, Span, Standing};
use fingerprint::Fingerprints;

pub(super) static FORMAT: Format = Format::data("sarif", render);

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative files are relative to.
const ROOT: &str = "SRCROOT";

fn render(input: &Raw<'_>, shown: &Input<'_>) -> Document {
    let names = short_names(shown.verdict);
    let mut fingerprints = Fingerprints::new(input.texts);
    let findings = input.verdict.findings.iter().zip(&shown.verdict.findings);
    let results: Vec<Value> = findings
        .map(|(finding, shown)| {
            let name = names.get(&finding.hot).map_or("", String::as_str);
            result(finding, shown, name, fingerprints.of(&finding.span.start), input)
        })
        .collect();
    let root = format!("file://{}/", encode(&repository(&input.workspace.root).to_string_lossy()));
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver() },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "uri": root } },
            "invocations": [invocation(shown)],
            "results": results,
        }],
    });
    Document::of(&document)
}

fn driver() -> Value {
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": Rule::ALL.map(rule),
    })
}

fn rule(rule: Rule) -> Value {
    let page = format!("{}/blob/main/docs/rules.md#{rule}", env!("CARGO_PKG_REPOSITORY"));
    let mut described = json!({
        "id": rule.name(),
        "shortDescription": { "text": rule.about() },
        "fullDescription": { "text": rule.about() },
        "help": { "text": format!("{} See {page}", rule.about()), "markdown": format!("{} [What to do about it]({page})", rule.about()) },
        "helpUri": page,
        "defaultConfiguration": { "level": level(rule.default_level()) },
        "properties": { "tags": ["performance", "memory"], "precision": "very-high" },
    });
    let name: String = rule.name().split('-').map(capital).collect();
    // A name that says no more than the id is left out.
    if !name.eq_ignore_ascii_case(rule.name()) {
        described["name"] = name.into();
    }
    described
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}

/// How the check went beside its findings.
fn invocation(input: &Input<'_>) -> Value {
    let verdict = input.verdict;
    let broken = verdict.targets.iter().filter(|(_, status)| !status.ended_well());
    let broken: Vec<String> = broken
        .map(|(target, status)| format!("{} `{}` {}", target.kind, target.name, ending(status)))
        .collect();
    let successful = broken.is_empty();
    let notification = |text: &String, level: &str| json!({ "level": level, "message": { "text": text } });
    let errors = broken.iter().map(|text| notification(text, "error"));
    let problems = verdict.problems.iter().map(|problem| notification(&problem.message, "warning"));
    let notifications: Vec<Value> = errors.chain(problems).collect();
    json!({ "executionSuccessful": successful, "toolExecutionNotifications": notifications })
}

/// Places are what they are; words are as people may see them.
fn result(
    finding: &Finding,
    shown: &Finding,
    name: &str,
    fingerprint: Option<String>,
    input: &Raw<'_>,
) -> Value {
    let mut message = words::title(shown, name);
    for more in
        [Some(&shown.reason), shown.help.as_ref()].into_iter().flatten().filter(|more| !more.is_empty())
    {
        message.push_str(".\n");
        message.push_str(more);
    }
    let mut result = json!({
        "ruleId": finding.rule.name(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": level(finding.level),
        // Brackets before parentheses would be a link.
        "message": { "text": message.replace("](", "\\](") },
        "locations": [{
            "physicalLocation": physical(&finding.span, input),
            "logicalLocations": [{ "fullyQualifiedName": name, "kind": "function" }],
        }],
    });
    if let Some(hash) = fingerprint {
        result["partialFingerprints"] = json!({ "primaryLocationLineHash": hash });
    }
    if finding.standing == Some(Standing::Accepted) {
        let why = "it is in noalloc-baseline.toml";
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
    }
    let related: Vec<Value> = (1..)
        .zip(finding.labels.iter().zip(&shown.labels))
        .map(|(id, (label, shown))| {
            json!({ "id": id, "physicalLocation": physical(&label.span, input), "message": { "text": shown.text } })
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    let steps: Vec<Value> = finding
        .chain
        .iter()
        .zip(&shown.chain)
        .enumerate()
        .filter_map(|(depth, frames)| step(depth, frames, input))
        .collect();
    if !steps.is_empty() {
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    result
}

/// One frame of the way from the hot function to the allocator.
fn step(depth: usize, (frame, shown): (&Frame, &Frame), input: &Raw<'_>) -> Option<Value> {
    let place = frame.place.as_ref()?;
    let mut artifact = artifact(&place.file, input);
    if frame.origin == Origin::Std {
        // Relative to the standard library's sources, of which nobody knows where they are.
        artifact = json!({ "uri": encode(&place.file) });
    }
    let known = place.byte_column > 0;
    let Place { line, column, .. } = input.texts.place(place);
    let region = if known {
        json!({ "startLine": line.max(1), "startColumn": column })
    } else {
        json!({ "startLine": line.max(1) })
    };
    Some(json!({
        "nestingLevel": depth,
        "location": {
            "physicalLocation": { "artifactLocation": artifact, "region": region },
            "message": { "text": shown.function.as_str() },
        },
    }))
}

fn physical(span: &Span, input: &Raw<'_>) -> Value {
    let Place { line, column, .. } = span.start;
    let mut region = json!({ "startLine": line.max(1), "startColumn": column.max(1) });
    if (span.end_line, span.end_column) > (line, column) {
        region["endLine"] = span.end_line.into();
        region["endColumn"] = span.end_column.into();
    }
    json!({ "artifactLocation": artifact(&span.start.file, input), "region": region })
}

fn artifact(file: &str, input: &Raw<'_>) -> Value {
    match in_repository(file, &input.workspace.root) {
        Some(file) => json!({ "uri": encode(&file), "uriBaseId": ROOT }),
        None if Path::new(file).is_absolute() => json!({ "uri": format!("file://{}", encode(file)) }),
        None => json!({ "uri": encode(file) }),
    }
}

/// Percent-encodes all but what may stand in the path of a URI.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_uri_has_only_what_may_stand_in_it() {
        assert_eq!(encode("a b/größe:%,|`<\r\n.rs"), "a%20b/gr%C3%B6%C3%9Fe%3A%25%2C%7C%60%3C%0D%0A.rs");
    }
}
