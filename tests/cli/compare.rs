//! `check --save` and `compare`: two reports side by side, real ones and such as differ in what the test says.

use std::path::Path;

use serde_json::{Value, json};

use crate::gate::{checked, target_dir};
use crate::support::{Outcome, Project, named};

/// The report of the fixture with times: ten samples around `ns` for each benchmark.
fn timed(ns: f64) -> Value {
    let mut report = checked().clone();
    let samples: Vec<f64> = (0..10).map(|n| ns * (1.0 + f64::from(n) / 1_000.0)).collect();
    for bench in report["benchmarks"].as_array_mut().unwrap() {
        bench["ns_per_op"] = json!(samples[5]);
        bench["ns_samples"] = json!(samples);
    }
    report
}

/// `compare` of two files, outside of any package.
fn compare(old: &Value, new: &Value, words: &str) -> Outcome {
    let project = Project::empty();
    project.write("old.json", &old.to_string()).write("new.json", &new.to_string());
    let words = ["compare", "old.json", "new.json"].into_iter().chain(words.split_whitespace());
    project.noalloc(words).run()
}

/// The benchmark in a report that may be changed.
fn bench<'a>(report: &'a mut Value, name: &str) -> &'a mut Value {
    let benches = report["benchmarks"].as_array_mut().unwrap();
    benches.iter_mut().find(|bench| bench["name"] == name).unwrap()
}

#[test]
fn equal_reports_have_no_difference() {
    let run = compare(&timed(100.0), &timed(100.0), "").exits(0);
    assert!(run.stdout.contains("pass: 4 benchmarks compared, none is worse"), "{}", run.stdout);
    assert!(!run.stdout.contains("appeared") && !run.stdout.contains("moved"), "{}", run.stdout);
}

#[test]
fn one_allocation_more_is_a_regression_and_one_less_is_none() {
    let (old, mut new) = (timed(100.0), timed(100.0));
    bench(&mut new, "counting")["allocs_per_op"] = json!(1.0);
    let run = compare(&old, &new, "--format json").exits(100).json();
    assert_eq!(run["verdict"], "fail");
    let counting = named(&run["benchmarks"], "name", "counting");
    assert_eq!(counting["worse"], json!(["allocs"]));
    assert_eq!(counting["allocs_per_op"], json!({ "old": 0.0, "new": 1.0 }));
    compare(&new, &old, "").exits(0);
}

#[test]
fn a_slower_time_counts_above_the_threshold() {
    compare(&timed(100.0), &timed(110.0), "").exits(100);
    compare(&timed(100.0), &timed(110.0), "--threshold 20").exits(0);
    let run = compare(&timed(100.0), &timed(104.0), "--format json").exits(0).json();
    let boxing = named(&run["benchmarks"], "name", "boxing");
    assert_eq!(boxing["time"]["significant"], true, "{run:#}");
    let mean = run["geometric_mean_percent"].as_f64().unwrap();
    assert!((mean - 4.0).abs() < 1e-6, "{mean}");
}

#[test]
fn a_function_that_begins_to_use_the_heap_is_a_regression() {
    let mut old = timed(100.0);
    old["findings"].as_array_mut().unwrap().retain(|finding| finding["function"] != "gate::boxes");
    let run = compare(&old, &timed(100.0), "").exits(100);
    assert!(run.stdout.ends_with("error: `gate::boxes` kept off the heap before\n"), "{}", run.stdout);
    compare(&timed(100.0), &old, "").exits(0);
}

