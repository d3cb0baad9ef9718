//! Step 4: addresses become inlined frames with file, line and column.
//!
//! One binary's debug info is opened once and serves all its sites. What cannot be read is a problem in the
//! report, not an end: the counts are exact without it.

mod allocator;
mod blocks;
mod c_heap;
mod chain;
mod libraries;
mod obstacle;
mod origin;
mod outside;
mod proofs;
mod symbols;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use no_heap::record::{
    self, AllocatorPass, BenchResult, HotEntry, PermitEntry, Record, SiteEntry, SiteFlag, StreamTrait, op_bit,
};

use crate::files;
use crate::model::{
    Audited, Bench, CHeap, Calls, Counts, Cut, Frame, FunctionName, Gap, HotFn, HotId, InAllocator,
    LookupAddress, Op, Overhead, Permit, Place, Problem, Promise, ReturnAddress, Run, Site, Sizes, Slices,
    Status, Step, Streams, Whose, Workspace,
};
use crate::numbers::plural;
pub(crate) use allocator::linked as allocator;
use libraries::Libraries;
use origin::Origins;
use symbols::Symbols;

/// Names every address of every run.
pub(crate) fn symbolise(runs: Vec<Run>, workspace: &Workspace) -> Vec<Audited> {
    let origins = Origins::new(workspace);
    runs.into_iter().map(|run| one(run, workspace, &origins)).collect()
}

/// Where an executable is among those that the audit builds: the same on every machine.
fn place_among_builds(executable: &Path, workspace: &Workspace) -> String {
    let place = files::below(executable, workspace.build_folders());
    place.unwrap_or_else(|| files::real(executable)).to_string_lossy().into_owned()
}

fn one(run: Run, workspace: &Workspace, origins: &Origins) -> Audited {
    let Run { binary, status, records, proofs, mut problems, folders: _ } = run;
    let target = binary.planned.target.clone();
    let mut audited = Audited {
        target,
        executable: place_among_builds(&binary.executable, workspace),
        position: binary.planned.position,
        status,
        built: fs::metadata(&binary.executable).and_then(|data| data.modified()).ok(),
        functions: BTreeMap::new(),
        proofs: BTreeMap::new(),
        sites: Vec::new(),
        permits: Vec::new(),
        unentered: Vec::new(),
        linked_blocks: Vec::new(),
        benches: Vec::new(),
        c_uncounted: None,
        gap: None,
        problems: Vec::new(),
    };
    let bytes = crate::mapped::read(&binary.executable);
    let bytes = bytes.as_deref().map_err(ToString::to_string);
    let symbols = bytes.clone().and_then(Symbols::open);
    audited.gap = gap(&audited.status, &records, bytes.clone(), symbols.as_ref().err());
    if let Some(Gap::NoDebugInfo { reason }) = &audited.gap {
        let message =
            format!("{} `{}` has no debug info to read: {reason}", audited.target.kind, audited.target.name);
        problems.push(Problem::new(Step::Symbolise, message));
    }
    let symbols = symbols.ok();
    audited.c_uncounted = c_heap::uncounted(&records, bytes.as_deref().ok());
    problems.extend(audited.c_uncounted.as_deref().map(|reason| c_heap::problem(&audited.target, reason)));
    let libraries = Libraries::default();
    for record in &records {
        let executable = &binary.executable;
        let reader = Reader { record, symbols: symbols.as_ref(), libraries: &libraries, executable, origins };
        reader.add_to(&mut audited);
    }
    // Without a record nothing is known of what ran, and no block is blamed.
    if let Some(symbols) = symbols.as_ref().filter(|_| !records.is_empty()) {
        audited.linked_blocks = symbols.blocks(origins);
    }
    let names = proofs::Names { proofs: &proofs, symbols: symbols.as_ref(), origins };
    names.look_up();
    for (hot, proofs) in &proofs.by_function {
        audited.proofs.insert(*hot, names.report(*hot, proofs));
    }
    for found in &proofs.found {
        let id = HotId(found.entry.id);
        audited.proofs.entry(id).or_insert_with(|| names.report(id, &[]));
        audited.functions.entry(id).or_insert_with(|| {
            let nearest = Place { file: audited.target.source.clone(), line: 1, column: 1 };
            (names.found(found, nearest), Counts::default())
        });
    }
    let recorded = records.iter().flat_map(|record| &record.hello.hot);
    written::apply(recorded.chain(proofs.found.iter().map(|found| &found.entry)), &mut audited);
    audited.problems.append(&mut problems);
    audited
}

