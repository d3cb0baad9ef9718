//! `check --partition` and `merge`: parts that several machines checked are the whole, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{Outcome, Project, named};

/// Those that say what was found; `listing` and `go` are more of the same.
const FORMATS: [&str; 11] =
    ["json", "human", "short", "listing", "sarif", "junit", "markdown", "github", "gitlab", "cargo", "go"];

const SELECTED: &str = "--bin starts --tests --benches";

/// A folder that reports are written to.
struct Reports {
    folder: tempfile::TempDir,
}

impl Reports {
    fn new() -> Reports {
        Reports { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Checks a part, and says what that came to.
    fn check(&self, project: &Project, part: &str, more: &str) -> (PathBuf, Outcome) {
        let path = self.path(&format!("{}.json", part.replace('/', "-of-")));
        let words = format!("{SELECTED} --partition {part} {more} --format json={}", path.display());
        let outcome = project.check(&words).run();
        (path, outcome)
    }

    fn parts(&self, project: &Project, count: usize) -> Vec<PathBuf> {
        (1..=count).map(|index| self.check(project, &format!("{index}/{count}"), "").0).collect()
    }
}

fn project() -> Project {
    Project::shared("parts")
}

fn merge(project: &Project, reports: &[PathBuf], words: &str) -> Outcome {
    let words: Vec<&str> = words.split_whitespace().collect();
    let reports = reports.iter().map(|path| path.as_os_str());
    let all = ["merge".as_ref()].into_iter().chain(reports).chain(words.iter().map(AsRef::as_ref));
    project.noalloc(all).env("COLUMNS", "100").run()
}

/// The words that write every format into a folder.
fn into(folder: &Path) -> String {
    FORMATS.map(|format| format!("--format {format}={}", folder.join(format).display())).join(" ")
}

fn read(folder: &Path) -> Vec<String> {
    FORMATS.iter().map(|format| fs::read_to_string(folder.join(format)).unwrap()).collect()
}

/// The whole in every format.
fn whole() -> &'static [String] {
    static WHOLE: OnceLock<Vec<String>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let words = format!("{SELECTED} {}", into(folder.path()));
        project().check(&words).env("COLUMNS", "100").run().exits(100);
        read(folder.path())
    })
}

/// Two parts that fit.
fn two() -> &'static [PathBuf] {
    static TWO: OnceLock<(Reports, Vec<PathBuf>)> = OnceLock::new();
    &TWO.get_or_init(|| {
        let reports = Reports::new();
        let parts = reports.parts(&project(), 2);
        (reports, parts)
    })
    .1
}

fn json_of(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn merged_parts_are_the_whole_byte_for_byte_in_every_format() {
    // Six parts of five targets: the last has none.
    for count in [2, 3, 6] {
        let reports = Reports::new();
        let mut parts = if count == 2 { two().to_vec() } else { reports.parts(&project(), count) };
        for _ in 0..count.min(3) {
            let folder = tempfile::tempdir().unwrap();
            merge(&project(), &parts, &into(folder.path())).exits(100);
            for ((merged, whole), format) in read(folder.path()).iter().zip(whole()).zip(FORMATS) {
                assert_same(format, whole, merged);
            }
            parts.rotate_left(1);
        }
    }
}

#[track_caller]
fn assert_same(format: &str, whole: &str, merged: &str) {
    let difference = whole.lines().zip(merged.lines()).find(|(whole, merged)| whole != merged);
    assert!(whole == merged, "{format} of the parts is another one: {difference:#?}");
}

/// The fixture would prove little if its parts said what the whole says.
#[test]
fn no_part_alone_knows_what_the_whole_does() {
    let whole: Value = serde_json::from_str(&whole()[0]).unwrap();
    let of = |report: &Value, name: &str| named(&report["functions"], "name", name).clone();
    let pattern = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        let of_sometimes = findings.filter(|finding| finding["function"] == "parts::sometimes");
        of_sometimes.map(|finding| finding["pattern"].clone()).collect::<Vec<_>>()
    };
    let parts: Vec<Value> = two().iter().map(|path| json_of(path)).collect();
    assert_eq!(of(&whole, "parts::idle")["verdict"], "unexercised");
    let calls: Vec<u64> =
        parts.iter().map(|part| of(part, "parts::sometimes")["calls"].as_u64().unwrap()).collect();
    assert_eq!(of(&whole, "parts::sometimes")["calls"], calls.iter().sum::<u64>());
    assert_eq!(pattern(&whole), [json!("sporadic")]);
    assert_ne!(pattern(&parts[0]), pattern(&whole), "in this part no call goes without");
    assert!(whole["findings"].as_array().unwrap().iter().any(|finding| finding["rule"] == "over-budget"));
    assert_eq!(of(&parts[0], "parts::budgeted")["verdict"], "unexercised");
    assert!(
        !whole["ignored"].as_array().unwrap().is_empty() && !whole["permits"].as_array().unwrap().is_empty()
    );
    assert_eq!(named(&whole["targets"], "name", "wanting")["status"], "skipped");
}

