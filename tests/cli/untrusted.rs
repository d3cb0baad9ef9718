//! Files that others made or put somewhere: reports, baselines and saved checks, and the sources that a report names.
//! What is no regular file is not opened, what a part does not vouch for is not shown, and both are said.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::{Outcome, Project};

/// A line that must not be in any report.
const SECRET: &str = "the secret of line";

/// As long as the sources whose place it takes.
fn secret() -> String {
    (1..200).map(|number| format!("// {SECRET} {number}\n")).collect()
}

/// A named pipe that somebody writes into as soon as it is opened for reading: who reads it does not wait for ever, and
/// has the secret.
fn pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
    let path = path.to_owned();
    std::thread::spawn(move || fs::write(path, secret()));
}

/// A part of a check of the fixture `gate` that is the whole.
fn part() -> &'static Value {
    static PART: OnceLock<Value> = OnceLock::new();
    PART.get_or_init(|| {
        let run = Project::shared("gate").check_json("--bench hot --partition 1/1").run().exits(100);
        run.json()
    })
}

/// The part, with `file` wherever it speaks of the library, and with these digests.
fn forged(file: &str, sources: &Value) -> Value {
    fn rename(value: &mut Value, file: &str) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if key == "file" && value == "src/lib.rs" {
                        *value = json!(file);
                    }
                    rename(value, file);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| rename(value, file)),
            _ => {}
        }
    }
    let mut part = part().clone();
    let evidence = &mut part["partition"]["evidence"];
    rename(evidence, file);
    evidence["sources"] = sources.clone();
    part
}

const FORMATS: [&str; 6] = ["human", "json", "markdown", "listing", "cargo", "sarif"];

/// Everything that `merge` says of a part.
fn merged(project: &Project, part: &Value) -> (Outcome, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.json");
    fs::write(&path, part.to_string()).unwrap();
    let outputs = FORMATS.map(|format| format!("--format={format}={}", folder.path().join(format).display()));
    let words = ["merge", path.to_str().unwrap(), "-v"];
    let run = project.noalloc(words.into_iter().chain(outputs.iter().map(String::as_str))).run();
    let texts = FORMATS.map(|format| fs::read_to_string(folder.path().join(format)).unwrap_or_default());
    (run, texts.into())
}

/// Nothing of the file is shown, and the report says so.
#[track_caller]
fn assert_not_shown(project: &Project, file: &str, sources: &Value, why: &str) {
    let (run, texts) = merged(project, &forged(file, sources));
    for (format, text) in FORMATS.iter().zip(texts.iter().chain([&run.stderr])) {
        assert!(!text.contains(SECRET), "{format}: {text}");
    }
    let run = run.exits(100);
    let said = format!("the source `{file}` is not shown: {why}");
    assert!(texts[0].contains(&said), "`{said}` is not in {}\n{}", texts[0], run.stderr);
    let json: Value = serde_json::from_str(&texts[1]).unwrap();
    let problems = json["problems"].as_array().unwrap();
    assert!(
        problems.iter().any(|problem| problem["message"].as_str().unwrap().contains(&said)),
        "{problems:#?}"
    );
    // The places are there all the same.
    assert!(texts[0].contains(&format!("{file}:")), "{}", texts[0]);
}

#[test]
fn merge_shows_no_file_from_outside_of_the_workspace() {
    let project = Project::own("gate", "checkout");
    let outside = project.root.parent().unwrap().join("secret.rs");
    fs::write(&outside, secret()).unwrap();
    let outside = outside.to_str().unwrap();
    for file in [outside, "../secret.rs", "src/../../secret.rs", "/proc/self/environ"] {
        assert_not_shown(&project, file, &json!([]), "it lies outside of the workspace and of its packages");
        assert_not_shown(
            &project,
            file,
            &json!([[file, 7]]),
            "it lies outside of the workspace and of its packages",
        );
        let (run, texts) = merged(&project, &forged(file, &json!([[file, null]])));
        assert!(!texts.concat().contains(SECRET) && !run.stderr.contains(SECRET), "{file}");
    }
    symlink(outside, project.root.join("src/link.rs")).unwrap();
    assert_not_shown(
        &project,
        "src/link.rs",
        &json!([]),
        "it lies outside of the workspace and of its packages",
    );
}

#[test]
fn merge_shows_no_file_that_a_part_does_not_vouch_for() {
    let project = Project::own("gate", "checkout");
    project.write(".env", &secret()).write(".git/config", &secret()).write("src/other.rs", &secret());
    for file in [".env", ".git/config", "src/other.rs", "./.env", "src/../.env"] {
        assert_not_shown(&project, file, &json!([]), "no part says what it was when it was built");
        let (run, texts) = merged(&project, &forged(file, &json!([[file, 7]])));
        assert!(!texts.concat().contains(SECRET) && !run.exits(96).stderr.contains(SECRET), "{file}");
    }
}

