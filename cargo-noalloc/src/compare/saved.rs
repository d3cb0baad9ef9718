//! Where the two reports come from: `target/noalloc/saved`, or any file that `--format json` wrote.
//!
//! Beside a saved report lie the words of its check and the executables that ran: with these it can be measured
//! again, in turns with what it is compared with.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::model::{Binary, Measured, MeasuredBench, MeasuredSite, Run};
use crate::revision::Repository;

/// The format that can be read.
const SCHEMA: &str = "noalloc-report/1";

/// A name must be the name of a file, and not look like a path.
pub(crate) fn refuse_name(name: &str) -> Result<(), Failure> {
    let fine = !name.is_empty()
        && !name.starts_with(['.', '-'])
        && !name.ends_with(".json")
        && !name.contains(['/', '\\', '\0', '\n']);
    if fine {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, format!("`{name}` cannot be the name of a saved check"))
        .note("a name has no `/`, no `.` or `-` at its start and no `.json` at its end: those are paths of files")
        .help("take a word, such as `--save before`"))
}

/// Keeps a report under a name, with what [`keep`] has laid by for it; the name's earlier check is lost.
pub(crate) fn save(audit_dir: &Path, name: &str, report: &str) -> Result<(), Failure> {
    let (home, laid_by) = (home(audit_dir, name), laid_by(audit_dir, name));
    let path = folder(audit_dir).join(format!("{name}.json"));
    let saved = || -> std::io::Result<()> {
        files::make(audit_dir, SAVED)?;
        // Who is stopped between these steps has a report alone, never one with the executables of another check.
        files::remove_folder(&home)?;
        files::replace(&path, report)?;
        if files::is_there(&laid_by) { fs::rename(&laid_by, &home) } else { Ok(()) }
    };
    saved().map_err(|error| not_written(&path, &error))
}

fn not_written(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::SetUp, format!("`{}` could not be written: {error}", path.display()))
        .help("make room or choose another folder with `--target-dir`, and check again with `--save`")
}

/// What a saved check was made of.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Made {
    /// What the user wrote after `check`.
    pub(crate) words: Vec<String>,
    targets: Vec<MadeTarget>,
}

#[derive(Deserialize, Serialize)]
struct MadeTarget {
    package: String,
    kind: String,
    name: String,
    executable: PathBuf,
}

impl Made {
    /// `binary` as it was when the check was saved.
    pub(crate) fn counterpart(&self, binary: &Binary) -> Option<Binary> {
        let target = &binary.planned.target;
        let same = |made: &&MadeTarget| {
            made.package == target.package && made.kind == target.kind.to_string() && made.name == target.name
        };
        let executable = self.targets.iter().find(same)?.executable.clone();
        executable.exists().then(|| Binary { executable, ..binary.clone() })
    }
}

/// Lays by what a check was made of, until its report is saved: an earlier check of this name stays whole until then.
pub(crate) fn keep(audit_dir: &Path, name: &str, words: &[String], runs: &[Run]) -> Result<(), Failure> {
    let (home, laid_by) = (home(audit_dir, name), laid_by(audit_dir, name));
    let kept = || -> std::io::Result<()> {
        files::make(audit_dir, SAVED)?;
        files::remove_folder(&laid_by)?;
        fs::create_dir(&laid_by)?;
        let mut made = Made { words: words.to_vec(), targets: Vec::new() };
        for (index, run) in runs.iter().enumerate() {
            let target = &run.binary.planned.target;
            let file = format!("{index}-{}", target.name);
            // A copy: cargo writes over what it has built.
            fs::copy(&run.binary.executable, laid_by.join(&file))?;
            let executable = home.join(file);
            let (package, kind, name) =
                (target.package.clone(), target.kind.to_string(), target.name.clone());
            made.targets.push(MadeTarget { package, kind, name, executable });
        }
        fs::write(laid_by.join(MADE), serde_json::to_string_pretty(&made)?)
    };
    kept().map_err(|error| not_written(&laid_by, &error))
}

