//! Types as a reader writes them.

/// Leaves the modules out of every path in a demangled type: `alloc::boxed::Box<dyn std::io::Read>` is
/// `Box<dyn Read>`.
pub fn short_type(demangled: &str) -> String {
    let mut out = String::new();
    let mut segment = String::new();
    let mut chars = demangled.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ':' if chars.peek() == Some(&':') => {
                chars.next();
                // `::<` only separates a path from its arguments.
                if chars.peek() != Some(&'<') {
                    segment.clear();
                }
            }
            c if c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#') => segment.push(c),
            c => {
                out.push_str(&readable(&segment));
                segment.clear();
                out.push(c);
            }
        }
    }
    out.push_str(&readable(&segment));
    out.replace(", Global>", ">").replace(", RandomState>", ">")
}

/// A closure has no name that anybody could write.
fn readable(segment: &str) -> String {
    let unnamed = [("{closure", "closure"), ("{async", "future")];
    unnamed
        .iter()
        .find(|(start, _)| segment.starts_with(start))
        .map_or_else(|| segment.to_owned(), |(_, name)| (*name).to_owned())
}

/// As a reader writes it: `<Cursor<&[u8]> as Read>::read`.
pub fn implementation(function: &str) -> String {
    match function.rsplit_once(">::") {
        Some((head, method)) if head.contains(" as ") => format!("{}>::{method}", short_type(head)),
        _ => short_type(function),
    }
}

#[cfg(test)]
mod tests {
    use super::short_type;

    #[test]
    fn modules_are_left_out() {
        let cases = [
            ("u8", "u8"),
            ("alloc::string::String", "String"),
            ("alloc::vec::Vec<alloc::string::String>", "Vec<String>"),
            ("alloc::boxed::Box<dyn std::io::Read>", "Box<dyn Read>"),
            ("dyn core::ops::function::Fn<(u64,), Output = u64>", "dyn Fn<(u64,), Output = u64>"),
            ("&mut [app::Node::<u8>; 3]", "&mut [Node<u8>; 3]"),
            ("app::run::{closure#0}", "closure"),
        ];
        for (demangled, short) in cases {
            assert_eq!(short_type(demangled), short);
        }
    }
}
