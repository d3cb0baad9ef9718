//! The table. To name one more construct, add one row.

use super::callee::Callee;
use super::single_argument;
use crate::model::{ArgumentKind, ConstructKind, DynRole, Syntax, TraitObject};
use ConstructKind::{
    Boxed, Buffered, Capacity, Channel, Collect, Copy, Drop, Elements, Error, Growth, Joined, Other, Print,
    Shared, Shrink, Sort, Text, Thread,
};
use Form::{Any, Boxing, Macro, Question};

/// How the expression has to be written for a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    /// In any way, or unknown.
    Any,
    /// `name!`.
    Macro(&'static str),
    /// `?`.
    Question,
    /// A call whose only argument is a closure or a future.
    Boxing(ArgumentKind),
}

/// How the expression is written.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    syntax: Option<&'a Syntax>,
}

impl<'a> Written<'a> {
    pub(super) fn of(syntax: Option<&'a Syntax>) -> Written<'a> {
        Written { syntax }
    }

    fn is(self, form: Form) -> bool {
        match (form, self.syntax) {
            (Any, _) | (Question, Some(Syntax::Question)) => true,
            (Macro(wanted), Some(Syntax::Macro { name, .. })) => name == wanted,
            (Boxing(wanted), syntax) => single_argument(syntax) == Some(wanted),
            _ => false,
        }
    }
}

/// One row.
pub(super) struct Rule {
    form: Form,
    /// Shape of the callee's last two segments, or of its whole path; `*` stands for any text, once.
    callee: &'static str,
    /// The name in the report. `{owner}` and `{method}` are the callee's, `{into}` is the type that a conversion
    /// makes, `{dropped}` the type that goes.
    name: &'static str,
    pub(super) kind: ConstructKind,
}

const fn rule(form: Form, callee: &'static str, name: &'static str, kind: ConstructKind) -> Rule {
    Rule { form, callee, name, kind }
}

/// The first row that fits gives the name.
pub(super) const RULES: &[Rule] = &[
    // What goes.
    rule(Any, "ptr::drop_in_place", "drop of {dropped}", Drop),
    rule(Any, "ptr::drop_glue", "drop of {dropped}", Drop),
    rule(Any, "mem::drop", "drop of {dropped}", Drop),
    rule(Any, "*Drop>::drop", "drop of {owner}", Drop),
    rule(Any, "*::clear", "{owner}::clear", Drop),
    rule(Any, "*::truncate", "{owner}::truncate", Drop),
    // Macros: what they expand to is nobody's business.
    rule(Macro("vec"), "*", "vec!", Elements),
    rule(Macro("format"), "*", "format!", Text),
    rule(Macro("println"), "*", "println!", Print),
    rule(Macro("print"), "*", "print!", Print),
    rule(Macro("eprintln"), "*", "eprintln!", Print),
    rule(Macro("eprint"), "*", "eprint!", Print),
    rule(Macro("write"), "*", "write! into {owner}", Growth),
    rule(Macro("writeln"), "*", "writeln! into {owner}", Growth),
    rule(Any, "vec::from_elem", "vec!", Elements),
    rule(Any, "fmt::format", "format!", Text),
    rule(Any, "stdio::_print", "println!", Print),
    // One value.
    rule(Question, "*::from_residual", "`?` into {into}", Error),
    rule(Boxing(ArgumentKind::Closure), "Box::new", "Box::new of a closure", Boxed),
    rule(Boxing(ArgumentKind::Future), "Box::pin", "Box::pin of a future", Boxed),
    rule(Any, "Box::new_uninit", "Box::new", Boxed),
    rule(Any, "Box::from", "Box::from", Boxed),
    rule(Any, "Box::clone", "clone of Box", Copy),
    rule(Any, "Box::*", "Box::{method}", Boxed),
    rule(Any, "Rc::*", "Rc::{method}", Shared),
    rule(Any, "Arc::*", "Arc::{method}", Shared),
    // Copies.
    rule(Any, "*::clone", "clone of {owner}", Copy),
    rule(Any, "*::clone_from", "clone_from of {owner}", Copy),
    rule(Any, "*::to_vec", "to_vec", Copy),
    rule(Any, "*::to_owned", "to_owned", Copy),
    rule(Any, "str::to_string", "to_string", Copy),
    rule(Any, "*::to_string", "to_string", Text),
    rule(Any, "Cow::into_owned", "Cow::into_owned", Copy),
    rule(Any, "Cow::to_mut", "Cow::to_mut", Copy),
    rule(Any, "Path::to_path_buf", "to_path_buf", Copy),
    rule(Any, "CString::new", "CString::new", Copy),
    rule(Any, "*::from_utf8_lossy", "String::from_utf8_lossy", Copy),
    rule(Any, "*::into", "into {into}", Copy),
    rule(Any, "*::from", "{owner}::from", Copy),
    rule(Any, "*::default", "{owner}::default", Other),
    // Iterators.
    rule(Any, "*::collect", "collect into {collection}", Collect),
    rule(Any, "*::from_iter", "{owner}::from_iter", Collect),
    rule(Any, "*::unzip", "unzip", Collect),
    rule(Any, "*::partition", "partition", Collect),
    // Slices.
    rule(Any, "*::sort", "sort", Sort),
    rule(Any, "*::sort_by", "sort_by", Sort),
    rule(Any, "*::sort_by_key", "sort_by_key", Sort),
    rule(Any, "*::sort_by_cached_key", "sort_by_cached_key", Sort),
    rule(Any, "[*]::concat", "concat", Joined),
    rule(Any, "[*]::join", "join", Joined),
    rule(Any, "*::repeat", "repeat", Joined),
    rule(Any, "str::replace*", "replace", Joined),
    rule(Any, "str::to_*", "{method}", Joined),
    rule(Any, "[*]::to_*", "{method}", Joined),
    rule(Any, "String::add", "+ on String", Joined),
    rule(Any, "String::add_assign", "+= on String", Growth),
    rule(Any, "Path::join", "Path::join", Joined),
    rule(Any, "Path::with_*", "Path::{method}", Joined),
    // Readers and writers.
    rule(Any, "BufReader::new", "BufReader::new", Buffered),
    rule(Any, "BufReader::with_capacity", "BufReader::with_capacity", Buffered),
    rule(Any, "BufWriter::new", "BufWriter::new", Buffered),
    rule(Any, "BufWriter::with_capacity", "BufWriter::with_capacity", Buffered),
    rule(Any, "fs::read*", "fs::{method}", Other),
    rule(Any, "io::read_to_string", "io::read_to_string", Other),
    rule(Any, "*::read_line", "read_line into String", Growth),
    rule(Any, "*::read_to_string", "read_to_string into String", Growth),
    rule(Any, "*::read_to_end", "read_to_end into Vec", Growth),
    rule(Any, "*::read_until", "read_until into Vec", Growth),
    // Collections.
    rule(Any, "*::with_capacity*", "{owner}::with_capacity", Capacity),
    rule(Any, "*::into_boxed_*", "{method}", Shrink),
    rule(Any, "*::shrink_to*", "{owner}::{method}", Shrink),
    rule(Any, "*::split_off", "{owner}::split_off", Other),
    rule(Any, "*btree::map::entry::*", "BTreeMap::entry", Growth),
    rule(Any, "*btree::set::entry::*", "BTreeSet::entry", Growth),
    rule(Any, "*hash::map::*Entry::*", "HashMap::entry", Growth),
    rule(Any, "*::entry", "{owner}::entry", Growth),
    rule(Any, "*::push*", "{owner}::{method}", Growth),
    rule(Any, "*::insert*", "{owner}::{method}", Growth),
    rule(Any, "*::extend*", "{owner}::{method}", Growth),
    rule(Any, "*::append", "{owner}::append", Growth),
    rule(Any, "*::resize*", "{owner}::{method}", Growth),
    rule(Any, "*::reserve*", "{owner}::{method}", Growth),
    rule(Any, "*::write*", "{owner}::{method}", Growth),
    // Threads.
    rule(Any, "scoped::scope", "thread::scope", Thread),
    rule(Any, "*::spawn*", "thread::spawn", Thread),
    rule(Any, "mpsc::channel", "mpsc::channel", Channel),
    rule(Any, "mpsc::sync_channel", "mpsc::sync_channel", Channel),
    rule(Any, "*Sender::send", "{owner}::send", Channel),
];

impl Rule {
    pub(super) fn fits(&self, written: Written<'_>, callee: &Callee<'_>) -> bool {
        written.is(self.form)
            && (matches(self.callee, &callee.short()) || matches(self.callee, callee.path()))
    }

