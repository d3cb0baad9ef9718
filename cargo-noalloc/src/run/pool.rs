//! Work that is done by several at once, and handed over in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `work` for 0 to `count`, `jobs` at a time. `done` gets the results in that order, each as soon as those before
/// it are there.
pub(super) fn in_order<T: Send>(
    count: usize,
    jobs: usize,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(T),
) {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let all = || {
        let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        numbers.take_while(|number| *number < count)
    };
    thread::scope(|scope| {
        for _ in 0..jobs.min(count) {
            let (sender, work, all) = (sender.clone(), &work, &all);
            // The receiver lives as long as there are senders.
            scope.spawn(move || all().for_each(|number| drop(sender.send((number, work(number))))));
        }
        drop(sender);
        let (mut early, mut expected) = (BTreeMap::new(), 0);
        for (number, result) in receiver {
            early.insert(number, result);
            while let Some(result) = early.remove(&expected) {
                done(result);
                expected += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::in_order;

    #[test]
    fn several_work_at_once_and_the_results_are_in_order() {
        let barrier = Barrier::new(3);
        let mut results = Vec::new();
        // Nobody would get past the barrier alone.
        let work = |number| {
            barrier.wait();
            number
        };
        in_order(9, 3, work, |number| results.push(number));
        assert_eq!(results, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_to_do_is_done() {
        in_order(0, 4, |number| number, |_| unreachable!("there is nothing"));
    }
}
