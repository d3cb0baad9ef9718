//! Runs that tell nothing: without a recorder there are no events, and silence must not look like a pass.

use std::path::Path;

use no_heap::record::{BLOCKS, THREADS, hello_flag};

use crate::exit::{Exit, Failure};
use crate::model::{
    Asked, Audited, Certainty, DeclaredAllocator, Gap, LinkedAllocator, Problem, Run, Status, Step, Target,
    TargetKind, UnusedAllocator, Verdict, Workspace,
};
use crate::numbers::plural;
use crate::prove::Missing;
use crate::source_files::SourceFolders;

/// One failure for each run that no record can be trusted of. Such records are taken out, and the run is marked:
/// zeros that nobody counted must not reach the verdict.
pub(crate) fn unrecorded(runs: &mut [Run], workspace: &Workspace) -> Vec<Failure> {
    let mut failures = Vec::new();
    for run in runs {
        if let Some(unused) = &run.binary.unused_allocator {
            run.problems.push(Problem::new(Step::Compile, lacks(&run.binary.planned.target, unused)));
        }
        let found = no_recorder(run, workspace).or_else(|| damaged_record(run));
        let Some((failure, reason)) = found else { continue };
        failures.push(failure);
        if run.status.ended_well() {
            run.status = Status::Unrecorded { reason };
        }
    }
    failures
}

/// What a program lacks without knowing it: it counts, over another allocator than it was meant to have.
fn lacks(target: &Target, unused: &UnusedAllocator) -> String {
    let UnusedAllocator { library, place } = unused;
    format!(
        "{} `{}` does not use the library `{library}`, so the global allocator at {place} is in no build of \
         it: `use {library} as _;` in {} links it (`extern crate {library};` in edition 2015)",
        target.kind, target.name, target.source
    )
}

/// One failure for each binary that cannot be judged, when its proof is all that was asked for. Patterns that name
/// nothing are refused: a typing error must not look like a pass.
pub(crate) fn unproved(runs: &mut [Run], asked: &Asked) -> Result<Vec<Failure>, Failure> {
    let mut failures = Vec::new();
    for run in &mut *runs {
        let Some(reason) = run.proofs.refusal.clone() else { continue };
        let target = &run.binary.planned.target;
        let failure =
            Failure::new(Exit::SetUp, format!("no proof for {} `{}`: {reason}", target.kind, target.name));
        failures.push(
            failure.at(target.source.clone()).note("nothing is known of its functions, so this is no pass"),
        );
        run.status = Status::Unrecorded { reason };
    }
    let missing = crate::prove::missing(runs, asked);
    if missing.len() < asked.functions.len() {
        // What the others ask for is answered.
        for missing in &missing {
            let failure = no_function(runs, missing);
            let help = failure.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
            let message = format!("{failure}{help}");
            runs.iter_mut()
                .take(1)
                .for_each(|run| run.problems.push(Problem::new(Step::Prove, message.clone())));
        }
    } else if let Some(first) = missing.first().filter(|_| failures.is_empty()) {
        return Err(no_function(runs, first));
    }
    Ok(failures)
}

fn no_function(runs: &[Run], Missing { pattern, near }: &Missing) -> Failure {
    let targets = runs.iter().map(|run| &run.binary.planned.target);
    let names: Vec<String> = targets.map(|target| format!("{} `{}`", target.kind, target.name)).collect();
    let failure =
        Failure::new(Exit::NothingToCheck, format!("no function `{pattern}` in {}", names.join(", "))).note(
            "a binary holds the functions that it uses, and generic ones only where something uses them",
        );
    match near.as_slice() {
        [] => failure.help("give a function's path or its tail, such as `--fn httparse::parse_headers`"),
        near => failure.help(format!("names that come near: {}", near.join(", "))),
    }
}

/// The program's allocator is not ours.
fn no_recorder(run: &mut Run, workspace: &Workspace) -> Option<(Failure, String)> {
    let installed = |flags: u64| flags & hello_flag::RECORDER_INSTALLED != 0;
    if run.records.iter().all(|record| installed(record.flags)) {
        return None;
    }
    run.records.clear();
    let own = own_allocator(&run.binary.executable, workspace);
    let failure = match &run.binary.in_the_way {
        Some(program) if own.is_none() => beside_a_program(run, own_allocator(program, workspace)),
        _ => installs_its_own(&run.binary.planned.target, own),
    };
    Some((failure, "it installs its own global allocator".to_owned()))
}

/// An allocator that the recorder hears nothing of.
struct OwnAllocator {
    /// As `file:line:column`, or without a column.
    place: String,
    /// The static's name, type and value, as they are written.
    item: Option<(String, String, String)>,
    /// The user can change it.
    by_user: bool,
}

