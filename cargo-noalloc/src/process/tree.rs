//! A process and all that it has started, directly or not.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process};

/// Sends `signal` to `root` and to everything below it.
pub(super) fn tell(root: Pid, signal: Signal) {
    let all = stopped(root);
    for next in [signal, Signal::CONT] {
        for pid in &all {
            // It may have ended just now.
            let _ = kill_process(*pid, next);
        }
    }
}

/// All of them, stopped: who has been stopped starts nothing more that would be missed, and who lost a child cannot
/// complain about it before it gets the signal itself.
fn stopped(root: Pid) -> Vec<Pid> {
    let (mut all, mut found) = (Vec::new(), vec![root]);
    while !found.is_empty() {
        for pid in &found {
            let _ = kill_process(*pid, Signal::STOP);
        }
        all.append(&mut found);
        let children = children();
        let below = all.iter().filter_map(|pid| children.get(&pid.as_raw_pid())).flatten();
        found = below.filter(|pid| !all.contains(pid)).copied().collect();
    }
    all
}

/// By their parents. Empty where the system does not tell.
fn children() -> BTreeMap<i32, Vec<Pid>> {
    let mut children = BTreeMap::<i32, Vec<Pid>>::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| Pid::from_raw(name.parse().ok()?));
        let parent = std::fs::read_to_string(entry.path().join("stat")).ok().and_then(|stat| parent(&stat));
        if let (Some(pid), Some(parent)) = (pid, parent) {
            children.entry(parent).or_default().push(pid);
        }
    }
    children
}

/// In `/proc/PID/stat` (proc_pid_stat(5)): `PID (name) state parent …`, where the name may be anything.
fn parent(stat: &str) -> Option<i32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parent;

    #[test]
    fn a_parent_is_found_behind_any_name() {
        for (stat, expected) in [
            ("42 (cargo) S 7 42 7 0 -1", Some(7)),
            ("42 (a) R 9 (b) S 7 42", Some(7)),
            ("1 (init) S 0 1 1", Some(0)),
            ("42 (cargo", None),
            ("", None),
        ] {
            assert_eq!(parent(stat), expected, "{stat}");
        }
    }
}
