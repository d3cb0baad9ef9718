//! What benchmarks do with the heap outside of their hot functions is said, with the places, and fails nothing.

use serde_json::Value;

use crate::support::{Outcome, Project};

fn check(words: &str) -> Outcome {
    Project::shared("outside").check_json(words).run()
}

fn notes(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["rule"] == "outside-hot-functions").collect()
}

/// Where `words` stand in the benchmarks, as reports write it.
fn at(words: &str) -> String {
    let source = include_str!("../fixtures/outside/benches/outside.rs");
    let (line, text) = source.lines().enumerate().find(|(_, line)| line.contains(words)).unwrap();
    format!("benches/outside.rs:{}:{}", line + 1, text.find(words).unwrap() + 1)
}

#[test]
fn each_benchmark_says_what_its_iterations_do_outside_of_hot_functions() {
    let run = check("").exits(0);
    crate::schema::check(&run);
    let report = run.json();
    assert_eq!(report["verdict"], "pass");
    let notes = notes(&report);
    let names: Vec<&str> = notes.iter().map(|note| note["function"].as_str().unwrap()).collect();
    let expected = [
        "makes_its_input",
        "returns_a_box",
        "describes/5",
        "grows",
        "has_many_places",
        "is_another_crates",
        "drops_its_input",
    ];
    assert_eq!(names, expected, "{report:#}");
    assert!(notes.iter().all(|note| note["level"] == "note" && note["calls"].as_u64() >= Some(9)));
    let reason = |name: &str| {
        let note = notes.iter().find(|note| note["function"] == name).unwrap();
        note["reason"].as_str().unwrap()
    };
    let input = reason("makes_its_input");
    let start = format!(
        "1 allocation and 1 free in each iteration: `vec!` at {} (1 allocation), ",
        at("vec![1; black_box")
    );
    assert!(input.starts_with(&start), "{input}");
    let returned = reason("returns_a_box");
    let end = format!(
        "`Box::new` at {} (1 allocation), the drop of what an iteration returns (1 free)",
        at("Box::new(sum")
    );
    assert!(returned.ends_with(&end), "{returned}");
    let described = reason("describes/5");
    assert!(described.starts_with("5 allocations"), "{described}");
    assert!(described.contains("`format!` at src/lib.rs:11:5 (5 allocations)"), "{described}");
    assert!(described.ends_with("; with another argument as well"), "nothing is done for 0: {described}");
    assert!(reason("grows").starts_with("1 allocation, 0.5"), "{}", reason("grows"));
    let many = reason("has_many_places");
    assert!(
        many.starts_with("6 allocations and 6 frees in each iteration: ") && many.contains("; and "),
        "{many}"
    );
    let elsewhere = reason("is_another_crates");
    assert!(elsewhere.contains(": inside `std::env::temp_dir` ("), "{elsewhere}");
    assert!(elsewhere.contains("the drop of what an iteration returns (1 free)"), "{elsewhere}");
    let dropped = reason("drops_its_input");
    assert!(
        dropped.starts_with("1 free in each iteration: ") && dropped.contains(&at("sum(&values));")[..22]),
        "{dropped}"
    );
    notes.iter().for_each(|note| shows_as_much(&report, note));
}

/// The table's figures are those of the note.
fn shows_as_much(report: &Value, note: &Value) {
    let of = |bench: &&Value| bench["name"] == note["function"];
    let bench = report["benchmarks"].as_array().unwrap().iter().find(of).unwrap();
    let per_op = ["allocs_per_op", "reallocs_per_op", "frees_per_op"].map(|key| bench[key].as_f64().unwrap());
    let recorded = bench["recorded_iterations"].as_f64().unwrap();
    assert_eq!(note["count"].as_f64().unwrap(), (per_op.iter().sum::<f64>() * recorded).round(), "{note:#}");
    assert_eq!(note["bytes"].as_f64().unwrap(), (bench["bytes_per_op"].as_f64().unwrap() * recorded).round());
}

#[test]
fn its_level_can_be_set() {
    assert!(notes(&check("-A outside-hot-functions").exits(0).json()).is_empty());
    let denied = check("-D outside-hot-functions makes_its_input").exits(100).json();
    let [denied] = &notes(&denied)[..] else { panic!("{denied:#}") };
    assert_eq!(denied["level"], "error");
}

#[test]
fn it_is_shown_without_being_asked_for() {
    let run = Project::shared("outside").check("makes_its_input returns_a_box describes").run().exits(0);
    insta::assert_snapshot!(run.report());
}
