//! Adds the threads' parts up, and checks that each agrees with itself.

use std::collections::BTreeMap;

use super::super::layout::{FnCounts, SITES, Site, StreamTrait, ThreadHead, repeat_sum, site_hash};
use super::super::operation::{C_FUNCTIONS, op_bit};
use super::super::streams::Streams;
use super::parts::{SITE_WORDS, ThreadParts};
use super::{BadRecord, SiteEntry, WORD, word, words};

/// Identity of a site over threads.
type Key = (u64, u64, Vec<u64>);

/// Sums over the threads.
pub(super) struct Merged {
    counts: Vec<FnCounts>,
    sites: BTreeMap<Key, (Site, Option<Key>)>,
}

impl Merged {
    pub(super) fn new(hot_count: usize) -> Merged {
        Merged { counts: vec![FnCounts::default(); hot_count], sites: BTreeMap::new() }
    }

    /// Adds what a thread wrote.
    pub(super) fn add_thread(&mut self, bytes: &[u8], of_thread: &ThreadParts) -> Result<(), BadRecord> {
        let start = of_thread.start;
        let fixed = ThreadHead::WORDS + FnCounts::WORDS * self.counts.len();
        let fixed_words = words(bytes, start, fixed)?;
        let head = ThreadHead::decode(&fixed_words);
        let (counts, _) = fixed_words[ThreadHead::WORDS..].as_chunks::<{ FnCounts::WORDS }>();
        let counts: Vec<FnCounts> = counts.iter().map(|words| FnCounts::decode(words)).collect();
        let first = start.checked_add((fixed * WORD) as u64).ok_or(BEYOND)?;
        let updating = head.updates % 2 == 1;
        let mut part = Part { sites: BTreeMap::new(), counts, updating };
        part.read_slots(bytes, first, SITES)?;
        for more in &of_thread.more {
            part.read_slots(bytes, more.start, more.slots)?;
        }
        part.add_repeats(&head)?;
        part.check(&head)?;
        part.end_streams(&head);
        for slot in part.sites.values() {
            let freed_by = match slot.site.freed_by {
                0 => None,
                free => {
                    let free = part.sites.get(&free);
                    Some(free.ok_or(BadRecord::Corrupt("a site was freed by none"))?.key())
                }
            };
            let (total, last_free) = self.sites.entry(slot.key()).or_default();
            add_sites(total, &slot.site);
            *last_free = freed_by.or(last_free.take());
        }
        for (total, counts) in self.counts.iter_mut().zip(&part.counts) {
            total.add(counts);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Vec<SiteEntry>, Vec<FnCounts>) {
        let index: BTreeMap<Key, usize> =
            self.sites.keys().enumerate().map(|(index, key)| (key.clone(), index)).collect();
        let sites = self
            .sites
            .into_iter()
            .map(|((_, _, frames), (site, freed_by))| SiteEntry {
                site,
                frames,
                freed_by: freed_by.and_then(|key| index.get(&key).copied()),
            })
            .collect();
        (sites, self.counts)
    }
}

/// A slot in use.
struct Slot {
    site: Site,
    frames: Vec<u64>,
}

impl Slot {
    fn key(&self) -> Key {
        (self.site.hot, self.site.op, self.frames.clone())
    }

