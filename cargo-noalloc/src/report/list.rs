//! The hot functions that the source declares: for people, and as `noalloc-list/1`.

use std::fmt::Write as _;

use serde::Serialize;

use super::Document;
use super::printable::Printable;
use crate::model::{Declared, Place, Verdict};
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

/// Of each function, whether the last check's binaries have it; `None` without a last check.
pub(super) fn audited(declared: &Declared, last: Option<&Verdict>) -> Vec<Option<bool>> {
    let has = |place: &Place| last.map(|last| last.functions.iter().any(|report| report.hot.place == *place));
    declared.functions.iter().map(|(_, function)| has(&function.place)).collect()
}

pub(super) fn json(declared: &Declared, audited: &[Option<bool>]) -> Document {
    let functions = declared.functions.iter().zip(audited).map(|((krate, function), audited)| Row {
        name: format!("{krate}::{}", function.name),
        file: &function.place.file,
        line: function.place.line,
        column: function.place.column,
        options: &function.options,
        audited: *audited,
    });
    Document::of(&List { schema: SCHEMA, functions: functions.collect() })
}

/// One line a function.
pub(super) fn human(declared: &Printable<'_, Declared>, audited: &[Option<bool>]) -> String {
    let rows: Vec<[String; 3]> = declared
        .functions
        .iter()
        .zip(audited)
        .map(|((krate, function), audited)| {
            let place = &function.place;
            let options = match function.options.as_str() {
                "" => String::new(),
                options => format!("({options})"),
            };
            let more =
                if *audited == Some(false) { format!("{options}  in no audited binary") } else { options };
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