#[test]
fn the_comparison_reads_well() {
    let (mut old, mut new) = (timed(100.0), timed(100.0));
    for (name, factor) in [("boxing", 1.2), ("asking", 0.5)] {
        let slower = bench(&mut new, name);
        let samples: Vec<f64> =
            slower["ns_samples"].as_array().unwrap().iter().map(|ns| ns.as_f64().unwrap() * factor).collect();
        slower["ns_per_op"] = json!(samples[5]);
        slower["ns_samples"] = json!(samples);
    }
    bench(&mut new, "naming")["bytes_per_op"] = json!(24.0);
    bench(&mut old, "counting")["name"] = json!("was_here");
    let findings = new["findings"].as_array_mut().unwrap();
    findings.retain(|finding| finding["op"].is_string());
    for key in ["line", "end_line"] {
        findings[0]["place"][key] = json!(findings[0]["place"][key].as_u64().unwrap() + 3);
    }
    findings[1]["construct"] = json!("vec!");
    new["environment"]["profile"] = json!("dev");
    insta::assert_snapshot!(compare(&old, &new, "").exits(100).report());
}

/// Who writes a comment at the top of a file moves every site below it, and wants to read that once.
#[test]
fn sites_that_moved_together_are_one_line() {
    let (old, mut new) = (timed(100.0), timed(100.0));
    let sites =
        old["findings"].as_array().unwrap().iter().filter(|finding| finding["op"].is_string()).count();
    assert!(sites > 2, "{old:#}");
    let mut shift = |change: fn(&mut Value)| {
        new["findings"].as_array_mut().unwrap().iter_mut().for_each(|finding| change(&mut finding["place"]));
        compare(&old, &new, "").exits(0).stdout
    };
    fn line(place: &mut Value, by: i64) {
        place["line"] = json!(place["line"].as_i64().unwrap() + by);
    }
    for (change, said) in [
        (
            (|place| place["column"] = json!(place["column"].as_u64().unwrap() + 4)) as fn(&mut Value),
            "in src/lib.rs, within their lines",
        ),
        (|place| line(place, 3), "in src/lib.rs, 3 lines down"),
        (|place| line(place, -4), "in src/lib.rs, 1 line up"),
        (|place| place["file"] = json!("src/new.rs"), "src/lib.rs → src/new.rs, 1 line up"),
        (|place| line(place, 1), "src/lib.rs → src/new.rs"),
    ] {
        let shown = shift(change);
        let moved: Vec<&str> = shown.lines().filter(|line| line.starts_with("moved: ")).collect();
        assert_eq!(
            moved,
            [format!("moved: {sites} sites, {said}").replace("sites, in", "sites in")],
            "{shown}"
        );
    }
}

#[test]
fn a_check_that_did_not_end_well_is_no_pass() {
    let mut new = timed(100.0);
    new["targets"][0]["status"] = json!("crashed");
    let run = compare(&timed(100.0), &new, "").exits(103);
    assert!(run.stdout.contains("bench `hot` crashed: its figures are not all"), "{}", run.stdout);
}