#[test]
fn merge_opens_nothing_but_regular_files() {
    let project = Project::own("gate", "checkout");
    pipe(&project.root.join("src/pipe.rs"));
    fs::create_dir(project.root.join("src/folder.rs")).unwrap();
    for file in ["src/pipe.rs", "src/folder.rs"] {
        assert_not_shown(&project, file, &json!([]), "no part says what it was when it was built");
        // With a digest the sources are read before anything is judged.
        let (run, _) = merged(&project, &forged(file, &json!([[file, 7]])));
        let run = run.exits(96);
        assert!(
            run.stderr.contains("it is no regular file") && !run.stderr.contains(SECRET),
            "{}",
            run.stderr
        );
    }
}

/// What can stand in the place of a file, and what is said of it.
fn impostors(folder: &Path, name: &str) -> Vec<(PathBuf, &'static str)> {
    let real = folder.join("real");
    fs::write(&real, part().to_string()).unwrap();
    let new = |kind: &str| {
        let folder = folder.join(kind);
        fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    };
    let [link, fifo, device, huge, directory] = ["link", "fifo", "device", "huge", "directory"].map(new);
    symlink(&real, &link).unwrap();
    pipe(&fifo);
    symlink("/dev/zero", &device).unwrap();
    fs::create_dir(&directory).unwrap();
    fs::File::create(&huge).unwrap().set_len(1 << 40).unwrap();
    let link_said = "it is a symbolic link";
    vec![
        (link, link_said),
        (fifo, "it is no regular file"),
        (device, link_said),
        (directory, "it is no regular file"),
        (huge, "it is larger than"),
    ]
}

#[test]
fn reports_are_regular_files_of_a_bearable_size() {
    let project = Project::shared("gate");
    let folder = tempfile::tempdir().unwrap();
    let mut all = impostors(folder.path(), "report.json");
    all.push((PathBuf::from("/dev/zero"), "it is no regular file"));
    for (path, said) in all {
        let path = path.to_str().unwrap();
        for words in [vec!["merge", path], vec!["compare", path, path]] {
            let run = project.noalloc(&words).run().exits(2);
            assert!(run.stderr.contains(said), "{words:?}: {}", run.stderr);
            assert!(run.stdout.is_empty() && run.stderr.contains("= help: "), "{}", run.stderr);
        }
    }
}

/// Moves an impostor to where the tool looks by itself.
fn put(impostor: &Path, at: &Path) {
    if fs::symlink_metadata(at).is_ok() {
        fs::remove_file(at).unwrap();
    }
    fs::create_dir_all(at.parent().unwrap()).unwrap();
    fs::rename(impostor, at).unwrap();
}

#[test]
fn baselines_are_regular_files_of_a_bearable_size() {
    let project = Project::own("gate", "debt");
    let target = tempfile::tempdir().unwrap();
    project.check("--bench hot").kept_in(target.path()).run().exits(100);
    let at = project.root.join("noalloc-baseline.toml");
    for (impostor, said) in impostors(target.path(), "baseline") {
        let is_folder = impostor.is_dir();
        put(&impostor, &at);
        for words in [&["report"][..], &["report", "--bless"]] {
            let run = project.noalloc(words).kept_in(target.path()).run().exits(96);
            assert!(run.stderr.contains("`noalloc-baseline.toml` cannot be read: "), "{}", run.stderr);
            assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
        }
        if is_folder {
            fs::remove_dir(&at).unwrap();
        }
    }
    assert_eq!(
        fs::read_to_string(target.path().join("real")).unwrap(),
        part().to_string(),
        "nothing was written"
    );
}

#[test]
fn what_is_kept_of_a_check_is_a_regular_file_of_a_bearable_size() {
    let project = Project::own("gate", "kept");
    let target = tempfile::tempdir().unwrap();
    let check = || project.check("--bench hot --save before").kept_in(target.path()).run().exits(100);
    check();
    let kept = target.path().join("noalloc");
    let files = ["last-check.json", "last-proof.json", "saved/before.json", "saved/before/check.json"];
    for (file, words) in files.iter().zip([
        &["report"][..],
        &["report"],
        &["compare", "before", "--last"],
        &["compare", "before", "--no-timing"],
    ]) {
        for (impostor, said) in impostors(target.path(), "file") {
            let is_folder = impostor.is_dir();
            put(&impostor, &kept.join(file));
            let run = project.noalloc(words).kept_in(target.path()).run();
            assert!(run.stderr.contains(said), "{file}: {said}: {:?}: {}", run.code, run.stderr);
            assert!(matches!(run.code, Some(2 | 96)), "{file}: {}", run.stderr);
            if is_folder {
                fs::remove_dir(kept.join(file)).unwrap();
            }
        }
        let _ = fs::remove_file(kept.join(file));
        check();
    }
    assert_eq!(
        fs::read_to_string(target.path().join("real")).unwrap(),
        part().to_string(),
        "nothing was written"
    );
}

#[test]
fn a_lock_that_is_no_file_is_refused_and_not_waited_for() {
    let target = tempfile::tempdir().unwrap();
    let project = Project::shared("gate");
    let check = || project.check("--bench hot").built_in(target.path()).run();
    fs::create_dir(target.path().join("noalloc")).unwrap();
    pipe(&target.path().join("noalloc/.noalloc-lock"));
    let run = check().exits(96);
    assert!(
        run.stderr.contains("it is no regular file") && !run.stderr.contains("Compiling"),
        "{}",
        run.stderr
    );
}
