//! Step 5: from a place in a source file to the expression that stands there, and what it means for the heap.
//!
//! The interface to `syn` is localized here: nothing else in the tool parses Rust. Reads source files; runs
//! nothing, prints nothing, and judges nothing: reasons and advice are `judge`'s.

mod allocators;
mod attribute;
mod behind;
mod blocks;
mod coercion;
mod construct;
mod derived;
mod eager;
mod editions;
mod expression;
mod extent;
mod file;
mod finder;
mod handed;
mod lending;
mod owner;
mod package;
mod parse;
mod read;
mod receiver;
pub(crate) mod scan;
mod types;
mod uses;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::SystemTime;

use proc_macro2::LineColumn;

use crate::files;
use crate::model::{
    CodePlace, DynCall, Expression, Frame, Function, NoSource, Origin, Place, Site, SiteSource, Span, Texts,
    TraitObject,
};
use crate::source_files::SourceFolders;
use file::SourceFile;
use finder::{Found, Want};
use owner::Handed;
use package::Package;

pub(crate) use allocators::declared as allocators;
pub(crate) use read::read;

/// The source files of a workspace, each read and parsed once, on first use.
pub(crate) struct Sources {
    folders: SourceFolders,
    /// When the audited binary was linked.
    built: Option<SystemTime>,
    /// Files of which it is known already that they are newer.
    changed: Vec<String>,
    /// Of each file that may be shown, what it must be; any file where nobody else speaks of them.
    digests: Option<BTreeMap<String, u64>>,
    /// Files as they were when they were built.
    kept: BTreeMap<String, String>,
    files: RefCell<BTreeMap<String, Result<Rc<SourceFile>, NoSource>>>,
    /// PERF: the sites of a proof stand at the same few places again and again, as many as there are ways to them.
    described: RefCell<BTreeMap<(CodePlace, Want), Described>>,
    /// The trait objects of calls, by the call's place and the function that it reached.
    behind: RefCell<BTreeMap<(CodePlace, String), Option<TraitObject>>>,
    /// Whether what stands at a place comes from a `derive`.
    derived: RefCell<BTreeMap<CodePlace, bool>>,
    /// What calls say of the things that grow in them.
    handed: RefCell<BTreeMap<(CodePlace, String, bool), Handed>>,
}

/// The expression at a place, and what it makes a trait object of.
type Described = Result<(Option<Expression>, Option<TraitObject>), NoSource>;

impl Sources {
    /// Files are looked up relative to the root of `folders`, and the report names them so.
    pub(crate) fn new(folders: SourceFolders) -> Sources {
        Sources {
            folders,
            built: None,
            changed: Vec::new(),
            digests: None,
            kept: BTreeMap::new(),
            files: RefCell::default(),
            described: RefCell::default(),
            behind: RefCell::default(),
            derived: RefCell::default(),
            handed: RefCell::default(),
        }
    }

    /// Refuses to show files that are newer than the binary that was linked at `built`.
    #[must_use]
    pub(crate) fn built_at(mut self, built: SystemTime) -> Sources {
        self.built = Some(built);
        self
    }

    /// Refuses to show these files.
    #[must_use]
    pub(crate) fn without(mut self, changed: &[String]) -> Sources {
        self.changed = changed.to_vec();
        self
    }

    /// Refuses to show files that are not in `digests`, or not what is said of them there.
    #[must_use]
    pub(crate) fn vouched(mut self, digests: Option<&BTreeMap<String, u64>>) -> Sources {
        self.digests = digests.cloned();
        self
    }

    /// Why files were not opened, or nothing of them is shown.
    pub(crate) fn refused(&self) -> Vec<NoSource> {
        let files = self.files.borrow();
        let refused = files.values().filter_map(|file| file.as_ref().err());
        refused.filter(|why| matches!(why, NoSource::Refused { .. })).cloned().collect()
    }

    /// Takes what comes from a `derive` for the compiler's, as far as it is called from what somebody wrote.
    pub(crate) fn fold_derived(&self, chain: &mut [Frame]) {
        let mut called = false;
        for frame in chain.iter_mut().filter(|frame| frame.is_user()) {
            let derived = frame.place.as_ref().is_some_and(|place| self.is_derived(place));
            if derived && called {
                frame.origin = Origin::Derived;
            }
            called |= !derived;
        }
    }

