//! Runs that tell nothing: without a recorder there are no events, and silence must not look like a pass.

use no_heap::record::hello_flag;

use crate::exit::{Exit, Failure};
use crate::model::{Run, Status, TargetKind, Verdict};

/// One failure for each run whose figures cannot be trusted.
pub(crate) fn missing(runs: &[Run]) -> Vec<Failure> {
    runs.iter().filter_map(|run| no_recorder(run).or_else(|| no_record(run))).collect()
}

/// The program's allocator is not ours.
fn no_recorder(run: &Run) -> Option<Failure> {
    let installed = |flags: u64| flags & hello_flag::RECORDER_INSTALLED != 0;
    if run.records.iter().all(|record| installed(record.flags)) {
        return None;
    }
    let source = &run.binary.planned.target.source;
    let place = run.binary.allocator_place.clone();
    let failure = Failure::new(
        Exit::SetUp,
        format!("{source} installs its own global allocator, so nothing would be recorded"),
    )
    .at(place.unwrap_or_else(|| source.clone()))
    .help("wrap it: `static A: no_heap::Allocator<MiMalloc> = no_heap::Allocator::new(MiMalloc);`");
    Some(failure)
}

/// Hot functions are in the binary, it ended well, and yet there is no record that can be read.
fn no_record(run: &Run) -> Option<Failure> {
    let unreadable = run.problems.first().filter(|_| run.records.is_empty());
    let target = &run.binary.planned.target;
    unreadable.map(|problem| {
        Failure::new(Exit::SetUp, format!("{} `{}`: {}", target.kind, target.name, problem.message))
            .note("without its record nothing is known of what it did")
            .help("use the same version of `no_heap` and `cargo-noalloc`, then check again")
    })
}

/// A check that saw no hot function is no pass.
pub(crate) fn refuse_nothing(verdict: &Verdict, runs: &[Failure]) -> Result<(), Failure> {
    let ran = |status: &Status| !matches!(status, Status::Skipped { .. });
    if !verdict.functions.is_empty() || !runs.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = verdict
        .targets
        .iter()
        .filter(|(_, status)| ran(status))
        .map(|(target, _)| format!("`{}`", target.source))
        .collect();
    let ended_badly =
        verdict.targets.iter().find(|(_, status)| !matches!(status, Status::Ok | Status::Skipped { .. }));
    if let Some((target, status)) = ended_badly {
        return Err(Failure::new(
            Exit::TargetFailed,
            format!("{} `{}` {}", target.kind, target.name, crate::report::ending(status)),
        )
        .note("it had not called a hot function by then, so there is nothing to report")
        .help(format!(
            "run it by itself: `cargo {} --{} {}`",
            verb(target.kind),
            target.kind,
            target.name
        )));
    }
    Err(Failure::new(Exit::NothingToCheck, format!("no hot function was called in {}", names.join(", ")))
        .note("only functions with `#[no_heap]` are audited, and a binary holds those that it uses")
        .help("put `#[no_heap]` (from the crate `no_heap`) on a function that the target calls"))
}

fn verb(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::Bench => "bench",
        TargetKind::Bin | TargetKind::Example => "run",
        TargetKind::Lib | TargetKind::Test => "test",
    }
}
