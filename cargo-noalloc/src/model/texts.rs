//! Source files by the names that reports give them. Read by the source step; nothing here does I/O.

use std::collections::{BTreeMap, BTreeSet};

use super::{CodePlace, Function, Place};

/// Source text by file, and the functions that reports show.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    files: BTreeMap<String, String>,
    changed: BTreeSet<String>,
    functions: BTreeMap<Place, Function>,
}

impl Texts {
    /// Adds a file.
    pub fn insert(&mut self, file: String, text: String) {
        self.files.insert(file, text);
    }

    /// Adds the name of a file that is not what was built any more.
    pub fn insert_changed(&mut self, file: String) {
        self.changed.insert(file);
    }

    /// Every file that was looked at, with its text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(file, text)| (file.as_str(), text.as_str()))
    }

    /// Every file that is not what was built any more.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        self.changed.iter().map(String::as_str)
    }

    /// Adds a function by the place of its name.
    pub fn insert_function(&mut self, place: Place, function: Function) {
        self.functions.insert(place, function);
    }

    /// The function whose name stands at `place`.
    pub fn function(&self, place: &Place) -> Option<&Function> {
        self.functions.get(place)
    }

    /// The text of a file; `None` when it could not be read.
    pub fn get(&self, file: &str) -> Option<&str> {
        self.files.get(file).map(String::as_str)
    }

    /// Bytes to characters; where the text is not there, bytes have to do.
    pub fn place(&self, place: &CodePlace) -> Place {
        let line =
            self.get(&place.file).and_then(|text| text.lines().nth((place.line as usize).checked_sub(1)?));
        let bytes = place.byte_column.saturating_sub(1) as usize;
        let before = line.and_then(|line| line.get(..bytes));
        let column = before.map_or(bytes, |before| before.chars().count()) as u32 + 1;
        Place { file: place.file.clone(), line: place.line, column }
    }
}

/// Files and their texts.
impl FromIterator<(String, String)> for Texts {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(files: I) -> Texts {
        Texts { files: files.into_iter().collect(), ..Texts::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::Texts;
    use crate::model::CodePlace;

    #[test]
    fn columns_are_characters_for_the_reader() {
        let mut texts = Texts::default();
        texts.insert("a.rs".to_owned(), "\nlet größe = vec![0];".to_owned());
        let place = |file: &str| CodePlace { file: file.to_owned(), line: 2, byte_column: 15 };
        assert_eq!(texts.place(&place("a.rs")).column, 13);
        assert_eq!(texts.place(&place("not-there.rs")).column, 15);
    }
}
