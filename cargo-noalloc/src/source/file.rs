//! One source file: its text, its lines, its syntax tree, and the arguments of its macros as trees.
//!
//! The only place that turns columns of one unit into another: the debug info counts bytes, syn counts
//! characters from 0, the report counts characters from 1.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proc_macro2::{LineColumn, Span as TokenSpan};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, ImplItemFn, Item, Macro, Stmt, Token};

use super::extent::{self, Extent};
use super::parse::{self, Parsed, Unread};
use crate::model::{CodePlace, NoSource, Place, Span};

/// A position as syn counts it: line from 1, column in characters from 0.
pub(super) type Position = LineColumn;

/// What stands between a macro's brackets.
pub(super) enum MacroBody {
    /// `[value; len]`.
    Repeat(Box<[Expr; 2]>),
    /// Separated by commas.
    List(Vec<Expr>),
    /// Statements.
    Statements(Vec<Stmt>),
    /// Items, as `thread_local!` takes them.
    Items(Vec<Item>),
}

/// Of nodes that were asked about, by where they are in memory: the tree never changes.
///
/// PERF: each search through the file asks of every node before the one that it is about.
#[derive(Default)]
struct Extents {
    items: Known<Item>,
    methods: Known<ImplItemFn>,
    statements: Known<Stmt>,
    expressions: Known<Expr>,
}

type Known<T> = RefCell<BTreeMap<*const T, Extent>>;

fn known<T>(extents: &Known<T>, node: &T, of: impl FnOnce(&T) -> Extent) -> Extent {
    *extents.borrow_mut().entry(node).or_insert_with(|| of(node))
}

/// One parsed file.
pub(super) struct SourceFile {
    /// As the report names it.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) tree: Result<syn::File, NoSource>,
    /// What the tree lacks.
    pub(super) unread: Vec<Unread>,
    /// The name under which the parser knows the file.
    parsed_as: Option<String>,
    /// By the first position of the macro's path.
    bodies: BTreeMap<(usize, usize), MacroBody>,
    /// Byte offset of each line's start.
    lines: Vec<usize>,
    extents: Extents,
}

impl SourceFile {
    /// Parses the text of the file that reports call `name`.
    pub(super) fn parse(name: &str, text: String) -> SourceFile {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        let (tree, unread) = match parse::parse(&text) {
            Ok(Parsed { tree, unread }) => (Ok(tree), unread),
            Err((line, error)) => {
                let why = format!("line {line}: {error}");
                (Err(NoSource::Unparsed { file: name.to_owned(), why }), Vec::new())
            }
        };
        let mut macros = Macros::default();
        if let Ok(tree) = &tree {
            macros.visit_file(tree);
        }
        let first = tree.as_ref().ok().and_then(|tree| tree.items.first());
        let parsed_as = first.map(|item| item.span().file());
        let (bodies, extents) = (macros.bodies, Extents::default());
        SourceFile { name: name.to_owned(), text, tree, unread, parsed_as, bodies, lines, extents }
    }

    /// Why nothing is known of a place, where it lies in a part that could not be read.
    pub(super) fn unread_at(&self, at: Position) -> Option<NoSource> {
        let unread = self.unread.iter().find(|unread| unread.start <= at && at < unread.end)?;
        Some(NoSource::Unparsed { file: self.name.clone(), why: unread.why.clone() })
    }

    /// From where to where an item of this file reaches.
    pub(super) fn extent_of(&self, item: &Item) -> Extent {
        known(&self.extents.items, item, extent::of_item)
    }

    pub(super) fn extent_of_method(&self, method: &ImplItemFn) -> Extent {
        known(&self.extents.methods, method, extent::of_method)
    }

    pub(super) fn extent_of_statement(&self, statement: &Stmt) -> Extent {
        known(&self.extents.statements, statement, |statement| extent::of_tokens(statement.span()))
    }

    pub(super) fn extent_of_expression(&self, expr: &Expr) -> Extent {
        known(&self.extents.expressions, expr, |expr| extent::of_tokens(expr.span()))
    }

    /// Whether tokens come from this file.
    pub(super) fn has(&self, tokens: TokenSpan) -> bool {
        self.parsed_as.as_ref().is_some_and(|name| *name == tokens.file())
    }

    /// The arguments of a macro call in this file.
    pub(super) fn body(&self, call: &Macro) -> Option<&MacroBody> {
        self.bodies.get(&key(call))
    }

