//! Formatting: the one use of dynamic calls that nearly every function makes, and that no argument decides.
//!
//! `core::fmt::write` keeps its writer in a `Formatter` on its own stack and calls functions out of an array on
//! its caller's stack. Where both are known to lie on the stack of code reachable from the root, the writer and
//! the functions are among those that this code creates. That is an assumption about `core::fmt`, so a proof that
//! uses it is conditional and says so. Which calls of `core::fmt` were entered in no other way is `walk`'s part.

use super::{Bound, Context, FIRST_METHOD};
use crate::code::{Base, OpenCall, Value};

/// Methods of `Formatter` that call nothing dynamic but the writer of the formatter they are given first.
const ON_THE_WRITER: &[&str] = &[
    "pad",
    "pad_integral",
    "pad_formatted_parts",
    "write_formatted_parts",
    "write_str",
    "write_char",
    "pad_integral::write_prefix",
    "padding",
];
/// `core::fmt::write(data, vtable, template, arguments)`.
const VTABLE: u8 = 1;
const ARRAY: u8 = 3;
/// `fmt(self, formatter)`.
const FORMATTER: u8 = 1;

/// What a function has to do with formatting, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// `core::fmt::write`.
    Write,
    /// A method of `Formatter` whose only dynamic calls are on its writer.
    Writer,
    /// Another method of `Formatter`.
    Method,
    /// Another function of `core::fmt`, or `fmt` of a built-in type.
    Helper,
    /// `fmt` of any other type.
    Impl,
    /// Nothing.
    None,
}

impl Role {
    /// The role of a function with this readable name.
    pub(crate) fn of(name: &str) -> Self {
        let method = ["<core::fmt::Formatter>::", "core::fmt::Formatter::"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix));
        match method {
            _ if name == "core::fmt::write" => Self::Write,
            Some(method) if ON_THE_WRITER.contains(&method) => Self::Writer,
            Some(_) => Self::Method,
            None if name.starts_with("core::fmt::") => Self::Helper,
            None => implementation(name),
        }
    }
}

/// `<T as core::fmt::Display>::fmt`, or `…::<impl core::fmt::Display for T>::fmt`.
fn implementation(name: &str) -> Role {
    let Some(head) = name.strip_suffix(">::fmt") else { return Role::None };
    let of = |self_type: &str| {
        if self_type.contains("::") || self_type.contains("dyn ") { Role::Impl } else { Role::Helper }
    };
    if let Some((self_type, _)) = head.split_once(" as core::fmt::") {
        return of(self_type);
    }
    match head.split_once("<impl core::fmt::").and_then(|(_, tail)| tail.split_once(" for ")) {
        Some((_, self_type)) => of(self_type),
        None => Role::None,
    }
}

/// Whether an open call of a function in this role is a call of `core::fmt` on what was made by reachable code
/// only. `is_trusted`: the function was entered from formatting that began inside, and in no other way.
pub(crate) fn stays_inside(role: Role, is_trusted: bool, open: OpenCall, context: &Context) -> bool {
    let OpenCall::Value(value) = open else { return false };
    match role {
        Role::None => false,
        Role::Write => is_given_inside(role, context) || (is_trusted && is_handed_on(context)),
        Role::Writer => is_trusted && matches!(value, Value::Loaded { .. } | Value::Any),
        Role::Method => is_trusted && is_on_the_formatter(value, 0, context),
        Role::Helper | Role::Impl => is_trusted && is_on_the_formatter(value, FORMATTER, context),
    }
}

/// A call on the writer of the formatter that a function is given as this argument.
fn is_on_the_formatter(value: Value, formatter: u8, context: &Context) -> bool {
    let is_method = matches!(value, Value::Loaded { offset, base: Base::Field { argument, .. } }
        if offset >= FIRST_METHOD && argument == formatter);
    is_method && context.get(formatter) == Bound::Inside
}

/// Whether a call with this knowledge hands an inner formatter to a function in this role.
pub(crate) fn is_given_inside(role: Role, context: &Context) -> bool {
    let argument = match role {
        Role::Write => return context.constant(VTABLE).is_some() && context.get(ARRAY) == Bound::Inside,
        Role::Writer | Role::Method => 0,
        Role::Helper | Role::Impl => FORMATTER,
        Role::None => return false,
    };
    is_inside(context, argument)
}

