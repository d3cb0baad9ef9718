//! The last check and the last proof, kept in `target/noalloc`, so that `explain` and `report` run nothing again.
//!
//! What is kept is what running gave: where the executables and their records are. The later steps are done anew
//! from those, so an improved tool says more about an old run.
//!
//! Two places, because what counts were compared with or accepted must not vanish with a proof, which has none. A check
//! proves too, so it takes a proof's place; a proof that is there is younger than the check beside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::cli::BuildArgs;
use crate::exit::{Exit, Failure};
use crate::model::{
    Asked, Binary, Environment, Level, Part, Partition, Plan, PlannedTarget, Policy, Rule, Run, Status,
    Target, TargetKind, Texts, UnusedAllocator, Workspace,
};
use crate::{Checked, discover, files, run};

/// Another number: another layout.
const VERSION: u32 = 7;

/// What was done last, of two kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Check,
    Proof,
}

impl Kind {
    fn file(self) -> &'static str {
        match self {
            Kind::Check => "last-check.json",
            Kind::Proof => "last-proof.json",
        }
    }

    /// The texts that its report needed.
    fn sources(self) -> &'static str {
        match self {
            Kind::Check => "last-check-sources.json",
            Kind::Proof => "last-proof-sources.json",
        }
    }

    /// In messages: "the last …".
    fn noun(self) -> &'static str {
        match self {
            Kind::Check => "check",
            Kind::Proof => "proof",
        }
    }

    /// What to do where it is missing or outdated.
    fn again(self) -> &'static str {
        match self {
            Kind::Check => "run `cargo noalloc check` first",
            Kind::Proof => "run `cargo noalloc prove` first",
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Kept {
    version: u32,
    environment: KeptEnvironment,
    require_exercised: bool,
    require_proof: bool,
    /// Rules and the levels that the command line gave them; no level where they are allowed.
    levels: Vec<(String, Option<KeptLevel>)>,
    deny_warnings: bool,
    filtered: bool,
    selected: bool,
    /// Where the workspace lay.
    root: PathBuf,
    runs: Vec<KeptRun>,
    skipped: Vec<(KeptTarget, String)>,
    /// Where only a part was checked.
    part: Option<KeptPart>,
    /// Of a proof: the patterns of `--fn`.
    asked: Option<Vec<String>>,
}

#[derive(Deserialize, Serialize)]
struct KeptPart {
    index: usize,
    count: usize,
    selected: Vec<KeptTarget>,
    asked: Vec<(String, String)>,
}

#[derive(Deserialize, Serialize)]
struct KeptEnvironment {
    rustc: String,
    target: String,
    profile: String,
    rustflags: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KeptLevel {
    Warning,
    Error,
}

#[derive(Deserialize, Serialize)]
struct KeptTarget {
    package: String,
    kind: String,
    name: String,
    source: String,
}

#[derive(Deserialize, Serialize)]
struct KeptRun {
    target: KeptTarget,
    /// Among all selected targets.
    position: usize,
    executable: PathBuf,
    stamp: Stamp,
    records: Vec<PathBuf>,
    status: KeptStatus,
    in_the_way: Option<PathBuf>,
    unused_allocator: Option<KeptAllocator>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KeptStatus {
    Ok,
    NotRun,
    Failed(i32),
    Crashed(i32),
    TimedOut(u64),
    Skipped(String),
    Unrecorded(String),
    Interrupted,
}

#[derive(Deserialize, Serialize)]
struct KeptAllocator {
    library: String,
    place: String,
}

/// Tells whether a file is still the one that ran.
#[derive(Default, Deserialize, PartialEq, Serialize)]
struct Stamp {
    len: u64,
    modified_ns: u128,
}

/// Keeps a check or a proof for later.
pub(crate) fn save(check: &Checked) -> Result<(), Failure> {
    let audit_dir = &check.plan.workspace.audit_dir;
    let Environment { rustc, target, profile, rustflags } = check.environment.clone();
    let kept = Kept {
        version: VERSION,
        environment: KeptEnvironment { rustc, target, profile, rustflags },
        require_exercised: check.policy.require_exercised,
        require_proof: check.policy.require_proof,
        levels: check
            .policy
            .command_line
            .iter()
            .map(|(rule, level)| (rule.to_string(), level.map(keep_level)))
            .collect(),
        deny_warnings: check.policy.deny_warnings,
        filtered: check.policy.filtered,
        selected: check.policy.selected,
        root: check.plan.workspace.root.clone(),
        runs: check.runs.iter().map(keep).collect(),
        skipped: check.plan.skipped.iter().map(|(target, why)| (target.into(), why.clone())).collect(),
        part: check.plan.part.as_ref().map(KeptPart::from),
        asked: check.asked.as_ref().map(|asked| asked.functions.clone()),
    };
    let kind = if kept.asked.is_some() { Kind::Proof } else { Kind::Check };
    // An older proof is not the last thing done any more, whatever becomes of this check.
    let _ = fs::remove_file(audit_dir.join(Kind::Proof.file()));
    // They are another check's.
    let _ = fs::remove_file(audit_dir.join(kind.sources()));
    let path = audit_dir.join(kind.file());
    let text =
        serde_json::to_string_pretty(&kept).expect("paths of a workspace that cargo could read are UTF-8");
    files::replace(&path, &text).map_err(|error| {
        // An older one is not the last any more.
        let _ = fs::remove_file(&path);
        Failure::new(Exit::SetUp, format!("`{}` could not be written: {error}", path.display()))
            .note("what was reported holds; `explain` and `report` have nothing to go by")
    })
}

/// Keeps what a report showed of the sources, beside the check or the proof that it was about. Without it a later report shows
/// what has not changed since.
pub(crate) fn save_sources(audit_dir: &Path, texts: &Texts, is_proof: bool) {
    let kind = if is_proof { Kind::Proof } else { Kind::Check };
    let texts: BTreeMap<&str, &str> = texts.files().collect();
    if let Ok(text) = serde_json::to_string(&texts) {
        let _ = files::replace(&audit_dir.join(kind.sources()), &text);
    }
}

/// The texts by the files' names in reports; none where they were not kept.
fn recall_sources(audit_dir: &Path, kind: Kind) -> BTreeMap<String, String> {
    let text = files::read(&audit_dir.join(kind.sources()), files::TEXT).ok();
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn keep_level(level: Level) -> KeptLevel {
    match level {
        Level::Error => KeptLevel::Error,
        Level::Warning | Level::Note => KeptLevel::Warning,
    }
}

fn recall_level(level: &KeptLevel) -> Level {
    match level {
        KeptLevel::Error => Level::Error,
        KeptLevel::Warning => Level::Warning,
    }
}

fn keep(run: &Run) -> KeptRun {
    KeptRun {
        target: (&run.binary.planned.target).into(),
        position: run.binary.planned.position,
        executable: run.binary.executable.clone(),
        stamp: stamp(&run.binary.executable).unwrap_or_default(),
        records: run.folders.clone(),
        status: match run.status.clone() {
            Status::Ok => KeptStatus::Ok,
            Status::Failed { code } => KeptStatus::Failed(code),
            Status::Crashed { signal } => KeptStatus::Crashed(signal),
            Status::TimedOut { after } => KeptStatus::TimedOut(after),
            Status::Skipped { reason } => KeptStatus::Skipped(reason),
            Status::NotRun => KeptStatus::NotRun,
            Status::Unrecorded { reason } => KeptStatus::Unrecorded(reason),
            Status::Interrupted => KeptStatus::Interrupted,
        },
        in_the_way: run.binary.in_the_way.clone(),
        unused_allocator: run.binary.unused_allocator.clone().map(|unused| {
            let UnusedAllocator { library, place } = unused;
            KeptAllocator { library, place }
        }),
    }
}

/// The last check of the workspace that `build` names.
pub(crate) fn check(build: &BuildArgs) -> Result<Checked, Failure> {
    load(discover::workspace_now(build)?, Kind::Check)
}

/// The last check or the last proof of the workspace that `build` names, whichever was later.
pub(crate) fn check_or_proof(build: &BuildArgs) -> Result<Checked, Failure> {
    let now = discover::workspace_now(build)?;
    let is_proof = files::is_there(&now.audit_dir.join(Kind::Proof.file()));
    load(now, if is_proof { Kind::Proof } else { Kind::Check })
}

fn load(now: Workspace, kind: Kind) -> Result<Checked, Failure> {
    let path = now.audit_dir.join(kind.file());
    let (noun, again) = (kind.noun(), kind.again());
    let text = files::read(&path, files::TEXT).map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let message = format!("there is no last {noun} in this workspace");
            Failure::new(Exit::NothingToCheck, message).help(again)
        }
        _ => {
            let message = format!("the last {noun}, `{}`, cannot be read: {error}", path.display());
            Failure::new(Exit::SetUp, message).help(again)
        }
    })?;
    let kept: Kept =
        serde_json::from_str(&text).ok().filter(|kept: &Kept| kept.version == VERSION).ok_or_else(|| {
            let message = format!("the last {noun} was kept by another version of this tool");
            Failure::new(Exit::SetUp, message).help(again)
        })?;
    let runs = kept.runs.into_iter().map(|run| recall(run, kind)).collect::<Result<Vec<Run>, Failure>>()?;
    let command_line = kept
        .levels
        .iter()
        .filter_map(|(name, level)| Some((Rule::named(name)?, level.as_ref().map(recall_level))));
    let command_line = command_line.collect();
    let KeptEnvironment { rustc, target, profile, rustflags } = kept.environment;
    let skipped = kept.skipped.into_iter().map(|(target, why)| (target.into(), why)).collect();
    let part = kept.part.map(Part::from);
    let sources = recall_sources(&now.audit_dir, kind);
    let moved_from = Some(kept.root).filter(|root| *root != now.root);
    Ok(Checked {
        policy: Policy {
            partial: part.is_some(),
            require_exercised: kept.require_exercised,
            require_proof: kept.require_proof,
            command_line,
            deny_warnings: kept.deny_warnings,
            filtered: kept.filtered,
            selected: kept.selected,
            proof_only: kind == Kind::Proof,
            // As they are now: a level can be tried out without running anything.
            configured: now.configured.clone(),
        },
        // Where sources may be read, cargo says, and not the file.
        plan: Plan { workspace: Workspace { moved_from, ..now }, targets: Vec::new(), skipped, part },
        runs,
        environment: Environment { rustc, target, profile, rustflags },
        asked: kept.asked.map(|functions| Asked { functions }),
        sources,
    })
}

fn recall(kept: KeptRun, kind: Kind) -> Result<Run, Failure> {
    let target = Target::from(kept.target);
    if stamp(&kept.executable).as_ref() != Some(&kept.stamp) {
        let message =
            format!("{} `{}` was built anew since the last {}", target.kind, target.name, kind.noun());
        let failure = Failure::new(Exit::SetUp, message).help(kind.again());
        return Err(match kind {
            Kind::Check => failure.note("the addresses in its record belong to the executable that ran"),
            Kind::Proof => failure,
        });
    }
    let planned = PlannedTarget {
        target,
        package_id: String::new(),
        version: String::new(),
        package_root: PathBuf::new(),
        source: PathBuf::new(),
        library: None,
        path_dependencies: Vec::new(),
        position: kept.position,
    };
    let binary = Binary {
        planned,
        executable: kept.executable,
        in_the_way: kept.in_the_way,
        unused_allocator: kept.unused_allocator.map(|kept| {
            let KeptAllocator { library, place } = kept;
            UnusedAllocator { library, place }
        }),
        library_paths: Vec::new(),
    };
    let status = match kept.status {
        KeptStatus::Ok => Status::Ok,
        KeptStatus::NotRun => Status::NotRun,
        KeptStatus::Failed(code) => Status::Failed { code },
        KeptStatus::Crashed(signal) => Status::Crashed { signal },
        KeptStatus::TimedOut(after) => Status::TimedOut { after },
        KeptStatus::Skipped(reason) => Status::Skipped { reason },
        KeptStatus::Unrecorded(reason) => Status::Unrecorded { reason },
        KeptStatus::Interrupted => Status::Interrupted,
    };
    let mut run = Run::new(binary, status, kept.records);
    // Those of other programs are read with the runs that were kept of them.
    drop(run::read_records(&mut run));
    Ok(run)
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Stamp { len: metadata.len(), modified_ns: modified.as_nanos() })
}

impl From<&Target> for KeptTarget {
    fn from(target: &Target) -> KeptTarget {
        let Target { package, kind, name, source } = target.clone();
        KeptTarget { package, kind: kind.to_string(), name, source }
    }
}

impl From<KeptTarget> for Target {
    fn from(kept: KeptTarget) -> Target {
        let kind = match kept.kind.as_str() {
            "lib" => TargetKind::Lib,
            "bin" => TargetKind::Bin,
            "example" => TargetKind::Example,
            "test" => TargetKind::Test,
            _ => TargetKind::Bench,
        };
        Target { package: kept.package, kind, name: kept.name, source: kept.source }
    }
}

impl From<&Part> for KeptPart {
    fn from(part: &Part) -> KeptPart {
        let Part { partition: Partition { index, count }, selected, asked } = part.clone();
        KeptPart { index, count, selected: selected.iter().map(KeptTarget::from).collect(), asked }
    }
}

impl From<KeptPart> for Part {
    fn from(kept: KeptPart) -> Part {
        let KeptPart { index, count, selected, asked } = kept;
        let selected = selected.into_iter().map(Target::from).collect();
        Part { partition: Partition { index, count }, selected, asked }
    }
}
