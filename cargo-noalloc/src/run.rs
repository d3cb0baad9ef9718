//! Step 3: each target runs, and its records are read.

mod clock;
mod live;
mod pool;
mod watch;
mod words;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use no_heap::env;
use no_heap::record::Record;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::model::{Binaries, Binary, Plan, Problem, Run, Status, Step, TargetKind, Toolchain, Workspace};
use crate::options::CheckOptions;
use crate::process::{self, Terminal};
use crate::shell::Shell;
pub(crate) use clock::Rounds;
use watch::Watch;
use words::Words;

const CRITERION_HOME: &str = "CRITERION_HOME";

/// Runs every binary: those that are timed alone and after the others, of which `--jobs` run at once.
pub(crate) fn run(
    plan: &Plan,
    binaries: &Binaries,
    options: &CheckOptions,
    shell: Shell,
) -> Result<Vec<Run>, Failure> {
    let toolchain = &binaries.toolchain;
    let clock = Clock { time: options.bench_time, samples: options.samples };
    let runner = Runner { plan, options, toolchain, folder: records_dir(&plan.workspace), clock };
    let all: Vec<(usize, &Binary)> = binaries.binaries.iter().enumerate().collect();
    let disturbed = all.iter().filter(|(_, binary)| !runner.needs_peace(binary)).count();
    // Who is alone anyway is heard at once.
    let several = options.jobs > 1 && disturbed > 1;
    let (together, alone): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(_, binary)| several && !runner.needs_peace(binary));
    let watch = Watch::new(binaries.binaries.len(), options.bench_time.is_some(), shell);
    let mut runs = BTreeMap::new();
    let work = |at: usize| {
        let (index, binary) = together[at];
        (index, runner.one(index, binary, Heard::Afterwards, &watch))
    };
    watch.turn(alone.len());
    pool::in_order(together.len(), options.jobs, work, |(index, run)| {
        runner.repeat(index, &binaries.binaries[index], shell);
        runs.insert(index, run);
    });
    watch.turn(0);
    for (index, binary) in alone {
        runs.insert(index, Ok(runner.one(index, binary, Heard::AtOnce(shell), &watch)?));
    }
    let (mut all, mut programs) = (Vec::new(), Vec::new());
    for run in runs.into_values() {
        let (run, others) = run?;
        programs.extend(started_by(&run, others, plan));
        all.push(run);
    }
    programs.into_iter().for_each(|program| add_program(&mut all, program));
    Ok(all)
}

/// A program that a target has started may be selected itself, or started by others as well: it is one target.
fn add_program(runs: &mut Vec<Run>, program: Run) {
    let same = |run: &&mut Run| is_same_file(&run.binary.executable, &program.binary.executable);
    match runs.iter_mut().find(same) {
        Some(known) => {
            known.folders.extend(program.folders);
            known.records.extend(program.records);
        }
        None => runs.push(program),
    }
}

/// Cargo links a program into the target directory, and a test may start it where it was built: one file at two paths.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| fs::metadata(path).ok().map(|data| (data.dev(), data.ino()));
    one == other || file(one).is_some_and(|one| Some(one) == file(other))
}

/// Runs nothing: what is left to the later steps are the binaries.
pub(crate) fn none(binaries: &Binaries) -> Vec<Run> {
    let run = |binary: &Binary| Run::new(binary.clone(), Status::NotRun, Vec::new());
    binaries.binaries.iter().map(run).collect()
}

/// Makes room for records before the slow build: those of an earlier check are not this one's.
pub(crate) fn prepare(workspace: &Workspace) -> Result<(), Failure> {
    let folder = records_dir(workspace);
    files::remove_folder(&folder).map_err(|error| unwritable(&folder, &error))?;
    fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))
}

/// Beside a target's records: what it printed while others ran.
const WORDS: &str = "output";

fn records_dir(workspace: &Workspace) -> PathBuf {
    workspace.audit_dir.join("records")
}

/// When a target's words reach the user.
#[derive(Clone, Copy)]
enum Heard {
    AtOnce(Shell),
    /// Others speak at the same time.
    Afterwards,
}

struct Runner<'a> {
    plan: &'a Plan,
    options: &'a CheckOptions,
    toolchain: &'a Toolchain,
    /// Of all records.
    folder: PathBuf,
    clock: Clock,
}

/// What the harness is told of each benchmark.
#[derive(Clone, Copy)]
struct Clock {
    /// `None` skips the clock.
    time: Option<Duration>,
    /// `None` leaves it to the harness.
    samples: Option<u32>,
}

