//! Targets that do not end as they should: what they did until then is reported all the same.

use std::io::Read as _;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Outcome, Project, named};

fn endings() -> Project {
    Project::shared("endings")
}

/// The target's status, and the calls of the hot function that were recorded, each with its allocation.
#[track_caller]
fn seen(report: &Value) -> (&str, u64) {
    let function = named(&report["functions"], "name", "endings::hot");
    assert_eq!(function["calls"], function["allocs"]);
    let finding = named(&report["findings"], "rule", "heap-in-hot-path");
    assert_eq!(finding["count"], function["allocs"]);
    assert_eq!(report["verdict"], "fail");
    (report["targets"][0]["status"].as_str().unwrap(), function["calls"].as_u64().unwrap())
}

#[test]
fn a_panic_fails_the_target_and_the_other_benchmarks_stand() {
    let run = endings().check_json("--bench panics").run().exits(103);
    let report = run.json();
    assert_eq!(seen(&report).0, "failed");
    assert_eq!(report["benchmarks"].as_array().unwrap().len(), 1);
    assert_eq!(named(&report["benchmarks"], "name", "works")["allocs_per_op"], 1.0);
    assert!(run.stderr.contains("no more iterations"), "{}", run.stderr);
}

#[test]
fn an_exit_half_way_fails_the_target() {
    assert_eq!(seen(&endings().check_json("--bench exits").run().exits(103).json()), ("failed", 7));
}

#[test]
fn an_abort_is_a_crash() {
    assert_eq!(seen(&endings().check_json("--bench aborts").run().exits(103).json()), ("crashed", 7));
}

#[test]
fn a_kill_is_a_crash() {
    assert_eq!(seen(&endings().check_json("--bench killed").run().exits(103).json()), ("crashed", 7));
}

#[test]
fn how_a_target_ended_is_said_in_words() {
    let run = endings().check("--bench exits --bench aborts --bench killed").run().exits(103);
    insta::assert_snapshot!(run.report());
}

/// A finding is a fact, what was not seen may be anything; and what cannot be blessed is refused for the same reason.
#[test]
fn of_several_reasons_the_one_that_hides_most_gives_the_code() {
    for (benches, code) in [
        (["thread", "leaves-child"], 100),
        (["thread", "exits"], 103),
        (["aborts", "thread"], 103),
        (["cuts-record", "thread"], 96),
        (["cuts-record", "exits"], 96),
        (["aborts", "cuts-record"], 96),
    ] {
        let words = benches.map(|bench| format!("--bench {bench}")).join(" ");
        endings().check(&words).run().exits(code);
        if code != 100 {
            let run = endings().check(&format!("{words} --bless")).run().exits(code);
            assert!(run.stderr.contains("so the baseline was left as it is"), "{}", run.stderr);
        }
    }
}

#[test]
fn a_target_that_hangs_is_killed_in_time() {
    let started = Instant::now();
    let run = endings().check_json("--bench hangs --timeout 1").run().exits(103);
    assert_eq!(seen(&run.json()), ("timed-out", 7));
    // The build and other checks that had to be waited for included.
    assert!(started.elapsed() < Duration::from_secs(300));
}

#[test]
fn a_target_that_hangs_in_a_child_is_killed_with_it() {
    let run = endings().check_json("--bench grandchild --timeout 1").run().exits(103);
    assert_eq!(seen(&run.json()), ("timed-out", 7));
}

#[test]
fn a_child_that_is_left_behind_ends_with_its_target() {
    // It holds our standard error open: if it lived on, this would not return.
    assert_eq!(seen(&endings().check_json("--bench leaves-child").run().exits(100).json()), ("ok", 7));
}

#[test]
fn a_thread_that_never_ends_is_recorded() {
    let report = endings().check_json("--bench thread").run().exits(100).json();
    let function = named(&report["functions"], "name", "thread::for_ever");
    assert_eq!([&function["calls"], &function["allocs"]], [1, 1]);
}

/// Its proof speaks of calls that return; nobody knows what would have become of its block.
#[test]
fn a_call_that_ends_the_program_contradicts_no_proof() {
    let run = endings().check_json("--bench inside").run().exits(103);
    let report = run.json();
    let function = named(&report["functions"], "name", "inside::ends");
    assert_eq!([&function["calls"], &function["allocs"]], [7, 1]);
    assert_eq!([&function["verdict"], &function["proof"]["state"]], ["allocates", "proved"]);
    // Some versions of std free something before they exit.
    let finding = named(&report["findings"], "rule", "heap-in-hot-path");
    assert_eq!([finding.get("escapes"), finding.get("bytes")], [Some(&Value::Null), Some(&100.into())]);
    assert!(!run.stderr.contains("bug"), "{}", run.stderr);
}

/// Ctrl-C at the moment the target hangs; `times` as often as it takes.
fn interrupt(bench: &str, times: usize) -> Outcome {
    let (mut child, root) = endings().check_json(&format!("--bench {bench}")).start();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = String::new();
    let mut buffer = [0; 1024];
    while !said.contains("hanging now") {
        let n = stderr.read(&mut buffer).unwrap();
        assert!(n > 0, "the target never ran: {said}");
        said.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    for _ in 0..times {
        std::thread::sleep(Duration::from_millis(100));
        kill_process(pid(&child), Signal::INT).unwrap();
    }
    stderr.read_to_string(&mut said).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = said.into_bytes();
    Outcome::new(&output, &root)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed()).unwrap()
}

#[test]
fn an_interrupt_ends_the_target_and_keeps_the_report() {
    assert_eq!(seen(&interrupt("hangs", 1).exits(103).json()), ("crashed", 7));
}

#[test]
fn a_target_that_ignores_an_interrupt_is_killed_by_the_second() {
    assert_eq!(seen(&interrupt("ignores-interrupt", 2).exits(103).json()), ("crashed", 7));
}

/// A build script that has started something, which both wait for each other.
const BUILD_SCRIPT: &str = r#"
fn main() {
    let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    std::fs::write("started.new", format!("{} {}", std::process::id(), child.id())).unwrap();
    std::fs::rename("started.new", "started").unwrap();
    child.wait().unwrap();
}
"#;

/// Whether it still does something; who has ended may wait for ever for a parent to ask how.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// Ctrl-C reaches all of them by itself; what a supervisor sends reaches the tool alone.
#[test]
fn who_ends_the_tool_alone_ends_the_build_and_what_it_has_started() {
    let project = Project::own("waits", "waits");
    project.write("build.rs", BUILD_SCRIPT);
    let started = project.root.join("started");
    for signal in [Signal::INT, Signal::TERM] {
        let (mut child, root) = project.check("--bins").start();
        let processes = loop {
            assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
            std::thread::sleep(Duration::from_millis(20));
            if let Ok(processes) = std::fs::read_to_string(&started) {
                break processes;
            }
        };
        kill_process(pid(&child), signal).unwrap();
        let run = Outcome::new(&child.wait_with_output().unwrap(), &root).exits(101);
        assert!(run.stderr.ends_with("error: interrupted while building\n"), "{}", run.stderr);
        let told = Instant::now();
        while processes.split(' ').any(runs) {
            assert!(told.elapsed() < Duration::from_secs(300), "of {processes} some still run");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::fs::remove_file(&started).unwrap();
    }
}
