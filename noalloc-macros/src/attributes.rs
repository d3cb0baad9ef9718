//! The attributes that stand on an item, and which of them may be macros.
//!
//! A macro that stands below `#[no_heap]` expands after it, so what it puts around the function would be outside of the
//! guard. Whether a name is a macro's cannot be asked: what is not known to be none is taken for one, which costs one more
//! expansion and nothing else.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

use crate::tokens::{self, Cursor};

/// Built-in attributes that change nothing about what the function does when it is called, or are no macros.
const INERT: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cold",
    "coverage",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "instruction_set",
    "link_section",
    "must_use",
    "no_mangle",
    "optimize",
    "repr",
    "should_panic",
    "target_feature",
    "track_caller",
    "used",
    "warn",
];

/// What stands before the `::` of attributes that tools read.
const TOOLS: &[&str] = &["clippy", "diagnostic", "miri", "rust_analyzer", "rustdoc", "rustfmt"];

/// The attribute that this crate puts behind all others, see [`crate::moved`].
pub(crate) const MOVED: &str = "moved";

/// `#[path …]`.
#[derive(Clone)]
pub(crate) struct Attribute {
    pound: TokenTree,
    group: Group,
}

impl Attribute {
    /// Those that stand at the front of `cursor`.
    pub(crate) fn take(cursor: &mut Cursor) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        while cursor.is_punct('#')
            && matches!(cursor.peek_second(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket)
        {
            let (Some(pound), Some(TokenTree::Group(group))) = (cursor.next(), cursor.next()) else { break };
            attributes.push(Attribute { pound, group });
        }
        attributes
    }

    /// One that is written here.
    pub(crate) fn new(content: TokenStream) -> Attribute {
        let mut group = Group::new(Delimiter::Bracket, content);
        group.set_span(Span::call_site());
        Attribute {
            pound: TokenTree::Punct(proc_macro2::Punct::new('#', proc_macro2::Spacing::Alone)),
            group,
        }
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        TokenStream::from_iter([self.pound.clone(), TokenTree::Group(self.group.clone())])
    }

    pub(crate) fn span(&self) -> Span {
        self.group.span()
    }

    /// The words of its path, `unsafe(…)` taken off.
    fn path(&self) -> Vec<String> {
        path(self.group.stream())
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.path() == [name]
    }

    /// The same for the same attribute, whoever has written it out again.
    pub(crate) fn text(&self) -> String {
        tokens::text(&self.group.stream())
    }

    /// Whether it is `#[no_heap]`, under whatever path, as far as the name tells.
    pub(crate) fn is_ours(&self) -> bool {
        self.path().last().is_some_and(|last| last == "no_heap")
    }

    /// What stands between the parentheses, when this crate has moved it here.
    pub(crate) fn moved(&self) -> Option<TokenStream> {
        let [.., private, moved] = &self.path()[..] else { return None };
        let arguments = self.group.stream().into_iter().last();
        match arguments {
            Some(TokenTree::Group(group)) if private == "__private" && moved == MOVED => Some(group.stream()),
            _ => None,
        }
    }

    /// Whether it may be a macro that expands after this one and wraps what this one has made.
    pub(crate) fn may_wrap(&self) -> bool {
        match &self.path()[..] {
            [only] => !INERT.contains(&only.as_str()),
            [first, ..] => !TOOLS.contains(&first.as_str()),
            [] => true,
        }
    }
}

fn path(tokens: TokenStream) -> Vec<String> {
    let mut cursor = Cursor::new(tokens);
    let mut path = Vec::new();
    loop {
        while cursor.is_punct(':') {
            cursor.next();
        }
        let Some(word) = cursor.word() else { break };
        cursor.next();
        if let ("unsafe", Some(inner)) = (word.as_str(), cursor.group(Delimiter::Parenthesis)) {
            return self::path(inner.stream());
        }
        path.push(word);
        if !cursor.is_punct(':') {
            break;
        }
    }
    path
}