impl Runner<'_> {
    /// Of one binary.
    fn records(&self, index: usize, binary: &Binary) -> PathBuf {
        self.folder.join(format!("{index}-{}", binary.planned.target.name))
    }

    /// Whether a neighbour would disturb its clock, or the person who talks to it.
    fn needs_peace(&self, binary: &Binary) -> bool {
        match binary.planned.target.kind {
            TargetKind::Bench => self.options.bench_time.is_some(),
            TargetKind::Bin | TargetKind::Example => std::io::stdin().is_terminal(),
            TargetKind::Lib | TargetKind::Test => false,
        }
    }

    /// Runs a target; with its run come the records of programs that it started.
    fn one(
        &self,
        index: usize,
        binary: &Binary,
        heard: Heard,
        watch: &Watch,
    ) -> Result<(Run, Vec<Record>), Failure> {
        let records = &self.records(index, binary);
        let mut run = Run::new(binary.clone(), Status::Ok, vec![records.clone()]);
        if process::interrupted() {
            run.status = Status::Interrupted;
            return Ok((run, Vec::new()));
        }
        fs::create_dir_all(records).map_err(|error| unwritable(records, &error))?;
        let mut command = self.command(binary, records);
        let terminal = match binary.planned.target.kind {
            TargetKind::Bin | TargetKind::Example => Terminal::Shared,
            _ => Terminal::Apart,
        };
        let mut words = None;
        match heard {
            Heard::AtOnce(shell) => {
                shell.status("Auditing", &binary.planned.target.source);
                if watch.stage.is_seen() && terminal == Terminal::Apart {
                    let (hears, says) = io(Words::new(shell))?;
                    command.stdout(io(says.try_clone())?).stderr(says);
                    words = Some(hears);
                } else {
                    // Standard output is the report's alone.
                    command.stdout(io(std::io::stderr().as_fd().try_clone_to_owned())?);
                }
            }
            Heard::Afterwards => {
                let file = File::options().create(true).append(true).open(records.join(WORDS));
                let file = file.map_err(|error| unwritable(records, &error))?;
                command.stdin(Stdio::null()).stdout(io(file.try_clone())?).stderr(file);
            }
        }
        let mut end = |meanwhile: &mut dyn FnMut(Duration)| {
            process::run(&mut command, terminal, self.options.timeout, meanwhile)
        };
        let ended = match (heard, terminal) {
            // The terminal is its own.
            (Heard::AtOnce(_), Terminal::Shared) => watch.stage.away(|| end(&mut thread::sleep)),
            _ => watch.attend(index, binary, records, words, end),
        };
        watch.ended(index);
        run.status = ended.map_err(|error| {
            let message = format!("`{}` could not be started: {error}", binary.executable.display());
            Failure::new(Exit::TargetFailed, message)
        })?;
        let others = read_records(&mut run);
        Ok((run, others))
    }

    /// What the target said while others ran.
    fn repeat(&self, index: usize, binary: &Binary, shell: Shell) {
        // One that was not started any more said nothing.
        let Ok(mut file) = files::open(&self.records(index, binary).join(WORDS)) else { return };
        let mut words = Vec::new();
        if let Err(error) = file.read_to_end(&mut words) {
            shell.warning(&format!("what `{}` said could not be read: {error}", binary.planned.target.name));
        }
        shell.status("Auditing", &binary.planned.target.source);
        if !words.is_empty() {
            shell.raw(&String::from_utf8_lossy(&words));
        }
    }

    fn command(&self, binary: &Binary, records: &Path) -> Command {
        let mut command = match &self.toolchain.runner {
            Some((program, args)) => {
                let mut command = Command::new(program);
                command.args(args).arg(&binary.executable);
                command
            }
            None => Command::new(&binary.executable),
        };
        let kind = binary.planned.target.kind;
        if kind == TargetKind::Bench {
            command.arg("--bench");
        }
        if matches!(kind, TargetKind::Bench | TargetKind::Test | TargetKind::Lib) {
            command.args(&self.options.filters);
            command.stdin(Stdio::null());
        }
        command.args(&self.options.harness_args);
        command.current_dir(&binary.planned.package_root);
        self.environment(&mut command, binary, records);
        command
    }

    /// Where criterion puts its results: those that the user has are of another build, and stay.
    fn criterion_home(&self) -> PathBuf {
        let configured = self.toolchain.environment.iter().find(|(name, _)| name == CRITERION_HOME);
        let given = configured.map(|(_, value)| value.clone()).or_else(|| std::env::var_os(CRITERION_HOME));
        match given.filter(|given| !given.is_empty()) {
            Some(given) => Path::new(&given).join("noalloc"),
            None => self.plan.workspace.audit_dir.join("criterion"),
        }
    }

    fn environment(&self, command: &mut Command, binary: &Binary, records: &Path) {
        let seconds = self.clock.time.map_or(0.0, |time| time.as_secs_f64());
        let foreign = if self.plan.workspace.foreign_permits { "1" } else { "0" };
        command
            .envs(self.toolchain.environment.iter().map(|(name, value)| (name, value)))
            .env(env::RECORD_DIR, records)
            .env(env::BENCH_TIME, seconds.to_string())
            .env(env::FOREIGN_PERMITS, foreign)
            .env("CARGO_MANIFEST_DIR", &binary.planned.package_root)
            .env("CARGO_MANIFEST_PATH", binary.planned.package_root.join("Cargo.toml"))
            .env("CARGO_PKG_NAME", &binary.planned.target.package)
            .env("CARGO_PKG_VERSION", &binary.planned.version)
            .env(CRITERION_HOME, self.criterion_home());
        if let Some(samples) = self.clock.samples {
            command.env(env::BENCH_SAMPLES, samples.to_string());
        }
        if binary.library_paths.is_empty() {
            return;
        }
        let given = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        let paths = binary.library_paths.iter().cloned().chain(std::env::split_paths(&given));
        if let Ok(paths) = std::env::join_paths(paths) {
            command.env("LD_LIBRARY_PATH", paths);
        }
    }
}