#[test]
fn what_a_part_did_not_see_is_no_finding_of_it() {
    for path in two() {
        let part = json_of(path);
        crate::schema::validate(&part);
        let rules =
            part["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap());
        assert!(
            rules.clone().all(|rule| rule != "unexercised" && rule != "stale-permit"),
            "{:?}",
            rules.collect::<Vec<_>>()
        );
    }
    let merged = merge(&project(), two(), "--format json").exits(100);
    crate::schema::check(&merged);
    assert!(merged.json().get("partition").is_none());
}

#[test]
fn required_calls_are_required_of_the_whole() {
    let reports = Reports::new();
    let level = |report: &Value, function: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        let found = findings.filter(|finding| finding["rule"] == "unexercised");
        found.filter(|finding| finding["function"] == function).map(|finding| finding["level"].clone()).next()
    };
    let parts = ["1/2", "2/2"].map(|part| reports.check(&project(), part, "--require-exercised").0);
    let merged = merge(&project(), &parts, "--format json").exits(100).json();
    assert_eq!(level(&merged, "parts::idle"), Some(json!("error")));
    assert_eq!(level(&merged, "parts::sums"), None, "the other part called it");
    for part in &parts {
        assert_eq!(level(&json_of(part), "parts::idle"), None);
    }
}

#[test]
fn the_baseline_is_held_against_the_whole() {
    let project = Project::own("parts", "debt");
    let reports = Reports::new();
    let refused = project.check(&format!("{SELECTED} --partition 1/2 --bless")).run().exits(2);
    assert!(refused.stderr.contains("cargo noalloc merge --bless"), "{}", refused.stderr);
    let parts = reports.parts(&project, 2);
    merge(&project, &parts, "").exits(100);
    let blessed = merge(&project, &parts, "--bless").exits(0);
    assert!(blessed.stderr.contains("Blessed noalloc-baseline.toml: "), "{}", blessed.stderr);
    let file = fs::read_to_string(project.root.join("noalloc-baseline.toml")).unwrap();
    project.check(&format!("{SELECTED} --bless")).run().exits(0);
    assert_eq!(fs::read_to_string(project.root.join("noalloc-baseline.toml")).unwrap(), file);
    merge(&project, &parts, "--strict-baseline").exits(0);
}

