//! How far a check's targets have come: what runs now, how much is done, and how long the rest takes.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::live::{Benches, Live};
use super::words::Words;
use crate::model::{Binary, Target};
use crate::shell::{Now, Pace, Shell, Stage};

/// Who waits for a number wants no more of them.
const BEAT: Duration = Duration::from_millis(100);

/// All targets of a check, for whoever looks at the terminal.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) stage: Stage,
    course: Mutex<Course>,
}

impl Watch {
    pub(super) fn new(targets: usize, timing: bool, shell: Shell) -> Watch {
        let course =
            Course { timing, of: targets, done: 0, later: 0, pace: Pace::new(), running: Vec::new() };
        Watch { stage: shell.stage(), course: Mutex::new(course) }
    }

    /// Targets of another kind come: their pace is not known, nor that of the `later` ones behind them.
    pub(super) fn turn(&self, later: usize) {
        let mut course = self.course();
        (course.later, course.pace) = (later, Pace::new());
    }

    /// Runs a target to its end: `end` takes what is to be done meanwhile. What the target says goes to `words`, if
    /// anywhere here.
    pub(super) fn attend<R>(
        &self,
        index: usize,
        binary: &Binary,
        records: &Path,
        mut words: Option<Words>,
        end: impl FnOnce(&mut dyn FnMut(Duration)) -> R,
    ) -> R {
        let mut live = Live::new(records, &binary.executable);
        self.began(index, binary);
        let ended = end(&mut |pause| {
            match &mut words {
                Some(words) => words.hear(pause),
                None => thread::sleep(pause),
            }
            if self.stage.is_seen() {
                self.look(index, &mut live);
            }
        });
        words.into_iter().for_each(Words::finish);
        ended
    }

    fn began(&self, index: usize, binary: &Binary) {
        let Target { package, name: target, .. } = &binary.planned.target;
        let name = if package == target { target.clone() } else { format!("{package}::{target}") };
        let running = Running { index, name, looked: Instant::now(), pace: Pace::new(), benches: None };
        self.course().running.push(running);
        self.show();
    }

    pub(super) fn ended(&self, index: usize) {
        let mut course = self.course();
        course.running.retain(|running| running.index != index);
        course.done += 1;
        course.pace.one_more(Instant::now());
    }

    /// Asks a target's record, not too often.
    fn look(&self, index: usize, live: &mut Live) {
        let now = Instant::now();
        let is_it = |running: &&mut Running| running.index == index;
        match self.course().running.iter_mut().find(is_it) {
            Some(running) if now - running.looked >= BEAT => running.looked = now,
            _ => return,
        }
        // Others do not wait while the file is read.
        let benches = live.benches();
        let mut course = self.course();
        let Some(running) = course.running.iter_mut().find(is_it) else { return };
        let done = |benches: &Option<Benches>| benches.as_ref().map_or(0, |benches| benches.done);
        for _ in done(&running.benches)..done(&benches) {
            running.pace.one_more(now);
        }
        running.benches = benches;
        drop(course);
        self.show();
    }

    fn show(&self) {
        if let Some(now) = self.course().now(Instant::now()) {
            self.stage.show(&now);
        }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        // Counts are whole, whoever panicked.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Course {
    timing: bool,
    /// Targets in all.
    of: usize,
    done: usize,
    /// Targets that are not of the kind that runs now.
    later: usize,
    pace: Pace,
    running: Vec<Running>,
}

#[derive(Debug)]
struct Running {
    index: usize,
    /// `elvis`, or with its package where that is called otherwise: `shop::hot`.
    name: String,
    looked: Instant,
    /// Of its benchmarks.
    pace: Pace,
    benches: Option<Benches>,
}

impl Running {
    fn left(&self, now: Instant) -> Option<Duration> {
        let Benches { done, of, .. } = self.benches.as_ref()?;
        self.pace.left(of - done, now)
    }
}

impl Course {
    /// `None` where nothing runs.
    fn now(&self, at: Instant) -> Option<Now> {
        let (one, rest) = self.running.split_first()?;
        let Course { of, done, .. } = *self;
        let Some(benches) = one.benches.as_ref().filter(|_| rest.is_empty()) else {
            let names: Vec<&str> = self.running.iter().map(|running| &*running.name).collect();
            let left = self.left(at);
            return Some(Now { verb: "Running", done, of, part: 0.0, what: names.join(", "), left });
        };
        let clock = self.timing && benches.now.as_ref().is_none_or(|bench| bench.under_clock);
        let verb = if clock { "Timing" } else { "Counting" };
        let name = benches.now.as_ref().map(|bench| &bench.name);
        let left = self.left(at);
        // Whoever checks one target counts its benchmarks.
        if of == 1 {
            let what = name.map_or_else(|| one.name.clone(), |name| format!("{name} ({})", one.name));
            return Some(Now { verb, done: benches.done, of: benches.of, part: 0.0, what, left });
        }
        let part = benches.done as f64 / benches.of as f64;
        let inside = format!("{}, {}/{}", one.name, benches.done, benches.of);
        let what = name.map_or_else(|| inside.clone(), |name| format!("{name} ({inside})"));
        Some(Now { verb, done, of, part, what, left })
    }