/// A file handle of the tool's own that a target shares.
fn io<T>(shared: std::io::Result<T>) -> Result<T, Failure> {
    shared.map_err(|error| {
        Failure::new(Exit::TargetFailed, format!("what targets print cannot be shared: {error}"))
    })
}

/// Reads what a run has left in its folders, and returns what other programs have left there: those that it started.
pub(crate) fn read_records(run: &mut Run) -> Vec<Record> {
    let executable = &run.binary.executable;
    let mut others = Vec::new();
    for path in run.folders.iter().flat_map(|folder| record_files(folder)) {
        match read(&path) {
            Ok(record) if is_same_file(Path::new(&record.hello.exe), executable) => run.records.push(record),
            Ok(record) => others.push(record),
            Err(error) => {
                let target = &run.binary.planned.target;
                let message = format!("a record of {} `{}` was left out: {error}", target.kind, target.name);
                run.problems.push(Problem::new(Step::Run, message));
            }
        }
    }
    others
}

/// Programs of the audit build that the target started, and that called hot functions: a test of a command line
/// tool does nothing else. Each is a target of its own; `records` are those that they left.
fn started_by(run: &Run, records: Vec<Record>, plan: &Plan) -> Vec<Run> {
    let mut programs: BTreeMap<PathBuf, Vec<Record>> = BTreeMap::new();
    for record in records {
        programs.entry(PathBuf::from(&record.hello.exe)).or_default().push(record);
    }
    let called = |record: &Record| record.counts.iter().any(|counts| counts.calls > 0);
    // What was built elsewhere is of another build, and its lines may be of another source.
    programs.retain(|executable, records| {
        records.iter().any(called) && is_built_here(executable, &plan.workspace)
    });
    // Behind all that were selected, those of other parts too.
    let selected = plan.part.as_ref().map_or(plan.targets.len(), |part| part.selected.len());
    let program = |(executable, records)| of_program(run, executable, records, selected);
    programs.into_iter().map(program).collect()
}

fn is_built_here(executable: &Path, workspace: &Workspace) -> bool {
    files::below(executable, workspace.build_folders()).is_some()
}

/// What one program left behind in the folder of the run that started it. Records that cannot be read are of that run,
/// and said there.
fn of_program(run: &Run, executable: PathBuf, records: Vec<Record>, selected: usize) -> Run {
    let mut planned = run.binary.planned.clone();
    planned.position += selected;
    planned.target.name = executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
    planned.target.kind = TargetKind::Bin;
    let binary = Binary { planned, executable, ..run.binary.clone() };
    Run { records, ..Run::new(binary, Status::Ok, run.folders.clone()) }
}

fn read(path: &Path) -> anyhow::Result<Record> {
    let bytes = crate::mapped::read(path)?;
    Ok(Record::read(&bytes)?)
}

/// In the order of their names, so that the same run reads the same.
fn record_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "noalloc"))
        .collect();
    files.sort();
    files
}

fn unwritable(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::SetUp, format!("records cannot be written to `{}`: {error}", folder.display()))
        .note("each audited program writes what it saw into a file there")
        .help("make the folder writable, or choose another with `--target-dir DIRECTORY`")
}
