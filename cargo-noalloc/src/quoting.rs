//! Code in sentences: in backticks, once.

/// `` `Box::new` ``; what has backticks of its own is left as it is: `` `?` into Box<dyn Error> ``.
pub(crate) fn code(text: &str) -> String {
    if text.contains('`') { text.to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn no_backtick_stands_beside_another() {
        assert_eq!(code("vec!"), "`vec!`");
        assert_eq!(code("`?` into Box<dyn Error>"), "`?` into Box<dyn Error>");
    }
}