#[test]
fn the_json_is_what_its_schema_says() {
    let text = include_str!("../../cargo-noalloc/schema/noalloc-compare-1.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let mut new = timed(110.0);
    let findings = new["findings"].as_array_mut().unwrap();
    let mut sites = findings.iter_mut().filter(|finding| !finding["op"].is_null());
    sites.next().unwrap()["place"]["line"] = json!(1);
    sites.next().unwrap()["construct"] = json!("vec!");
    bench(&mut new, "counting")["allocs_per_op"] = json!(1.0);
    for old in [checked().clone(), timed(100.0)] {
        let document = compare(&old, &new, "--format json").exits(100).json();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        assert!(!document["moved"].as_array().unwrap().is_empty());
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let (good, mut other) = (timed(100.0), timed(100.0));
    other["schema"] = json!("noalloc-report/2");
    insta::assert_snapshot!("another_version", compare(&good, &other, "").exits(96).errors());
    insta::assert_snapshot!(
        "no_report",
        compare(&json!({ "schema": "other/1" }), &good, "").exits(2).errors()
    );
    insta::assert_snapshot!("no_threshold", compare(&good, &good, "--threshold=-1").exits(2).errors());
}

/// Names of benchmarks are all that two reports are held together by.
#[test]
fn where_every_benchmark_has_another_name_nothing_passes() {
    let (old, mut new) = (timed(100.0), timed(100.0));
    for bench in new["benchmarks"].as_array_mut().unwrap() {
        bench["name"] = json!(format!("new_{}", bench["name"].as_str().unwrap()));
    }
    let run = compare(&old, &new, "").exits(4);
    assert!(run.stdout.contains("only in old.json: hot: boxing"), "{}", run.stdout);
    let said = "error: no benchmark of `old.json` is in `new.json`: nothing was compared\n";
    assert!(run.stdout.ends_with(said), "{}", run.stdout);
    assert_eq!(compare(&old, &new, "--format json").exits(4).json()["verdict"], "fail");

    // Who writes the first benchmarks has nothing to compare them with, and did nothing wrong.
    let mut without = timed(100.0);
    without["benchmarks"] = json!([]);
    let run = compare(&without, &new, "").exits(0);
    assert!(run.stdout.ends_with("pass: no benchmark to compare\n"), "{}", run.stdout);
    compare(&without, &without, "").exits(0);
    compare(&old, &without, "").exits(4);
}

#[test]
fn a_function_that_was_not_there_is_not_said_to_have_kept_off_the_heap() {
    let (old, mut new) = (timed(100.0), timed(100.0));
    let renamed =
        |value: &mut Value| *value = json!(value.as_str().unwrap().replace("gate::boxes", "gate::packs"));
    for function in new["functions"].as_array_mut().unwrap() {
        renamed(&mut function["name"]);
    }
    for finding in new["findings"].as_array_mut().unwrap() {
        renamed(&mut finding["function"]);
    }
    let run = compare(&old, &new, "").exits(100);
    assert!(run.stdout.ends_with("error: `gate::packs` uses the heap, and is new\n"), "{}", run.stdout);
}

#[test]
fn a_time_that_was_nothing_has_no_percentage() {
    let (mut old, new) = (timed(100.0), timed(100.0));
    let none = bench(&mut old, "boxing");
    (none["ns_per_op"], none["ns_samples"]) = (json!(0.0), json!(vec![0.0; 10]));
    let run = compare(&old, &new, "").exits(100);
    let row = run.stdout.lines().find(|line| line.contains("boxing")).unwrap();
    assert!(row.contains("  0.0  ") && row.contains("  from 0 !  "), "{}", run.stdout);
    let document = compare(&old, &new, "--format json").exits(100).json();
    let time = &named(&document["benchmarks"], "name", "boxing")["time"];
    assert_eq!((&time["delta_percent"], &time["significant"]), (&json!(null), &json!(true)));
    assert!(!run.stdout.contains("NaN") && !run.stdout.contains("inf"), "{}", run.stdout);
    let back = compare(&new, &old, "").exits(0);
    assert!(back.stdout.contains("-100.0 %"), "{}", back.stdout);
}

#[test]
fn a_side_without_times_is_named() {
    let said = "note: `old.json` has no times: it was checked without the clock\n";
    let run = compare(checked(), &timed(100.0), "").exits(0);
    assert!(run.stdout.contains(said), "{}", run.stdout);
    // Who wanted none on either side knows.
    let run = compare(checked(), checked(), "").exits(0);
    assert!(!run.stdout.contains("no times"), "{}", run.stdout);
}

#[test]
fn a_threshold_of_nothing_takes_any_significant_increase() {
    compare(&timed(100.0), &timed(100.0), "--threshold 0").exits(0);
    compare(&timed(100.0), &timed(102.0), "--threshold 5").exits(0);
    compare(&timed(100.0), &timed(102.0), "--threshold 0").exits(100);
    compare(&timed(102.0), &timed(100.0), "--threshold 0").exits(0);
}

/// Files that a user may take for a report: each is named, with the reason and what to name instead.
#[test]
fn files_that_are_no_reports_are_refused_by_name() {
    let project = Project::empty();
    let mut negative = timed(100.0);
    bench(&mut negative, "boxing")["ns_samples"][3] = json!(-5.0);
    let mut proof = timed(100.0);
    proof["command"] = json!("prove");
    let compared = compare(&timed(100.0), &timed(100.0), "--format json").exits(0).stdout;
    project.write("good.json", &timed(100.0).to_string()).write("a-folder/file", "");
    for (text, why) in [
        (String::new(), "EOF while parsing"),
        (timed(100.0).to_string()[..200].to_owned(), "EOF while parsing"),
        ("[1]".to_owned(), "it has no `schema`"),
        (r#"{"schema": 1}"#.to_owned(), "it has no `schema`"),
        (compared, "its `schema` is `noalloc-compare/1`"),
        (proof.to_string(), "`prove` runs nothing"),
        (negative.to_string(), "a figure of `boxing` is below zero"),
        (timed(100.0).to_string().replacen("100.", "1e999.", 1), "line 1 column"),
    ] {
        project.write("bad.json", &text);
        for words in [["compare", "bad.json", "good.json"], ["compare", "good.json", "bad.json"]] {
            let run = project.noalloc(words).run().exits(2);
            assert!(run.stderr.contains("`bad.json` is no report of a check"), "{}", run.stderr);
            assert!(run.stderr.contains(why) && run.stderr.contains("= help: name a file"), "{}", run.stderr);
            assert_eq!(run.stdout, "");
        }
    }
    for (file, why) in [("gone.json", "No such file"), ("./a-folder", "it is no regular file")] {
        let run = project.noalloc(["compare", "good.json", file]).run().exits(2);
        assert!(
            run.stderr.contains(&format!("the report `{file}` could not be read: {why}")),
            "{}",
            run.stderr
        );
    }
    let run = project.noalloc(["compare"]).run().exits(2);
    assert!(run.stderr.contains("<OLD>"), "{}", run.stderr);
}

#[test]
fn a_saved_check_is_found_by_its_name_and_an_unknown_one_by_the_nearest() {
    let project = Project::shared("gate");
    project.check("--bench other --save before").run().exits(100);
    let compare =
        |words: &str| project.noalloc(["compare"].into_iter().chain(words.split_whitespace())).run();
    let run = compare("before before").exits(0);
    assert!(run.stdout.starts_with("before → before\n"), "{}", run.stdout);
    let run = compare("befor before").exits(2);
    assert!(run.stderr.contains("did you mean `before`?"), "{}", run.stderr);
    let run = project.check("--save a/b").run().exits(2);
    assert!(run.stderr.contains("`a/b` cannot be the name of a saved check"), "{}", run.stderr);
}

#[test]
fn the_last_check_is_compared_as_it_is_when_that_is_asked_for() {
    let report = timed(100.0);
    let dir = target_dir();
    let saved = Path::new(&dir).join("noalloc/saved");
    std::fs::create_dir_all(&saved).unwrap();
    std::fs::write(saved.join("compared.json"), report.to_string()).unwrap();
    let run = Project::shared("gate")
        .noalloc(["compare", "compared", "--last", "--target-dir", &dir])
        .run()
        .exits(0);
    assert!(run.stdout.starts_with("compared → last check\n"), "{}", run.stdout);
}

#[test]
fn a_check_that_fails_before_its_report_leaves_the_saved_one_whole() {
    let project = Project::own("gate", "gate");
    let target = tempfile::tempdir().unwrap();
    let check = |words: &str| project.check(words).kept_in(target.path()).run();
    let saved = || {
        let folder = target.path().join("noalloc/saved");
        ["before.json", "before/check.json"].map(|file| std::fs::read_to_string(folder.join(file)).unwrap())
    };
    check("--bench other --save before").exits(100);
    let first = saved();
    project.write("noalloc-baseline.toml", "version = ");
    check("--bench hot --save before").exits(2);
    assert!(saved() == first, "{:#?}", saved());
    std::fs::remove_file(project.root.join("noalloc-baseline.toml")).unwrap();
    check("--bench hot --save before").exits(100);
    let last = saved();
    assert!(last[0] != first[0] && last[1].contains("hot"), "{last:#?}");
}
