//! Chains as the debug info has them, shortened; whole ones are in `tests/constructs`.

use super::{Grown, Handed, fold};
use crate::model::{Frame, FunctionName, Origin};

/// `app`'s is the user's, the standard library's its own, all else a dependency's.
fn chain(names: &[&str]) -> Vec<Frame> {
    let frame = |name: &&str| {
        let krate = name.trim_start_matches(['<', '&', '[']).trim_start_matches("mut ").split("::").next();
        let origin = match krate.unwrap_or_default() {
            // The methods that the standard library has for all types.
            "app" if name.contains(" as alloc::string::ToString>") => Origin::Std,
            "app" => Origin::User,
            "core" | "alloc" | "std" => Origin::Std,
            other => Origin::Dependency(other.to_owned()),
        };
        Frame { function: FunctionName::new(name), place: None, inlined: false, origin }
    };
    names.iter().map(frame).collect()
}

/// The function that answers, where the source of each frame says this.
fn owner_told(names: &[&str], says: impl Fn(&str, Grown<'_>) -> Handed) -> String {
    let mut chain = chain(names);
    fold(&mut chain, &|frame, grown| says(frame.function.as_str(), grown));
    let owner = chain.iter().rfind(|frame| frame.is_user()).expect("the function itself stays");
    owner.function.as_str().to_owned()
}

fn owner(names: &[&str]) -> String {
    owner_told(names, |_, _| Handed::Perhaps)
}

const TO_STRING: &str = "<app::Tick as alloc::string::ToString>::to_string";
const SHOWN: &str = "<app::Tick as core::fmt::Display>::fmt";
const WRITE_FMT: &str = "core::fmt::Formatter::write_fmt";
const MACHINE: &str = "core::fmt::write";
const NUMBER: &str = "<u32 as core::fmt::Display>::fmt";
const WRITE_STR: &str = "<alloc::string::String as core::fmt::Write>::write_str";
const GROW: &str = "<alloc::vec::Vec<u8>>::reserve";

#[test]
fn what_is_shown_grows_the_string_of_whoever_formats() {
    let shown: [&[&str]; 5] = [
        &["app::hot", TO_STRING, SHOWN, WRITE_FMT, MACHINE, NUMBER, WRITE_STR, GROW],
        // Calls at the end of a function are jumps: frames are missing.
        &["app::hot", TO_STRING, SHOWN, WRITE_STR, GROW],
        &["app::hot", "alloc::fmt::format", MACHINE, SHOWN, MACHINE, MACHINE, NUMBER, WRITE_STR, GROW],
        // Through other user code, and through what indents.
        &[
            "app::hot",
            "alloc::fmt::format",
            MACHINE,
            SHOWN,
            "app::list",
            "app::list::{closure#0}",
            WRITE_STR,
            GROW,
        ],
        &[
            "app::hot",
            "alloc::fmt::format",
            MACHINE,
            "<app::Tick as core::fmt::Debug>::fmt",
            "core::fmt::builders::DebugStruct::field",
            "<core::fmt::builders::PadAdapter as core::fmt::Write>::write_str",
            WRITE_STR,
            GROW,
        ],
    ];
    for names in shown {
        assert_eq!(owner(names), "app::hot", "{names:#?}");
    }
    // A writer of the user's hands on what is written into it.
    let quoted = "<app::Quoted as core::fmt::Display>::fmt";
    let marked = "<app::Marked as core::fmt::Write>::write_str";
    let write_fmt = "<app::Marked as core::fmt::Write>::write_fmt";
    let through = [
        "app::hot",
        "alloc::fmt::format",
        MACHINE,
        quoted,
        write_fmt,
        MACHINE,
        SHOWN,
        marked,
        WRITE_STR,
        GROW,
    ];
    assert_eq!(owner(&through), "app::hot");
    // A hot function that is itself a `Display` answers for what it shows.
    assert_eq!(
        owner(&[SHOWN, WRITE_FMT, MACHINE, "<app::Side as core::fmt::Display>::fmt", WRITE_STR, GROW]),
        { "<app::Tick as core::fmt::Display>::fmt" }
    );
}

#[test]
fn what_a_display_makes_itself_is_its_own() {
    let shown = "<app::Tick as core::fmt::Display>::fmt";
    let own: [&[&str]; 3] = [
        &["app::hot", TO_STRING, SHOWN, "alloc::fmt::format", MACHINE, NUMBER, WRITE_STR, GROW],
        &["app::hot", TO_STRING, SHOWN, "alloc::vec::Vec::with_capacity"],
        // What another type formats with takes memory of its own.
        &["app::hot", TO_STRING, SHOWN, WRITE_FMT, MACHINE, "<time::Date as core::fmt::Display>::fmt", GROW],
    ];
    for names in own {
        assert_eq!(owner(names), shown, "{names:#?}");
    }
    // The source knows a `String` of its own from a `Formatter`.
    let own = |function: &str, grown: Grown<'_>| match function == shown && grown.ty == "String" {
        true => Handed::Own,
        false => Handed::Perhaps,
    };
    assert_eq!(owner_told(&["app::hot", TO_STRING, SHOWN, WRITE_STR, GROW], own), shown);
}

