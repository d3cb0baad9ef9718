//! `primaryLocationLineHash`: what GitHub recognises a finding by when the code around it moves.
//!
//! The hash of a line covers the next 100 UTF-16 units from its start, blanks and tabs left out, each kind of line end
//! as a line feed, the end of the file as 65535. Equal hashes are numbered in the order of their lines. This is the
//! algorithm that `github/codeql-action` publishes in `src/fingerprints.ts`.

use std::collections::BTreeMap;

use crate::model::{Place, Texts};

const WINDOW: usize = 100;
const FACTOR: u64 = 37;
const END: u16 = 65_535;

/// Hashes of the lines of files, each file hashed once.
pub(in crate::report) struct Fingerprints<'a> {
    texts: &'a Texts,
    files: BTreeMap<String, Vec<String>>,
}

impl<'a> Fingerprints<'a> {
    pub(in crate::report) fn new(texts: &'a Texts) -> Fingerprints<'a> {
        Fingerprints { texts, files: BTreeMap::new() }
    }

    /// Of the line that `place` is on; `None` where the file cannot be read.
    pub(in crate::report) fn of(&mut self, place: &Place) -> Option<String> {
        if !self.files.contains_key(&place.file) {
            let hashes = self.texts.get(&place.file).map(of_lines).unwrap_or_default();
            self.files.insert(place.file.clone(), hashes);
        }
        self.files[&place.file].get((place.line as usize).checked_sub(1)?).cloned()
    }
}

/// `hash:count` of every line.
fn of_lines(text: &str) -> Vec<String> {
    let (units, starts) = units(text);
    // What falls out of the window has been multiplied so many times.
    let outgrown = (0..WINDOW).fold(1u64, |power, _| power.wrapping_mul(FACTOR));
    let mut hash = 0u64;
    let mut window = [0u16; WINDOW];
    let mut hashes = vec![0u64; starts.len()];
    let mut lines = starts.iter().enumerate().peekable();
    // After the end come as many zeros as bring the last line to its full window.
    for (at, unit) in units.iter().copied().chain([0; WINDOW]).enumerate() {
        if let Some((line, _)) = lines.next_if(|(_, start)| **start + WINDOW == at) {
            hashes[line] = hash;
        }
        let slot = &mut window[at % WINDOW];
        let gone = u64::from(std::mem::replace(slot, unit));
        hash = hash.wrapping_mul(FACTOR).wrapping_add(unit.into()).wrapping_sub(outgrown.wrapping_mul(gone));
    }
    if let Some((line, _)) = lines.next() {
        hashes[line] = hash;
    }
    let mut seen: BTreeMap<u64, u32> = BTreeMap::new();
    let mut numbered = |hash: u64| {
        let count = seen.entry(hash).or_default();
        *count += 1;
        format!("{hash:x}:{count}")
    };
    hashes.into_iter().map(&mut numbered).collect()
}

/// What is hashed, and where in it each line begins.
fn units(text: &str) -> (Vec<u16>, Vec<usize>) {
    let (mut units, mut starts) = (Vec::with_capacity(text.len() + 1), Vec::new());
    let (mut starting, mut after_return) = (true, false);
    for unit in text.encode_utf16().chain([END]) {
        let feed = unit == u16::from(b'\n');
        if unit == u16::from(b' ') || unit == u16::from(b'\t') || after_return && feed {
            after_return = false;
            continue;
        }
        after_return = unit == u16::from(b'\r');
        if std::mem::take(&mut starting) {
            starts.push(units.len());
        }
        starting = after_return || feed;
        units.push(if after_return { u16::from(b'\n') } else { unit });
    }
    (units, starts)
}

#[cfg(test)]
mod tests {
    use super::of_lines;

    /// The vectors of `github/codeql-action`, `src/fingerprints.test.ts`.
    #[test]
    fn githubs_own_examples() {
        assert_eq!(of_lines(""), ["c129715d7a2bc9a3:1"]);
        let expected = ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(of_lines(" a\nb\n  \t\tc\n d"), expected);
        let expected = [
            "8b7cf3e952e7aeb2:1",
            "b1ae1287ec4718d9:1",
            "bff680108adb0fcc:1",
            "c6805c5e1288b612:1",
            "b86d3392aea1be30:1",
            "e6ceba753e1a442:1",
        ];
        assert_eq!(of_lines(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"), expected);
        let expected = [
            "e9496ae3ebfced30:1",
            "fb7c023a8b9ccb3f:1",
            "ce8ba1a563dcdaca:1",
            "e20e36e16fcb0cc8:1",
            "b3edc88f2938467e:1",
            "c8e28b0b4002a3a0:1",
            "c129715d7a2bc9a3:1",
        ];
        for text in [
            " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n",
            " hello; \t\nworld!!!\r\r\r  \t\tGreetings\r End\r",
            " hello; \t\r\nworld!!!\r\n\r\n\r\n  \t\tGreetings\r\n End\r\n",
            " hello; \t\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ] {
            assert_eq!(of_lines(text), expected, "{text:?}");
        }
    }

    #[test]
    fn equal_lines_are_numbered() {
        let expected = [
            "a7f2ff13bc495cf2:1",
            "a7f2ff13bc495cf2:2",
            "a7f2ff13bc495cf2:3",
            "a7f2ff13bc495cf2:4",
            "a7f2ff13bc495cf2:5",
            "a7f2ff13bc495cf2:6",
            "a7f2ff1481e87703:1",
            "a9cf91f7bbf1862b:1",
            "55ec222b86bcae53:1",
            "cc97dc7b1d7d8f7b:1",
            "c129715d7a2bc9a3:1",
        ];
        assert_eq!(of_lines(&"Lorem ipsum dolor sit amet.\n".repeat(10)), expected);
    }
}