#[test]
fn what_makes_no_whole_is_refused() {
    let [one, two] = two() else { panic!("two parts") };
    let (one, two) = (one.clone(), two.clone());
    let reports = Reports::new();
    let whole = reports.path("whole.json");
    fs::write(&whole, &self::whole()[0]).unwrap();
    let text = reports.path("text.json");
    fs::write(&text, "no report\n").unwrap();
    let changed = |name: &str, change: &dyn Fn(&mut Value)| {
        let mut report = json_of(&two);
        change(&mut report);
        let path = reports.path(name);
        fs::write(&path, report.to_string()).unwrap();
        path
    };
    let version = changed("version.json", &|report| report["tool"]["version"] = json!("9.9.9"));
    let layout =
        changed("layout.json", &|report| report["partition"]["evidence"]["audited"][0]["more"] = json!(1));
    let lock = changed("lock.json", &|report| report["partition"]["evidence"]["lock"] = json!(1));
    let third = reports.check(&project(), "2/3", "").0;
    let filtered = reports.check(&project(), "2/2", "asking").0;
    let cases: [(&[&PathBuf], i32, &str); 10] = [
        (&[&one], 96, "part 2 of 2 is missing"),
        (&[&one, &one, &two], 2, "part 1 of 2 is given twice"),
        (&[&one, &third], 96, "is one of 2 parts, and"),
        (&[&one, &filtered], 96, "the filter is `` in one, and `asking` in the other"),
        (&[&one, &version], 96, "was written by cargo-noalloc 9.9.9, and this is"),
        (&[&one, &layout], 96, "was written by another build of cargo-noalloc"),
        (&[&one, &lock], 96, "their `Cargo.lock` differs"),
        (&[&one, &whole], 2, "it is one of a whole check"),
        (&[&one, &text], 2, "is no report of a part"),
        (&[&one, &reports.path("not-there.json")], 2, "No such file"),
    ];
    for (parts, code, said) in cases {
        let parts: Vec<PathBuf> = parts.iter().map(|path| (*path).clone()).collect();
        let run = merge(&project(), &parts, "").exits(code);
        assert!(run.stderr.contains(said) && run.stdout.is_empty(), "{said}: {}", run.stderr);
        assert!(run.stderr.contains("= help: "), "{}", run.stderr);
    }
    project().noalloc(["merge"]).run().exits(2);
    let elsewhere = Project::own("parts", "elsewhere");
    let source = fs::read_to_string(elsewhere.root.join("src/lib.rs")).unwrap();
    elsewhere.write("src/lib.rs", &format!("\n{source}"));
    let run = merge(&elsewhere, &[one, two], "").exits(96);
    assert!(
        run.stderr.contains("`src/lib.rs`, which `") && run.stderr.contains("is another one here"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_part_without_targets_leaves_its_report_and_is_no_pass() {
    let reports = Reports::new();
    let (path, outcome) = reports.check(&project(), "6/6", "");
    let outcome = outcome.exits(4);
    assert!(outcome.stderr.contains("there is no target in this part"), "{}", outcome.stderr);
    assert_eq!(json_of(&path)["partition"]["index"], 6);
}

#[test]
fn a_part_that_was_not_seen_whole_is_not_whole_afterwards() {
    let project = Project::shared("endings");
    let reports = Reports::new();
    let report = |part: &str| {
        let path = reports.path(&part.replace('/', "-"));
        let words =
            format!("--bench exits --bench cuts-record --partition {part} --format json={}", path.display());
        (path, project.check(&words).run().code)
    };
    let parts = ["1/2", "2/2"].map(report);
    let mut codes: Vec<i32> = parts.iter().map(|(_, code)| code.unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [96, 103]);
    let merged = merge(&project, &parts.map(|(path, _)| path), "--format json");
    let whole = project.check_json("--bench exits --bench cuts-record").run();
    assert_eq!(merged.code, whole.code);
    assert_eq!(merged.stdout, whole.stdout);
    merge(&project, &[reports.path("1-2"), reports.path("2-2")], "--bless").exits(96);
}

#[test]
fn the_last_check_of_a_part_is_still_one_of_a_part() {
    let project = Project::shared("parts");
    let folder = tempfile::tempdir().unwrap();
    let target_dir = folder.path().to_str().unwrap();
    let words = format!("--bench second --bench first --partition 1/2 --target-dir {target_dir}");
    let checked = project.check_json(&words).run();
    let again = project.noalloc(["report", "--format", "json", "--target-dir", target_dir]).run();
    assert_eq!((again.code, again.stdout), (checked.code, checked.stdout));
}
