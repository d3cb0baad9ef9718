//! Parts of a check, which several machines made, become the whole: `check --partition` and `merge`.
//!
//! Verdicts cannot be joined, because a part does not know what the others saw: a function that it did not call, a
//! place that another target hits in other calls. So the report of a part brings along what its targets left behind,
//! up to the step `symbolise`; from there on the whole is read, judged and reported as if one machine had run it.

mod fit;
mod nouns;
mod programs;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files::{self, digest};
use crate::model::{Audited, Environment, Part, Partition, Policy, Target, Texts};
use crate::source_files::SourceFolders;
use wire::{Wire, travels};

/// What running and proving has shown, before anything is read of its source and judged.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) audited: Vec<Audited>,
    /// Targets that were selected but cannot be built, and why.
    pub(crate) skipped: Vec<(Target, String)>,
    /// Targets that did not show what they do, and why.
    pub(crate) unseen: Vec<Failure>,
    pub(crate) environment: Environment,
    pub(crate) policy: Policy,
    /// Where this is only a part.
    pub(crate) part: Option<Part>,
    /// Source files that are not what was built; nothing of them may be shown.
    pub(crate) changed: Vec<String>,
    /// Of the source files that may be shown, what they must be; any may, where nobody else speaks of them.
    pub(crate) digests: Option<BTreeMap<String, u64>>,
    /// Source files as they were when they were built, where those were kept.
    pub(crate) sources: BTreeMap<String, String>,
}

/// One part as it is sent.
struct Sent {
    part: Part,
    environment: Environment,
    policy: Policy,
    /// Of `Cargo.lock`; without one, nothing.
    lock: Option<u64>,
    skipped: Vec<(Target, String)>,
    audited: Vec<Audited>,
    unseen: Vec<Failure>,
    /// Of each source file that was looked at; nothing of a file that has changed since the build.
    sources: BTreeMap<String, Option<u64>>,
}

impl Sent {
    fn is_a_part(&self) -> bool {
        let Partition { index, count } = self.part.partition;
        (1..=count).contains(&index)
    }
}

travels! { Sent { part, environment, policy, lock, skipped, audited, unseen, sources } }

/// What the report of a part says for the whole; nothing where `shown` is the whole. `texts` are the sources.
pub(crate) fn send(shown: &Shown, texts: &Texts, root: &Path) -> Option<Value> {
    let part = shown.part.clone()?;
    let partition = part.partition;
    let read = texts.files().map(|(file, text)| (file.to_owned(), Some(digest(text))));
    let changed = texts.changed().map(|file| (file.to_owned(), None));
    let sent = Sent {
        part,
        environment: shown.environment.clone(),
        policy: shown.policy.clone(),
        lock: lock(root),
        skipped: shown.skipped.clone(),
        audited: shown.audited.clone(),
        unseen: shown.unseen.clone(),
        sources: read.chain(changed).collect(),
    };
    Some(json!({ "index": partition.index, "count": partition.count, "evidence": sent.send() }))
}

/// A report of a part, and where it was read.
struct Received {
    path: PathBuf,
    sent: Sent,
}

/// Puts the parts together that `reports` name. The source files in `folders` must be those of the parts.
pub(crate) fn merge(reports: &[PathBuf], folders: &SourceFolders) -> Result<Shown, Failure> {
    let mut parts = reports.iter().map(|path| receive(path)).collect::<Result<Vec<Received>, Failure>>()?;
    parts.sort_by_key(|part| part.sent.part.partition);
    fit::refuse_what_does_not_fit(&parts, folders)?;
    let sources = || parts.iter().flat_map(|part| &part.sent.sources);
    let changed = sources().filter(|(_, digest)| digest.is_none()).map(|(file, _)| file.clone()).collect();
    let digests = sources().filter_map(|(file, digest)| Some((file.clone(), (*digest)?))).collect();
    let mut parts = parts.into_iter().map(|part| part.sent);
    let Some(first) = parts.next() else {
        return Err(Failure::new(Exit::Usage, "there is no report to merge"));
    };
    let Sent { mut audited, mut unseen, environment, policy, skipped, .. } = first;
    for part in parts {
        audited.extend(part.audited);
        unseen.extend(part.unseen);
    }
    // Stable: programs that one target has started are in order already.
    audited.sort_by_key(|target| target.position);
    let audited = programs::joined(audited);
    Ok(Shown {
        audited,
        skipped,
        unseen,
        environment,
        policy,
        part: None,
        changed,
        digests: Some(digests),
        sources: BTreeMap::new(),
    })
}

fn receive(path: &Path) -> Result<Received, Failure> {
    let name = path.display();
    let not_ours = |why: &str| {
        Failure::new(Exit::Usage, format!("`{name}` is no report of a part: {why}"))
            .help("name the files that `cargo noalloc check --partition I/N --format json=PATH` wrote")
    };
    let text = files::read(path, files::TEXT).map_err(|error| not_ours(&error.to_string()))?;
    let report: Value = serde_json::from_str(&text).map_err(|error| not_ours(&error.to_string()))?;
    if report["tool"]["name"] != env!("CARGO_PKG_NAME") {
        return Err(not_ours("this tool did not write it"));
    }
    let (theirs, ours) = (report["tool"]["version"].as_str().unwrap_or("?"), env!("CARGO_PKG_VERSION"));
    if theirs != ours {
        return Err(Failure::new(
            Exit::SetUp,
            format!("`{name}` was written by cargo-noalloc {theirs}, and this is {ours}"),
        )
        .note("parts can be put together only by the version that made them")
        .help(format!(
            "check all parts and merge them with one version: `cargo install cargo-noalloc --version {ours}`"
        )));
    }
    let Some(partition) = report.get("partition") else {
        return Err(not_ours("it is one of a whole check, and says by itself all there is"));
    };
    let sent = Sent::receive(partition["evidence"].clone()).filter(Sent::is_a_part);
    let sent = sent.ok_or_else(|| {
        Failure::new(Exit::SetUp, format!("`{name}` was written by another build of cargo-noalloc {ours}"))
            .note("parts can be put together only by the build that made them")
            .help("check all parts and merge them with one build of the tool")
    })?;
    Ok(Received { path: path.to_owned(), sent })
}

/// Of the versions that were built with.
fn lock(root: &Path) -> Option<u64> {
    files::read_linked(&root.join("Cargo.lock")).ok().map(|text| digest(&text))
}