/// Silence must not look like a pass: a binary with hot functions always leaves a record, because it is opened
/// before `main`.
fn gap(
    status: &Status,
    records: &[Record],
    bytes: Result<&[u8], String>,
    error: Option<&String>,
) -> Option<Gap> {
    let ran_to_its_end = matches!(status, Status::Ok | Status::Failed { .. });
    match (bytes, error) {
        (Ok(bytes), _) if records.is_empty() && *status != Status::NotRun => {
            (ran_to_its_end && symbols::holds_hot_functions(bytes)).then_some(Gap::NoRecord)
        }
        (_, Some(error)) if !records.is_empty() || *status == Status::NotRun => {
            Some(Gap::NoDebugInfo { reason: error.clone() })
        }
        _ => {
            let calls = records.iter().fold(0u64, |sum, record| sum.saturating_add(record.lost_calls));
            (calls > 0).then_some(Gap::LostCalls { calls })
        }
    }
}

/// A hot function as its attribute describes it.
fn hot(entry: &HotEntry, origins: &Origins) -> HotFn {
    let bound = |value: u64| (value != u64::MAX).then_some(value);
    HotFn {
        id: HotId(entry.id),
        name: if entry.block {
            entry.path.clone()
        } else {
            FunctionName::of_item(&entry.path).as_str().to_owned()
        },
        place: Place { file: origins.file(&entry.file, ""), line: entry.line, column: entry.column },
        attributed: true,
        by_code: entry.line == 0,
        promise: Promise {
            allocs: bound(entry.allocs),
            bytes: bound(entry.bytes),
            warmup: entry.warmup,
            allow_free: entry.allow_free,
            prove: entry.prove,
        },
    }
}

fn whose(op: u64) -> Whose {
    match op & (op_bit::OWN | op_bit::DOUBTFUL) {
        0 => Whose::Foreign,
        op_bit::OWN => Whose::Own,
        _ => Whose::Unknown,
    }
}

/// Turns one record into model nouns.
struct Reader<'a> {
    record: &'a Record,
    symbols: Option<&'a Symbols<'a>>,
    libraries: &'a Libraries,
    executable: &'a Path,
    origins: &'a Origins,
}

