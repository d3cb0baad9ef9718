//! Formatting: the one use of dynamic calls that nearly every function makes, and that no argument decides.
//!
//! `core::fmt::write` keeps its writer in a `Formatter` on its own stack and calls functions out of an array on
//! its caller's stack. Where both are known to lie on the stack of code reachable from the root, the writer and
//! the functions are among those that this code creates. That is an assumption about `core::fmt`, so a proof that
//! uses it is conditional and says so.

use super::{Bound, Context, FIRST_METHOD};
use crate::code::{Base, OpenCall, Value};

/// Methods of `Formatter` that call nothing dynamic but the writer of the formatter they are given first.
const ON_THE_WRITER: &[&str] = &[
    "pad", "pad_integral", "pad_formatted_parts", "write_formatted_parts", "write_str", "write_char",
    "pad_integral::write_prefix",
];
/// `core::fmt::write(data, vtable, template, arguments)`.
const VTABLE: u8 = 1;
const ARRAY: u8 = 3;

/// Whether an open call of a function is a call of `core::fmt` on what was made by reachable code only.
/// `name` is the readable name of the function that contains the call.
pub(crate) fn stays_inside(name: &str, open: OpenCall, context: &Context) -> bool {
    let OpenCall::Value(value) = open else { return false };
    if name == "core::fmt::write" {
        return context.constant(VTABLE).is_some() && context.get(ARRAY) == Bound::Inside;
    }
    if !is_formatting(name) {
        return false;
    }
    match value {
        Value::Loaded { offset, base: Base::Field { argument, .. } } if offset >= FIRST_METHOD => {
            context.get(argument) == Bound::Inside
        }
        Value::Loaded { offset, base: Base::Argument(argument) } if offset >= FIRST_METHOD => {
            context.get(argument) == Bound::InsideField
        }
        Value::Loaded { .. } | Value::Any => is_on_the_writer(name) && is_inside(context.get(0)),
        _ => false,
    }
}

fn is_inside(bound: Bound) -> bool {
    matches!(bound, Bound::Inside | Bound::InsideField)
}

fn method(name: &str) -> Option<&str> {
    name.strip_prefix("<core::fmt::Formatter>::").or_else(|| name.strip_prefix("core::fmt::Formatter::"))
}

fn is_on_the_writer(name: &str) -> bool {
    method(name).is_some_and(|method| ON_THE_WRITER.contains(&method))
}

/// Functions that get a `Formatter` and little else: those of `core::fmt`, and every `fmt` of its traits.
fn is_formatting(name: &str) -> bool {
    let is_trait = || name.split_once(" as core::fmt::").is_some_and(|(_, tail)| tail.ends_with(">::fmt"));
    name.starts_with("core::fmt::") || method(name).is_some() || is_impl(name) || is_trait()
}

/// `core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt` and the like.
fn is_impl(name: &str) -> bool {
    name.contains("<impl core::fmt::") && name.ends_with(">::fmt")
}

#[cfg(test)]
mod tests {
    use super::stays_inside;
    use crate::code::{ARGUMENTS, Base, OpenCall, Value};
    use crate::dispatch::{Context, NO_CONTEXT};
    use crate::image::Image;

    fn context(values: [Value; ARGUMENTS]) -> Context {
        Context::passed(&Image::empty(), values, &NO_CONTEXT)
    }

    #[test]
    fn a_formatter_from_outside_is_not_inside() {
        let write = OpenCall::Value(Value::Loaded { offset: 24, base: Base::Field { argument: 0, offset: 8 } });
        let mut values = [Value::Any; ARGUMENTS];
        assert!(!stays_inside("<core::fmt::Formatter>::pad", write, &context(values)));
        values[0] = Value::Frame;
        assert!(stays_inside("<core::fmt::Formatter>::pad", write, &context(values)));
        assert!(!stays_inside("user::draw", write, &context(values)));
    }

    #[test]
    fn what_core_fmt_write_calls_needs_a_known_writer_and_an_inner_array() {
        let call = OpenCall::Value(Value::Any);
        let mut values = [Value::Any; ARGUMENTS];
        values[3] = Value::Frame;
        assert!(!stays_inside("core::fmt::write", call, &context(values)));
    }
}
