//! Step 5: from a place in a source file to the expression that stands there, and what it means for the heap.
//!
//! The interface to `syn` is localized here: nothing else in the tool parses Rust. Reads source files; runs
//! nothing, prints nothing, and judges nothing: reasons and advice are `judge`'s.

mod behind;
mod coercion;
mod construct;
mod expression;
mod file;
mod finder;
mod scan;
mod types;
mod uses;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::LineColumn;

use crate::model::{CodePlace, Expression, Frame, NoSource, Place, Site, SiteSource};
use file::SourceFile;
use finder::{Found, Want};

pub use scan::{DeclaredFn, scan};

/// The source files of a workspace, each read and parsed once, on first use.
pub struct Sources {
    root: PathBuf,
    /// When the audited binary was linked.
    built: Option<SystemTime>,
    files: RefCell<BTreeMap<String, Result<Rc<SourceFile>, NoSource>>>,
}

impl Sources {
    /// Files are looked up relative to `workspace_root`, and the report names them so.
    pub fn new(workspace_root: &Path) -> Sources {
        Sources { root: workspace_root.to_owned(), built: None, files: RefCell::default() }
    }

    /// Refuses to show files that are newer than the binary that was linked at `built`.
    #[must_use]
    pub fn built_at(mut self, built: SystemTime) -> Sources {
        self.built = Some(built);
        self
    }

    /// The expression at `place`, taken as a call where several start there.
    ///
    /// # Errors
    ///
    /// Where there is nothing that could be shown truthfully.
    pub fn expression(&self, place: &CodePlace) -> Result<Expression, NoSource> {
        self.with_found(place, Want::Call, expression::describe)?.ok_or(NoSource::Nothing)
    }

    /// Everything the source says about a site, at its innermost frame of user code.
    pub fn of_site(&self, site: &Site) -> SiteSource {
        let want = construct::want(site);
        let place = site.user_frame().and_then(|frame| frame.place.as_ref()).ok_or(NoSource::NoPlace);
        let found = place.and_then(|place| {
            self.with_found(place, want, |file, found, want| {
                (expression::describe(file, found, want), coercion::object(file, found))
            })
        });
        let (expression, coerced) = match found {
            Ok((expression, coerced)) => (expression.ok_or(NoSource::Nothing), coerced),
            Err(error) => (Err(error), None),
        };
        let construct = construct::name(expression.as_ref().ok(), site, coerced.as_ref());
        SiteSource {
            object: coerced.or_else(|| self.behind(site)),
            lazy: construct::lazy(site),
            construct,
            expression,
        }
    }

    /// The end of `place`'s scope or the assignment there: where memory is given back.
    ///
    /// # Errors
    ///
    /// As [`Sources::expression`].
    pub fn drop_at(&self, place: &CodePlace) -> Result<Expression, NoSource> {
        self.with_found(place, Want::Drop, expression::describe)?.ok_or(NoSource::Nothing)
    }

    /// Turns the debug info's column in bytes into one in characters; needs no syntax, only the line.
    pub fn to_place(&self, place: &CodePlace) -> Place {
        let column = match self.file(&place.file) {
            Ok(file) => file.to_characters(place.line, place.byte_column),
            Err(_) => place.byte_column.max(1),
        };
        Place { file: place.file.clone(), line: place.line.max(1), column }
    }

    /// The whole text of a file.
    pub fn text(&self, file: &str) -> Option<String> {
        self.file(file).ok().map(|file| file.text.clone())
    }

    /// One line of a file, from 1, without its end.
    pub fn line(&self, file: &str, line: u32) -> Option<String> {
        self.file(file).ok()?.line(line).map(str::to_owned)
    }

    /// The trait object through which the chain calls into what used the heap.
    fn behind(&self, site: &Site) -> Option<crate::model::TraitObject> {
        let calls = site.chain.windows(2).filter(|pair| pair[0].is_user());
        calls.rev().find_map(|pair| self.behind_call(&pair[0], &pair[1]))
    }

    fn behind_call(&self, caller: &Frame, callee: &Frame) -> Option<crate::model::TraitObject> {
        let place = caller.place.as_ref()?;
        self.with_found(place, Want::Call, |file, found, _| behind::object(file, found, callee)).ok()?
    }

    fn with_found<T>(
        &self,
        place: &CodePlace,
        want: Want,
        then: impl FnOnce(&SourceFile, &Found<'_>, Want) -> T,
    ) -> Result<T, NoSource> {
        let file = self.file(&place.file)?;
        let tree = file.tree.as_ref().map_err(Clone::clone)?;
        if place.line == 0 {
            return Err(NoSource::NoPlace);
        }
        if file.line(place.line).is_none() {
            return Err(NoSource::BeyondEnd { file: place.file.clone(), line: place.line });
        }
        let column = file.to_characters(place.line, place.byte_column) as usize - 1;
        let at = LineColumn { line: place.line as usize, column };
        let found = finder::find(&file, tree, at, place.byte_column == 0, want);
        found.map(|found| then(&file, &found, want)).ok_or_else(|| finder::nothing(tree, at))
    }

    fn file(&self, name: &str) -> Result<Rc<SourceFile>, NoSource> {
        if let Some(file) = self.files.borrow().get(name) {
            return file.clone();
        }
        let file = self.read(name).map(Rc::new);
        self.files.borrow_mut().insert(name.to_owned(), file.clone());
        file
    }

    fn read(&self, name: &str) -> Result<SourceFile, NoSource> {
        let path = self.root.join(name);
        let changed = std::fs::metadata(&path).and_then(|data| data.modified());
        if let (Ok(changed), Some(built)) = (changed, self.built)
            && changed > built
        {
            return Err(NoSource::Changed { file: name.to_owned() });
        }
        SourceFile::read(&path, name)
    }
}