    /// Takes user code that is only on the way to memory of others out of those to blame.
    pub(crate) fn fold_on_the_way(&self, chain: &mut [Frame]) {
        owner::fold(chain, &|frame, grown| {
            let Some(place) = frame.place.as_ref() else { return Handed::Perhaps };
            let with_self = owner::is_generic_self(&frame.function);
            remembered(&self.handed, (place.clone(), grown.ty.to_owned(), with_self), || {
                self.with_found(place, Want::Call, |package, found| {
                    handed::of(package, found, grown, with_self)
                })
                .unwrap_or(Handed::Perhaps)
            })
        });
    }

    fn is_derived(&self, place: &CodePlace) -> bool {
        remembered(&self.derived, place.clone(), || {
            let Ok(file) = self.file(&place.file) else { return false };
            place.byte_column > 0 && derived::is_derived(&file, file.position(place))
        })
    }

    /// Everything the source says about a site, at its innermost frame of user code.
    pub(crate) fn of_site(&self, site: &Site) -> SiteSource {
        let want = construct::want(site);
        let place = site.user_frame().and_then(|frame| frame.place.as_ref());
        let described = place.ok_or(NoSource::NoPlace).and_then(|place| self.described(place, want));
        let (expression, coerced) = match described {
            Ok((expression, coerced)) => (expression.ok_or(NoSource::Nothing), coerced),
            Err(error) => (Err(error), None),
        };
        SiteSource {
            span: match &expression {
                Ok(expression) => expression.span.clone(),
                Err(_) => Span::point(read::point(self, place)),
            },
            construct: construct::name(expression.as_ref().ok(), site, coerced.as_ref()),
            // What becomes of a library's result in the user's code is no reason for what the library takes.
            object: coerced
                .filter(|_| !site.callee().is_some_and(Frame::is_of_a_dependency))
                .or_else(|| self.behind(site)),
            lending: lending::of(self, site),
            lazy: construct::lazy(site),
            expression,
        }
    }

    /// The call of a trait object's method that the site stops at.
    pub(crate) fn called(&self, site: &Site) -> Option<DynCall> {
        let place = site.user_frame().filter(|_| site.callee().is_none())?.place.as_ref()?;
        self.with_found(place, Want::Call, behind::called).ok()?
    }

    /// Where the name of the function `name` stands that has code at `place`.
    pub(crate) fn name_of(&self, place: &Place, name: &str) -> Option<Place> {
        let file = self.file(&place.file).ok()?;
        let declares = format!("fn {name}");
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        (1..=place.line).rev().find_map(|line| {
            let text = file.line(line)?;
            let at = text.find(&declares).filter(|at| ends(&text[at + declares.len()..]))?;
            let column = text[..at].chars().count() + "fn ".len() + 1;
            Some(Place { file: place.file.clone(), line, column: u32::try_from(column).ok()? })
        })
    }

    /// The function whose name stands at `place`.
    pub(crate) fn function(&self, place: &Place) -> Option<Function> {
        let file = self.file(&place.file).ok()?;
        let at = LineColumn { line: place.line as usize, column: place.column.checked_sub(1)? as usize };
        let found = finder::find(&file, at, false, Want::Function)?;
        expression::describe_function(&file, &found.path)
    }

    /// Shows files as they are in `kept`, whatever has become of them.
    #[must_use]
    pub(crate) fn with_kept(mut self, kept: BTreeMap<String, String>) -> Sources {
        self.kept = kept;
        self
    }

    /// What has become of those that were shown as they had been kept.
    fn edited(&self) -> Option<String> {
        let files = self.files.borrow();
        let shown = self.kept.iter().filter(|(name, _)| files.contains_key(*name));
        let edited = shown.filter(|(name, text)| self.folders.read(name).as_ref() != Ok(text));
        let edited: Vec<String> = edited.map(|(name, _)| format!("`{name}`")).collect();
        (!edited.is_empty()).then(|| {
            format!(
                "shown as it was when it was built, and changed since: {}; run the check again for what is there now",
                edited.join(", ")
            )
        })
    }

    /// Turns the debug info's column in bytes into one in characters; needs no syntax, only the line.
    pub(crate) fn to_place(&self, place: &CodePlace) -> Place {
        let column = match self.file(&place.file) {
            Ok(file) => file.to_characters(place.line, place.byte_column),
            Err(_) => place.byte_column.max(1),
        };
        Place { file: place.file.clone(), line: place.line.max(1), column }
    }