impl Reader<'_> {
    fn add_to(&self, audited: &mut Audited) {
        let entries = self.record.hello.hot.iter();
        let hot: Vec<HotFn> = entries.map(|entry| hot(entry, self.origins)).collect();
        for (hot, counts) in hot.iter().zip(&self.record.counts) {
            let (_, total) =
                audited.functions.entry(hot.id).or_insert_with(|| (hot.clone(), Counts::default()));
            total.add(counts);
        }
        let first = audited.sites.len();
        let process = audited.sites.last().map_or(0, |site| site.process + 1);
        for entry in &self.record.sites {
            // The reader has checked that the index is in the list.
            let hot = hot.get(entry.site.hot as usize).map_or(HotId(0), |hot| hot.id);
            audited.sites.push(Site { process, ..self.site(entry, hot, first) });
        }
        audited.permits.extend(self.record.permits.iter().map(|entry| self.permit(entry)));
        self.benches(&hot, audited);
        self.admit(audited);
    }

    fn permit(&self, entry: &PermitEntry) -> Permit {
        let PermitEntry { reason, file, line, column, counts } = entry;
        Permit {
            place: Place { file: self.origins.file(file, ""), line: *line, column: *column },
            reason: Some(reason.clone()),
            function: None,
            entered: counts.calls,
            allocs: counts.allocs,
            reallocs: counts.reallocs,
            frees: counts.frees,
            bytes: counts.bytes,
        }
    }

    fn site(&self, entry: &SiteEntry, hot: HotId, first: usize) -> Site {
        let SiteEntry { site, frames, freed_by } = entry;
        let c_function = record::c_function(site.op);
        let op = match site.op & op_bit::OPERATION {
            0 => Op::Alloc,
            1 => Op::Realloc,
            _ => Op::Free,
        };
        let has = |flag: SiteFlag| site.flags & flag as u64 != 0;
        // Those of a call that was still running when the process ended are not followed either.
        let followed = [site.freed, site.escaped, site.superseded];
        let untracked = followed.iter().fold(site.count, |left, fate| left.saturating_sub(*fate));
        Site {
            hot,
            op,
            process: 0,
            chain: chain::from_innermost(self.frames(frames, c_function)),
            c_function: c_function.map(str::to_owned),
            count: site.count,
            bytes: site.bytes,
            sizes: Sizes { min: site.size_min, max: site.size_max },
            calls: Calls {
                affected: site.calls_affected,
                exact: !has(SiteFlag::CallsAtLeast),
                first: site.first_call,
                last: site.last_call,
                streams: self.streams(site),
            },
            freed: site.freed,
            escaped: site.escaped,
            untracked: if op == Op::Free { 0 } else { untracked },
            whose: (op == Op::Free).then(|| whose(site.op)),
            freed_by: freed_by.map(|index| first + index),
            source: None,
            cut: match () {
                () if has(SiteFlag::Incomplete) => Some(Cut::Broken),
                () if site.op & op_bit::CUT != 0 => Some(Cut::Crowded),
                () if has(SiteFlag::Truncated) => Some(Cut::Deep),
                () => None,
            },
        }
    }

    /// Of no hot function.
    fn outside(&self, entry: &SiteEntry) -> Site {
        let frames = self.frames(&entry.frames, record::c_function(entry.site.op));
        Site { chain: chain::of_iteration(frames), ..self.site(entry, HotId(0), 0) }
    }

    fn streams(&self, site: &record::Site) -> Streams {
        let is = |what: StreamTrait| site.traits & what as u64 != 0;
        let bench = site.bench.checked_sub(1).and_then(|index| usize::try_from(index).ok());
        Streams {
            repeated: !is(StreamTrait::Unknown),
            latest: site.latest,
            quiet: site.quiet,
            without_gaps: !is(StreamTrait::Gaps),
            whole: !is(StreamTrait::Partial),
            rare: !is(StreamTrait::Frequent),
            rising: !is(StreamTrait::Level),
            bench: bench.and_then(|index| Some(self.record.hello.benches.get(index)?.name.clone())),
        }
    }

    /// The frames of one stack, innermost first: of C's from the function that was called.
    fn frames(&self, frames: &[u64], c_function: Option<&str>) -> Vec<Frame> {
        let mut found: Vec<_> = c_function.map(libraries::frame).into_iter().collect();
        for address in frames {
            let module = self
                .record
                .hello
                .modules
                .iter()
                .enumerate()
                .find(|(_, module)| (module.low..module.high).contains(address));
            match (module, self.symbols) {
                (Some((0, module)), Some(symbols)) => {
                    let address = ReturnAddress(address - module.bias).lookup();
                    let frames = symbols.frames(address, self.origins);
                    let unnamed = frames.is_empty();
                    found.extend(frames);
                    found.extend(self.libraries.own_frame(self.executable, address).filter(|_| unnamed));
                }
                (Some((_, module)), _) => {
                    let address = ReturnAddress(address.wrapping_sub(module.bias));
                    found.push(self.libraries.frame(&module.name, address.lookup()));
                }
                (None, _) => found.push(libraries::frame("code without a file")),
            }
        }
        found
    }

    fn benches(&self, hot: &[HotFn], audited: &mut Audited) {
        use no_heap::record::BenchState;
        let benches = self.record.hello.benches.iter().zip(&self.record.benches).zip(&self.record.outside);
        for ((entry, (result, samples)), outside) in benches {
            if result.state != BenchState::Done as u64 {
                continue;
            }
            let overhead = overhead(result);
            let once_each = result.hot_calls == result.recorded;
            audited.benches.push(Bench {
                name: entry.name.clone(),
                target: audited.target.name.clone(),
                place: Place {
                    file: self.origins.file(&entry.file, ""),
                    line: entry.line,
                    column: entry.column,
                },
                iterations: result.timed_iterations,
                samples: samples.iter().map(|ns| overhead.subtract_from(*ns)).collect(),
                slices: Slices { taken: result.slices, left_out: result.slices_left_out },
                overhead,
                recorded: result.recorded,
                allocs: result.allocs,
                reallocs: result.reallocs,
                frees: result.frees,
                bytes: result.bytes,
                c_heap: audited.c_uncounted.is_none().then_some(CHeap {
                    allocs: result.c_allocs,
                    reallocs: result.c_reallocs,
                    frees: result.c_frees,
                    bytes: result.c_bytes,
                }),
                processed_bytes: Some(result.processed_bytes).filter(|bytes| *bytes > 0),
                processed_items: Some(result.processed_items).filter(|items| *items > 0),
                allocator: in_allocator(result),
                hot: usize::try_from(result.hot.wrapping_sub(1))
                    .ok()
                    .and_then(|index| hot.get(index))
                    .filter(|_| once_each)
                    .map(|hot| hot.id),
                outside: outside
                    .sites
                    .iter()
                    .chain(&outside::unplaced(outside))
                    .map(|entry| self.outside(entry))
                    .collect(),
            });
        }
        // Arguments of one benchmark stand at one place.
        let key = |bench: &Bench| -> Vec<Option<u64>> {
            bench.name.split('/').skip(1).map(|part| part.parse().ok()).collect()
        };
        audited.benches.sort_by(|a, b| a.place.cmp(&b.place).then_with(|| key(a).cmp(&key(b))));
    }

    /// What this record could not hold.
    fn admit(&self, audited: &mut Audited) {
        let target = format!("{} `{}`", audited.target.kind, audited.target.name);
        let mut admit = |message: String| audited.problems.push(Problem::new(Step::Run, message));
        if let Some((events, functions)) = self.all(|counts| counts.unsited) {
            let events = plural(events, "event");
            admit(format!(
                "{target}: {events} of {functions} are counted without a call stack: too many different ones"
            ));
        }
        let cut = || self.record.sites.iter().filter(|entry| entry.site.op & op_bit::CUT != 0);
        if cut().count() > 0 {
            let stacks = plural(cut().count() as u64, "call stack");
            let functions: BTreeSet<u64> = cut().map(|entry| entry.site.hot).collect();
            let functions = plural(functions.len() as u64, "function");
            admit(format!(
                "{target}: {stacks} of {functions} hold the innermost frames only, and stand for all that begin so: too \
                 many different ones"
            ));
        }
        if let Some((blocks, functions)) = self.all(|counts| counts.unfollowed) {
            let frees = self.all(|counts| counts.doubtful_frees).map_or(0, |(frees, _)| frees);
            let (blocks, frees) = (plural(blocks, "block"), plural(frees, "free"));
            admit(format!(
                "{target}: {blocks} of {functions} were not followed, too many at once: of {frees} it is not known whether \
                 the call had taken the memory itself"
            ));
        }
    }

    /// What was counted so over all hot functions, and of how many; `None` where nothing was.
    fn all(&self, counted: fn(&Counts) -> u64) -> Option<(u64, String)> {
        let each = || self.record.counts.iter().map(counted).filter(|count| *count > 0);
        let functions = each().count() as u64;
        (functions > 0).then(|| (each().sum(), plural(functions, "function")))
    }
}

fn overhead(result: &BenchResult) -> Overhead {
    let guarded_calls = match result.recorded {
        0 => result.first_guarded_calls as f64,
        recorded => result.guarded_calls as f64 / recorded as f64,
    };
    let [each_loop, guard] = [result.loop_ns, result.guard_ns].map(f64::from_bits);
    Overhead { each_loop, guard, guarded_calls }
}

fn in_allocator(result: &BenchResult) -> Option<InAllocator> {
    let words = [result.allocator_share, result.allocator_error, result.allocator_overhead_ns];
    let [share, error, overhead] = words.map(f64::from_bits);
    (result.allocator_pass == AllocatorPass::Done as u64).then_some(InAllocator { share, error, overhead })
}