    /// Whether its numbers can be true of one site, while the stream with this number runs.
    fn is_sound(&self, counts: &FnCounts, stream: u64) -> bool {
        let site = &self.site;
        let fates = [site.freed, site.escaped, site.superseded, site.untracked];
        let fates = fates.iter().fold(0u64, |sum, fate| sum.saturating_add(*fate));
        site.flags < 16
            && site.count > 0
            && site.size_min <= site.size_max
            && (site.size_max <= site.bytes || site.bytes == u64::MAX)
            && (1..=site.count).contains(&site.calls_affected)
            && (1..=site.last_call).contains(&site.first_call)
            && (1..=counts.calls).contains(&site.stamp)
            && site.last_call <= counts.calls
            && site.calls_affected <= counts.calls
            && site.stream <= stream
            && site.stream_calls <= site.calls_affected
            && (site.stream_calls..=counts.calls).contains(&site.stream_last)
            && site.latest <= counts.calls
            && site.traits < 32
            && fates <= if is_free(site) { 0 } else { site.count }
            && (site.freed > 0 || site.freed_by == 0)
    }
}

/// Whether there is such an operation.
fn is_known(op: u64) -> bool {
    let whose = op & (op_bit::OWN | op_bit::DOUBTFUL);
    let (is_c, function) = (op & op_bit::C_HEAP != 0, op >> op_bit::WIDTH);
    let is_whole = match op & op_bit::OPERATION {
        FREE => whose != op_bit::OWN | op_bit::DOUBTFUL,
        operation => operation < FREE && whose == 0,
    };
    is_whole && if is_c { function < C_FUNCTIONS.len() as u64 } else { function == 0 }
}

fn is_free(site: &Site) -> bool {
    site.op & op_bit::OPERATION == FREE
}

/// [`Site::op`] of frees, without its bits.
const FREE: u64 = 2;
const BEYOND: BadRecord = BadRecord::Corrupt("a part lies beyond all files");
const NO_SUCH_FUNCTION: BadRecord = BadRecord::Corrupt("a site names a hot function that is not there");

/// What one thread wrote.
struct Part {
    counts: Vec<FnCounts>,
    /// By their numbers.
    sites: BTreeMap<u64, Slot>,
    /// The process ended in the middle of one event: its numbers may be there in part.
    updating: bool,
}

impl Part {
    /// Reads the slots in use of the `count` that begin at byte `start`: one behind the other, from the first on.
    fn read_slots(&mut self, bytes: &[u8], start: u64, count: usize) -> Result<(), BadRecord> {
        for index in 0..count {
            let start = start.checked_add((index * SITE_WORDS * WORD) as u64).ok_or(BEYOND)?;
            if word(bytes, start)? == 0 {
                break;
            }
            let slot = words(bytes, start, SITE_WORDS)?;
            let site = Site::decode(&slot);
            if !is_known(site.op) {
                return Err(BadRecord::Corrupt("a site has no known operation"));
            }
            let depth = usize::try_from(site.depth).unwrap_or(usize::MAX);
            let frames = slot[Site::WORDS..].get(..depth).ok_or(BadRecord::Corrupt("a stack is too deep"))?;
            if site_hash(site.hot, site.op, frames) != site.hash {
                return Err(BadRecord::Corrupt("a site's hash is not that of its stack"));
            }
            let slot = Slot { frames: frames.to_vec(), site };
            if self.sites.insert(slot.site.number, slot).is_some() {
                return Err(BadRecord::Corrupt("two sites have one number"));
            }
        }
        Ok(())
    }

    /// Adds the repeats to the other numbers, and leaves none.
    fn add_repeats(&mut self, head: &ThreadHead) -> Result<(), BadRecord> {
        let mut sum = 0u64;
        let numbers: Vec<u64> = self.sites.keys().copied().collect();
        for number in numbers {
            let Some(Slot { site, .. }) = self.sites.get_mut(&number) else { continue };
            let repeats = std::mem::take(&mut site.repeats);
            if repeats == 0 {
                continue;
            }
            let Site { hash, hot, op, repeat_size, repeat_from, .. } = *site;
            let is_of_own = op & op_bit::OPERATION != FREE || op & op_bit::OWN != 0;
            if !is_of_own || site.repeat_sum != repeat_sum(hash, repeat_size, repeat_from) {
                return Err(BadRecord::Corrupt("the repeats of a site are of no known kind"));
            }
            sum = sum.saturating_add(repeats);
            let bytes = repeats.saturating_mul(repeat_size);
            site.count = site.count.saturating_add(repeats);
            site.bytes = site.bytes.saturating_add(bytes);
            let counts = usize::try_from(hot).ok().and_then(|hot| self.counts.get_mut(hot));
            let counts = counts.ok_or(NO_SUCH_FUNCTION)?;
            if op & op_bit::OPERATION != FREE {
                counts.allocs = counts.allocs.saturating_add(repeats);
                counts.bytes = counts.bytes.saturating_add(bytes);
                continue;
            }
            counts.frees = counts.frees.saturating_add(repeats);
            let origin = self.sites.get_mut(&repeat_from);
            let origin = origin.ok_or(BadRecord::Corrupt("the blocks that a site freed are from none"))?;
            origin.site.freed = origin.site.freed.saturating_add(repeats);
        }
        let is_sound = if head.repeating == 0 { sum == head.repeats } else { sum >= head.repeats };
        if !is_sound {
            return Err(BadRecord::Corrupt("the repeats of the sites are not those of the thread"));
        }
        Ok(())
    }

    /// Adds the streams that still ran to those that had ended. Nobody has said what their calls have in common.
    fn end_streams(&mut self, head: &ThreadHead) {
        for Slot { site, .. } in self.sites.values_mut().filter(|slot| slot.site.stream == head.stream) {
            let counts = usize::try_from(site.hot).ok().and_then(|hot| self.counts.get(hot));
            let calls = counts.map_or(0, |counts| counts.calls.saturating_sub(counts.before_stream));
            let last = Streams::one(calls, site.stream_calls, site.stream_last, head.bench);
            set_streams(site, streams_of(site).and(last.with(StreamTrait::Unknown)));
        }
    }

