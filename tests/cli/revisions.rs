//! `compare` of git revisions: a small repository, and what is left of it afterwards.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, Project, Tool, add_lock_file, named, repository, scrub, seed};

const BOXES: &str = "\
use no_heap::no_heap;

#[no_heap]
pub fn sum(numbers: &[u64; 4]) -> u64 {
    let copy = std::hint::black_box(Box::new(*numbers));
    copy.iter().sum()
}
";

const BORROWS: &str = "\
use no_heap::no_heap;

#[no_heap]
pub fn sum(numbers: &[u64; 4]) -> u64 {
    numbers.iter().sum()
}
";

const BENCH: &str = "\
#[no_heap::bench]
fn sum(b: &mut no_heap::Bencher) {
    while std::env::var_os(\"HANG\").is_some() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    b.iter(|| revised::sum(std::hint::black_box(&[1, 2, 3, 4])));
}

no_heap::main!();
";

/// A repository: `bare` has no benchmark, `boxes` allocates, `broken` does not compile, and `main`, which is checked
/// out, has nothing to free. Its commits are the same in each test, so what was built of them is found again.
fn project() -> Project {
    let project = Project::empty();
    let no_heap = repository().join("no_heap");
    let manifest = format!(
        "[package]\nname = \"revised\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nno_heap = {{ path = {no_heap:?} }}\n"
    );
    project.write("Cargo.toml", &manifest).write("src/lib.rs", BOXES).write(".gitignore", "target\n");
    add_lock_file(&project.root);
    tidy_lock_file(&project.root);
    git(&project.root, "init --quiet --initial-branch=main");
    commit(&project.root, "bare");
    let bench = "\n[[bench]]\nname = \"hot\"\nharness = false\n";
    project.write("Cargo.toml", &format!("{manifest}{bench}")).write("benches/hot.rs", BENCH);
    commit(&project.root, "boxes");
    project.write("src/lib.rs", "pub fn sum() -> u64 { \"no number\" }\n");
    commit(&project.root, "broken");
    project.write("src/lib.rs", BORROWS);
    commit(&project.root, "end");
    project
}

/// Cargo takes out of the lock file what is not needed; later that would be a change.
fn tidy_lock_file(root: &Path) {
    let mut cargo = Command::new("cargo");
    scrub(&mut cargo);
    let output = cargo.args(["metadata", "--format-version=1"]).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn commit(root: &Path, name: &str) {
    git(root, "add --all");
    git(root, &format!("commit --quiet --message {name}"));
    git(root, &format!("tag {name}"));
}

fn git(root: &Path, words: &str) -> String {
    let mut command = Command::new("git");
    scrub(&mut command);
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "a")
            .env(format!("GIT_{who}_EMAIL"), "a@example.org")
            .env(format!("GIT_{who}_DATE"), "2020-01-01T00:00:00Z");
    }
    let output = command.args(words.split_whitespace()).current_dir(root).output().unwrap();
    assert!(output.status.success(), "git {words}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What the tool calls the commit that `revision` means, if it means one.
fn commit_of(root: &Path, revision: &str) -> Option<String> {
    let mut command = Command::new("git");
    scrub(&mut command);
    let commit = format!("{revision}^{{commit}}");
    command.args(["rev-parse", "--verify", "--quiet", "--short=10", &commit]).current_dir(root);
    let output = command.output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// All that a user of git would notice.
fn state(root: &Path) -> [String; 6] {
    let index = std::fs::read(root.join(".git/index")).unwrap();
    [
        git(root, "worktree list"),
        git(root, "status --porcelain"),
        git(root, "stash list"),
        git(root, "symbolic-ref HEAD"),
        git(root, "rev-parse HEAD"),
        format!("{index:?}"),
    ]
}

fn target_dir() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("revisions-target")
}

fn compare(project: &Project, words: &str) -> Tool {
    let audits = target_dir().join("noalloc");
    seed::plant(&audits);
    for commit in words.split_whitespace().filter_map(|word| commit_of(&project.root, word)) {
        seed::plant(&audits.join("revisions").join(commit).join("noalloc"));
    }
    let words = ["compare"].into_iter().chain(words.split_whitespace());
    project.noalloc(words).built_in(target_dir())
}

/// Runs `compare`, and holds that the repository is as it was.
#[track_caller]
fn compared(project: &Project, words: &str) -> Outcome {
    let before = state(&project.root);
    let outcome = compare(project, words).run();
    assert_eq!(state(&project.root), before, "{}", outcome.stderr);
    outcome
}

#[test]
fn a_revision_is_measured_in_turns_with_the_working_tree() {
    let project = project();
    let run = compared(&project, "boxes --rounds 8 --bench-time 0.08 --format json").exits(0);
    let document = run.json();
    assert_eq!(document["new"], "working tree");
    assert!(document["old"].as_str().unwrap().starts_with("boxes ("), "{document:#}");
    assert_eq!(document["rounds"], 8, "{document:#}");
    let sum = named(&document["benchmarks"], "name", "sum");
    assert_eq!([&sum["allocs_per_op"]["old"], &sum["allocs_per_op"]["new"]], [1.0, 0.0]);
    assert_eq!([&sum["bytes_per_op"]["old"], &sum["bytes_per_op"]["new"]], [32.0, 0.0]);
    assert_eq!([&sum["time"]["old_samples"], &sum["time"]["new_samples"]], [8, 8]);
    assert_eq!(document["vanished"][0]["construct"], "Box::new", "{document:#}");
    // A busy machine has times of its own, and that is said.
    let of_times = |note: &Value| note.as_str().unwrap().contains("the medians are too scattered");
    assert!(document["notes"].as_array().unwrap().iter().all(of_times), "{document:#}");
    // The clock runs in the turns alone.
    assert!(run.stderr.contains("Counting the working tree"), "{}", run.stderr);
    let last = project.noalloc(["report", "--format", "json"]).built_in(target_dir()).run().exits(0).json();
    let sum = named(&last["benchmarks"], "name", "sum");
    assert!(sum["ns_per_op"].is_null() && sum["recorded_iterations"].is_number(), "{last:#}");

    // A saved check goes before a revision of its name.
    project.noalloc(["check", "--no-timing", "--save", "end"]).built_in(target_dir()).run().exits(0);
    let run = compared(&project, "end --no-timing").exits(0);
    assert!(run.stdout.starts_with("end → working tree\n"), "{}", run.stdout);
    assert!(
        run.stdout.contains("note: `end` is a saved check, and a git revision as well"),
        "{}",
        run.stdout
    );

    // What is not committed is measured, and said.
    project.write("src/lib.rs", BOXES);
    let run = compared(&project, "main --no-timing").exits(100);
    assert!(
        run.stdout.contains("note: the working tree has changes that are not committed"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("0 → 32 !") && run.stdout.contains("0 → 1 !"), "{}", run.stdout);

    // Where nothing has the same name the clock has nothing to do.
    project.write("benches/hot.rs", &BENCH.replace("fn sum(b", "fn total(b"));
    let run = compared(&project, "boxes --rounds 8 --bench-time 0.08").exits(4);
    assert!(run.stdout.contains("only in working tree: hot: total"), "{}", run.stdout);
    assert!(!run.stderr.contains("Timing"), "{}", run.stderr);

    // Two revisions: the working tree does not matter.
    let run = compared(&project, "boxes main --no-timing").exits(0);
    assert!(run.stdout.contains("32 → 0") && !run.stdout.contains("note:"), "{}", run.stdout);
    // Both are built already.
    assert!(!run.stderr.contains("Compiling"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_measured_is_refused_with_the_reason() {
    let project = project();
    let run = compared(&project, "broken").exits(101);
    assert!(run.stderr.contains("mismatched types"), "{}", run.stderr);
    assert!(
        run.stderr.contains("this is `broken (") && run.stderr.contains("audit build failed"),
        "{}",
        run.stderr
    );
    let run = compared(&project, "bare --bench hot").exits(2);
    assert!(run.stderr.contains("hot") && run.stderr.contains("this is `bare ("), "{}", run.stderr);
    let run = compared(&project, "nowhere").exits(2);
    assert!(
        run.stderr.contains("no check was saved as `nowhere`, and git knows no such revision"),
        "{}",
        run.stderr
    );

    let outside = Project::own("quiet", "quiet");
    let run = outside.noalloc(["compare", "main"]).run().exits(2);
    assert!(run.stderr.contains("the package lies in no git repository"), "{}", run.stderr);
}

/// As in a hook, and worse: git is told of another repository, its index, and history that is cut off.
#[test]
fn what_git_is_told_of_another_repository_does_not_mislead() {
    let (project, other) = (project(), project());
    git(&other.root, "commit --quiet --allow-empty --message later");
    let dir = other.root.join(".git");
    let shallow = project.root.join("target/shallow");
    project.write("target/shallow", &git(&project.root, "rev-parse HEAD"));
    let hooks = other.root.join("hooks");
    other.write("hooks/post-checkout", "#!/bin/sh\ntouch ran\n");
    let mark = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(hooks.join("post-checkout"), mark).unwrap();
    let before = [state(&project.root), state(&other.root)];
    let told = compare(&project, "main~2 main --no-timing")
        .env("GIT_DIR", &dir)
        .env("GIT_INDEX_FILE", dir.join("index"))
        .env("GIT_WORK_TREE", &other.root)
        .env("GIT_PREFIX", "src/")
        .env("GIT_SHALLOW_FILE", &shallow)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.hooksPath")
        .env("GIT_CONFIG_VALUE_0", &hooks);
    let run = told.run().exits(0);
    // The other's `main~2` does not compile.
    assert!(run.stdout.contains("32 → 0"), "{}", run.stdout);
    assert_eq!([state(&project.root), state(&other.root)], before);
    assert!(!project.root.join("ran").exists() && !hooks.join("ran").exists());
}

#[test]
fn a_checkout_that_the_environment_calls_safe_is_safe() {
    let project = project();
    // As if the checkout were another user's.
    let foreign = || compare(&project, "boxes main --no-timing").env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let run = foreign().run().exits(2);
    assert!(run.stderr.contains("the package lies in no git repository"), "{}", run.stderr);
    let told = foreign()
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*");
    assert!(told.run().exits(0).stdout.contains("32 → 0"));
}

#[test]
fn ctrl_c_leaves_no_worktree_behind() {
    let project = project();
    let before = state(&project.root);
    let (mut child, _) = compare(&project, "boxes --no-timing").env("HANG", "1").start();
    // The benchmark waits as soon as it runs.
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    let ran = std::io::BufRead::lines(stderr).map_while(Result::ok).any(|line| line.contains("Auditing"));
    assert!(ran, "the benchmark of the old revision was started");
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(103), "{status}");
    assert_eq!(state(&project.root), before);
}

#[test]
fn a_revision_that_this_clone_has_not_is_looked_for_where_it_comes_from() {
    let project = Project::empty();
    let root = project.root.join("user");
    package(&root, "");
    git(&root, "init --quiet --initial-branch=main");
    commit(&root, "one");
    git(&root, "commit --quiet --allow-empty --message two");
    git(&root, "branch other");
    let cloned = |words: &str, folder: &str| {
        let url = format!("file://{}", root.display());
        git(&project.root, &format!("clone --quiet {words} {url} {folder}"));
        Project::at(project.root.join(folder))
    };
    let help = |project: &Project, revision: &str| -> String {
        let run = project.noalloc(["compare", revision]).built_in(project.root.join("target")).run().exits(2);
        assert!(run.stderr.contains("git knows no such revision"), "{}", run.stderr);
        run.stderr
            .lines()
            .find_map(|line| line.split_once("= help: "))
            .expect("it says what to type")
            .1
            .to_owned()
    };
    let whole = cloned("", "whole");
    assert_eq!(help(&whole, "other"), "name the branch of `origin`: `cargo noalloc compare origin/other`");
    assert_eq!(help(&whole, "HEAD~7"), "see what there is: `git log --oneline --all`");
    assert!(help(&whole, "nothing").contains("`cargo noalloc check --save nothing`"));
    let shallow = cloned("--depth 1", "shallow");
    let fetch =
        "the clone is shallow: `git fetch --depth 1 origin other`, then `cargo noalloc compare FETCH_HEAD`";
    assert_eq!(help(&shallow, "other"), fetch);
}

/// A package in a folder, with these lines at the end of its manifest, which are among its dependencies.
fn package(root: &Path, manifest: &str) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let no_heap = repository().join("no_heap");
    let bench = "[[bench]]\nname = \"hot\"\nharness = false\n";
    let head = "[package]\nname = \"revised\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    let dependencies = format!("[dependencies]\nno_heap = {{ path = {no_heap:?} }}\n");
    write("Cargo.toml", &format!("{head}\n{bench}\n{dependencies}{manifest}"));
    write("src/lib.rs", BORROWS);
    write("benches/hot.rs", BENCH);
    write(".gitignore", "target\nlinked\n");
    add_lock_file(root);
}

/// Cargo looks for a workspace in the folders above a package, and the worktree lies below the checkout.
#[test]
fn a_revision_from_before_there_was_a_workspace_is_not_taken_for_a_part_of_it() {
    let project = Project::empty();
    let root = &project.root;
    package(root, "");
    tidy_lock_file(root);
    git(root, "init --quiet --initial-branch=main");
    commit(root, "alone");
    package(root, "\n[workspace]\nmembers = [\"inner\"]\n");
    let inner = "[package]\nname = \"inner\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    project.write("inner/Cargo.toml", inner).write("inner/src/lib.rs", "");
    tidy_lock_file(root);
    commit(root, "together");

    // In a worktree of the user's own.
    git(root, "worktree add --quiet --detach linked");
    let linked = Project::at(root.join("linked"));
    let before = git(root, "worktree list");
    let run = compare(&linked, "alone -p revised --no-timing").run().exits(0);
    assert!(run.stdout.contains("pass: 1 benchmark compared"), "{}", run.stdout);
    let inner = Project::at(linked.root.join("inner"));
    let run = compare(&inner, "alone --no-timing").run().exits(102);
    assert!(run.stderr.contains("inner/Cargo.toml` is not in the revision"), "{}", run.stderr);
    assert!(run.stderr.contains("= help: compare with one in which the package was there"), "{}", run.stderr);
    assert_eq!(git(root, "worktree list"), before);
}

#[test]
fn submodules_are_those_of_the_revision_and_nothing_is_fetched() {
    let project = Project::empty();
    let (root, library) = (project.root.join("user"), project.root.join("library"));
    let text = |boxes: &str| format!("pub fn help(n: u64) -> u64 {{ {boxes} }}\n");
    let manifest = "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    project.write("library/Cargo.toml", manifest);
    project.write("library/src/lib.rs", &text("*std::hint::black_box(Box::new(n))"));
    git(&library, "init --quiet --initial-branch=main");
    commit(&library, "boxes");

    package(&root, "helper = { path = \"parts/helper\" }\n");
    let calls = BORROWS.replace("numbers.iter().sum()", "helper::help(numbers[0])");
    project.write("user/src/lib.rs", &calls);
    git(&root, "init --quiet --initial-branch=main");
    git(&root, "-c protocol.file.allow=always submodule --quiet add ../library parts/helper");
    tidy_lock_file(&root);
    commit(&root, "boxes");
    let helper = root.join("parts/helper");
    std::fs::write(helper.join("src/lib.rs"), text("n")).unwrap();
    commit(&helper, "none");
    commit(&root, "none");

    let user = Project::at(root.clone());
    // Nothing is left of what was cloned from.
    std::fs::remove_dir_all(&library).unwrap();
    let before = [git(&root, "worktree list"), git(&helper, "worktree list")];
    let run = compare(&user, "boxes --no-timing --format json").run().exits(0).json();
    let allocs = &named(&run["benchmarks"], "name", "sum")["allocs_per_op"];
    assert_eq!([&allocs["old"], &allocs["new"]], [1.0, 0.0], "{run:#}");
    assert_eq!([git(&root, "worktree list"), git(&helper, "worktree list")], before);
    assert_eq!(git(&root, "status --porcelain"), "");
}

#[test]
fn what_lies_outside_of_the_repository_is_said_to() {
    let project = Project::empty();
    let root = project.root.join("user");
    let manifest = "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    project.write("beside/Cargo.toml", manifest).write("beside/src/lib.rs", "");
    package(&root, "beside = { path = \"../beside\" }\n");
    git(&root, "init --quiet --initial-branch=main");
    commit(&root, "one");
    let run = compare(&Project::at(root.clone()), "one --no-timing").run().exits(102);
    let said = "= note: a worktree has the repository's files, and this lies outside of the repository";
    assert!(run.stderr.contains("`beside`") && run.stderr.contains(said), "{}", run.stderr);
    assert!(run.stderr.contains("`git worktree add ../then REVISION`"), "{}", run.stderr);
    assert_eq!(git(&root, "worktree list").lines().count(), 1);
}