/// Whether an argument is known to lie inside, or to have been read from there.
pub(crate) fn is_inside(context: &Context, argument: u8) -> bool {
    matches!(context.get(argument), Bound::Inside | Bound::InsideField)
}

/// The arguments among which a function in this role gets its formatter: behind `self`, which may take two (`str`).
pub(crate) fn formatters(role: Role) -> std::ops::Range<u8> {
    match role {
        Role::Writer | Role::Method => 0..1,
        Role::Helper | Role::Impl => FORMATTER..FORMATTER + 2,
        Role::Write | Role::None => 0..0,
    }
}

/// Whether `core::fmt::write` is called with an inner array and a writer out of an inner object: as `write!(f, …)` in
/// a `fmt` does it.
pub(crate) fn is_handed_on(context: &Context) -> bool {
    context.get(VTABLE) == Bound::InsideField && context.get(ARRAY) == Bound::Inside
}

/// Whether a `fmt` knows its formatter, and nothing else, to lie inside: then an inner field is the formatter's.
pub(crate) fn has_only_the_formatter_inside(role: Role, context: &Context) -> bool {
    let is_fmt = matches!(role, Role::Impl | Role::Helper);
    is_fmt && is_given_inside(role, context) && context.get(0) == Bound::Unknown
}

#[cfg(test)]
mod tests {
    use super::{Role, is_given_inside, stays_inside};
    use crate::code::{ARGUMENTS, Base, OpenCall, Value};
    use crate::dispatch::{Context, NO_CONTEXT};
    use crate::image::Image;

    fn context(values: [Value; ARGUMENTS]) -> Context {
        Context::passed(&Image::empty(), values, &NO_CONTEXT)
    }

    #[test]
    fn roles_are_told_by_names() {
        let check = |name, role| assert_eq!(Role::of(name), role, "{name}");
        check("core::fmt::write", Role::Write);
        check("<core::fmt::Formatter>::pad_integral", Role::Writer);
        check("<core::fmt::Formatter>::debug_struct_field1_finish", Role::Method);
        check("<u32 as core::fmt::Display>::fmt", Role::Helper);
        check("core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt", Role::Helper);
        check("<app::Point as core::fmt::Debug>::fmt", Role::Impl);
        check("<&dyn core::fmt::Display as core::fmt::Display>::fmt", Role::Impl);
        check("<app::Fixed as core::fmt::Write>::write_str", Role::None);
        check("app::core::fmt::write", Role::None);
    }

    #[test]
    fn a_formatter_from_outside_is_not_inside() {
        let write =
            OpenCall::Value(Value::Loaded { offset: 24, base: Base::Field { argument: 1, offset: 8 } });
        let mut values = [Value::Any; ARGUMENTS];
        assert!(!stays_inside(Role::Impl, false, write, &context(values)));
        assert!(!stays_inside(Role::Writer, false, write, &context(values)));
        values[1] = Value::Frame(-8);
        assert!(stays_inside(Role::Impl, true, write, &context(values)));
        assert!(!stays_inside(Role::Impl, false, write, &context(values)), "whose formatter it is counts");
        assert!(!stays_inside(Role::None, true, write, &context(values)));
    }

    #[test]
    fn a_dynamic_value_that_is_formatted_is_not_the_writer() {
        let value =
            OpenCall::Value(Value::Loaded { offset: 24, base: Base::Field { argument: 0, offset: 8 } });
        assert!(!stays_inside(Role::Impl, true, value, &context([Value::Frame(-8); ARGUMENTS])));
    }

    #[test]
    fn what_core_fmt_write_calls_needs_a_known_writer_and_an_inner_array() {
        let call = OpenCall::Value(Value::Any);
        let mut values = [Value::Any; ARGUMENTS];
        values[3] = Value::Frame(-8);
        assert!(!stays_inside(Role::Write, true, call, &context(values)));
        assert!(!is_given_inside(Role::Write, &context(values)));
    }
}
