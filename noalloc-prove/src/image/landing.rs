//! Exception tables (LSDA): which calls have a landing pad, and which of these pads catch.
//!
//! A pad that only cleans up ends in `_Unwind_Resume` and never comes back; one that catches may return
//! normally, so a panic below it is not the end of the path.

use super::cursor::Cursor;
use super::{Function, Image};

const OMITTED: u8 = 0xff;
/// Longer chains of actions do not occur; a loop in a corrupt one ends here.
const ACTIONS: usize = 64;

/// A range of calls that share a landing pad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LandingSite {
    pub start: u64,
    pub end: u64,
    pub pad: u64,
    /// The pad is entered for a type (or for any panic), not only to clean up.
    pub catches: bool,
}

/// The landing sites of a function by ascending address; `None` when its table cannot be read.
pub(crate) fn landing_sites(image: &Image<'_>, function: &Function) -> Option<Vec<LandingSite>> {
    if function.exceptions == 0 {
        return Some(Vec::new());
    }
    let mut sites = parse(image.tail(function.exceptions)?, function.start)?;
    sites.sort_by_key(|site| site.start);
    Some(sites)
}

fn parse(table: &[u8], function: u64) -> Option<Vec<LandingSite>> {
    let mut cursor = Cursor::new(table, 0);
    let encoding = cursor.byte()?;
    let base = if encoding == OMITTED { function } else { cursor.encoded(encoding)? };
    if cursor.byte()? != OMITTED {
        cursor.unsigned()?;
    }
    let encoding = cursor.byte()?;
    let length = usize::try_from(cursor.unsigned()?).ok()?;
    let actions = cursor.position.checked_add(length).filter(|end| *end <= table.len())?;
    let mut sites = Vec::new();
    while cursor.position < actions {
        let start = cursor.encoded(encoding)?;
        let length = cursor.encoded(encoding)?;
        let pad = cursor.encoded(encoding)?;
        let action = cursor.unsigned()?;
        if pad == 0 {
            continue;
        }
        let start = function.wrapping_add(start);
        let catches = action != 0 && catches(table, actions, action)?;
        let (end, pad) = (start.wrapping_add(length), base.wrapping_add(pad));
        sites.push(LandingSite { start, end, pad, catches });
    }
    Some(sites)
}

/// Follows a chain of actions; filter 0 is a cleanup, any other one is a type or a specification.
fn catches(table: &[u8], actions: usize, first: u64) -> Option<bool> {
    let mut position = actions.checked_add(usize::try_from(first).ok()?)?.checked_sub(1)?;
    for _ in 0..ACTIONS {
        let mut cursor = Cursor::new(table, position);
        if cursor.signed()? != 0 {
            return Some(true);
        }
        let here = i64::try_from(cursor.position).ok()?;
        match cursor.signed()? {
            0 => return Some(false),
            next => position = usize::try_from(here.checked_add(next)?).ok()?,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{LandingSite, parse};

    /// One call site `[4, 9)` with a pad at 0x20 and the given action records behind the table.
    fn table(action: u8, records: &[u8]) -> Vec<u8> {
        let mut table = vec![0xff, 0xff, 0x01, 4, 4, 5, 0x20, action];
        table.extend(records);
        table
    }

    #[test]
    fn a_cleanup_does_not_catch_and_a_typed_action_does() {
        let pad = |catches| LandingSite { start: 0x104, end: 0x109, pad: 0x120, catches };
        assert_eq!(parse(&table(0, &[]), 0x100), Some(vec![pad(false)]));
        assert_eq!(parse(&table(1, &[0, 0]), 0x100), Some(vec![pad(false)]));
        assert_eq!(parse(&table(1, &[1, 0]), 0x100), Some(vec![pad(true)]));
        // A cleanup whose chain goes on to a typed action two bytes later.
        assert_eq!(parse(&table(1, &[0, 1, 1, 0]), 0x100), Some(vec![pad(true)]));
    }

    #[test]
    fn a_cut_table_and_an_endless_chain_are_no_answer() {
        assert_eq!(parse(&table(1, &[]), 0x100), None);
        assert_eq!(parse(&table(1, &[0, 0x7f]), 0x100), None);
    }
}
