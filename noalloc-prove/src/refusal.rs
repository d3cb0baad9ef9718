//! Why a binary cannot be judged at all. A refusal is better than a verdict without ground.

use std::fmt;

/// The binary was not analysed. `Display` says what was seen, why it matters and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The file does not start as an ELF file does.
    NotElf,
    /// An ELF file of another architecture or word size.
    NotX86_64,
    /// An object file, a core dump: not something a linker finished.
    NotLinked,
    /// No function symbols: neither the allocator nor the functions can be named.
    Stripped,
    /// No `.noheap` section: the binary was not built for an audit.
    NoMarker,
    /// `__rust_alloc` is not in the binary and nothing else shows how it allocates.
    AllocatorMissing,
    /// `__rust_alloc` is there but leads to no allocator that is known.
    AllocatorUnrecognised {
        /// Address of `__rust_alloc`.
        address: u64,
    },
    /// The allocator was inlined into this function, so calls to it are no longer visible.
    AllocatorInlined {
        /// Address of one function that allocates without calling anything known.
        address: u64,
        /// Its name.
        function: String,
    },
    /// Cut or damaged.
    Corrupt(Corruption),
}

/// What is damaged in a file that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// The file's header or section table.
    Header,
    /// Sections share more bytes of the file than there are.
    OverlappingSections,
    /// More relocations than the file has words.
    TooManyRelocations,
    /// The `.noheap` section is not an array of 16-byte records.
    Marker,
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "its header or section table cannot be read",
            Self::OverlappingSections => "its sections overlap",
            Self::TooManyRelocations => "it has more relocations than words",
            Self::Marker => "its `.noheap` section is not an array of 16-byte records",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NotElf => {
                "the file is not an ELF file; the proof reads ELF x86-64 only: build with `--target x86_64-unknown-linux-gnu`"
            }
            Self::NotX86_64 => {
                "the file is ELF, but not 64-bit x86; the proof reads ELF x86-64 only: build with `--target x86_64-unknown-linux-gnu`"
            }
            Self::NotLinked => {
                "the file is ELF, but not a linked executable; calls are resolved by the linker: pass the executable that cargo built"
            }
            Self::Stripped => {
                "the binary has no function symbols, so the allocator cannot be found in it: build without `strip` in the profile, and without `-s` among the linker's arguments"
            }
            Self::NoMarker => {
                "the binary has no `.noheap` section, so no `#[no_heap]` function can be found in it: build it with `cargo noalloc`, or name a function with `--fn`"
            }
            Self::AllocatorMissing => {
                "`__rust_alloc` is not in the binary and no other allocator is known to be, so every verdict would be \"proved\": make `no_heap::Allocator<System>` the global allocator"
            }
            Self::AllocatorUnrecognised { address } => {
                return write!(
                    f,
                    "`__rust_alloc` at {address:#x} leads to no allocator that is known, so a call to it could be missed: wrap the global allocator as `no_heap::Allocator<…>`"
                );
            }
            Self::AllocatorInlined { address, function } => {
                return write!(
                    f,
                    "the allocator is inlined into its callers (`{function}` at {address:#x} is one), so calls to it cannot be seen: wrap it as `no_heap::Allocator<…>`"
                );
            }
            Self::Corrupt(what) => {
                return write!(
                    f,
                    "the file is cut or corrupt: {what}; a verdict about it would mean nothing: build it again"
                );
            }
        };
        f.write_str(text)
    }
}

impl std::error::Error for Refusal {}
