//! What a proof stopped at, in words.

use noalloc_prove::{Cause, Origin, Slot};

use crate::model::{Frame, Obstacle, ObstacleKind, short_type};

/// Of a stop at the end of `chain`; `variable` names what stands at an address.
pub(super) fn of(cause: &Cause, chain: &[Frame], variable: &dyn Fn(u64) -> Option<String>) -> Obstacle {
    let (kind, text) = match cause {
        Cause::DynamicCall { slot, .. } => (ObstacleKind::DynamicCall, dynamic_call(*slot, chain)),
        Cause::FunctionPointer { .. } => {
            (ObstacleKind::FunctionPointer, "a call through a function pointer".to_owned())
        }
        Cause::Import { name } => {
            (ObstacleKind::Import, format!("a call of `{name}`, a library's function that is in no table"))
        }
        Cause::CaughtPanic => (
            ObstacleKind::CaughtPanic,
            "a panic that may be caught: what panicking allocates would count".to_owned(),
        ),
        Cause::JumpTable => {
            (ObstacleKind::JumpTable, "a jump whose table of targets could not be read completely".to_owned())
        }
        Cause::JumpInto { address } => {
            (ObstacleKind::Jump, format!("a jump to {address:#x}, where no function starts"))
        }
        Cause::Undecodable => (ObstacleKind::Code, "bytes that are no instruction".to_owned()),
        Cause::Unreached => {
            (ObstacleKind::Code, "a call on a path that the values of registers say cannot be".to_owned())
        }
        Cause::ExceptionTable => (ObstacleKind::Code, "an exception table that cannot be read".to_owned()),
        Cause::MissingCode => (ObstacleKind::Code, "code that is not in the file".to_owned()),
        Cause::TooComplex => (ObstacleKind::Code, "code that takes too many steps to follow".to_owned()),
        Cause::NeverReturns => (
            ObstacleKind::NeverReturns,
            "a function that never returns: there is no returning path to judge".to_owned(),
        ),
        _ => (ObstacleKind::Other, "something that this version of the tool has no words for".to_owned()),
    };
    let receiver = match cause {
        Cause::DynamicCall { receiver, .. } => Some(origin(*receiver, variable)),
        Cause::FunctionPointer { origin: from } => Some(origin(*from, variable)),
        _ => None,
    };
    let import = match cause {
        Cause::Import { name } => Some(name.clone()),
        _ => None,
    };
    let text = receiver.iter().fold(text, |text, receiver| format!("{text} {receiver}"));
    Obstacle { kind, text, receiver, import }
}

fn dynamic_call(slot: Slot, chain: &[Frame]) -> String {
    match slot {
        Slot::First => {
            destructor(chain).unwrap_or_else(|| "a call of the first function of a table".to_owned())
        }
        Slot::Method(number) => format!("a call of method {number} of a `dyn` value"),
        Slot::Field(offset) => format!("a call of the function pointer at offset {offset} of an object"),
    }
}

fn origin(origin: Origin, variable: &dyn Fn(u64) -> Option<String>) -> String {
    match origin {
        Origin::Argument(_) => "passed in by the caller".to_owned(),
        Origin::Field { .. } => "read from what the caller passes in".to_owned(),
        Origin::Static(address) => match variable(address) {
            Some(name) => format!("read from the variable `{name}`"),
            None => format!("read from the variable at {address:#x}"),
        },
        _ => "read from memory".to_owned(),
    }
}

/// Stands for `std::io::Error` while modules are left out.
const IO_ERROR: &str = "__IoError";

/// `` the destructor of the `dyn Error` in an `io::Error` ``, where the compiler's own functions that drop values lead to the
/// call.
fn destructor(chain: &[Frame]) -> Option<String> {
    let dropped = |frame: &Frame| {
        let name = frame.function.demangled();
        let (glue, of) = name.split_once("::<")?;
        let is_glue = matches!(glue, "core::ptr::drop_in_place" | "core::ptr::drop_glue");
        let of = of.strip_suffix('>').unwrap_or(of);
        // There are many types of the name `Error`.
        let marked = of.replace("std::io::error::Error", IO_ERROR);
        is_glue.then(|| short_type(&marked).replace(IO_ERROR, "io::Error"))
    };
    // The user's own code is where dropping began.
    let below = chain.iter().rev().take_while(|frame| !frame.is_user() || dropped(frame).is_some());
    let types: Vec<String> = below.filter_map(dropped).collect();
    let (inner, outer) = (types.first()?, types.last()?);
    let object = inner.split("dyn ").nth(1).map(|name| name.trim_end_matches('>'));
    Some(match object {
        Some(object) if inner != outer => {
            format!("the destructor of the `dyn {object}` in a value of `{outer}`")
        }
        Some(object) => format!("the destructor of a `dyn {object}`"),
        None => format!("the destructor of what a `{outer}` holds"),
    })
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::model::{Frame, FunctionName, ObstacleKind, Origin};
    use noalloc_prove::{Cause, Origin as From, Slot};

    fn text(slot: Slot, from: From, chain: &[&str]) -> String {
        let frame = |name: &&str| Frame {
            function: FunctionName::new(name),
            place: None,
            inlined: false,
            origin: if name.starts_with("app::") { Origin::User } else { Origin::Std },
        };
        let chain: Vec<Frame> = chain.iter().map(frame).collect();
        let variable = |address| (address == 8).then(|| "app::TABLE".to_owned());
        let cause = Cause::DynamicCall { slot, receiver: from };
        let obstacle = of(&cause, &chain, &variable);
        assert_eq!(obstacle.kind, ObstacleKind::DynamicCall);
        obstacle.text
    }

    #[test]
    fn a_destructor_is_known_by_the_code_that_drops() {
        let error = [
            "app::hot",
            "core::ptr::drop_in_place::<std::io::error::Error>",
            "core::ptr::drop_in_place::<std::io::error::Custom>",
            "core::ptr::drop_in_place::<alloc::boxed::Box<dyn core::error::Error>>",
        ];
        let said = text(Slot::First, From::Memory, &error);
        assert_eq!(said, "the destructor of the `dyn Error` in a value of `io::Error` read from memory");
        let boxed = ["app::hot", "core::ptr::drop_in_place::<alloc::boxed::Box<dyn app::Shape>>"];
        let said = text(Slot::First, From::Memory, &boxed);
        assert_eq!(said, "the destructor of a `dyn Shape` read from memory");
        // No code drops anything there.
        let said = text(Slot::First, From::Static(8), &["app::hot"]);
        assert_eq!(said, "a call of the first function of a table read from the variable `app::TABLE`");
        let said = text(Slot::First, From::Static(16), &["app::hot"]);
        assert_eq!(said, "a call of the first function of a table read from the variable at 0x10");
    }
}
