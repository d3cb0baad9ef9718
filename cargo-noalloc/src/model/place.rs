//! Places in source files.

/// Where a compiler's debug info says something stands: columns are bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodePlace {
    /// Relative to the workspace where it lies inside, absolute elsewhere.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In UTF-8 bytes from 1; 0 where only the line is known.
    pub byte_column: u32,
}

/// Where a reader finds something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Relative to the workspace where it lies inside, absolute elsewhere; `/` between folders.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters from 1.
    pub column: u32,
}

/// A stretch of source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First character.
    pub start: Place,
    /// Line of the last character.
    pub end_line: u32,
    /// Column after the last character, from 1.
    pub end_column: u32,
}

impl Span {
    /// A span of no length: only the start is known.
    pub fn point(start: Place) -> Span {
        Span { end_line: start.line, end_column: start.column, start }
    }
}
