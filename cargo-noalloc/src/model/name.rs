//! Function names: demangled, and readable.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::called::starts;
use super::implementation;

/// A demangled name with its generic arguments left out: `alloc::vec::Vec::push`,
/// `<app::Ring as core::clone::Clone>::clone`.
///
/// Two names are equal when these are: which types a generic function runs with is evidence, not identity.
#[derive(Clone, Debug)]
pub struct FunctionName {
    // PERF: shared, because the frames of a proof are copied into every chain that they are in.
    path: Arc<str>,
    demangled: Arc<str>,
}

impl PartialEq for FunctionName {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for FunctionName {}

impl PartialOrd for FunctionName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FunctionName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.cmp(&other.path)
    }
}

impl Hash for FunctionName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.path.hash(state);
    }
}

impl FunctionName {
    /// From a demangled name.
    pub fn new(demangled: &str) -> FunctionName {
        FunctionName { path: without_generics(demangled).into(), demangled: demangled.into() }
    }

    /// From the path of an item, as `type_name` writes it. What stands in a closure or in the body of an `async fn` stands in
    /// the function around it.
    pub fn of_item(path: &str) -> FunctionName {
        FunctionName::new(&path.replace("::{{closure}}", ""))
    }

    /// The function that a closure stands in; any other is its own.
    pub fn enclosing(&self) -> &str {
        self.path.split_once("::{closure").map_or(&*self.path, |(function, _)| function)
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// With the generic arguments that it runs with: `core::ptr::drop_in_place::<alloc::string::String>`.
    pub fn demangled(&self) -> &str {
        &self.demangled
    }

    /// The crate that it stands in; of a method of a foreign trait, that of the type.
    pub fn krate(&self) -> &str {
        self.path.trim_start_matches('<').split("::").next().unwrap_or(&self.path)
    }

    /// `T`, `Trait` and what follows, of `<T as Trait>::method`; with the generic arguments that it runs with.
    pub fn implementation(&self) -> Option<Implementation<'_>> {
        let inner = self.demangled.strip_prefix('<')?;
        let end = closing(inner)?;
        let (ty, of_trait) = split_as(&inner[..end])?;
        Some(Implementation { ty, of_trait, method: inner[end + 1..].trim_start_matches("::") })
    }

    /// The generic arguments that it runs with: those of the type whose method it is, of the trait, and its own.
    pub fn arguments(&self) -> Vec<&str> {
        let mut found = Vec::new();
        match self.demangled.strip_prefix('<').and_then(|inner| Some((inner, closing(inner)?))) {
            Some((inner, end)) => {
                let (ty, of_trait) = split_as(&inner[..end]).unwrap_or((&inner[..end], ""));
                [ty, of_trait, &inner[end + 1..]].iter().for_each(|path| arguments_of(path, &mut found));
            }
            None => arguments_of(&self.demangled, &mut found),
        }
        found
    }

    /// The last two segments, as code would call it: `Vec::push`, `vec::from_elem`.
    pub fn short(&self) -> String {
        let path = self.path.strip_prefix('<').and_then(|rest| rest.split_once(" as ")).map_or_else(
            || self.path.to_string(),
            |(ty, rest)| format!("{ty}::{}", rest.rsplit("::").next().unwrap_or(rest)),
        );
        let segments = segments(&path);
        let segments: Vec<&str> = segments.into_iter().filter(|segment| !segment.starts_with('{')).collect();
        segments[segments.len().saturating_sub(2)..].join("::")
    }
}

/// A trait's method as a type has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Implementation<'a> {
    /// The type, with its arguments.
    pub ty: &'a str,
    /// The trait, with its arguments.
    pub of_trait: &'a str,
    /// The method, and what is inside of it: a closure.
    pub method: &'a str,
}

impl Implementation<'_> {
    /// The last segment of the trait's path: `Write` of `std::io::Write`.
    pub fn trait_name(&self) -> &str {
        let path = self.of_trait.split('<').next().unwrap_or(self.of_trait).trim_end_matches("::");
        path.rsplit("::").next().unwrap_or(path)
    }
}

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

