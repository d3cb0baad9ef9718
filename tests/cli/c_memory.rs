//! Memory that C code takes: counted as Rust's is, shown at the Rust line that called, and never silently left out.

use serde_json::{Value, json};

use crate::support::{Project, named};

fn report() -> Value {
    Project::shared("c-memory").check_json("--bench hot").run().exits(100).json()
}

fn function<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(&report["functions"], "name", &format!("c_memory::{name}"))
}

#[test]
fn a_c_function_is_named_at_the_rust_line_that_calls_it() {
    let report = report();
    let findings: Vec<Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "error")
        .map(|finding| {
            let place = [&finding["place"]["line"], &finding["place"]["column"]];
            json!([
                finding["function"],
                place,
                finding["heap"],
                finding["op"],
                finding["construct"],
                finding["count"],
                finding["escapes"]
            ])
        })
        .collect();
    let expected = [
        json!(["c_memory::duplicates", [19, 25], "c", "alloc", "strdup", 1000, false]),
        json!(["c_memory::makes", [27, 14], "c", "alloc", "made_by_c", 1000, true]),
        json!(["c_memory::gives_back", [32, 14], "c", "free", "free", 1000, null]),
        // The C library has no need of a block where its numbers are few; 600 of 4 bytes are not.
        json!(["c_memory::sorts", [50, 14], "c", "alloc", "sorted_by_c", 1000, false]),
        json!(["c_memory::registers", [60, 5], "c", "alloc", "__cxa_thread_atexit_impl", 1, true]),
    ];
    for expected in &expected {
        assert!(findings.contains(expected), "{expected} is not in {findings:#?}");
    }
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
}

#[test]
fn totals_hold_cs_part_and_say_how_much_it_is() {
    let report = report();
    let duplicates = function(&report, "duplicates");
    let part = json!({ "allocs": 1000, "reallocs": 0, "frees": 1000, "bytes": 10_000 });
    assert_eq!(duplicates["c_heap"], part);
    assert_eq!(json!([duplicates["allocs"], duplicates["bytes"]]), json!([1000, 10_000]));
    let bench = named(&report["benchmarks"], "name", "duplicated");
    assert_eq!(bench["allocs_per_op"], 1.0);
    assert_eq!(bench["c_heap"], json!({ "allocs": 999, "reallocs": 0, "frees": 999, "bytes": 9_990 }));
    let nothing = function(&report, "leaves_the_heap_alone");
    assert_eq!(nothing["c_heap"], json!({ "allocs": 0, "reallocs": 0, "frees": 0, "bytes": 0 }));
    assert_eq!(nothing["verdict"], "proved");
}

#[test]
fn budgets_and_permits_hold_for_cs_memory() {
    let report = report();
    assert_eq!(function(&report, "within_its_budget")["verdict"], "within-budget");
    assert_eq!(function(&report, "permits")["allocs"], 0);
    let permit = named(&report["permits"], "reason", "C's buffer");
    assert_eq!(json!([permit["allocs"], permit["bytes"], permit["stale"]]), json!([1000, 33_000, false]));
}

#[test]
fn count_and_proof_of_c_agree() {
    let report = report();
    assert_eq!(report["problems"], json!([]));
    assert_eq!(function(&report, "duplicates")["proof"]["state"], "may-allocate");
}

#[test]
fn a_program_with_a_malloc_of_its_own_says_that_c_is_not_counted() {
    let project = Project::shared("c-memory");
    let report = project.check_json("--bench own_malloc").run().exits(0).json();
    assert_eq!(function(&report, "leaves_the_heap_alone")["c_heap"], Value::Null);
    let reason = "bench `own_malloc`: memory that C code takes is not counted, because the program brings a `malloc` of \
                  its own";
    assert!(
        report["problems"].as_array().unwrap().iter().any(|problem| problem["message"] == reason),
        "{report:#}"
    );
    let table = project.check("--bench own_malloc").run().exits(0).stdout;
    let row = table.lines().find(|line| line.starts_with(" leaves_the_heap_alone")).unwrap();
    assert!(row.ends_with("C not counted"), "{table}");
}

#[cfg(target_env = "gnu")]
#[test]
fn a_static_c_library_is_not_counted_and_said() {
    let project = Project::shared("c-memory");
    let check = project.check_json("--bench hot").env("RUSTFLAGS", "-Ctarget-feature=+crt-static");
    let report = check.run().json();
    assert_eq!(function(&report, "duplicates")["c_heap"], Value::Null);
    let problems = report["problems"].to_string();
    assert!(problems.contains("its C library is linked statically"), "{problems}");
}
