//! Whose memory it is: the innermost user code that knows what grows as what it is.
//!
//! Between the code that has a `String` made and the allocator may stand user code that a library calls back: a
//! `Display`, a `Serialize`, an iterator's `fold`. It knows what it writes into as something that it was handed
//! (`Formatter`, `impl Write`, `S: Serializer`, a closure), and is only on the way. What it makes itself is its own.
//!
//! Works on the names of frames; what only the source tells is asked for through [`Handed`].

use crate::model::{Frame, FunctionName, Implementation, Origin};

/// What the source of a frame's call says of the thing that grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handed {
    /// The code made it, or knows its type.
    Own,
    /// It is known as a `dyn` object that was handed in.
    Object,
    /// It may have been handed in.
    Perhaps,
}

/// What grows, as far as its last names tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grown<'a> {
    /// `String`.
    pub(super) ty: &'a str,
    /// The trait of the method that takes the memory: `Write`.
    pub(super) of_trait: &'a str,
}

/// Asks the source of a frame about what grows.
pub(super) type Ask<'a> = dyn Fn(&Frame, Grown<'_>) -> Handed + 'a;

/// Traits of what is written into, each by its last name: memory that is taken in their methods is the writer's.
const WRITERS: [&str; 7] = ["Write", "BufMut", "Extend", "Hasher", "Output", "Sink", "Writer"];

/// Takes user code that is only on the way to the memory of others out of those to blame. The function itself stays.
pub(super) fn fold(chain: &mut [Frame], ask: &Ask<'_>) {
    let Some(innermost) = chain.iter().rposition(Frame::is_user) else { return };
    let mut owner = innermost;
    while let Some(outer) = chain[..owner].iter().rposition(Frame::is_user) {
        if !hands_on(chain, owner, ask) {
            break;
        }
        owner = outer;
    }
    for frame in chain[owner + 1..].iter_mut().filter(|frame| frame.is_user()) {
        frame.origin = Origin::OnTheWay;
    }
}

/// Whether what grows below frame `at` of user code was handed to it.
fn hands_on(chain: &[Frame], at: usize, ask: &Ask<'_>) -> bool {
    if runs_for_another(chain, at) {
        return true;
    }
    if let Some(writer) = writer(&chain[at + 1..]) {
        let says = || ask(&chain[at], Grown { ty: type_name(writer.ty), of_trait: writer.trait_name() });
        if formats_for_another(chain, at) || takes(chain, at, writer) {
            return says() != Handed::Own;
        }
        if is_called_on(chain, at, writer) {
            return says() == Handed::Object;
        }
    }
    let serializer = Grown { ty: "", of_trait: "Serializer" };
    serializes(chain, at) && ask(&chain[at], serializer) != Handed::Own
}

/// Whether the innermost closure of a library below `at` was written by a function outside of it: `extend`'s own closure
/// runs for `extend`, whoever calls it.
fn runs_for_another(chain: &[Frame], at: usize) -> bool {
    let mut closures = chain.iter().enumerate().skip(at + 1).rev();
    closures
        .find_map(|(index, frame)| {
            let (writer, _) = frame.function.as_str().split_once("::{closure")?;
            chain[..index].iter().rposition(|outer| !outer.is_user() && outer.function.as_str() == writer)
        })
        .is_some_and(|writer| writer < at)
}

/// The innermost method of something that is written into, where nothing else is called from it.
pub(super) fn writer(below: &[Frame]) -> Option<Implementation<'_>> {
    let (index, writer) = below.iter().enumerate().rev().find_map(|(index, frame)| {
        let found = frame.function.implementation()?;
        WRITERS.contains(&found.trait_name()).then_some((index, found))
    })?;
    // What is formatted may take memory of its own.
    let formats = |frame: &Frame| is_format_machine(&frame.function);
    (!below[index + 1..].iter().any(formats)).then_some(writer)
}

/// Whether `at` writes into a `Formatter` that was handed to it: what formats was started further out.
fn formats_for_another(chain: &[Frame], at: usize) -> bool {
    let is_text = |index: &usize| is_written_into(&chain[*index].function);
    let Some(sink) = (at + 1..chain.len()).rev().find(is_text) else { return false };
    let is_start = |index: usize| starts_formatting(chain, index);
    // What is written into a writer that hands it on is started once more on the way to that writer.
    let mut handed_on = 0;
    for index in (at + 1..sink).rev() {
        match (is_start(index), handed_on) {
            (true, 0) => return false,
            (true, _) => handed_on -= 1,
            (false, _) => handed_on += usize::from(is_outermost_writer(chain, index)),
        }
    }
    (0..at).any(is_start) || is_shown(&chain[0].function)
}

/// Whether a `Formatter` is made there for something to write into. One that formats more writes into the same.
fn starts_formatting(chain: &[Frame], index: usize) -> bool {
    let formats_already =
        |outer: &FunctionName| is_method_of_formatter(outer) || is_format_machine(outer) || is_shown(outer);
    let outer = index.checked_sub(1).map(|outer| &chain[outer].function);
    let function = &chain[index].function;
    is_to_string(function) || is_format_machine(function) && !outer.is_some_and(formats_already)
}

