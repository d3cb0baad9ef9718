//! Readable names and patterns over them.

/// A path without its generic arguments: `<alloc::vec::Vec<T> as X>::push::<U>` becomes `alloc::vec::Vec::push`.
pub(crate) fn without_generics(name: &str) -> String {
    let self_type = leading_type(name);
    let mut plain = String::with_capacity(name.len());
    let mut depth = 0usize;
    let mut before = ' ';
    let rest = match self_type {
        Some((inner, rest)) => {
            plain.push_str(&without_generics(inner));
            rest
        }
        None => name,
    };
    for letter in rest.chars() {
        match letter {
            '<' => depth += 1,
            // Of an arrow.
            '>' if before == '-' && depth == 0 => plain.push('>'),
            '>' if before == '-' => {}
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
        before = letter;
    }
    plain.replace("::::", "::").trim_end_matches("::").to_owned()
}

/// Splits `<T as Trait>::tail` into `T` and `::tail`.
fn leading_type(name: &str) -> Option<(&str, &str)> {
    let inner = name.strip_prefix('<')?;
    let mut depth = 1usize;
    let (mut before, mut end, mut trait_at) = (' ', None, None);
    for (at, letter) in inner.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            ' ' if depth == 1
                && trait_at.is_none()
                && inner.get(at..).is_some_and(|rest| rest.starts_with(" as ")) =>
            {
                trait_at = Some(at);
            }
            _ => {}
        }
        if depth == 0 {
            end = Some(at);
            break;
        }
        before = letter;
    }
    let end = end?;
    Some((inner.get(..trait_at.unwrap_or(end))?, inner.get(end + 1..)?))
}

/// Whether a path is the pattern or ends in it, whole segments only.
pub(crate) fn is_tail_of(pattern: &str, path: &str) -> bool {
    let Some(head) = path.strip_suffix(pattern) else { return false };
    !pattern.is_empty() && (head.is_empty() || head.ends_with("::"))
}

#[cfg(test)]
mod tests {
    use super::{is_tail_of, without_generics};

    #[test]
    fn generic_arguments_are_left_out() {
        let check = |name, plain: &str| assert_eq!(without_generics(name), plain);
        check("app::plain", "app::plain");
        check("<alloc::vec::Vec<u8>>::push", "alloc::vec::Vec::push");
        check(
            "<alloc::vec::Vec<u8> as core::iter::Extend<u8>>::extend::<app::It<u8>>",
            "alloc::vec::Vec::extend",
        );
        check("app::call::<fn(u8) -> u8>::inner", "app::call::inner");
        check("<broken", "");
    }

    #[test]
    fn a_tail_is_made_of_whole_segments() {
        assert!(is_tail_of("push", "alloc::vec::Vec::push"));
        assert!(is_tail_of("Vec::push", "alloc::vec::Vec::push"));
        assert!(!is_tail_of("ush", "alloc::vec::Vec::push"));
        assert!(!is_tail_of("", "app::plain"));
    }
}
