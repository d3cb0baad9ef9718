//! The names that a reader may call a function by, and patterns of them.

use super::{implementation, short_type};

/// Whether `pattern` is a function's name, or a tail of it from a segment on; `*` is any run of characters.
///
/// `<app::Ring as core::clone::Clone>::clone` is also called `<Ring as Clone>::clone`, `app::Ring::clone` and
/// `Ring::clone`; `r#type` is `type`.
pub fn is_called(name: &str, pattern: &str) -> bool {
    let pattern = pattern.replace("r#", "");
    let mut spellings = vec![name.to_owned()];
    if let Some((head, method)) = name.strip_prefix('<').and_then(|rest| rest.rsplit_once(">::"))
        && let Some((ty, _)) = head.split_once(" as ")
    {
        spellings.push(implementation(name));
        spellings.push(format!("{ty}::{method}"));
        spellings.push(format!("{}::{method}", short_type(ty)));
    }
    spellings.iter().any(|spelling| is_tail(spelling, &pattern))
}

/// Whether a crate exports a function as `path`: the modules of its own may be others, the crate of which a part is
/// one (`futures_util` of `futures`), and `std` is also `core` and `alloc`.
pub fn is_exported_as(name: &str, path: &str) -> bool {
    let (Some((own, of_crate)), Some((krate, exported))) = (name.split_once("::"), path.split_once("::"))
    else {
        return false;
    };
    let is_same = own == krate
        || own.strip_prefix(krate).is_some_and(|part| part.starts_with('_'))
        || (krate == "std" && matches!(own, "core" | "alloc"));
    // The type and the method, or the function, are as they are; of the modules some may be left out.
    let exported: Vec<&str> = exported.split("::").collect();
    let last = exported.len().saturating_sub(1);
    let is_type = |at: usize| exported[at].starts_with(char::is_uppercase);
    let modules = if last > 0 && is_type(last - 1) { last - 1 } else { last };
    let (modules, item) = exported.split_at(modules);
    let Some(mut rest) = of_crate.strip_suffix(&item.join("::")) else { return false };
    let is_whole = rest.is_empty() || rest.ends_with("::");
    is_same
        && is_whole
        && modules.iter().all(|module| match rest.split_once(&format!("{module}::")) {
            Some((before, after)) if before.is_empty() || before.ends_with("::") => {
                rest = after;
                true
            }
            _ => false,
        })
}

fn is_tail(name: &str, pattern: &str) -> bool {
    let tails = starts(name).skip(1).map(|start| &name[start..]);
    [name].into_iter().chain(tails).any(|tail| fits(pattern.as_bytes(), tail.as_bytes()))
}

/// Where the segments of a path start: a `::` inside of brackets is no border.
pub(super) fn starts(path: &str) -> impl Iterator<Item = usize> {
    let mut depth = 0;
    let mut before = ' ';
    let inner = path.char_indices().filter_map(move |(at, c)| {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if before != '-' => depth -= 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        let is_border = depth == 0 && c == ':' && before == ':';
        before = c;
        is_border.then_some(at + 1)
    });
    std::iter::once(0).chain(inner)
}

/// Whether `text` is what `pattern` says, where `*` is any run of bytes.
pub fn fits(pattern: &[u8], text: &[u8]) -> bool {
    // The last star, and where the text after its run begins: longer runs are tried from there.
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, seen));
            at += 1;
        } else if pattern.get(at) == Some(&text[seen]) {
            at += 1;
            seen += 1;
        } else if let Some((before, run)) = star {
            star = Some((before, run + 1));
            (at, seen) = (before + 1, run + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::{fits, is_called, is_exported_as};

    #[test]
    fn a_star_is_any_run() {
        let yes = [
            ("*", ""),
            ("*", "a::b"),
            ("a*", "a"),
            ("*b*", "abc"),
            ("a*c*e", "abcde"),
            ("**", "x"),
            ("ab", "ab"),
        ];
        let no = [("a", ""), ("", "a"), ("a*", "ba"), ("a*c", "ab"), ("ab", "abc"), ("a*bc", "abcb")];
        for (pattern, text) in yes {
            assert!(fits(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in no {
            assert!(!fits(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
    }

    #[test]
    fn a_crate_exports_what_its_modules_hold() {
        let yes = [
            ("regex::regex::string::Regex::is_match", "regex::Regex::is_match"),
            ("regex::regex::bytes::Regex::new", "regex::bytes::Regex::new"),
            ("memchr::memchr::memchr", "memchr::memchr"),
            ("alloc::vec::Vec::push", "std::vec::Vec::push"),
            ("core::mem::swap", "std::mem::swap"),
            ("futures_util::stream::next::Next::poll", "futures::stream::Next::poll"),
        ];
        let no = [
            ("regex::regex::string::Regex::is_match", "regex::Regex::is"),
            ("regex::regex::string::RegexSet::is_match", "regex::Set::is_match"),
            ("regex::regex::string::Regex::is_match", "regex::bytes::Regex::is_match"),
            ("regexes::Regex::is_match", "regex::Regex::is_match"),
            ("app::swap", "std::mem::swap"),
            ("app", "app::swap"),
        ];
        for (name, path) in yes {
            assert!(is_exported_as(name, path), "{name} {path}");
        }
        for (name, path) in no {
            assert!(!is_exported_as(name, path), "{name} {path}");
        }
    }

    #[test]
    fn a_pattern_names_a_whole_path_or_its_tail() {
        let method = "fir::Filter::process";
        let of_trait = "<app::win::Win as core::iter::traits::iterator::Iterator>::next";
        let yes = [
            (method, "process"),
            (method, "Filter::*"),
            (method, "fir::*"),
            (of_trait, of_trait),
            (of_trait, "next"),
            (of_trait, "Win::next"),
            (of_trait, "app::win::Win::next"),
            (of_trait, "<Win as Iterator>::next"),
            (of_trait, "<Win as *>::*"),
            ("app::type", "r#type"),
            ("<u32 as app::Gen>::next", "u32::next"),
        ];
        let no = [
            (method, "cess"),
            (method, "fir"),
            (of_trait, "in::next"),
            (of_trait, "Iterator>::next"),
            (of_trait, "Iterator::next"),
        ];
        for (name, pattern) in yes {
            assert!(is_called(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in no {
            assert!(!is_called(name, pattern), "{name} {pattern}");
        }
    }
}