/// What a saved check was made of; nothing where only its report is left.
pub(crate) fn made(audit_dir: &Path, name: &str) -> Result<Option<Made>, Failure> {
    let path = home(audit_dir, name).join(MADE);
    match files::read(&path, files::TEXT) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if files::is_refused(&error) => {
            let message =
                format!("`{}`, which belongs to the saved check, cannot be read: {error}", path.display());
            Err(Failure::new(Exit::SetUp, message)
                .help(format!("save it again: `cargo noalloc check --save {name}`")))
        }
        Err(_) => Ok(None),
    }
}

const MADE: &str = "check.json";

const SAVED: &str = "saved";

fn folder(audit_dir: &Path) -> PathBuf {
    audit_dir.join(SAVED)
}

/// Where the executables of a saved check are.
fn home(audit_dir: &Path, name: &str) -> PathBuf {
    folder(audit_dir).join(name)
}

/// Where they wait for its report. No name begins with a dot.
fn laid_by(audit_dir: &Path, name: &str) -> PathBuf {
    folder(audit_dir).join(format!(".{name}.new"))
}

/// Whether a check was saved under this name.
pub(crate) fn is_saved(audit_dir: &Path, name: &str) -> bool {
    files::is_there(&folder(audit_dir).join(format!("{name}.json")))
}

/// Reads a saved check.
pub(crate) fn read_saved(name: &str, audit_dir: &Path) -> Result<Measured, Failure> {
    read(name, &folder(audit_dir).join(format!("{name}.json")))
}

/// Reads a file.
pub(crate) fn read_file(path: &Path) -> Result<Measured, Failure> {
    read(&path.display().to_string(), path)
}

fn read(name: &str, path: &Path) -> Result<Measured, Failure> {
    let text = files::read(path, files::TEXT).map_err(|error| {
        Failure::new(Exit::Usage, format!("the report `{}` could not be read: {error}", path.display()))
            .help("name a file that `--format json=PATH` wrote, or a check that `--save` kept")
    })?;
    parse(name, &text)
}

/// Says what is saved, the nearest name first; `repository` when git was asked, too.
pub(crate) fn unknown(name: &str, audit_dir: &Path, repository: Option<&Repository>) -> Failure {
    let entries = fs::read_dir(folder(audit_dir)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    let failure = if repository.is_some() {
        Failure::new(Exit::Usage, format!("no check was saved as `{name}`, and git knows no such revision"))
    } else {
        Failure::new(Exit::Usage, format!("no check was saved as `{name}`"))
            .note("the package lies in no git repository, so it is no revision either")
    };
    if let Some(help) = repository.and_then(|repository| repository.fetching(name)) {
        return failure.help(help);
    }
    let near = names.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
    match near {
        Some(near) if strsim::damerau_levenshtein(near, name) <= 3 => {
            failure.help(format!("did you mean `{near}`?"))
        }
        // What cannot be a name was meant for git.
        _ if repository.is_some() && (refuse_name(name).is_err() || name.contains(['~', '^', '@', ':'])) => {
            failure.help("see what there is: `git log --oneline --all`")
        }
        Some(_) => failure.help(format!("there is: {}", names.join(", "))),
        None => failure
            .note("no check of this workspace was saved yet")
            .help(format!("save one: `cargo noalloc check --save {name}`")),
    }
}

/// The wire form, as far as it is compared.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    command: String,
    environment: Environment,
    targets: Vec<Target>,
    benchmarks: Vec<Benchmark>,
    functions: Vec<Function>,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
}

#[derive(Deserialize)]
struct Environment {
    rustc: String,
    target: String,
    profile: String,
}

#[derive(Deserialize)]
struct Target {
    kind: String,
    name: String,
    status: String,
}

#[derive(Deserialize)]
struct Benchmark {
    name: String,
    target: String,
    ns_per_op: Option<f64>,
    /// Reports of earlier versions have none.
    #[serde(default)]
    ns_samples: Vec<f64>,
    recorded_iterations: Option<u64>,
    bytes_per_op: f64,
    allocs_per_op: f64,
    frees_per_op: f64,
    reallocs_per_op: f64,
}