/// Where the binary says that the static stands, and what the source has there.
fn own_allocator(executable: &Path, workspace: &Workspace) -> Option<OwnAllocator> {
    let LinkedAllocator { place, by_user, .. } = crate::symbolise::allocator(executable, workspace);
    let place = place?;
    let text = SourceFolders::of(workspace).read(&place.file).unwrap_or_default();
    let here = |found: &DeclaredAllocator| (found.line..=found.last_line).contains(&place.line);
    // Of several on one line, one that is in this build.
    let is_there = |found: &DeclaredAllocator| here(found) && found.in_audits != Certainty::Never;
    Some(match crate::source::allocators(&text).into_iter().find(is_there) {
        Some(found) => OwnAllocator {
            place: format!("{}:{}:{}", place.file, found.line, found.column),
            item: found.item,
            by_user,
        },
        None => OwnAllocator { place: format!("{}:{}", place.file, place.line), item: None, by_user },
    })
}

fn beside_a_program(run: &Run, own: Option<OwnAllocator>) -> Failure {
    let target = &run.binary.planned.target;
    let message = format!(
        "{} `{}` is built beside a program with its own global allocator, so nothing would be recorded",
        target.kind, target.name
    );
    Failure::new(Exit::SetUp, message)
        .at(own.map_or_else(|| target.source.clone(), |own| own.place))
        .note("one build of `no_heap` serves both, and it cannot install its recorder in one alone")
        .help(
            "leave that allocator out of audits: `#[cfg(not(noalloc_audit))]` above it; or wrap it in the library, which \
             both use",
        )
}

fn installs_its_own(target: &Target, own: Option<OwnAllocator>) -> Failure {
    let source = &target.source;
    let message = format!("{source} installs its own global allocator, so nothing would be recorded");
    let failure = Failure::new(Exit::SetUp, message);
    match own {
        Some(own) if own.by_user => failure.at(own.place.clone()).help(wrap(&own)),
        Some(own) => failure
            .at(own.place)
            .note("it stands in a dependency")
            .help("turn it off there, with a feature for example"),
        None => failure
            .at(source.clone())
            .note("where `#[global_allocator]` stands, its binary does not tell")
            .help(format!("wrap it: `{EXAMPLE}`")),
    }
}

const EXAMPLE: &str = "static A: no_heap::Allocator<MiMalloc> = no_heap::Allocator::new(MiMalloc);";

/// The one line to write, with the program's own words where they could be read.
fn wrap(allocator: &OwnAllocator) -> String {
    match &allocator.item {
        Some((name, ty, value)) => {
            format!("wrap it: `static {name}: no_heap::Allocator<{ty}> = no_heap::Allocator::new({value});`")
        }
        None => format!("wrap it: `{EXAMPLE}`"),
    }
}

/// A record that cannot be read leaves something out, and nobody knows what.
fn damaged_record(run: &mut Run) -> Option<(Failure, String)> {
    let problem = run.problems.iter().find(|problem| problem.step == Step::Run)?;
    // Of a program that was ended by force that is no surprise, and how it ended is said anyway.
    if !matches!(run.status, Status::Ok | Status::Failed { .. }) {
        return None;
    }
    let failure = Failure::new(Exit::SetUp, problem.message.clone())
        .at(run.binary.planned.target.source.clone())
        .note("without it nobody knows what the program did, so this is no pass")
        .help("use the same version of `no_heap` and `cargo-noalloc`, then check again");
    Some((failure, problem.message.clone()))
}

/// One failure for each target whose hot functions were not seen, or not by name.
pub(crate) fn unreadable(audited: &mut [Audited]) -> Vec<Failure> {
    let mut failures = Vec::new();
    for target in audited {
        let Some(gap) = &target.gap else { continue };
        // What is known already is not said twice.
        if matches!(target.status, Status::Unrecorded { .. }) {
            continue;
        }
        let (failure, reason) = match gap {
            Gap::NoRecord => no_record(&target.target),
            Gap::LostCalls { calls } => lost_calls(&target.target, *calls),
            Gap::NoDebugInfo { reason } => no_debug_info(&target.target, reason),
        };
        failures.push(failure);
        if target.status.ended_well() {
            target.status = Status::Unrecorded { reason };
        }
    }
    failures
}

fn no_record(target: &Target) -> (Failure, String) {
    let reason = "it has hot functions, but left no record".to_owned();
    let failure = Failure::new(Exit::SetUp, format!("{} `{}` has hot functions, but left no record", target.kind, target.name))
        .at(target.source.clone())
        .note("an audited program writes what it sees into the folder that `NOALLOC_RECORD_DIR` names")
        .help("let that variable through where a runner or wrapper clears the environment, and leave the folder writable");
    (failure, reason)
}

