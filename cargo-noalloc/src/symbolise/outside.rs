//! What a benchmark's iterations did outside of hot functions where the record has no place for it.
//!
//! The report says how often all the same: its sum is that of the table.

use no_heap::record::{Outside, Site, SiteEntry, SiteFlag, op_bit};

/// What was counted without a stack, as sites that have none: one for each operation.
pub(super) fn unplaced(outside: &Outside) -> Vec<SiteEntry> {
    let Outside { counts, sites } = outside;
    let mut bytes = counts.unsited_bytes;
    let all = [counts.allocs, counts.reallocs, counts.frees].into_iter().zip(0..);
    let entries = all.filter_map(|(all, op)| {
        let is_of = |entry: &&SiteEntry| entry.site.op & op_bit::OPERATION == op;
        let placed: u64 = sites.iter().filter(is_of).map(|entry| entry.site.count).sum();
        let count = all.saturating_sub(placed);
        let flags = SiteFlag::Incomplete as u64;
        // Of allocations and reallocations it is known together how many bytes they are.
        let bytes = if count > 0 { std::mem::take(&mut bytes) } else { 0 };
        let site = Site { op, flags, count, bytes, ..Site::default() };
        (count > 0).then(|| SiteEntry { site, frames: Vec::new(), freed_by: None })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::unplaced;
    use no_heap::record::{FnCounts, Outside, Site, SiteEntry, op_bit};

    #[test]
    fn what_has_no_site_is_counted_all_the_same() {
        let site = |op, count| Site { op, count, ..Site::default() };
        let entry = |op, count| SiteEntry { site: site(op, count), frames: Vec::new(), freed_by: None };
        let check = |counts: [u64; 3], sites: Vec<SiteEntry>, expected: &[(u64, u64, u64)]| {
            let [allocs, reallocs, frees] = counts;
            let counts = FnCounts { allocs, reallocs, frees, unsited_bytes: 64, ..FnCounts::default() };
            let unplaced = unplaced(&Outside { counts, sites });
            let figures: Vec<_> = unplaced.iter().map(|e| (e.site.op, e.site.count, e.site.bytes)).collect();
            assert_eq!(figures, expected);
        };
        check([5, 0, 4], vec![entry(0, 3), entry(2, 1), entry(2 | op_bit::CUT, 3)], &[(0, 2, 64)]);
        check([0, 2, 3], Vec::new(), &[(1, 2, 64), (2, 3, 0)]);
        check([1, 0, 1], vec![entry(op_bit::C_HEAP, 1), entry(2, 1)], &[]);
    }
}