    /// Puts every file that was looked at into `texts`.
    pub(crate) fn tell(&self, texts: &mut Texts) {
        for (name, file) in &*self.files.borrow() {
            match file {
                Ok(file) => texts.insert(name.clone(), file.text.clone()),
                Err(NoSource::Changed { .. }) => texts.insert_changed(name.clone()),
                Err(_) => {}
            }
        }
    }

    /// The whole text of a file.
    pub(crate) fn text(&self, file: &str) -> Option<String> {
        self.file(file).ok().map(|file| file.text.clone())
    }

    /// The trait object through which the chain calls into what used the heap.
    fn behind(&self, site: &Site) -> Option<TraitObject> {
        let calls = site.chain.windows(2).filter(|pair| pair[0].is_user());
        calls.rev().find_map(|pair| self.behind_call(&pair[0], &pair[1]))
    }

    fn behind_call(&self, caller: &Frame, callee: &Frame) -> Option<TraitObject> {
        let place = caller.place.as_ref()?;
        let key = (place.clone(), callee.function.demangled().to_owned());
        remembered(&self.behind, key, || {
            self.with_found(place, Want::Call, |package, found| behind::object(package, found, callee))
                .ok()?
        })
    }

    fn described(&self, place: &CodePlace, want: Want) -> Described {
        remembered(&self.described, (place.clone(), want), || {
            self.with_found(place, want, |package, found| {
                (expression::describe(package, found, want), coercion::object(package, found))
            })
        })
    }

    fn with_found<T>(
        &self,
        place: &CodePlace,
        want: Want,
        then: impl for<'x> FnOnce(&'x Package<'x>, &Found<'x>) -> T,
    ) -> Result<T, NoSource> {
        let file = self.file(&place.file)?;
        let tree = file.tree.as_ref().map_err(Clone::clone)?;
        if place.line == 0 {
            return Err(NoSource::NoPlace);
        }
        if file.line(place.line).is_none() {
            return Err(NoSource::BeyondEnd { file: place.file.clone(), line: place.line });
        }
        let at = file.position(place);
        if let Some(unread) = file.unread_at(at) {
            return Err(unread);
        }
        let package = Package::new(self, &file);
        let found = finder::find(&file, at, place.byte_column == 0, want);
        found.map(|found| then(&package, &found)).ok_or_else(|| finder::nothing(tree, at))
    }

    fn file(&self, name: &str) -> Result<Rc<SourceFile>, NoSource> {
        remembered(&self.files, name.to_owned(), || self.read(name).map(Rc::new))
    }

    fn read(&self, name: &str) -> Result<SourceFile, NoSource> {
        if let Some(text) = self.kept.get(name) {
            return Ok(SourceFile::parse(name, text.clone()));
        }
        let path = self.folders.locate(name)?;
        let changed = std::fs::metadata(&path).and_then(|data| data.modified());
        // A time to come says nothing: some clock has jumped.
        let (built, now) = (self.built, SystemTime::now());
        let newer = changed.ok().zip(built).is_some_and(|(changed, built)| changed > built && changed <= now);
        if newer || self.changed.iter().any(|changed| changed == name) {
            return Err(NoSource::Changed { file: name.to_owned() });
        }
        let expected = match &self.digests {
            None => None,
            Some(digests) => Some(*digests.get(name).ok_or_else(|| unvouched(name))?),
        };
        let text = self.folders.read(name)?;
        if expected.is_some_and(|expected| expected != files::digest(&text)) {
            return Err(unvouched(name));
        }
        Ok(SourceFile::parse(name, text))
    }
}

fn unvouched(name: &str) -> NoSource {
    let why = "no part says what it was when it was built";
    NoSource::Refused { file: name.to_owned(), why: why.to_owned() }
}

/// What `make` makes, once for each key. It may ask for others meanwhile.
fn remembered<K: Ord, V: Clone>(known: &RefCell<BTreeMap<K, V>>, key: K, make: impl FnOnce() -> V) -> V {
    if let Some(known) = known.borrow().get(&key) {
        return known.clone();
    }
    let made = make();
    known.borrow_mut().insert(key, made.clone());
    made
}

#[cfg(test)]
mod tests;