    /// Events counted for a function must be those of its sites.
    fn check(&self, head: &ThreadHead) -> Result<(), BadRecord> {
        let mut events = vec![0u64; self.counts.len()];
        let mut bytes = vec![0u64; self.counts.len()];
        let mut largest = 0;
        for slot in self.sites.values() {
            let site = &slot.site;
            let Some(hot) = usize::try_from(site.hot).ok().filter(|hot| *hot < self.counts.len()) else {
                return Err(NO_SUCH_FUNCTION);
            };
            if !self.updating && !slot.is_sound(&self.counts[hot], head.stream) {
                return Err(BadRecord::Corrupt("the numbers of a site contradict each other"));
            }
            events[hot] = events[hot].saturating_add(site.count);
            if !is_free(site) {
                bytes[hot] = bytes[hot].saturating_add(site.bytes);
                largest = site.size_max.max(largest);
            }
        }
        for ((counts, events), bytes) in self.counts.iter().zip(events).zip(bytes) {
            let counted = [counts.allocs, counts.reallocs, counts.frees];
            let counted = counted.iter().fold(0u64, |sum, count| sum.saturating_add(*count));
            let of_sites = events.saturating_add(counts.unsited);
            let bytes_of_sites = bytes.saturating_add(counts.unsited_bytes);
            let (slack, byte_slack) = match (self.updating, events) {
                (false, _) => (0, 0),
                // A permit has no sites, and at its end all is added at once that hot functions did inside it.
                (true, 0) => (u64::MAX, u64::MAX),
                (true, _) => (1, largest.max(counts.bytes)),
            };
            if counted.abs_diff(of_sites) > slack || counts.bytes.abs_diff(bytes_of_sites) > byte_slack {
                return Err(BadRecord::Corrupt("the counts of a function and of its sites disagree"));
            }
            let is_part = counts.c_allocs <= counts.allocs
                && counts.c_reallocs <= counts.reallocs
                && counts.c_frees <= counts.frees
                && counts.c_bytes <= counts.bytes;
            if !is_part && !self.updating {
                return Err(BadRecord::Corrupt("the C library's part of the counts is more than all"));
            }
            let requests = counts.allocs.saturating_add(counts.reallocs);
            if counts.max_allocs > counts.allocs
                || counts.max_requests > requests
                || counts.max_bytes > counts.bytes
            {
                return Err(BadRecord::Corrupt("one call did more than all calls together"));
            }
        }
        Ok(())
    }
}

impl FnCounts {
    /// Adds what another thread or process counted for the same function.
    pub fn add(&mut self, more: &FnCounts) {
        for (total, more) in [
            (&mut self.calls, more.calls),
            (&mut self.allocs, more.allocs),
            (&mut self.reallocs, more.reallocs),
            (&mut self.frees, more.frees),
            (&mut self.bytes, more.bytes),
            (&mut self.unsited, more.unsited),
            (&mut self.unsited_bytes, more.unsited_bytes),
            (&mut self.unsited_foreign, more.unsited_foreign),
            (&mut self.unfollowed, more.unfollowed),
            (&mut self.doubtful_frees, more.doubtful_frees),
            (&mut self.unwinding, more.unwinding),
            (&mut self.permitted, more.permitted),
            (&mut self.c_allocs, more.c_allocs),
            (&mut self.c_reallocs, more.c_reallocs),
            (&mut self.c_frees, more.c_frees),
            (&mut self.c_bytes, more.c_bytes),
        ] {
            *total = total.saturating_add(more);
        }
        self.max_allocs = self.max_allocs.max(more.max_allocs);
        self.max_requests = self.max_requests.max(more.max_requests);
        self.max_bytes = self.max_bytes.max(more.max_bytes);
    }
}

fn add_sites(total: &mut Site, more: &Site) {
    if total.count == 0 {
        *total = more.clone();
        return;
    }
    for (total, more) in [
        (&mut total.count, more.count),
        (&mut total.bytes, more.bytes),
        (&mut total.calls_affected, more.calls_affected),
        (&mut total.freed, more.freed),
        (&mut total.escaped, more.escaped),
        (&mut total.superseded, more.superseded),
        (&mut total.untracked, more.untracked),
    ] {
        *total = total.saturating_add(more);
    }
    set_streams(total, streams_of(total).and(streams_of(more)));
    total.flags |= more.flags;
    total.size_min = total.size_min.min(more.size_min);
    total.size_max = total.size_max.max(more.size_max);
    total.first_call = total.first_call.min(more.first_call);
    total.last_call = total.last_call.max(more.last_call);
}

fn streams_of(site: &Site) -> Streams {
    Streams { latest: site.latest, quiet: site.quiet, traits: site.traits, bench: site.bench }
}

fn set_streams(site: &mut Site, streams: Streams) {
    Streams { latest: site.latest, quiet: site.quiet, traits: site.traits, bench: site.bench } = streams;
}