#[test]
fn a_writer_belongs_to_who_made_it() {
    let put = "app::put::<alloc::string::String>";
    assert_eq!(owner(&["app::hot", put, WRITE_STR, GROW]), "app::hot");
    let formatted = [
        "app::hot",
        put,
        "<alloc::string::String as core::fmt::Write>::write_fmt",
        MACHINE,
        SHOWN,
        WRITE_STR,
        GROW,
    ];
    assert_eq!(owner(&formatted), "app::hot");
    assert_eq!(owner(&["app::hot", "<app::To<alloc::string::String>>::put", WRITE_STR, GROW]), "app::hot");
    // A `String` that is known as one is its own line's.
    assert_eq!(owner(&["app::hot", "app::put", WRITE_STR, GROW]), "app::put");
    // The same type, but not what is written into.
    assert_eq!(owner(&["app::hot", put, "app::log", WRITE_STR, GROW]), "app::log");
    assert_eq!(owner(&["app::hot", put, "other::text", WRITE_STR, GROW]), "app::put");
    // A `dyn Write`, which only the source tells.
    let object = |function: &str, _: Grown<'_>| match function {
        "app::put" => Handed::Object,
        _ => Handed::Own,
    };
    assert_eq!(owner_told(&["app::hot", "app::put", WRITE_STR, GROW], object), "app::hot");
}

#[test]
fn a_serializer_belongs_to_who_made_it() {
    let to_text =
        "<app::Money as serde::Serialize>::serialize::<&mut json::Serializer<&mut alloc::vec::Vec<u8>>>";
    let write = "<alloc::vec::Vec<u8> as std::io::Write>::write_all";
    let field =
        "<json::Compound<&mut alloc::vec::Vec<u8>> as serde::SerializeStruct>::serialize_field::<u64>";
    assert_eq!(owner(&["app::hot", "json::to_string", to_text, field, write, GROW]), "app::hot");
    let to_value = "<app::Money as serde::Serialize>::serialize::<json::value::Serializer>";
    let entry = "<json::value::Map as serde::SerializeStruct>::serialize_field::<u64>";
    assert_eq!(owner(&["app::hot", "json::to_value", to_value, entry, "json::Map::insert"]), "app::hot");
    // What is serialized takes memory of its own.
    let date = "<time::Date as serde::Serialize>::serialize::<json::value::Serializer>";
    let own = ["app::hot", "json::to_value", to_value, entry, date, "alloc::fmt::format"];
    assert_eq!(owner(&own), "<app::Money as serde::Serialize>::serialize");
    // So does a text that is made first.
    let text = "<app::Money as alloc::string::ToString>::to_string";
    let own = ["app::hot", "json::to_string", to_text, text, SHOWN, WRITE_STR, GROW];
    assert_eq!(owner(&own), "<app::Money as serde::Serialize>::serialize");
}

#[test]
fn a_librarys_closure_runs_for_the_librarys_function() {
    let fold = "<app::Countdown as core::iter::Iterator>::fold::<(), ()>";
    let extend = "<alloc::string::String as core::iter::Extend<char>>::extend::<app::Countdown>";
    let closure = format!("{extend}::{{closure#0}}");
    let collect = "core::iter::Iterator::collect";
    let chain = ["app::hot", collect, extend, fold, "core::iter::map_fold::{closure#0}", &closure, GROW];
    assert_eq!(owner(&chain), "app::hot");
    // One that the iterator starts itself is its own.
    let inner = ["app::hot", collect, extend, fold, extend, &closure, GROW];
    assert_eq!(owner(&inner), "<app::Countdown as core::iter::Iterator>::fold");
    // So is what its items are made of, and what a closure of the user's pushes.
    let next = "<app::Names as core::iter::Iterator>::next";
    assert_eq!(owner(&["app::hot", collect, next, "alloc::fmt::format", GROW]), next);
    let pushes = "app::hot::{closure#0}";
    assert_eq!(
        owner(&["app::hot", "core::iter::Iterator::for_each", pushes, "alloc::vec::Vec::push"]),
        pushes
    );
}
