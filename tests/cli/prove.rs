//! `prove`: the proof alone. Nothing runs, and every hot function has one verdict.

use serde_json::{Value, json};

use crate::support::{Project, Tool, linker, named, tools};

fn prove(project: &Project, words: &str) -> Tool {
    project.noalloc(["prove"].into_iter().chain(words.split_whitespace()))
}

fn function<'a>(report: &'a Value, name: &str) -> &'a Value {
    named(&report["functions"], "name", name)
}

/// Line and construct of each finding of a rule about one function.
fn places<'a>(report: &'a Value, function: &str, rule: &str) -> Vec<(u64, &'a str)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let own = findings.filter(|finding| finding["function"] == function && finding["rule"] == rule);
    own.map(|finding| {
        (finding["place"]["line"].as_u64().unwrap(), finding["construct"].as_str().unwrap_or_default())
    })
    .collect()
}

#[test]
fn each_step_of_the_example_has_its_verdict() {
    let run = prove(&Project::repository(), "-p elvis --format json").run().exits(100);
    let report = run.json();
    assert_eq!((&report["command"], &report["verdict"]), (&json!("prove"), &json!("fail")));
    let verdicts: Vec<(&str, &str, &str)> = report["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|function| {
            let text = |value: &'static str| function[value].as_str().unwrap();
            (text("name"), text("verdict"), function["proof"]["state"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            ("elvis::algo_one", "may-allocate", "may-allocate"),
            ("elvis::algo_two", "may-allocate", "may-allocate"),
            ("elvis::algo_three", "may-allocate", "may-allocate"),
            ("elvis::algo_four", "proved", "proved"),
        ]
    );
    assert!(report["functions"].as_array().unwrap().iter().all(|function| function["calls"] == 0));
    assert!(!run.stderr.contains("Auditing"), "{}", run.stderr);
}

#[test]
fn markdown_has_no_counts_where_nothing_ran() {
    let text = prove(&Project::repository(), "-p elvis --format markdown").run().exits(100).report();
    let (headline, rest) = text.split_once('\n').unwrap();
    let expected = "### cargo noalloc prove: ❌ fail — 3 of 4 functions are not proved";
    assert!(headline.starts_with(expected), "{headline}");
    let rows: Vec<&str> = rest.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows[0], "| function | verdict | basis |");
    assert_eq!(rows.len(), 2 + 4, "{rest}");
    // How many, and whether these are all, is the standard library's business.
    let basis = rows[2].split_once("| may-allocate | at ").and_then(|(_, rest)| rest.split_once(" places"));
    assert!(basis.is_some_and(|(count, _)| count.parse::<u32>().is_ok()), "{}", rows[2]);
    assert!(rows[5].ends_with("| proved |  |"), "{}", rows[5]);
}

/// The very lines, and no others: what the attribute's readers would write down by hand.
#[test]
fn may_allocate_is_said_at_the_lines_that_do() {
    let report = prove(&Project::repository(), "-p elvis --format json").run().exits(100).json();
    let source =
        std::fs::read_to_string(crate::support::repository().join("examples/elvis/src/lib.rs")).unwrap();
    for (name, sure) in [("algo_one", 2), ("algo_two", 1), ("algo_three", 0)] {
        let start = source.lines().position(|line| line.contains(&format!("fn {name}"))).unwrap();
        let end = start + source.lines().skip(start).position(|line| line == "}").unwrap();
        let allocating = ["Box::new(", "vec![", ".extend_from_slice(", ".push("];
        let body = source.lines().enumerate().take(end).skip(start);
        let expected: Vec<u64> = body
            .filter(|(_, line)| allocating.iter().any(|call| line.contains(call)))
            .map(|(index, _)| index as u64 + 1)
            .collect();
        let path = format!("elvis::{name}");
        let found: Vec<u64> = places(&report, &path, "may-allocate").iter().map(|place| place.0).collect();
        assert_eq!(found, expected, "{name}");
        let findings = report["findings"].as_array().unwrap().iter();
        let always = findings
            .filter(|finding| finding["function"] == path.as_str())
            .filter(|finding| finding["reason"].as_str().unwrap().contains("on every path that returns"));
        assert_eq!(always.count(), sure, "{name}");
    }
}

