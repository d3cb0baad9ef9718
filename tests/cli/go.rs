//! Go's benchmark format, held to its grammar by a reader of its own.

use std::collections::BTreeMap;

use crate::gate::report;
use crate::support::{Project, named, tools};

/// A result line: the name, the iterations, and a value for each unit.
struct Line {
    name: String,
    values: BTreeMap<String, f64>,
}

/// Reads a file of the format, and refuses what its grammar does not allow.
fn read(text: &str) -> Result<(BTreeMap<String, String>, Vec<Line>), String> {
    let (mut configuration, mut lines) = (BTreeMap::new(), Vec::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("Benchmark") {
            lines.push(result(line)?);
        } else if let Some(rest) = line.strip_prefix("Unit ") {
            let mut fields = rest.split_whitespace();
            fields.next().ok_or_else(|| format!("a unit line without a unit: {line}"))?;
            if fields.clone().count() == 0 || !fields.all(|field| field.contains('=')) {
                return Err(format!("a unit line without `key=value`: {line}"));
            }
        } else {
            let (key, value) = line.split_once(':').ok_or_else(|| format!("no kind of line: {line}"))?;
            let lower = key.starts_with(char::is_lowercase);
            if !lower || key.contains(|c: char| c.is_whitespace() || c.is_uppercase()) {
                return Err(format!("a key begins in lower case and has neither space nor capital: {line}"));
            }
            configuration.insert(key.to_owned(), value.trim().to_owned());
        }
    }
    Ok((configuration, lines))
}

fn result(line: &str) -> Result<Line, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if fields.len() < 4 || fields.len() % 2 == 1 {
        return Err(format!("an even number of fields, at least four: {line}"));
    }
    let rest = &fields[0]["Benchmark".len()..];
    if rest.starts_with(|c: char| !c.is_uppercase()) {
        return Err(format!("a capital letter after `Benchmark`: {line}"));
    }
    fields[1].parse::<u64>().ok().filter(|count| *count > 0).ok_or_else(|| format!("iterations: {line}"))?;
    let pairs = fields[2..].chunks(2).map(|pair| {
        let value = pair[0].parse::<f64>().map_err(|_| format!("`{}` is no number: {line}", pair[0]))?;
        Ok((pair[1].to_owned(), value))
    });
    Ok(Line { name: fields[0].to_owned(), values: pairs.collect::<Result<_, String>>()? })
}

#[test]
fn the_reader_refuses_what_the_grammar_does() {
    let wrong = [
        "Benchmarkalgo-1\t5\t2 B/op",
        "BenchmarkAlgo one-1\t5\t2 B/op",
        "BenchmarkAlgo-1\t5\t2",
        "BenchmarkAlgo-1\t0\t2 B/op",
        "BenchmarkAlgo-1\t5\t1,000 B/op",
        "Unit B/op",
        "Goos: linux",
        "words",
    ];
    for line in wrong {
        assert!(read(line).is_err(), "{line}");
    }
}

#[test]
fn the_counts_of_a_check_in_gos_words() {
    let text = report(&Project::shared("gate"), "--format go").run().exits(100).report();
    let (_, lines) = read(&text).unwrap();
    assert_eq!(lines.len(), 4, "{text}");
    // The machine is not the project's.
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("cpu: ")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_pattern_chooses_benchmarks() {
    let text = report(&Project::shared("gate"), "--format go ing$").run().exits(100).stdout;
    assert_eq!(read(&text).unwrap().1.len(), 4, "{text}");
    let text = report(&Project::shared("gate"), "--format go ^box").run().exits(100).stdout;
    assert_eq!(read(&text).unwrap().1.len(), 1, "{text}");
}

#[test]
fn each_sample_of_the_clock_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let json_too = format!("json={}", json.display());
    let words = ["check", "-p", "elvis", "--bench-time", "0.02", "--format", "go", "--format", &json_too];
    let text = Project::repository().noalloc(words).run().exits(100).stdout;
    let report = serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(json).unwrap()).unwrap();
    let (configuration, lines) = read(&text).unwrap();
    assert_eq!(configuration["pkg"], "elvis/elvis");
    assert!(configuration.contains_key("goos") && configuration.contains_key("goarch"), "{text}");
    let one: Vec<&Line> = lines.iter().filter(|line| line.name == "BenchmarkAlgo_one-1").collect();
    assert!(!one.is_empty() && one.len() < lines.len(), "{text}");
    let bench = named(&report["benchmarks"], "name", "algo_one");
    for line in &one {
        assert_eq!(line.values["B/op"], bench["bytes_per_op"].as_f64().unwrap(), "{text}");
        assert_eq!(line.values["frees/op"], bench["frees_per_op"].as_f64().unwrap(), "{text}");
        assert!(line.values["ns/op"] > 0.0, "{text}");
    }
}

/// The table of `benchcmp`, of two files of the format.
fn benchcmp(old: &str, new: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = [("old", old), ("new", new)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    });
    let output = std::process::Command::new("benchcmp").arg(old).arg(new).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_tool_of_gos_own_reads_it() {
    let old = report(&Project::shared("gate"), "--format go").run().exits(100).stdout;
    let new = old.replace("8 B/op\t1 allocs/op", "16 B/op\t2 allocs/op");
    assert_ne!(old, new);
    let Some(table) = benchcmp(&old, &new) else {
        return tools::absent("`benchcmp` (Debian's `golang-golang-x-tools`)");
    };
    let rows: Vec<String> =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for row in [
        "benchmark old allocs new allocs delta",
        "BenchmarkBoxing-1 1 2 +100.00%",
        "BenchmarkAsking-1 1 1 +0.00%",
        "BenchmarkCounting-1 0 0 +0.00%",
        "BenchmarkNaming-1 1 1 +0.00%",
        "benchmark old bytes new bytes delta",
        "BenchmarkBoxing-1 8 16 +100.00%",
        "BenchmarkNaming-1 10 10 +0.00%",
    ] {
        assert!(rows.iter().any(|known| known == row), "no row `{row}` in\n{table}");
    }
}

#[test]
fn a_tool_of_gos_own_reads_times() {
    let words = ["check", "-p", "elvis", "--bench-time", "0.02", "--samples", "2", "--format", "go"];
    let text = Project::repository().noalloc(words).run().exits(100).stdout;
    let Some(table) = benchcmp(&text, &text) else {
        return tools::absent("`benchcmp` (Debian's `golang-golang-x-tools`)");
    };
    let times = table.split("\n\n").next().unwrap();
    assert!(times.starts_with("benchmark") && times.contains("old ns/op"), "{table}");
    let rows = times.lines().filter(|line| line.starts_with("BenchmarkAlgo_") && line.ends_with("+0.00%"));
    assert_eq!(rows.count(), read(&text).unwrap().1.len(), "{table}");
}