/// A method of something that text is written into, references to it left out.
fn is_written_into(function: &FunctionName) -> bool {
    function.implementation().is_some_and(|found| {
        found.of_trait == "core::fmt::Write" && found.method != "write_fmt" && !found.ty.starts_with('&')
    })
}

/// Of the methods of one writer that call each other, the one that others call. What indents for `{:#?}` is part of the
/// `Formatter`.
fn is_outermost_writer(chain: &[Frame], index: usize) -> bool {
    let ty = |frame: &Frame| frame.function.implementation().map(|found| found.ty.to_owned());
    let function = &chain[index].function;
    let outer = index.checked_sub(1).map(|outer| &chain[outer]);
    is_written_into(function)
        && !function.as_str().contains("PadAdapter")
        && outer.is_none_or(|outer| !is_written_into(&outer.function) || ty(outer) != ty(&chain[index]))
}

/// The function that runs all formatting.
fn is_format_machine(function: &FunctionName) -> bool {
    function.as_str() == "core::fmt::write"
}

fn is_method_of_formatter(function: &FunctionName) -> bool {
    function.as_str().starts_with("core::fmt::Formatter::")
}

/// An implementation of `Display` and the like.
fn is_shown(function: &FunctionName) -> bool {
    function.implementation().is_some_and(|found| {
        found.method == "fmt" && found.of_trait.starts_with("core::fmt::") && found.trait_name() != "Write"
    })
}

/// Makes a `Formatter` by itself.
fn is_to_string(function: &FunctionName) -> bool {
    function.implementation().is_some_and(|found| found.of_trait == "alloc::string::ToString")
}

/// Whether `at` has the writer as an argument of a generic type.
fn takes(chain: &[Frame], at: usize, writer: Implementation<'_>) -> bool {
    let ty = without_references(writer.ty);
    let generic = chain[at].function.arguments().iter().any(|argument| mentions(argument, ty));
    generic && chain.get(at + 1).is_some_and(|callee| mentions(callee.function.demangled(), ty))
}

/// Whether the writer's own method is what `at` calls, or what it calls hands the writer on as an object.
fn is_called_on(chain: &[Frame], at: usize, writer: Implementation<'_>) -> bool {
    let Some(callee) = chain.get(at + 1) else { return false };
    let own = callee.function.implementation().map(|found| without_references(found.ty));
    own == Some(without_references(writer.ty)) || callee.is_user() || callee.origin == Origin::OnTheWay
}

/// Whether a serializer of another crate, handed to `at`, takes the memory.
fn serializes(chain: &[Frame], at: usize) -> bool {
    let found = chain.iter().enumerate().skip(at + 1).rev().find_map(|(index, frame)| {
        let found = frame.function.implementation()?;
        let name = found.trait_name();
        (name.starts_with("Serialize") && name != "Serialize").then_some((index, found))
    });
    let Some((index, serializer)) = found else { return false };
    // What is serialized may take memory of its own.
    let payload = |frame: &Frame| {
        frame.function.implementation().is_some_and(|found| found.trait_name() == "Serialize")
    };
    if chain[index + 1..].iter().any(payload) {
        return false;
    }
    let krate = format!("{}::", crate_of(serializer.ty));
    let generic = chain[at].function.arguments().iter().any(|argument| mentions(argument, &krate));
    generic && chain.get(at + 1).is_some_and(|callee| mentions(callee.function.demangled(), &krate))
}

/// Whether what `self` holds may have been handed to the function: its type is generic, or is itself a writer.
pub(super) fn is_generic_self(function: &FunctionName) -> bool {
    if let Some(found) = function.implementation() {
        return WRITERS.contains(&found.trait_name()) || found.ty.contains('<');
    }
    function
        .demangled()
        .strip_prefix('<')
        .is_some_and(|inner| inner.split(">::").next().is_some_and(|ty| ty.contains('<')))
}

/// Whether `ty` stands in `text` as a whole.
fn mentions(text: &str, ty: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(ty).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + ty.len()..]);
        !before.ends_with(|c| is_part(c) || c == ':') && (ty.ends_with(':') || !after.starts_with(is_part))
    })
}

fn without_references(ty: &str) -> &str {
    let ty = ty.trim_start_matches('&');
    let ty = ty.strip_prefix("mut ").unwrap_or(ty);
    if ty.starts_with('&') { without_references(ty) } else { ty }
}

fn crate_of(ty: &str) -> &str {
    without_references(ty).split("::").next().unwrap_or(ty)
}

/// `Vec` of `alloc::vec::Vec<u8>`.
pub(super) fn type_name(ty: &str) -> &str {
    let path = without_references(ty).split('<').next().unwrap_or(ty).trim_end_matches("::");
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests;