impl Benchmark {
    /// Whether no figure is what none can be.
    fn is_possible(&self) -> bool {
        let figures = [self.bytes_per_op, self.allocs_per_op, self.frees_per_op, self.reallocs_per_op];
        self.ns_samples.iter().chain(&self.ns_per_op).chain(&figures).all(|figure| *figure >= 0.0)
    }
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
    level: String,
    function: String,
    place: Place,
    construct: Option<String>,
    op: Option<String>,
}

#[derive(Deserialize)]
struct Place {
    file: String,
    line: u32,
    column: u32,
}

/// Reads the text of a report that the user calls `name`.
pub(crate) fn parse(name: &str, text: &str) -> Result<Measured, Failure> {
    let not_ours = |why: &str| {
        Failure::new(Exit::Usage, format!("`{name}` is no report of a check: {why}"))
            .help("name a file that `--format json=PATH` wrote, or a check that `--save` kept")
    };
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| not_ours(&error.to_string()))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_str);
    match schema.ok_or_else(|| not_ours("it has no `schema`"))? {
        SCHEMA => {}
        other if other.starts_with("noalloc-report/") => {
            return Err(Failure::new(Exit::SetUp, format!("`{name}` is written as `{other}`"))
                .note(format!(
                    "this version reads `{SCHEMA}`; figures of another one could mean something else"
                ))
                .help("make both reports with one version of `cargo noalloc`"));
        }
        other => return Err(not_ours(&format!("its `schema` is `{other}`"))),
    }
    let document: Document = serde_json::from_value(value).map_err(|error| not_ours(&error.to_string()))?;
    if document.command == "prove" {
        return Err(not_ours("`prove` runs nothing, so there is nothing to compare"));
    }
    if let Some(bench) = document.benchmarks.iter().find(|bench| !bench.is_possible()) {
        return Err(not_ours(&format!("a figure of `{}` is below zero", bench.name)));
    }
    Ok(measured(name, document))
}

fn measured(name: &str, document: Document) -> Measured {
    let Environment { rustc, target, profile } = document.environment;
    let unfinished = document.targets.iter().filter(|target| !matches!(&*target.status, "ok" | "skipped"));
    let unfinished = unfinished.map(|target| format!("{} `{}` {}", target.kind, target.name, target.status));
    let bench = |bench: Benchmark| MeasuredBench {
        target: bench.target,
        name: bench.name,
        samples: bench.ns_samples,
        quartiles: Vec::new(),
        fastest: Vec::new(),
        ns: bench.ns_per_op,
        recorded: bench.recorded_iterations,
        bytes: bench.bytes_per_op,
        allocs: bench.allocs_per_op + bench.reallocs_per_op,
        frees: bench.frees_per_op,
    };
    // What nothing ran into has no operation.
    let site = |finding: Finding| {
        Some(MeasuredSite {
            rule: finding.rule,
            is_error: finding.level == "error",
            function: finding.function,
            construct: finding.construct,
            op: finding.op?,
            file: finding.place.file,
            line: finding.place.line,
            column: finding.place.column,
        })
    };
    Measured {
        name: name.to_owned(),
        built_with: [rustc, target, profile],
        unfinished: unfinished.collect(),
        benches: document.benchmarks.into_iter().map(bench).collect(),
        functions: document.functions.into_iter().map(|function| function.name).collect(),
        sites: document.findings.into_iter().filter_map(site).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_no_report_is_refused_with_what_it_is() {
        let said = |text: &str| parse("x", text).map(|_| ()).unwrap_err().message;
        assert!(said("{").contains("is no report"));
        assert!(said("{}").contains("it has no `schema`"));
        assert!(said(r#"{"schema": "noalloc-list/1"}"#).contains("its `schema` is `noalloc-list/1`"));
        assert!(said(r#"{"schema": "noalloc-report/2"}"#).contains("is written as `noalloc-report/2`"));
        assert!(said(r#"{"schema": "noalloc-report/1"}"#).contains("missing field"));
    }
}
