//! The invariants that a test can see in the source: a rule that nothing checks is soon a memory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::repository;

/// In the order of the pipeline.
const STEPS: [&str; 8] = ["discover", "compile", "run", "symbolise", "source", "prove", "judge", "report"];

/// One file of the repository.
struct Source {
    /// From the repository's root, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// The lines without comments and without the unit tests at the end.
    /// What stands in strings is taken out as well.
    fn code(&self) -> impl Iterator<Item = (usize, String)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let code = lines.take_while(|(_, line)| *line != "#[cfg(test)]");
        code.map(|(number, line)| {
            let outside: Vec<&str> = line.split('"').step_by(2).collect();
            (number, outside.join("").split("//").next().unwrap_or_default().to_owned())
        })
    }

    /// `path:line` of each line of code that `wrong` picks out.
    fn lines(&self, wrong: impl Fn(&str) -> bool) -> Vec<String> {
        let found = self.code().filter(|(_, line)| wrong(line.as_str()));
        found.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }

    /// The module below `cargo-noalloc/src` that the file belongs to.
    fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("cargo-noalloc/src/")?;
        inside.split(['/', '.']).next()
    }
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&repository().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has sources");
    found.sort();
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("sources are text");
        let path =
            path.strip_prefix(repository()).expect("it was found below").to_string_lossy().into_owned();
        Source { path, text }
    };
    found.into_iter().map(source).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn tool() -> Vec<Source> {
    sources("cargo-noalloc/src")
}

