//! One binary, prepared once and asked about many functions.

use std::collections::BTreeMap;

use crate::allocator;
use crate::analysis::{Analysis, analyse};
use crate::debug_info::{Wanted, inlined_copies};
use crate::dispatch::{FIRST_METHOD, method};
use crate::image::{Image, demangle};
use crate::inspect;
use crate::memo::Memo;
use crate::names::{is_tail_of, without_generics};
use crate::parts;
use crate::proof::{Candidate, Cause, Proof, Slot, Unknown};
use crate::refusal::Refusal;
use crate::roots::{self, SiteRoots};
use crate::walk::{Ground, Walk, proof};

/// A linked executable, ready for proofs.
///
/// [`Program::parse`] does what all roots share; each [`Program::prove`] then only walks.
pub struct Program<'a> {
    pub(crate) image: Image<'a>,
    pub(crate) file: object::File<'a>,
    analysis: Analysis,
    memo: Memo,
    sites: Option<Vec<SiteRoots>>,
}

/// A function of the binary that a pattern found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionRef {
    /// Its address, for [`Program::prove`]; `None` when it has no code of its own, only inlined copies.
    pub address: Option<u64>,
    /// Its readable name.
    pub name: String,
    /// First addresses of its copies that were inlined into other functions; the proof does not speak about those.
    pub inlined_copies: Vec<u64>,
}

impl std::fmt::Debug for Program<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("functions", &self.image.functions.len()).finish_non_exhaustive()
    }
}

