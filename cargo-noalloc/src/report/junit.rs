//! JUnit XML, which test reports of most CI systems are made of: a suite for each target, a case for each of its hot
//! functions.
//!
//! Written by hand, because it is valid against the common schema of Ant's JUnit task, which the field's library is
//! not: that one writes attributes the schema does not know, and leaves out what it requires. The schema requires a
//! time, and the same evidence shall give the same bytes: it is always the beginning of 1970.

use std::fmt::Write as _;

use super::human::words;
use super::naming::short_names;
use super::{Format, Input, ending};
use crate::model::{Finding, FunctionVerdict, HotReport, Level, Status, Target};

pub(super) static FORMAT: Format = Format::text("junit", render);

/// How a case came out, as the schema has it.
enum Outcome {
    Passed,
    Skipped { message: String },
    Failed { rule: &'static str, message: String, text: String },
    Error { message: String },
}

struct Case {
    name: String,
    outcome: Outcome,
}

/// One document, with a line break at its end.
fn render(input: &Input<'_>) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (id, (target, status)) in input.verdict.targets.iter().enumerate() {
        suite(&mut out, id, target, &cases(target, status, input));
    }
    out.push_str("</testsuites>\n");
    out
}

fn cases(target: &Target, status: &Status, input: &Input<'_>) -> Vec<Case> {
    let of_target = |report: &&HotReport| report.targets.contains(target);
    let names = short_names(input.verdict);
    let functions = input.verdict.functions.iter().filter(of_target);
    let mut cases: Vec<Case> = functions
        .map(|report| {
            let findings = input.verdict.findings.iter().filter(|finding| finding.hot == report.hot.id);
            let errors: Vec<&Finding> = findings.filter(|finding| finding.level == Level::Error).collect();
            let name = names.get(&report.hot.id).map_or("", String::as_str);
            Case { name: report.hot.name.clone(), outcome: outcome(report, &errors, name) }
        })
        .collect();
    // How the target itself ended is a case of its own: it is nobody else's.
    let message = format!("{} `{}` {}", target.kind, target.name, ending(status));
    if matches!(status, Status::Skipped { .. }) {
        cases.push(Case { name: target.name.clone(), outcome: Outcome::Skipped { message } });
    } else if !status.ended_well() {
        cases.push(Case { name: target.name.clone(), outcome: Outcome::Error { message } });
    }
    cases
}

fn outcome(report: &HotReport, errors: &[&Finding], name: &str) -> Outcome {
    let Some(first) = errors.first() else {
        return match report.verdict {
            FunctionVerdict::Unexercised => {
                Outcome::Skipped { message: "no audited target called it".to_owned() }
            }
            _ => Outcome::Passed,
        };
    };
    let mut text = String::new();
    for finding in errors {
        let place = &finding.span.start;
        // Writing to a String cannot fail.
        let _ =
            writeln!(text, "{}:{}:{}: {}", place.file, place.line, place.column, words::title(finding, name));
        for more in [Some(&finding.reason), finding.help.as_ref()]
            .into_iter()
            .flatten()
            .filter(|more| !more.is_empty())
        {
            let _ = writeln!(text, "    {more}");
        }
    }
    Outcome::Failed { rule: first.rule.name(), message: words::title(first, name), text }
}

fn suite(out: &mut String, id: usize, target: &Target, cases: &[Case]) {
    let count = |wanted: fn(&Outcome) -> bool| cases.iter().filter(|case| wanted(&case.outcome)).count();
    let failures = count(|outcome| matches!(outcome, Outcome::Failed { .. }));
    let errors = count(|outcome| matches!(outcome, Outcome::Error { .. }));
    let skipped = count(|outcome| matches!(outcome, Outcome::Skipped { .. }));
    let (package, name) = (escape(&target.package), escape(&format!("{}::{}", target.kind, target.name)));
    let _ = writeln!(
        out,
        "  <testsuite package=\"{package}\" id=\"{id}\" name=\"{name}\" timestamp=\"1970-01-01T00:00:00\" \
         hostname=\"localhost\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"0\">",
        cases.len(),
    );
    out.push_str("    <properties/>\n");
    let class = escape(&format!("{}::{}::{}", target.package, target.kind, target.name));
    for case in cases {
        let _ = write!(out, "    <testcase name=\"{}\" classname=\"{class}\" time=\"0\"", escape(&case.name));
        let _ = match &case.outcome {
            Outcome::Passed => writeln!(out, "/>"),
            Outcome::Skipped { message } => {
                writeln!(out, ">\n      <skipped message=\"{}\"/>\n    </testcase>", escape(message))
            }
            Outcome::Error { message } => {
                writeln!(
                    out,
                    ">\n      <error message=\"{}\" type=\"target\"/>\n    </testcase>",
                    escape(message)
                )
            }
            Outcome::Failed { rule, message, text } => writeln!(
                out,
                ">\n      <failure message=\"{}\" type=\"{rule}\">{}</failure>\n    </testcase>",
                escape(message),
                escape(text).replace("&#10;", "\n"),
            ),
        };
    }
    out.push_str("    <system-out/>\n    <system-err/>\n  </testsuite>\n");
}

/// For text and for values in double quotes. What XML 1.0 cannot say at all becomes the replacement character.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // In a value these would be read as blanks.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_xml_cannot_say_is_replaced() {
        assert_eq!(
            escape("a<b>&\"c\"\r\n\u{1b}[0m\u{ffff}ü]]>"),
            "a&lt;b&gt;&amp;&quot;c&quot;&#13;&#10;\u{fffd}[0m\u{fffd}ü]]&gt;"
        );
    }
}