#[test]
fn a_name_that_the_attribute_has_is_proved_from_its_marker() {
    let run = prove(&Project::repository(), "-p elvis --fn algo_four").run().exits(0);
    insta::assert_snapshot!(run.report());
    let run = prove(&Project::repository(), "-p elvis --fn elvis::algo_three --fn algo_four --format json");
    let report = run.run().exits(100).json();
    assert_eq!(report["functions"].as_array().unwrap().len(), 2, "{report:#}");
    assert_eq!(function(&report, "elvis::algo_three")["verdict"], "may-allocate");
}

#[test]
fn a_pattern_that_names_nothing_is_answered_with_what_comes_near() {
    let run = prove(&Project::repository(), "-p elvis --fn algo_fuor").run().exits(4);
    insta::assert_snapshot!(run.errors());
}

#[test]
fn without_a_hot_function_there_is_nothing_to_prove() {
    let run = prove(&Project::shared("cold"), "").run().exits(4);
    insta::assert_snapshot!(run.errors());
}

fn verdict<'a>(report: &'a Value, name: &str) -> &'a str {
    function(report, name)["verdict"].as_str().unwrap()
}

/// Every answer once: made by a macro, of a trait, of another crate, asynchronous, through `dyn`, with a budget.
#[test]
fn every_hot_function_has_a_name_a_place_and_a_verdict() {
    let report = prove(&Project::shared("proofs"), "--bin proofs --format json").run().exits(100).json();
    let verdicts: Vec<(&str, &str)> = report["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|function| (function["name"].as_str().unwrap(), function["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(
        verdicts,
        [
            ("filter::smooth", "proved"),
            ("proofs::made_by_a_macro", "proved"),
            ("proofs::area_of", "unknown"),
            ("proofs::outline_of", "unknown"),
            ("proofs::instances", "may-allocate"),
            ("proofs::drops", "may-free"),
            ("proofs::drops_as_it_may", "proved"),
            ("proofs::has_a_budget", "may-allocate"),
            ("proofs::load", "unknown"),
            ("proofs::formats", "proved"),
            ("<proofs::Counter as proofs::Step>::step", "proved"),
            ("proofs::Counter::twice", "proved"),
            ("proofs::later", "proved"),
        ]
    );
    for function in report["functions"].as_array().unwrap() {
        let file = function["place"]["file"].as_str().unwrap();
        assert!(["src/main.rs", "filter/src/lib.rs"].contains(&file), "{function:#}");
    }
    let free = function(&report, "proofs::drops");
    assert_eq!((&free["proof"]["state"], &free["proof"]["may_free"]), (&json!("proved"), &json!(true)));
    assert!(function(&report, "proofs::formats")["proof"]["assumption"].is_string(), "{report:#}");
    crate::schema::check(&prove(&Project::shared("proofs"), "--bin proofs --format json").run());
}

/// Each has its own rules of what it keeps and where it puts it.
#[test]
fn the_answers_are_the_same_whichever_linker_made_the_binary() {
    let answers = |flags: &str| -> Vec<(String, String)> {
        let proofs = prove(&Project::shared("proofs"), "--bin proofs --format json").env("RUSTFLAGS", flags);
        let report = proofs.run().exits(100).json();
        let functions = report["functions"].as_array().unwrap().iter();
        let text = |function: &Value, key: &str| function[key].as_str().unwrap().to_owned();
        functions.map(|function| (text(function, "name"), text(function, "verdict"))).collect()
    };
    let usual = answers("");
    assert_eq!(usual.len(), 13, "{usual:#?}");
    for name in ["bfd", "mold"] {
        if linker::has_linker(name) {
            assert_eq!(answers(&format!("-Clink-arg=-fuse-ld={name}")), usual, "{name}");
        } else {
            tools::absent(&format!("linker `{name}`"));
        }
    }
}

#[test]
fn what_a_proof_stops_at_is_shown_with_those_that_may_be_called() {
    let report = prove(&Project::shared("proofs"), "--bin proofs --format json").run().exits(100).json();
    let of = |name: &str| named(&report["findings"], "function", name);
    let area = of("proofs::area_of");
    assert_eq!((&area["rule"], &area["dyn_trait"]), (&json!("unproved"), &json!("dyn Shape")));
    assert_eq!(area["obstacle"]["kind"], "dynamic-call");
    assert_eq!(area["obstacle"]["receiver"], "passed in by the caller");
    let candidate = |name: &str, state: &str| json!({ "function": name, "state": state });
    assert_eq!(
        area["obstacle"]["candidates"],
        json!([
            candidate("<proofs::Polygon as proofs::Shape>::area", "may-allocate"),
            candidate("<proofs::Square as proofs::Shape>::area", "proved"),
        ])
    );
    let outline = of("proofs::outline_of");
    assert!(outline["help"].as_str().unwrap().contains("take `impl Shape`"), "{outline:#}");
    let load = of("proofs::load");
    assert_eq!(
        (&load["obstacle"]["kind"], &load["obstacle"]["import"]),
        (&json!("import"), &json!("getloadavg"))
    );
}

#[test]
fn the_proofs_read_well() {
    let run = prove(&Project::shared("proofs"), "--bin proofs").run().exits(100);
    // The standard library's own lines are another version's business.
    let lines = run.report();
    let ours: Vec<&str> = lines.lines().filter(|line| !line.contains("alloc/src/")).collect();
    insta::assert_snapshot!(ours.join("\n"));
}

#[test]
fn a_function_without_the_attribute_is_proved_by_its_name() {
    let project = Project::shared("proofs");
    insta::assert_snapshot!(prove(&project, "--bin proofs --fn checksum").run().exits(0).report());
    let patterns = "--bin proofs --fn proofs::reversed --fn only_inlined --fn Polygon::area --format json";
    let run = prove(&project, patterns).run().exits(100);
    let report = run.json();
    assert_eq!(verdict(&report, "proofs::reversed"), "may-allocate");
    assert_eq!(verdict(&report, "<proofs::Polygon as proofs::Shape>::area"), "may-allocate");
    let inlined = function(&report, "proofs::only_inlined");
    assert_eq!(
        (&inlined["verdict"], &inlined["proof"]["inlined_into"]),
        (&json!("absent"), &json!(["proofs::main"]))
    );
    let source = std::fs::read_to_string(project.root.join("src/main.rs")).unwrap();
    let line = source.lines().position(|line| line.contains("fn only_inlined")).unwrap() + 1;
    assert_eq!((&inlined["place"]["line"], &inlined["place"]["column"]), (&json!(line), &json!(4)));
    crate::schema::check(&run);
}

#[test]
fn a_pattern_has_stars_and_its_misses_leave_the_other_answers() {
    let project = Project::shared("proofs");
    let run =
        prove(&project, "--bin proofs --fn check* --fn Polygn::* --fn Polygon::a*a --format json").run();
    let report = run.exits(100).json();
    assert_eq!(verdict(&report, "proofs::checksum"), "proved");
    assert_eq!(verdict(&report, "<proofs::Polygon as proofs::Shape>::area"), "may-allocate");
    let problems = report["problems"].as_array().unwrap();
    let said = problems.iter().filter_map(|problem| problem["message"].as_str());
    let missing: Vec<&str> = said.filter(|message| message.contains("no function")).collect();
    assert_eq!(missing.len(), 1, "{problems:#?}");
    assert!(missing[0].starts_with("no function `Polygn::*` in bin `proofs`"), "{missing:?}");
    // Nothing at all is another matter.
    prove(&project, "--bin proofs --fn Polygn::*").run().exits(4);
}

#[test]
fn frees_that_were_promised_away_fail_where_a_proof_is_required() {
    let report = Project::shared("proofs").check_json("--bin proofs --require-proof").run().exits(100).json();
    let drops = named(&report["findings"], "function", "proofs::drops");
    // It happened, and what happened is said once.
    assert_eq!(drops["rule"], "free-in-hot-path");
    assert_eq!(verdict(&report, "proofs::drops_as_it_may"), "within-budget");
}

/// A library that does not know this tool: nothing is linked into it, and nothing is asked of it.
#[test]
fn a_crate_without_the_attribute_needs_nothing() {
    let project = Project::own("plain", "plain");
    let run = prove(&project, "--bin plain --fn plain::mix --format json").run().exits(0);
    assert_eq!(verdict(&run.json(), "plain::mix"), "proved");
    assert_eq!(prove(&project, "--bin plain --fn collected").run().code, Some(100));
    insta::assert_snapshot!(prove(&project, "--bin plain").run().exits(4).errors());
}

#[test]
fn a_function_that_nothing_calls_is_absent_and_that_is_no_proof() {
    let report = prove(&Project::shared("quiet"), "--lib --format json").run().exits(100).json();
    let asleep = function(&report, "quiet::asleep");
    assert_eq!((&asleep["verdict"], &asleep["proof"]["state"]), (&json!("absent"), &json!("absent")));
}