fn lost_calls(target: &Target, calls: u64) -> (Failure, String) {
    let calls = plural(calls, "call");
    let reason = format!("{calls} of hot functions left no trace in its record");
    let what = format!("{} `{}`: {calls} of hot functions could not be recorded", target.kind, target.name);
    let room = format!("there is room for {THREADS} threads at once and for {BLOCKS} blocks and permits");
    let failure = Failure::new(Exit::SetUp, what)
        .at(target.source.clone())
        .note("what they did nobody knows, so this is no pass")
        .note(format!("{room}; a program that switches stacks inside a hot function cannot be followed"))
        .help("let fewer threads run hot functions at once, or check fewer tests at a time, by their names");
    (failure, reason)
}

fn no_debug_info(target: &Target, seen: &str) -> (Failure, String) {
    let reason = format!("its binary has no debug info to read: {seen}");
    let what = format!("the binary of {} `{}` has no debug info to read: {seen}", target.kind, target.name);
    let failure = Failure::new(Exit::SetUp, what)
        .at(target.source.clone())
        .note("its counts are exact, but no line of code can be named")
        .help("the audit asks for `-Cstrip=none`: see what a linker, wrapper or script does after it");
    (failure, reason)
}

/// Of several reasons the one that hides most: what a target did that was not seen, then what it would have done after
/// its end, then what was found.
pub(crate) fn exit(verdict: &Verdict, unseen: &[Failure]) -> Exit {
    if let Some(failure) = unseen.first() {
        failure.exit
    } else if verdict.targets.iter().any(|(_, status)| !status.ended_well()) {
        Exit::TargetFailed
    } else if verdict.passes() {
        Exit::Pass
    } else {
        Exit::Findings
    }
}

/// What was not seen can neither be accepted nor be gone.
pub(crate) fn refuse_partial_baseline(verdict: &Verdict, unseen: &[Failure]) -> Result<(), Failure> {
    let Some((target, status)) = ended_badly(verdict) else {
        return Ok(());
    };
    let what = format!("{} `{}` {}", target.kind, target.name, crate::report::ending(status));
    Err(Failure::new(exit(verdict, unseen), what)
        .note("so the baseline was left as it is: nobody knows what else the target does")
        .help("let every target run to its end, then bless again"))
}

fn ended_badly(verdict: &Verdict) -> Option<&(Target, Status)> {
    verdict.targets.iter().find(|(_, status)| !status.ended_well())
}

/// Whether there is something to report where no hot function was seen: how a target ended.
pub(crate) fn has_died(verdict: &Verdict) -> bool {
    ended_badly(verdict).is_some_and(|(_, status)| !matches!(status, Status::Interrupted))
}

/// A check that saw no hot function is no pass.
pub(crate) fn refuse_nothing(verdict: &Verdict, failures: &[Failure]) -> Result<(), Failure> {
    if !verdict.functions.is_empty() || !failures.is_empty() {
        return Ok(());
    }
    if let Some((_, Status::Interrupted)) = ended_badly(verdict) {
        return Err(Failure::new(Exit::TargetFailed, "interrupted before a target ran"));
    }
    if let Some((target, status)) = ended_badly(verdict) {
        let ending = crate::report::ending(status);
        return Err(Failure::new(
            Exit::TargetFailed,
            format!("{} `{}` {ending}, and no hot function of it was seen", target.kind, target.name),
        )
        .note("what it did until then nobody knows, so this is no pass")
        .help(format!("run it by itself: `cargo {}`", by_itself(target))));
    }
    let ran = |status: &Status| !matches!(status, Status::Skipped { .. });
    let ran = verdict.targets.iter().filter(|(_, status)| ran(status));
    let names: Vec<String> = ran.map(|(target, _)| format!("`{}`", target.source)).collect();
    if names.is_empty() {
        return Err(Failure::new(Exit::NothingToCheck, "there is no target in this part")
            .note("there are fewer targets than parts")
            .help("take a smaller N for `--partition I/N`; `cargo noalloc merge` takes the part's report as it is"));
    }
    Err(Failure::new(Exit::NothingToCheck, format!("no hot function in {}", names.join(", ")))
        .note("only functions with `#[no_heap]` are audited, and a binary holds those of the crates that it uses")
        .help(if verdict.proof_only {
            "put `#[no_heap]` on a function that the target calls, or name any function with `--fn PATTERN`"
        } else {
            "put `#[no_heap]` (from the crate `no_heap`) on a function that the target calls"
        }))
}

fn by_itself(target: &Target) -> String {
    let verb = match target.kind {
        TargetKind::Bench => "bench",
        TargetKind::Bin | TargetKind::Example => "run",
        TargetKind::Lib | TargetKind::Test => "test",
    };
    match target.kind {
        TargetKind::Lib => format!("{verb} --lib"),
        kind => format!("{verb} --{kind} {}", target.name),
    }
}
