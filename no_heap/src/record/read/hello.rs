//! Who the program is: the record's strings and numbers, each string after its length.

const WORD: usize = size_of::<u64>();

/// Who the program is.
#[derive(Clone, Debug, Default)]
pub struct Hello {
    /// Path of the executable.
    pub exe: String,
    /// Loaded objects, the executable first.
    pub modules: Vec<Module>,
    /// Hot functions.
    pub hot: Vec<HotEntry>,
    /// Benchmarks.
    pub benches: Vec<BenchEntry>,
}

/// One loaded object.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Path; empty for the executable.
    pub name: String,
    /// What was added to the addresses in the file.
    pub bias: u64,
    /// First address of code in memory.
    pub low: u64,
    /// First address after the code.
    pub high: u64,
}

/// A hot function as its attribute describes it.
#[derive(Clone, Debug, Default)]
pub struct HotEntry {
    /// As in the binary's marker section.
    pub id: u64,
    /// Path of the function that has the guard: `app::Filter::process`.
    pub path: String,
    /// What its author called it, see [`crate::descriptor::as_written`].
    pub written: String,
    /// As `file!()` gave it.
    pub file: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name in characters, from 1.
    pub column: u32,
    /// Allowed allocations for each call; `u64::MAX` for any number.
    pub allocs: u64,
    /// Allowed bytes for each call; `u64::MAX` for any number.
    pub bytes: u64,
    /// First calls that may use the heap.
    pub warmup: u64,
    /// Frees are fine.
    pub allow_free: bool,
    /// The proof must hold.
    pub prove: bool,
    /// A block, by `no_heap::guard`: `path` is the name that it was given.
    pub block: bool,
}

/// A benchmark.
#[derive(Clone, Debug, Default)]
pub struct BenchEntry {
    /// Path inside the crate.
    pub name: String,
    /// As `file!()` gave it.
    pub file: String,
    /// Line of the name, from 1.
    pub line: u32,
    /// Column of the name in characters, from 1.
    pub column: u32,
}

impl Hello {
    /// `None` when the bytes are anything else.
    pub(super) fn parse(bytes: &[u8]) -> Option<Hello> {
        Cursor { rest: bytes }.hello()
    }
}

/// Takes the hello apart.
struct Cursor<'bytes> {
    rest: &'bytes [u8],
}

impl Cursor<'_> {
    fn hello(&mut self) -> Option<Hello> {
        let exe = self.text()?;
        let modules = self.list(|cursor| {
            Some(Module {
                name: cursor.text()?,
                bias: cursor.number()?,
                low: cursor.number()?,
                high: cursor.number()?,
            })
        })?;
        let hot = self.list(Cursor::hot)?;
        let benches = self.list(|cursor| {
            Some(BenchEntry {
                name: cursor.text()?,
                file: cursor.text()?,
                line: cursor.small()?,
                column: cursor.small()?,
            })
        })?;
        self.rest.is_empty().then_some(Hello { exe, modules, hot, benches })
    }

    fn hot(&mut self) -> Option<HotEntry> {
        let (id, path, written, file) = (self.number()?, self.text()?, self.text()?, self.text()?);
        let (line, column) = (self.small()?, self.small()?);
        let (allocs, bytes, warmup) = (self.number()?, self.number()?, self.number()?);
        let bits = self.number()?;
        let (allow_free, prove) = (bits & 1 != 0, bits & 2 != 0);
        Some(HotEntry {
            id,
            path,
            written,
            file,
            line,
            column,
            allocs,
            bytes,
            warmup,
            allow_free,
            prove,
            block: false,
        })
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.number()?;
        // Every item takes at least one word, so a length beyond that is a lie, not a reason to allocate.
        if len > (self.rest.len() / WORD) as u64 {
            return None;
        }
        (0..len).map(|_| item(self)).collect()
    }

    fn number(&mut self) -> Option<u64> {
        let (word, rest) = self.rest.split_first_chunk::<WORD>()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*word))
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<String> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        String::from_utf8(text.to_vec()).ok()
    }
}