    /// Of all targets.
    fn left(&self, now: Instant) -> Option<Duration> {
        if self.later > 0 {
            return None;
        }
        let waiting = self.of - self.done - self.running.len();
        match self.running.as_slice() {
            // Its benchmarks say more than other targets do.
            [one] if one.left(now).is_some() => match waiting {
                0 => one.left(now),
                _ => Some(one.left(now)? + self.pace.mean()? * u32::try_from(waiting).ok()?),
            },
            running => self.pace.left(running.len() + waiting, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::live::{Bench, Benches};
    use super::{Course, Now, Pace, Running};

    fn benches(done: usize, of: usize, now: Option<&str>) -> Option<Benches> {
        Some(Benches { done, of, now: now.map(|name| Bench { name: name.to_owned(), under_clock: true }) })
    }

    /// One target in four seconds, or one benchmark in each.
    fn pace(at: Instant, done: usize) -> Pace {
        let mut pace = Pace::from(at);
        (1..=done as u64).for_each(|seconds| pace.one_more(at + Duration::from_secs(4 * seconds)));
        pace
    }

    fn running(at: Instant, name: &str, benches: Option<Benches>) -> Running {
        let pace = pace(at, benches.as_ref().map_or(0, |benches| benches.done));
        Running { index: 0, name: name.to_owned(), looked: at, pace, benches }
    }

    /// Verb, count, what runs, and the seconds that are left when `seconds` have gone by.
    fn seen(course: &Course, seconds: u64, at: Instant) -> (&'static str, String, String, Option<u64>) {
        let now = course.now(at + Duration::from_secs(seconds)).unwrap();
        let Now { verb, done, of, what, left, .. } = now;
        (verb, format!("{done}/{of}"), what, left.map(|left| left.as_secs()))
    }

    fn course(at: Instant, of: usize, done: usize, running: Vec<Running>) -> Course {
        Course { timing: true, of, done, later: 0, pace: pace(at, done), running }
    }

    #[test]
    fn one_target_counts_its_benchmarks() {
        let at = Instant::now();
        let one = |benches| course(at, 1, 0, vec![running(at, "elvis", benches)]);
        let said = |verb, count: &str, what: &str, left| (verb, count.to_owned(), what.to_owned(), left);
        let unknown = said("Running", "0/1", "elvis", None);
        assert_eq!(seen(&one(None), 3, at), unknown, "not ours, or too early");
        let first = said("Timing", "0/4", "algo_one (elvis)", None);
        assert_eq!(seen(&one(benches(0, 4, Some("algo_one"))), 3, at), first, "nothing is measured yet");
        let second = said("Timing", "1/4", "algo_two (elvis)", Some(11));
        assert_eq!(seen(&one(benches(1, 4, Some("algo_two"))), 5, at), second);
        let late = said("Timing", "3/4", "algo_four (elvis)", None);
        assert_eq!(seen(&one(benches(3, 4, Some("algo_four"))), 30, at), late);
    }

    #[test]
    fn several_targets_are_counted_and_the_benchmarks_of_the_one_that_runs() {
        let at = Instant::now();
        let second = running(at, "shop::hot", benches(1, 2, Some("cart")));
        let (verb, count, what, left) = seen(&course(at, 3, 1, vec![second]), 4, at);
        // Half of it, and another target like the first.
        assert_eq!((verb, &*count, &*what, left), ("Timing", "1/3", "cart (shop::hot, 1/2)", Some(8)));
        let first = running(at, "shop::hot", benches(1, 2, Some("cart")));
        assert_eq!(seen(&course(at, 3, 0, vec![first]), 4, at).3, None, "of the others nothing is known");
    }

    #[test]
    fn those_that_run_at_the_same_time_are_all_named() {
        let at = Instant::now();
        let both = || ["a", "b"].map(|name| running(at, name, None)).into();
        let (verb, count, what, left) = seen(&course(at, 6, 3, both()), 12, at);
        assert_eq!((verb, &*count, &*what, left), ("Running", "3/6", "a, b", Some(12)));
        let before = Course { later: 1, ..course(at, 6, 3, both()) };
        assert_eq!(seen(&before, 12, at).3, None, "those under the clock take another time");
    }

    #[test]
    fn what_is_not_under_the_clock_is_counted() {
        let at = Instant::now();
        let verb = |under_clock: bool| {
            let now = Some(Bench { name: "algo_one".to_owned(), under_clock });
            let benches = Some(Benches { done: 0, of: 4, now });
            seen(&course(at, 1, 0, vec![running(at, "elvis", benches)]), 0, at).0
        };
        assert_eq!([true, false].map(verb), ["Timing", "Counting"]);
    }

    #[test]
    fn without_the_clock_benchmarks_are_counted_only() {
        let at = Instant::now();
        let running = vec![running(at, "elvis", benches(0, 4, Some("algo_one")))];
        assert_eq!(seen(&Course { timing: false, ..course(at, 1, 0, running) }, 0, at).0, "Counting");
    }
}