impl<'a> Program<'a> {
    /// Reads and analyses a linked ELF x86-64 executable.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] when the file is of another kind, stripped, damaged, or when its allocator would not be
    /// recognised. Never panics, whatever the bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let (image, file) = Image::load(bytes)?;
        if image.is_stripped {
            return Err(Refusal::Stripped);
        }
        let sites = roots::read(&file)?;
        let analysis = analyse(&image, &roots::guards(&file)?);
        allocator::check(&image, &analysis.graph, &file)?;
        let memo = Memo::new(image.functions.len());
        Ok(Self { image, file, analysis, memo, sites })
    }

    /// The hot functions that the binary's marker section names, by ascending site.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoMarker`] when it has no such section.
    pub fn sites(&self) -> Result<Vec<SiteRoots>, Refusal> {
        self.sites.clone().ok_or(Refusal::NoMarker)
    }

    /// The proof about the function that starts at an address, as linked.
    #[must_use]
    pub fn prove(&self, address: u64) -> Proof {
        match self.image.function_at(address) {
            Some(function) => proof(&Walk::from(self.ground(), function)),
            None => Proof::not_a_function(address),
        }
    }

    /// The proofs about functions at these addresses, in their order; on all processors.
    #[must_use]
    pub fn prove_all(&self, addresses: &[u64]) -> Vec<Proof> {
        parts::each(addresses.to_vec(), |address| self.prove(address))
    }

    /// The proof about a hot function: the weakest of its instances' proofs.
    #[must_use]
    pub fn prove_site(&self, site: &SiteRoots) -> Proof {
        let proofs: Vec<Proof> = site.instances.iter().map(|address| self.prove(*address)).collect();
        Proof::weakest(&proofs).cloned().unwrap_or_else(Proof::absent)
    }

    /// Functions whose path is `pattern` or ends in `::pattern`, by name and address. Generic arguments do not
    /// matter: `Vec::push` finds `<alloc::vec::Vec<u8>>::push`.
    ///
    /// A proof about such a function speaks about its own code only. Without the marker the compiler may have
    /// specialised that code for the arguments that this binary passes.
    #[must_use]
    pub fn functions_matching(&self, pattern: &str) -> Vec<FunctionRef> {
        let last = pattern.rsplit("::").next().unwrap_or(pattern);
        self.functions_where(last, &|name| is_tail_of(pattern, &without_generics(name)))
    }

    /// Functions whose demangled name `wanted` says yes to, by name and address. Only those are asked for whose symbol
    /// has `part` in it.
    #[must_use]
    pub fn functions_where(&self, part: &str, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Vec<FunctionRef> {
        let matches = |symbol: &str| symbol.contains(part) && wanted(&demangle(symbol));
        let copies = inlined_copies(&self.file, Wanted { part, is: &matches }).unwrap_or_default();
        let mut inlined: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        // The linker drops code and leaves what the debug information says of it, at no address.
        for copy in copies.into_iter().filter(|copy| self.image.function_around(copy.address).is_some()) {
            inlined.entry(demangle(&copy.name)).or_default().push(copy.address);
        }
        let mut found = Vec::new();
        for function in &self.image.functions {
            let names = self.image.names(function).iter().filter(|symbol| matches(symbol));
            found.extend(names.map(|symbol| demangle(symbol)).map(|name| FunctionRef {
                address: Some(function.start),
                inlined_copies: inlined.get(&name).cloned().unwrap_or_default(),
                name,
            }));
        }
        let known: Vec<String> = found.iter().map(|function| function.name.clone()).collect();
        let only_inlined = inlined.into_iter().filter(|(name, _)| !known.contains(name));
        found.extend(only_inlined.map(|(name, inlined_copies)| FunctionRef {
            address: None,
            name,
            inlined_copies,
        }));
        found.sort_by(|left, right| (&left.name, left.address).cmp(&(&right.name, right.address)));
        found.dedup();
        found
    }

    /// Functions of the whole binary that a dynamic call in doubt may go to: those in its slot of every vtable,
    /// whose name ends in `::name` where a method's name is given. Without the name there are hundreds.
    #[must_use]
    pub fn implementations(&self, unknown: &Unknown, name: Option<&str>) -> Vec<Candidate> {
        let Cause::DynamicCall { slot, .. } = unknown.cause else { return Vec::new() };
        let offset = match slot {
            Slot::First => 0,
            Slot::Method(number) => {
                i32::try_from(number).unwrap_or(0).saturating_mul(8).saturating_add(FIRST_METHOD)
            }
            Slot::Field(_) => return Vec::new(),
        };
        let vtables = self.memo.vtables(&self.image).iter();
        let mut functions: Vec<u32> = vtables
            .filter_map(|vtable| self.image.function_at(method(&self.image, *vtable, offset)?))
            .filter(|function| name.is_none_or(|name| self.is_called(*function, name)))
            .collect();
        functions.sort_unstable();
        functions.dedup();
        let ground = self.ground();
        let candidate = |function: u32| {
            let address = self.image.functions.get(function as usize)?.start;
            let name = self.memo.name(ground, function).to_owned();
            Some(Candidate { address, name, state: self.memo.verdict(ground, function) })
        };
        functions.into_iter().filter_map(candidate).collect()
    }

    /// The readable name of the function that contains an address.
    #[must_use]
    pub fn function_name(&self, address: u64) -> Option<String> {
        let function = self.image.function_around(address)?;
        Some(self.memo.name(self.ground(), function).to_owned())
    }

    /// The graph, for oracles.
    #[doc(hidden)]
    #[must_use]
    pub fn branches(&self) -> Vec<inspect::Branch> {
        inspect::branches(&self.image, &self.analysis)
    }

    /// The jump tables, for oracles.
    #[doc(hidden)]
    #[must_use]
    pub fn jump_tables(&self) -> Vec<inspect::JumpTable> {
        inspect::tables(&self.analysis)
    }

    fn is_called(&self, function: u32, name: &str) -> bool {
        let Some(function) = self.image.functions.get(function as usize) else { return false };
        let names = self.image.names(function);
        names.iter().any(|symbol| is_tail_of(name, &without_generics(&demangle(symbol))))
    }

    fn ground(&self) -> Ground<'_, 'a> {
        Ground { image: &self.image, analysis: &self.analysis, memo: &self.memo }
    }
}