    /// Fills the row's name in.
    pub(super) fn name(
        &self,
        callee: &Callee<'_>,
        syntax: Option<&Syntax>,
        object: Option<&TraitObject>,
    ) -> String {
        let into = || match object.map(|object| &object.role) {
            Some(DynRole::Becomes { pointer }) => pointer.clone(),
            _ => callee.implementor("convert::From<").unwrap_or_else(|| "another type".to_owned()),
        };
        let collection = || callee.collection().unwrap_or_else(|| "a collection".to_owned());
        let method = match syntax {
            // `push_mut` and the like are std's own business.
            Some(Syntax::Method { method, .. }) if callee.method().starts_with(method.as_str()) => {
                method.clone()
            }
            _ => callee.method(),
        };
        let mut name = self.name.to_owned();
        for (key, value) in [
            ("{owner}", &(|| callee.owner()) as &dyn Fn() -> String),
            ("{method}", &|| method.clone()),
            ("{into}", &into),
            ("{collection}", &collection),
            ("{dropped}", &|| callee.dropped().unwrap_or_else(|| "a value".to_owned())),
        ] {
            if name.contains(key) {
                name = name.replace(key, &value());
            }
        }
        name
    }
}

/// Whether `text` has the shape of `pattern`, in which each `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|index| rest.get(index..).is_some_and(|rest| matches(after, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("Box::new", "Box::new", true),
            ("Box::*", "Box::new_uninit", true),
            ("*::clone", "Vec::clone", true),
            ("*btree::map::entry::*", "alloc::collections::btree::map::entry::Entry::or_default", true),
            ("*::clone", "Vec::cloned", false),
            ("[*]::join", "[&str]::join", true),
            ("[*]::join", "Path::join", false),
        ];
        for (pattern, text, fits) in cases {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
