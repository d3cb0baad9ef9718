//! The hot functions that the source declares: for people, and as `noalloc-list/1`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::model::{Declared, DeclaredFn, Verdict};
use crate::numbers::plural;

/// Name and version of the format.
const SCHEMA: &str = "noalloc-list/1";

#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    functions: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: String,
    file: &'a str,
    line: u32,
    column: u32,
    options: &'a str,
    /// In a binary of the last check; `null` without a last check.
    audited: Option<bool>,
}

/// Whether the last check's binaries have the function.
fn audited(function: &DeclaredFn, last: Option<&Verdict>) -> Option<bool> {
    let last = last?;
    Some(last.functions.iter().any(|report| report.hot.place == function.place))
}

/// One document, with a line break at its end.
pub(super) fn json(declared: &Declared, last: Option<&Verdict>) -> String {
    let functions = declared.functions.iter().map(|(krate, function)| Row {
        name: format!("{krate}::{}", function.name),
        file: &function.place.file,
        line: function.place.line,
        column: function.place.column,
        options: &function.options,
        audited: audited(function, last),
    });
    let list = List { schema: SCHEMA, functions: functions.collect() };
    let mut text = serde_json::to_string_pretty(&list).expect("names and numbers are JSON");
    text.push('\n');
    text
}

/// One line a function.
pub(super) fn human(declared: &Declared, last: Option<&Verdict>) -> String {
    let rows: Vec<[String; 3]> = declared
        .functions
        .iter()
        .map(|(krate, function)| {
            let place = &function.place;
            let options = match function.options.as_str() {
                "" => String::new(),
                options => format!("({options})"),
            };
            let unseen = audited(function, last) == Some(false);
            let more = if unseen { format!("{options}  in no audited binary") } else { options };
            [format!("{krate}::{}", function.name), format!("{}:{}", place.file, place.line), more]
        })
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, places) = (width(0), width(1));
    let mut out = String::new();
    for [name, place, more] in &rows {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", format!("{name:<names$}  {place:<places$}  {more}").trim_end());
    }
    let _ = writeln!(out, "{}", plural(rows.len() as u64, "hot function"));
    out
}
