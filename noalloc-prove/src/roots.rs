//! The marker sections: which functions of the binary are hot (`.noheap`), and which are the guards around them
//! (`.noheap.guards`), by address.
//!
//! An array of 16-byte little-endian records that the runtime emits, one for each instance of a generic hot
//! function: linked address, then the site's hash. A record of code that the linker dropped has an address of
//! (nearly) zero. The guards' section is an array of their addresses alone. Symbols are never asked: identical functions are merged, and a symbol may name the twin.

use std::collections::BTreeMap;

use object::{Object, ObjectSection};

use crate::refusal::{Corruption, Refusal};

/// Name of the section of hot functions.
const SECTION: &str = ".noheap";
/// Name of the section of guards.
const GUARDS: &str = ".noheap.guards";
const RECORD: usize = 16;
/// The linker's value for dropped code is zero plus an addend; no code of a program lies in the first page.
const LOWEST_CODE: u64 = 0x1000;

/// A hot function of the source and its instances in the binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRoots {
    /// The hash that identifies the function in the source.
    pub site: u64,
    /// Addresses of its instances, ascending, each once. Empty when the code is absent.
    pub instances: Vec<u64>,
}

impl SiteRoots {
    /// Whether no instance of the function is in the binary.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.instances.is_empty()
    }
}

/// The hot functions by ascending site; `None` when the binary has no marker section.
pub(crate) fn read(file: &object::File<'_>) -> Result<Option<Vec<SiteRoots>>, Refusal> {
    let Some(section) = file.section_by_name(SECTION) else { return Ok(None) };
    let data = section.data().map_err(|_| Refusal::Corrupt(Corruption::Marker))?;
    if data.len() % RECORD != 0 {
        return Err(Refusal::Corrupt(Corruption::Marker));
    }
    Ok(Some(group(data)))
}

/// The addresses of guards, in any order; none when the binary has no such section.
pub(crate) fn guards(file: &object::File<'_>) -> Result<Vec<u64>, Refusal> {
    let Some(section) = file.section_by_name(GUARDS) else { return Ok(Vec::new()) };
    let data = section.data().map_err(|_| Refusal::Corrupt(Corruption::Marker))?;
    let (words, rest) = data.as_chunks();
    if !rest.is_empty() {
        return Err(Refusal::Corrupt(Corruption::Marker));
    }
    let addresses = words.iter().copied().map(u64::from_le_bytes);
    Ok(addresses.filter(|address| *address >= LOWEST_CODE).collect())
}

fn group(data: &[u8]) -> Vec<SiteRoots> {
    let mut sites: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let (words, _) = data.as_chunks();
    let (records, _) = words.as_chunks();
    for [address, site] in records {
        let instances = sites.entry(u64::from_le_bytes(*site)).or_default();
        let address = u64::from_le_bytes(*address);
        if address >= LOWEST_CODE {
            instances.push(address);
        }
    }
    let sorted = |(site, mut instances): (u64, Vec<u64>)| {
        instances.sort_unstable();
        instances.dedup();
        SiteRoots { site, instances }
    };
    sites.into_iter().map(sorted).collect()
}

#[cfg(test)]
mod tests {
    use super::{SiteRoots, group};

    #[test]
    fn instances_are_grouped_and_dead_ones_leave_an_absent_site() {
        let mut data = Vec::new();
        for (address, site) in [(0x2000u64, 7u64), (0, 9), (0x1000, 7), (0x2000, 7), (3, 9)] {
            data.extend(address.to_le_bytes());
            data.extend(site.to_le_bytes());
        }
        let sites = group(&data);
        assert_eq!(sites[0], SiteRoots { site: 7, instances: vec![0x1000, 0x2000] });
        assert!(sites[1].is_absent() && sites[1].site == 9);
    }
}
