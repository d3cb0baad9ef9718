//! Work on all functions of a program, in parts that run at the same time.
//!
//! The parts do not depend on the number of processors, so neither does any answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::image::Function;

/// Parts of a large program: enough for the processors of most machines, few enough to be put together again.
const MOST: usize = 16;
/// Bytes of code that are worth a part of their own.
const LEAST_CODE: u64 = 1 << 16;

/// Splits functions into parts with about equally much code; answers where each part ends.
pub(crate) fn split(functions: &[Function]) -> Vec<usize> {
    let size = |function: &Function| function.end.saturating_sub(function.start);
    let total: u64 = functions.iter().map(size).fold(0, u64::saturating_add);
    let share = (total / MOST as u64).max(LEAST_CODE);
    let (mut ends, mut sum) = (Vec::new(), 0u64);
    for (index, function) in functions.iter().enumerate() {
        sum = sum.saturating_add(size(function));
        if sum >= share {
            ends.push(index + 1);
            sum = 0;
        }
    }
    if ends.last() != Some(&functions.len()) {
        ends.push(functions.len());
    }
    ends
}

/// Does the work on each part, on as many threads as there are processors; answers in the order of the parts.
pub(crate) fn each<P: Send, A: Send>(parts: Vec<P>, work: impl Fn(P) -> A + Sync) -> Vec<A> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(parts.len());
    let parts: Vec<Mutex<Option<P>>> = parts.into_iter().map(|part| Mutex::new(Some(part))).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = parts.get(index) else { return done };
            let part = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            done.extend(part.map(|part| (index, work(part))));
        }
    };
    let mut done = thread::scope(|scope| {
        // A thread that cannot be started is done without.
        let start = |_| thread::Builder::new().spawn_scoped(scope, worker).ok();
        let others: Vec<_> = (1..threads).filter_map(start).collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use super::{LEAST_CODE, each, split};
    use crate::image::Image;

    #[test]
    fn answers_come_in_the_order_of_the_parts() {
        let squares = each((0..100u64).collect(), |number| number * number);
        assert_eq!(squares, (0..100).map(|number| number * number).collect::<Vec<u64>>());
        assert!(each(Vec::<u8>::new(), |number| number).is_empty());
    }

    #[test]
    fn every_function_is_in_a_part() {
        let parts = |count: u64, size: u64| {
            let functions: Vec<(u64, u64)> =
                (0..count).map(|number| (number * size, (number + 1) * size)).collect();
            split(&Image::made(&[], &functions).functions)
        };
        assert_eq!(parts(3, 16), [3], "a small program is one part");
        assert_eq!(parts(4, LEAST_CODE / 2), [2, 4]);
        assert_eq!(parts(5, LEAST_CODE / 2), [2, 4, 5]);
        let many = parts(1000, LEAST_CODE);
        assert!(many.len() <= 17 && many.last() == Some(&1000), "{many:?}");
        assert_eq!(parts(0, 0), [0]);
    }
}