/// Leaves generic arguments out, and the brackets around an inherent impl's type:
/// `<alloc::vec::Vec<u8>>::push` is `alloc::vec::Vec::push`.
fn without_generics(name: &str) -> String {
    // `app::queue::<impl app::Ring<u8>>::push`, of an `impl` that stands in another module than its type.
    if let Some((_, of)) = name.split_once("::<impl ")
        && let Some(end) = closing(of)
    {
        let (block, rest) = (&of[..end], &of[end + 1..]);
        return match split_at_word(block, " for ") {
            Some((of_trait, ty)) => without_generics(&format!("<{ty} as {of_trait}>{rest}")),
            None => without_generics(&format!("<{block}>{rest}")),
        };
    }
    let Some(inner) = name.strip_prefix('<') else { return strip_arguments(name) };
    let Some(end) = closing(inner) else { return name.to_owned() };
    let (ty, rest) = (&inner[..end], &inner[end + 1..]);
    let rest = strip_arguments(rest);
    match split_as(ty) {
        Some((ty, of)) => format!("<{} as {}>{rest}", without_generics(ty), strip_arguments(of)),
        None => format!("{}{rest}", without_generics(ty)),
    }
}

/// Index of the `>` that closes the bracket before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1;
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
        before = c;
    }
    None
}

/// `T as Trait`, split at the `as` that stands in no bracket.
fn split_as(text: &str) -> Option<(&str, &str)> {
    split_at_word(text, " as ")
}

/// Split at a word that stands in no bracket.
fn split_at_word<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0;
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before != '-' => depth -= 1,
            ')' | ']' => depth -= 1,
            ' ' if depth == 0 && text[index..].starts_with(word) => {
                return Some((&text[..index], &text[index + word.len()..]));
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// What stands in each `<…>` of a path that follows one of its segments.
fn arguments_of<'a>(path: &'a str, found: &mut Vec<&'a str>) {
    let mut rest = path;
    while let Some(open) = rest.find('<') {
        let follows_path = rest[..open].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let inside = &rest[open + 1..];
        let Some(end) = closing(inside).filter(|_| follows_path) else {
            rest = inside;
            continue;
        };
        found.extend(separated(&inside[..end]));
        rest = &inside[end + 1..];
    }
}

/// Types that commas separate, outside of all brackets.
fn separated(text: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start, mut before) = (Vec::new(), 0, 0, ' ');
    for (index, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before != '-' => depth -= 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text[start..index].trim());
                start = index + 1;
            }
            _ => {}
        }
        before = c;
    }
    found.push(text[start..].trim());
    found
}

/// Drops `<…>` and `::<…>` wherever they follow a path segment.
fn strip_arguments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        let follows_path = rest[..open].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let Some(end) = closing(&rest[open + 1..]).filter(|_| follows_path) else {
            out.push_str(&rest[..=open]);
            rest = &rest[open + 1..];
            continue;
        };
        out.push_str(rest[..open].trim_end_matches("::"));
        rest = &rest[open + 1 + end + 1..];
    }
    out.push_str(rest);
    out
}

/// The segments of a path; what stands in brackets is part of one.
fn segments(path: &str) -> Vec<&str> {
    let starts: Vec<usize> = starts(path).collect();
    let ends = starts.iter().skip(1).map(|start| start - "::".len()).chain([path.len()]);
    starts.iter().zip(ends).map(|(start, end)| &path[*start..end]).collect()
}

/// The shortest names that tell `names` apart: tails of their paths, or `<Ring as Clone>::clone`.
pub fn shorten(names: &[&str]) -> Vec<String> {
    let shorter: Vec<Vec<String>> = names.iter().map(|name| shorter(name)).collect();
    // The name that is also called so; nothing where there are several.
    let mut owners: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (own, called) in names.iter().zip(&shorter) {
        for called in called {
            let owner = owners.entry(called).or_insert(Some(own));
            *owner = owner.filter(|owner| owner == own);
        }
    }
    let is_alone = |called: &&String| owners.get(called.as_str()).is_some_and(Option::is_some);
    let shortest = |(own, called): (&&str, &Vec<String>)| {
        called.iter().find(is_alone).map_or_else(|| (*own).to_owned(), String::clone)
    };
    names.iter().zip(&shorter).map(shortest).collect()
}

/// What a path may be called for short, the shortest first.
fn shorter(name: &str) -> Vec<String> {
    let tails =
        starts(name).collect::<Vec<_>>().into_iter().skip(1).rev().map(|start| name[start..].to_owned());
    let of_trait = (name.starts_with('<') && name.contains(" as ")).then(|| implementation(name));
    tails.chain(of_trait).collect()
}

