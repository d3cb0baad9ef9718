//! What programs read: JSON, in which names and paths are what they are, and no character acts on who looks at it.

use std::borrow::Cow;

use serde::Serialize;

use crate::printable::{self, is_hidden};

/// JSON, each document with a line break at its end.
#[derive(Debug)]
pub(super) struct Document(String);

impl Document {
    /// One document over several lines.
    pub(super) fn of(value: &impl Serialize) -> Document {
        Document::ended(serde_json::to_string_pretty(value))
    }

    /// One document on each line.
    pub(super) fn on_lines<T: Serialize>(values: impl IntoIterator<Item = T>) -> Document {
        let lines = values.into_iter().map(|value| Document::ended(serde_json::to_string(&value)).0);
        Document(lines.collect())
    }

    fn ended(written: serde_json::Result<String>) -> Document {
        let mut text = written.expect("maps have string keys, and paths are text");
        text.push('\n');
        match visible(&text) {
            Cow::Borrowed(_) => Document(text),
            Cow::Owned(visible) => Document(visible),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// JSON knows a second way to write each character. Those of C0 are written so already: what is left stands in strings.
fn visible(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c != '\n' && is_hidden(c);
    let mut markers = printable::markers(text).peekable();
    if !text.contains(acts) && markers.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for (at, c) in text.char_indices() {
        if markers.next_if_eq(&at).is_some() || acts(c) {
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::printable::is_hidden;

    #[test]
    fn every_character_comes_back_and_none_acts() {
        let all = ('\0'..='\u{ffff}').chain('\u{e0000}'..='\u{e00ff}');
        let all: String = all.chain("##[error] ###[x] ##vso[y]".chars()).collect();
        let text = Document::of(&all).into_text();
        assert!(!text.trim_end_matches('\n').contains(is_hidden));
        assert!(!text.contains("##[") && !text.contains("##vso["), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).expect("it is JSON"), all);
    }

    #[test]
    fn each_document_ends_its_line() {
        assert_eq!(Document::on_lines(["a", "b\nc"]).into_text(), "\"a\"\n\"b\\nc\"\n");
    }
}
