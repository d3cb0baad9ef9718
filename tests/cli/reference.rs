//! The reference pages say all there is: they are what `--help` and the report's schema say, and have to be written anew
//! when those change. `NOALLOC_UPDATE_DOCS=1 cargo test -p cargo-noalloc --test cli reference` does it.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::support::{Project, repository, without_times};

/// Compares a file of `docs` with what it should be, or writes it.
fn assert_page(path: &str, expected: &str) {
    let file = repository().join("docs").join(path);
    if std::env::var_os("NOALLOC_UPDATE_DOCS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, expected).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    let line = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "docs/{path} is old{}: write it with \
         `NOALLOC_UPDATE_DOCS=1 cargo test -p cargo-noalloc --test cli reference`",
        line.map_or(String::new(), |line| format!(" from line {} on", line + 1)),
    );
}

fn help(words: &[&str]) -> String {
    let outcome = Project::repository().noalloc(words.iter().chain(&["--help"])).run().exits(0);
    let lines: Vec<&str> = outcome.stdout.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

/// The names below `Commands:`.
fn commands(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

#[test]
fn every_command_and_flag_stands_in_the_reference() {
    let overview = help(&[]);
    let mut page = format!("# Commands\n\nWhat `--help` says.\n\n```text\n{overview}\n```\n");
    let commands = commands(&overview);
    assert!(commands.contains(&"check") && commands.contains(&"prove"), "{overview}");
    for command in commands {
        let _ = write!(page, "\n## cargo noalloc {command}\n\n```text\n{}\n```\n", help(&[command]));
    }
    assert_page("reference/commands.md", &page);
}

#[test]
fn every_field_of_the_report_stands_in_the_reference() {
    assert_fields("The JSON report", "noalloc-report-1.schema.json", "reference/report.md");
}

#[test]
fn every_field_of_a_comparison_stands_in_the_reference() {
    assert_fields("The JSON comparison", "noalloc-compare-1.schema.json", "reference/compare.md");
}

/// Compares a page with the fields that a schema names.
fn assert_fields(title: &str, schema: &str, page: &str) {
    let text = fs::read_to_string(repository().join("cargo-noalloc/schema").join(schema)).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let mut text = format!(
        "# {title}\n\n{}\n\nIts schema is [{schema}](../../cargo-noalloc/schema/{schema}); keys may be added, \
         none changes its meaning.\n\n| field | type | meaning |\n| --- | --- | --- |\n",
        value["description"].as_str().unwrap()
    );
    rows(&value, &value, "", &mut text);
    let unsaid: Vec<&str> = text.lines().filter(|line| line.ends_with("|  |")).collect();
    assert!(unsaid.is_empty(), "no meaning is given in {schema} for:\n{}", unsaid.join("\n"));
    assert_page(page, &text);
}

#[test]
fn every_option_of_the_attribute_stands_in_its_page() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let (source, page) = (read("noalloc-macros/src/options.rs"), read("docs/attribute.md"));
    let arms = source.split("match key.to_string().as_str() {").nth(1).unwrap();
    let arms = arms.split("other =>").next().unwrap();
    let options: Vec<&str> = arms
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>"))
        .map(|arm| arm.0)
        .collect();
    assert!(options.contains(&"allocs") && options.len() >= 6, "{options:?}");
    let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("| `")).collect();
    for option in options {
        let is_its_row =
            |row: &&str| row.strip_prefix(option).is_some_and(|rest| rest.starts_with([' ', '(', '`']));
        assert!(rows.iter().any(is_its_row), "`{option}` has no row in docs/attribute.md");
    }
}

/// A row for each property, and those of what it holds below it.
fn rows(root: &Value, object: &Value, path: &str, page: &mut String) {
    let Some(properties) = object["properties"].as_object() else { return };
    for (name, property) in properties {
        let resolved = resolve(root, property);
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let meaning = [property, resolved].iter().find_map(|at| at["description"].as_str()).unwrap_or("");
        let _ = writeln!(page, "| `{path}` | {} | {} |", kind(resolved), meaning.replace('|', "\\|"));
        rows(root, resolved, &path, page);
        let items = resolve(root, &resolved["items"]);
        rows(root, items, &format!("{path}[]"), page);
    }
}

fn resolve<'a>(root: &'a Value, at: &'a Value) -> &'a Value {
    let is_null = |at: &&Value| at["type"] == "null";
    let either = at["anyOf"].as_array().or(at["oneOf"].as_array());
    let at = either.and_then(|choices| choices.iter().find(|choice| !is_null(choice))).unwrap_or(at);
    let pointer = at["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(at)
}

fn kind(at: &Value) -> String {
    if let Some(value) = at.get("const") {
        return format!("`{value}`");
    }
    if let Some(values) = at["enum"].as_array() {
        return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(" ");
    }
    match &at["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => String::new(),
    }
}

#[test]
fn every_exit_code_stands_in_the_readme() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let (source, readme) = (read("cargo-noalloc/src/exit.rs"), read("README.md"));
    let start = source.find("pub enum Exit {").unwrap();
    let body = &source[start..start + source[start..].find("\n}").unwrap()];
    let codes: Vec<&str> = body
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
        .map(|pair| pair.1)
        .collect();
    assert!(codes.len() >= 8, "{codes:?}");
    for code in codes {
        assert!(readme.contains(&format!("\n| {code} | ")), "exit code {code} has no row in README.md");
    }
}

/// What `check -p elvis` prints, without times.
fn elvis(colours: &str) -> String {
    Project::repository().check("-p elvis").env("CARGO_TERM_COLOR", colours).run().exits(100).report()
}

#[test]
fn the_picture_in_the_readme_is_what_a_terminal_shows() {
    let coloured = elvis("always");
    // The first finding and the end, as in the text of the README.
    let findings: Vec<&str> = coloured.trim().split("\n\n").collect();
    let shown = [findings[0], findings[findings.len() - 2], findings[findings.len() - 1]].join("\n\n");
    let picture =
        anstyle_svg::Term::new().render_svg(&format!("$ cargo noalloc check -p elvis\n\n{shown}\n"));
    assert_page("elvis.svg", &picture);
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let block = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let printed = without_times(&elvis("never"));
    let mut rest = printed.as_str();
    for line in without_times(block).lines().filter(|line| !line.is_empty() && *line != "…") {
        let at =
            rest.find(line).unwrap_or_else(|| panic!("`{line}` is not printed, or not there:\n{printed}"));
        rest = &rest[at + line.len()..];
    }
}