#[cfg(test)]
mod tests {
    use super::{FunctionName, shorten};

    #[test]
    fn generic_arguments_are_left_out() {
        let cases = [
            ("elvis::algo_one", "elvis::algo_one", "elvis::algo_one"),
            (
                "<alloc::boxed::Box<std::io::cursor::Cursor<&[u8]>>>::new",
                "alloc::boxed::Box::new",
                "Box::new",
            ),
            ("alloc::vec::from_elem::<u8>", "alloc::vec::from_elem", "vec::from_elem"),
            (
                "<alloc::vec::Vec<u8> as core::clone::Clone>::clone",
                "<alloc::vec::Vec as core::clone::Clone>::clone",
                "Vec::clone",
            ),
            ("<fn() -> u8 as app::Call>::call", "<fn() -> u8 as app::Call>::call", "fn() -> u8::call"),
            ("app::hot::<u32>::{closure#0}", "app::hot::{closure#0}", "app::hot"),
            ("<app::Filter<f32>>::process", "app::Filter::process", "Filter::process"),
            ("app::queue::<impl app::Ring<_>>::push", "app::Ring::push", "Ring::push"),
            (
                "app::queue::<impl app::Gen<alloc::vec::Vec<_>> for app::Ring<_>>::next",
                "<app::Ring as app::Gen>::next",
                "Ring::next",
            ),
            (
                "<(u8, alloc::string::String) as app::Gen>::next",
                "<(u8, alloc::string::String) as app::Gen>::next",
                { "(u8, alloc::string::String)::next" },
            ),
        ];
        for (name, whole, short) in cases {
            let name = FunctionName::new(name);
            assert_eq!((name.as_str(), name.short().as_str()), (whole, short));
        }
    }

    #[test]
    fn the_types_that_a_function_runs_with_are_told_apart() {
        let cases: [(&str, &[&str]); 6] = [
            ("app::put::<alloc::string::String>", &["alloc::string::String"]),
            ("<app::Encoder<alloc::vec::Vec<u8>, 4>>::put", &["alloc::vec::Vec<u8>", "4"]),
            (
                "<app::A as de::Visit<u8>>::visit::<&mut de::Reader<[u8; 2], fn(u8, u8) -> u8>, u16>",
                &["u8", "&mut de::Reader<[u8; 2], fn(u8, u8) -> u8>", "u16"],
            ),
            ("<alloc::vec::Vec<u8> as app::Put>::put", &["u8"]),
            ("app::put::<u8>::{closure#0}", &["u8"]),
            ("app::put", &[]),
        ];
        for (name, arguments) in cases {
            assert_eq!(FunctionName::new(name).arguments(), arguments, "{name}");
        }
        let name =
            FunctionName::new("<&mut ser::To<alloc::vec::Vec<u8>> as ser::Serializer<u8>>::text::<str>");
        let implementation = name.implementation().unwrap();
        assert_eq!(
            (implementation.ty, implementation.trait_name(), implementation.method),
            ("&mut ser::To<alloc::vec::Vec<u8>>", "Serializer", "text::<str>")
        );
        assert_eq!(FunctionName::new("<app::Ring<u8>>::push").implementation(), None);
    }

    #[test]
    fn a_name_is_as_short_as_it_is_unique() {
        let names = ["elvis::algo_one", "fir::Filter::process", "iir::Filter::process"];
        assert_eq!(shorten(&names), ["algo_one", "fir::Filter::process", "iir::Filter::process"]);
        assert_eq!(shorten(&["a::run", "a::run"]), ["a::run", "a::run"].map(|_| "run".to_owned()));
        // Types and traits are not cut.
        let next =
            ["<app::A as app::Gen>::next", "<app::B as app::Gen>::next", "<app::B as app::Drop>::drop"];
        assert_eq!(shorten(&next), ["<A as Gen>::next", "<B as Gen>::next", "drop"]);
        let alike = ["<a::A as a::Gen>::next", "<b::A as a::Gen>::next"];
        assert_eq!(shorten(&alike), alike);
    }

    #[test]
    fn what_stands_in_a_closure_stands_in_its_function() {
        for path in ["app::request::{{closure}}", "app::request::{{closure}}::{{closure}}", "app::request"] {
            assert_eq!(FunctionName::of_item(path).as_str(), "app::request");
        }
    }
}