#[track_caller]
fn assert_none(rule: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// The modules that a file names after `crate::`, alone or in braces.
fn imports(source: &Source) -> Vec<String> {
    let code: Vec<String> = source.code().map(|(_, line)| line).collect();
    let code = code.join("\n");
    let mut modules = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::`, `other_crate::`.
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| {
            text.trim().split(|c: char| !(c.is_alphanumeric() || c == '_')).next().map(str::to_owned)
        };
        match rest.strip_prefix('{') {
            Some(group) => {
                modules.extend(group.split('}').next().unwrap_or_default().split(',').filter_map(word));
            }
            None => modules.extend(word(rest)),
        }
    }
    modules
}

/// A word of the record and a word of the binary say by their place which function of C is meant.
#[test]
fn the_c_librarys_functions_have_one_order() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).expect("it is there");
    let block = |text: &str, start: &str, end: &str| -> Vec<String> {
        let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start}"));
        let (inside, _) = rest.split_once(end).unwrap_or_else(|| panic!("no {end}"));
        let word = |line: &str| line.trim().split([':', ',']).next().unwrap_or_default().replace('"', "");
        let words = inside.lines().map(|line| word(line.trim().trim_start_matches("pub(super) ")));
        words.filter(|word| !word.is_empty()).collect()
    };
    let recorded = block(&read("no_heap/src/record/operation.rs"), "C_FUNCTIONS: [&str; 9] = [", "];");
    let real = block(&read("no_heap/src/c_heap/interposed/real.rs"), "struct Functions {", "}");
    let proved = read("noalloc-prove/src/image/relocations.rs");
    let proved = block(&proved, "ALLOCATOR_FUNCTIONS: [&str; 9] = [", "];");
    assert_eq!(
        (recorded.len(), &recorded[0], &recorded[8]),
        (9, &"malloc".to_owned(), &"pvalloc".to_owned())
    );
    assert_eq!(recorded, real, "the record's order is that of the addresses");
    assert_eq!(real, proved, "the proof reads the addresses in their order");
}

#[test]
fn no_step_imports_another() {
    let wrong =
        tool().into_iter().filter(|source| source.module().is_some_and(|module| STEPS.contains(&module)));
    let wrong = wrong.flat_map(|source| {
        let own = source.module().unwrap_or_default().to_owned();
        let others =
            imports(&source).into_iter().filter(move |module| *module != own && STEPS.contains(&&**module));
        others.map(|other| format!("{} imports {other}", source.path)).collect::<Vec<_>>()
    });
    assert_none("a step imports no other step: nouns flow through `model`", wrong);
}

#[test]
fn the_model_imports_nothing_of_the_tool() {
    let model = tool().into_iter().filter(|source| source.module() == Some("model"));
    let wrong = model.flat_map(|source| {
        let others = imports(&source).into_iter().filter(|module| module != "model");
        others.map(|other| format!("{} imports {other}", source.path)).collect::<Vec<_>>()
    });
    assert_none("model imports no step", wrong);
}

#[test]
fn the_model_has_no_wire_form() {
    let model = tool().into_iter().filter(|source| source.module() == Some("model"));
    let wrong =
        model.flat_map(|source| source.lines(|line| line.contains("serde") || line.contains("Serialize")));
    assert_none("wire forms have structs of their own", wrong);
}

#[test]
fn only_compile_run_and_revision_start_processes() {
    let may = ["compile", "run", "process", "revision"];
    let wrong = tool().into_iter().filter(|source| !may.contains(&source.module().unwrap_or_default()));
    let starts = |line: &str| {
        let line = line.replace("MetadataCommand::new", "");
        line.contains("Command::new") || line.contains("process::Command") || line.contains(".spawn()")
    };
    assert_none(
        "only compile, run and revision start processes",
        wrong.flat_map(|source| source.lines(starts)),
    );
    let metadata = tool().into_iter().filter(|source| source.module() != Some("discover"));
    let asks = |line: &str| line.contains("MetadataCommand");
    assert_none("only discover asks for cargo's metadata", metadata.flat_map(|source| source.lines(asks)));
}

#[test]
fn judge_model_and_proof_do_no_io() {
    let core = tool().into_iter().filter(|source| matches!(source.module(), Some("judge" | "model")));
    let core = core.chain(sources("noalloc-prove/src"));
    let io = ["std::fs", "std::io", "std::env", "std::process", "std::net", "println!", "print!"];
    let wrong = core.flat_map(|source| source.lines(|line| io.iter().any(|word| line.contains(word))));
    assert_none("no I/O in the core: what it needs is handed in", wrong);
}

#[test]
fn only_report_and_shell_write_to_the_terminal() {
    let others = tool().into_iter().filter(|source| !matches!(source.module(), Some("report" | "shell")));
    let wrong = others.flat_map(|source| {
        // `run` hands standard error on to the program that it starts.
        let hands_on = source.module() == Some("run");
        source.lines(|line| {
            let prints = ["println!", "print!(", "io::stdout()"].iter().any(|word| line.contains(word));
            prints || line.contains("io::stderr()") && !hands_on
        })
    });
    assert_none("only report and shell write to the terminal", wrong);
}

#[test]
fn no_hash_map_can_be_iterated_on_the_way_to_output() {
    let hash = |line: &str| line.contains("HashMap") || line.contains("HashSet");
    assert_none("same input, same bytes out", tool().iter().flat_map(|source| source.lines(hash)));
}

fn everything() -> Vec<Source> {
    let folders = ["no_heap", "noalloc-macros", "noalloc-prove", "cargo-noalloc", "examples", "tests"];
    folders.iter().flat_map(|folder| sources(folder)).collect()
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let starts = |source: &Source| source.text.starts_with("//!");
    // What the compiler is given on purpose, as its users would write it.
    let given = |source: &Source| source.path.contains("/ui/") || source.path.contains("/fixtures/");
    let wrong = everything().into_iter().filter(|source| !starts(source) && !given(source));
    assert_none("every source file opens with `//!`", wrong.map(|source| source.path));
}

#[test]
fn files_stay_short() {
    let long = everything().into_iter().filter(|source| source.text.lines().count() > 500);
    assert_none("files stay under 500 lines", long.map(|source| source.path));
}

#[test]
fn nothing_is_left_half_done() {
    // Put together here, so that this file is not its own finding.
    let left = ["todo", "dbg", "unimplemented"].map(|name| format!("{name}!("));
    let ignored = format!("#[{}", "ignore");
    let wrong = everything().into_iter().flat_map(|source| {
        let half =
            |line: &str| left.iter().any(|word| line.contains(word)) || line.trim().starts_with(&ignored);
        let all = source.text.lines().enumerate().filter(|(_, line)| half(line));
        all.map(|(index, _)| format!("{}:{}", source.path, index + 1)).collect::<Vec<_>>()
    });
    assert_none("nothing is left half done", wrong);
}

#[test]
fn what_is_tested_and_measured_is_built_with_the_flags_of_an_audit() {
    let read = |path: &str| fs::read_to_string(repository().join(path)).unwrap();
    let flags = read("cargo-noalloc/src/compile/flags.rs");
    let flags: Vec<&str> = flags.split('"').filter(|word| word.starts_with("-C")).collect();
    assert!(flags.len() >= 8, "{flags:?}");
    let copies = [
        "tests/runtime/support.rs",
        "benchmarks/benches/clock.rs",
        "benchmarks/benches/prove.rs",
        "benchmarks/benches/runtime.rs",
    ];
    let missing = copies.iter().flat_map(|path| {
        let text = read(path);
        let missing = flags.iter().filter(move |flag| !text.contains(**flag));
        missing.map(|flag| format!("{path}: {flag}")).collect::<Vec<_>>()
    });
    assert_none("copies of the audit's flags have all of them", missing);
}

#[test]
fn the_architecture_speaks_of_files_that_exist() {
    let Ok(text) = fs::read_to_string(repository().join("ARCHITECTURE.md")) else { return };
    let roots = [
        "",
        "cargo-noalloc/",
        "cargo-noalloc/src/",
        "no_heap/src/",
        "noalloc-prove/src/",
        "noalloc-macros/src/",
    ];
    let named = text.split('`').skip(1).step_by(2).filter(|word| {
        let file = word.ends_with(".rs") || word.ends_with(".md") || word.ends_with('/');
        file && *word != "mod.rs" && !word.contains([' ', '*', '<', '…', '\n'])
    });
    let exists = |word: &&str| roots.iter().any(|root| repository().join(root).join(word).exists());
    // What checks make is not in the repository.
    let made = |word: &&str| word.starts_with("target/");
    assert_none(
        "ARCHITECTURE.md names files that exist",
        named.filter(|word| !made(word) && !exists(word)).map(str::to_owned),
    );
}
