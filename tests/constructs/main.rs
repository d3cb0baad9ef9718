//! The fixture `tests/fixtures/constructs`, checked as a user would check it: every finding of every hot function
//! against a table of what the report must say of it, and the twins that follow the help against their originals.

mod run;
mod table;
mod twins;

use std::collections::BTreeSet;

use run::{Finding, report};
use table::{Row, rows};
use twins::TWINS;

/// What a row and a finding have in common, as one comparable line.
fn line(
    function: &str,
    (op, pattern, escapes): (&str, &str, Option<bool>),
    (construct, dyn_trait): (&str, Option<&str>),
    text: &str,
) -> String {
    let (dyn_trait, escapes) =
        (dyn_trait.unwrap_or("no dyn"), escapes.map_or("?".to_owned(), |yes| yes.to_string()));
    format!("{function} | {op} {pattern} escapes={escapes} | {construct} | {dyn_trait} | {text}")
}

fn of_row(row: &Row) -> String {
    line(row.function, (row.op, row.pattern, row.escapes), (row.construct, row.dyn_trait), row.text)
}

fn of_finding(finding: &Finding) -> String {
    let construct = finding.construct.as_deref().unwrap_or("no construct");
    line(
        &finding.function,
        (&finding.op, &finding.pattern, finding.escapes),
        (construct, finding.dyn_trait.as_deref()),
        &finding.text,
    )
}

#[test]
fn every_function_has_the_findings_of_the_table_and_no_others() {
    let expected: BTreeSet<String> = rows().map(of_row).collect();
    let found: BTreeSet<String> = report().findings.iter().map(of_finding).collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let surplus: Vec<_> = found.difference(&expected).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "missing: {missing:#?}\nnot in the table: {surplus:#?}"
    );
}

#[test]
fn every_function_of_the_fixture_is_in_the_table_or_fixed() {
    let rows: BTreeSet<&str> = rows().map(|row| row.function).collect();
    for function in &report().functions {
        let fixed = function.name.starts_with("fixed::");
        assert!(fixed || rows.contains(function.name.as_str()), "`{}` is in no row", function.name);
        assert!(function.calls > 0, "`{}` is called by no benchmark", function.name);
    }
    assert!(rows.len() >= 60, "{} functions", rows.len());
}

#[test]
fn a_twin_that_follows_the_help_uses_the_heap_less() {
    let report = report();
    for (original, help) in TWINS {
        let name = original.rsplit("::").next().expect("a path has a last segment");
        let before = report.function(original);
        let after = report.function(&format!("fixed::{name}"));
        let per_call = |function: &run::Function| function.events as f64 / function.calls as f64;
        assert!(
            per_call(after) < per_call(before),
            "{original}: {} and then {}",
            before.events,
            after.events
        );
        let helps: Vec<&str> = report.helps(original).collect();
        assert!(helps.iter().any(|text| text.contains(help)), "{original}: `{help}` is not in {helps:#?}");
    }
    assert_eq!(
        report.functions.iter().filter(|function| function.name.starts_with("fixed::")).count(),
        TWINS.iter().map(|(original, _)| original).collect::<BTreeSet<_>>().len()
    );
}

#[test]
fn advice_is_one_line_that_is_not_too_long() {
    for finding in &report().findings {
        let help = finding.help.as_deref().unwrap_or_default();
        let whole = !help.contains('\n') && help.len() <= 160 && !help.ends_with('.');
        assert!(whole, "{}: {help}", finding.function);
        assert!(!finding.reason.is_empty() && !finding.reason.contains('\n'), "{}", finding.function);
    }
}
