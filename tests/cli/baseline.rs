//! Accepted debt: what is in `noalloc-baseline.toml` passes, what is new or worse fails, what is gone is said.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::support::{Outcome, Project};

/// A copy of the fixture whose last check is rendered again: the target directory is one test's at a time.
struct Debt {
    _alone: MutexGuard<'static, ()>,
    project: Project,
    dir: PathBuf,
}

impl Debt {
    fn new(name: &str) -> Debt {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("baseline-target");
        static ALONE: Mutex<()> = Mutex::new(());
        // A test that failed before has said so itself.
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        Debt { _alone: alone, project: Project::own("gate", name), dir }
    }

    fn run(&self, words: &str) -> Outcome {
        let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
        let timing = (verb == "check").then_some("--no-timing");
        let words = [verb].into_iter().chain(timing).chain(rest.split_whitespace());
        self.project.noalloc(words).kept_in(&self.dir).env("COLUMNS", "100").run()
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.project.root.join(path)).unwrap()
    }

    fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{text}");
        self.project.write(path, &text.replace(from, to));
    }
}

fn errors(report: &Value) -> Vec<&Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["level"] == "error").collect()
}

/// One story, because each step needs a build.
#[test]
fn debt_is_accepted_survives_moves_and_may_only_shrink() {
    let debt = Debt::new("baseline");
    debt.run("check").exits(100);
    what_is_blessed_passes(&debt);
    what_is_new_fails_in_every_format(&debt);
    what_is_worse_fails_and_what_is_less_is_said(&debt);
    // Blessed again, there is nothing left to say.
    let blessed = debt.run("report --bless").exits(0);
    assert!(blessed.stderr.contains("2 accepted, 1 added, 2 removed"), "{}", blessed.stderr);
    assert!(!debt.run("report --strict-baseline").exits(0).stdout.contains("tighten"));
}

fn what_is_blessed_passes(debt: &Debt) {
    let blessed = debt.run("report --bless").exits(0);
    assert!(
        blessed.stderr.contains("Blessed noalloc-baseline.toml: 3 accepted, 3 added, 0 removed"),
        "{}",
        blessed.stderr
    );
    insta::assert_snapshot!("the_file", debt.read("noalloc-baseline.toml"));

    // Accepted debt passes, and the report says that it is there.
    let passed = debt.run("report --format json").exits(0);
    crate::schema::check(&passed);
    let passed = passed.json();
    assert_eq!((&passed["verdict"], &passed["baseline"]["accepted"]), (&"pass".into(), &3.into()));
    assert!(errors(&passed).is_empty());
    let text = debt.run("report").exits(0).stdout;
    assert!(text.ends_with("; 3 findings accepted by the baseline\n"), "{text}");
    for format in ["github", "short", "junit", "markdown", "gitlab"] {
        let text = debt.run(&format!("report --format {format}")).exits(0).stdout;
        assert!(
            !text.contains("::error") && !text.contains(": error[") && !text.contains("<failure"),
            "{format}: {text}"
        );
    }
}

const SOURCE: &str = "src/lib.rs";

/// One allocation that no optimiser removes.
const ONE_MORE: &str = "    drop(std::hint::black_box(Box::new(1u16)));\n";

fn what_is_new_fails_in_every_format(debt: &Debt) {
    // Moved by a hundred lines it is the same debt; one allocation more is the one finding, in every format.
    let lines = "// moved\n".repeat(100);
    debt.replace(SOURCE, "use no_heap::no_heap;", &format!("{lines}use no_heap::no_heap;"));
    debt.replace(SOURCE, "    numbers.iter()", &format!("{ONE_MORE}    numbers.iter()"));
    let added = debt.run("check --format json").exits(100).json();
    let found = errors(&added);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&found[0]["function"], &found[0]["baseline"]), (&"gate::counts".into(), &"new".into()));
    assert_eq!(
        (&added["baseline"]["accepted"], &added["baseline"]["tighter"]),
        (&3.into(), &serde_json::json!([]))
    );
    let line = found[0]["place"]["line"].to_string();
    let count = |format: &str, what: &str| {
        let text = debt.run(&format!("report --format {format}")).exits(100).stdout;
        (text.matches(what).count(), text)
    };
    for (format, what) in [
        ("human", "error[heap-in-hot-path]".to_owned()),
        ("short", ": error[".to_owned()),
        ("github", "::error file=src/lib.rs,line=".to_owned()),
        ("markdown", "<details>".to_owned()),
        ("gitlab", "\"severity\": \"major\"".to_owned()),
        ("cargo", "\"level\":\"error\"".to_owned()),
        ("junit", "<failure ".to_owned()),
        ("sarif", "\"level\": \"error\",\n          \"locations\"".to_owned()),
    ] {
        let (times, text) = count(format, &what);
        assert_eq!(times, 1, "{format}: {text}");
        assert!(text.contains(&line), "{format}: {text}");
    }
}

