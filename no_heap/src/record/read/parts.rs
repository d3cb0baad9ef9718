//! Where the numbers of each thread lie: in its own part, and in those that hold more of its sites.

use std::collections::BTreeMap;

use super::super::layout::{FRAMES, Head, MoreSites, PartState, Site};
use super::{BadRecord, WORD, words};

/// Words of one site and its stack.
pub(super) const SITE_WORDS: usize = Site::WORDS + FRAMES;

/// Of one thread, or of several one after another.
pub(super) struct ThreadParts {
    /// Where its own part starts, in bytes.
    pub(super) start: u64,
    pub(super) more: Vec<Slots>,
}

/// Room for more sites.
pub(super) struct Slots {
    /// Where it starts, in bytes.
    pub(super) start: u64,
    /// For so many.
    pub(super) slots: usize,
}

/// The threads' parts, in the order of the file.
pub(super) fn of_threads(bytes: &[u8], head: &Head) -> Result<Vec<ThreadParts>, BadRecord> {
    let mut threads: BTreeMap<u64, ThreadParts> = BTreeMap::new();
    let mut more: Vec<(u64, Slots)> = Vec::new();
    for number in 0..head.parts_used {
        // The head's reader has made sure that the file is so long.
        let start = head.parts_offset + number * head.part_stride;
        let MoreSites { state, thread } = MoreSites::decode(&words(bytes, start, MoreSites::WORDS)?);
        if state == PartState::MoreSites as u64 {
            let fixed = (MoreSites::WORDS * WORD) as u64;
            let slots = head.part_stride.saturating_sub(fixed) / (SITE_WORDS * WORD) as u64;
            let slots = usize::try_from(slots).map_err(|_| BadRecord::Corrupt("a part is too long"))?;
            more.push((thread, Slots { start: start + fixed, slots }));
        } else if state < PartState::MoreSites as u64 {
            threads.insert(number, ThreadParts { start, more: Vec::new() });
        } else {
            return Err(BadRecord::Corrupt("a part is of no known kind"));
        }
    }
    for (thread, slots) in more {
        let of = thread.checked_sub(1).map(|number| threads.get_mut(&number));
        match of {
            // The process ended before there was a site.
            None => {}
            Some(of) => of.ok_or(BadRecord::Corrupt("sites belong to no thread"))?.more.push(slots),
        }
    }
    Ok(threads.into_values().collect())
}