    /// Line `number` from 1, without its end.
    pub(super) fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.lines.get(index)?;
        let end = self.lines.get(index + 1).map_or(self.text.len(), |next| next - 1);
        Some(self.text.get(start..end)?.trim_end_matches('\r'))
    }

    /// Turns a column in bytes from 1 into characters from 1.
    pub(super) fn to_characters(&self, line: u32, byte_column: u32) -> u32 {
        let Some(text) = self.line(line) else { return byte_column.max(1) };
        characters(text, byte_column)
    }

    /// Where syn has what the debug info has at `place`.
    pub(super) fn position(&self, place: &CodePlace) -> Position {
        let column = self.to_characters(place.line, place.byte_column) as usize - 1;
        Position { line: place.line as usize, column }
    }

    /// What stands in a stretch of tokens.
    pub(super) fn span(&self, tokens: TokenSpan) -> Span {
        self.between(tokens.start(), tokens.end())
    }

    pub(super) fn between(&self, start: Position, end: Position) -> Span {
        Span {
            start: Place {
                file: self.name.clone(),
                line: number(start.line),
                column: number(start.column) + 1,
            },
            end_line: number(end.line),
            end_column: number(end.column) + 1,
        }
    }

    /// The text of a stretch of tokens.
    pub(super) fn text_of(&self, tokens: &impl Spanned) -> String {
        let span = tokens.span();
        self.text_between(span.start(), span.end())
    }

    pub(super) fn text_between(&self, start: Position, end: Position) -> String {
        let range = self.offset(start).zip(self.offset(end));
        range.and_then(|(start, end)| self.text.get(start..end)).unwrap_or_default().to_owned()
    }

    /// Byte offset of a position.
    fn offset(&self, position: Position) -> Option<usize> {
        let start = *self.lines.get(position.line.checked_sub(1)?)?;
        let rest = self.text.get(start..)?;
        let column = rest.char_indices().nth(position.column).map_or(rest.len(), |(index, _)| index);
        Some(start + column)
    }
}

/// Columns count from 1 on both sides; a column beyond the line is the one after its end.
pub(super) fn characters(line: &str, byte_column: u32) -> u32 {
    let bytes = usize::try_from(byte_column.max(1) - 1).unwrap_or(usize::MAX);
    number(line.char_indices().take_while(|(index, _)| *index < bytes).count()) + 1
}

/// No source file has four billion lines or columns.
pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn key(call: &Macro) -> (usize, usize) {
    let start = call.path.span().start();
    (start.line, start.column)
}

/// Parses the arguments of every macro call, and of the macro calls in them.
#[derive(Default)]
struct Macros {
    bodies: BTreeMap<(usize, usize), MacroBody>,
}

impl Visit<'_> for Macros {
    fn visit_macro(&mut self, call: &Macro) {
        let Some(body) = parse_body(call) else { return };
        match &body {
            MacroBody::Repeat(pair) => pair.iter().for_each(|expr| self.visit_expr(expr)),
            MacroBody::List(list) => list.iter().for_each(|expr| self.visit_expr(expr)),
            MacroBody::Statements(list) => list.iter().for_each(|stmt| self.visit_stmt(stmt)),
            MacroBody::Items(list) => list.iter().for_each(|item| self.visit_item(item)),
        }
        self.bodies.insert(key(call), body);
    }

    fn visit_item_macro(&mut self, item: &syn::ItemMacro) {
        // The pattern and the template of a definition are no Rust yet.
        if item.ident.is_none() {
            visit::visit_item_macro(self, item);
        }
    }
}

fn parse_body(call: &Macro) -> Option<MacroBody> {
    let tokens = || call.tokens.clone();
    let list = Punctuated::<Expr, Token![,]>::parse_terminated;
    if let Ok(list) = list.parse2(tokens()) {
        return Some(MacroBody::List(list.into_iter().collect()));
    }
    let repeat = |input: syn::parse::ParseStream<'_>| {
        let value: Expr = input.parse()?;
        input.parse::<Token![;]>()?;
        Ok([value, input.parse()?])
    };
    if let Ok(pair) = repeat.parse2(tokens()) {
        return Some(MacroBody::Repeat(Box::new(pair)));
    }
    let items = |input: syn::parse::ParseStream<'_>| {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse::<Item>()?);
        }
        Ok(items)
    };
    if let Ok(items) = items.parse2(tokens()) {
        return Some(MacroBody::Items(items));
    }
    syn::Block::parse_within.parse2(tokens()).ok().map(MacroBody::Statements)
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, characters};

    #[test]
    fn bytes_become_characters() {
        let cases = [("abc", 1, 1), ("abc", 3, 3), ("äbc", 3, 2), ("∞ x", 5, 3), ("ab", 9, 3), ("ab", 0, 1)];
        for (line, byte, character) in cases {
            assert_eq!(characters(line, byte), character, "`{line}`:{byte}");
        }
    }

    #[test]
    fn lines_count_from_one_and_have_no_end() {
        let file = SourceFile::parse("a.rs", "fn a() {}\r\nfn b() {}\n".to_owned());
        let lines = [file.line(0), file.line(1), file.line(2), file.line(3), file.line(4)];
        assert_eq!(lines, [None, Some("fn a() {}"), Some("fn b() {}"), Some(""), None]);
    }
}