fn what_is_worse_fails_and_what_is_less_is_said(debt: &Debt) {
    // Worse than accepted fails, and less is said; strictly, that fails too.
    debt.replace(SOURCE, ONE_MORE, "");
    debt.replace("noalloc-baseline.toml", "bytes = 80", "bytes = 79");
    debt.replace("noalloc-baseline.toml", "bytes = 10", "bytes = 11");
    debt.replace(SOURCE, "Box::new(move || seed + 1)", "&(move || seed + 1)");
    debt.replace(SOURCE, "Box<dyn Fn() -> u64>", "&dyn Fn() -> u64");
    let changed = debt.run("check --format json").exits(100).json();
    let found = errors(&changed);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((&found[0]["function"], &found[0]["baseline"]), (&"gate::asks".into(), &"worse".into()));
    let text = debt.run("report").exits(100).stdout;
    assert!(text.contains("the baseline accepts less: 1 time a call, up to 79 bytes, every call"), "{text}");
    debt.replace("noalloc-baseline.toml", "bytes = 79", "bytes = 80");
    let loose = debt.run("report").exits(0).stdout;
    assert!(
        loose.contains("note: `Box::new(move || seed + 1)` in `gate::boxes` (heap-in-hot-path) is gone"),
        "{loose}"
    );
    assert!(
        loose.contains("note: `format!(\"user-{id}\")` in `gate::names` (heap-in-hot-path) takes less"),
        "{loose}"
    );
    assert!(loose.contains("help: tighten the baseline: `cargo noalloc check --bless`"), "{loose}");
    debt.run("report --strict-baseline").exits(100);
    // Whatever the format, the log says why.
    for format in ["short", "sarif", "github"] {
        let strict = debt.run(&format!("report --strict-baseline --format {format}")).exits(100);
        let said = "error: `Box::new(move || seed + 1)` in `gate::boxes` (heap-in-hot-path) is gone";
        assert!(strict.stderr.contains(said), "{format}: {}", strict.stderr);
    }
}

#[test]
fn what_a_check_did_not_see_keeps_its_place_in_the_baseline() {
    let debt = Debt::new("partial");
    debt.run("check --bless").exits(0);
    let all = debt.read("noalloc-baseline.toml");
    let part = debt.run("check --bench hot --format json").exits(0).json();
    assert_eq!(
        part["baseline"]["tighter"],
        serde_json::json!([]),
        "`names` was not called, so nothing is known of it"
    );
    debt.run("report --bless").exits(0);
    assert_eq!(debt.read("noalloc-baseline.toml"), all);
}

#[test]
fn a_check_that_did_not_see_everything_cannot_be_blessed() {
    let project = Project::own("endings", "unblessed");
    let run = project.check("--bench exits --bless").run().exits(103);
    assert!(run.stderr.contains("so the baseline was left as it is"), "{}", run.stderr);
    assert!(!project.root.join("noalloc-baseline.toml").exists());
}

/// A proof is rendered again as a check is. The check beside it stays: what it counted can still be accepted.
#[test]
fn a_proof_is_the_last_thing_done_until_the_next_check_and_accepts_nothing() {
    let debt = Debt::new("proof");
    debt.run("check --format json").exits(100);
    let proof = debt.run("prove --format json").exits(100).json();
    assert_eq!(proof["command"], "prove");
    assert_eq!(debt.run("report --format json").exits(100).json(), proof);
    let name = proof["functions"][0]["name"].as_str().unwrap();
    let explained = debt.run(&format!("explain {name}")).exits(0).stdout;
    assert!(explained.starts_with(name) && explained.contains("counted   nothing"), "{explained}");
    let unknown = debt.run("explain nothing_like_it").exits(2).errors();
    assert!(unknown.contains("the last proof knows no hot function"), "{unknown}");
    // One function of all, as it was asked for.
    let one = debt.run(&format!("prove --format json --fn {name}")).json();
    assert_ne!(one, proof);
    assert_eq!(debt.run("report --format json").json(), one);

    let blessed = debt.run("report --format json --bless").exits(0).json();
    assert_eq!(blessed["command"], "check", "what was counted is accepted, not what was proved");
    debt.run("check --format json").exits(0);
    assert_eq!(debt.run("report --format json").exits(0).json()["command"], "check");
}
