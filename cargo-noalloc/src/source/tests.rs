//! Places in small sources, pointed at by their text; real columns are in `tests/constructs`.

use std::time::{Duration, SystemTime};

use super::Sources;
use super::finder::Want;
use super::{coercion, expression};
use crate::model::{CodePlace, DynRole, Expression, Frame, FunctionName, NoSource, Origin, TraitObject};
use crate::source_files::SourceFolders;

/// A source file alone in a folder, and the place in it where `needle` starts.
struct Lone {
    folder: tempfile::TempDir,
    place: CodePlace,
}

impl Lone {
    fn new(text: &str, needle: &str) -> Lone {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("a.rs"), text).expect("the folder is there");
        let offset = text.find(needle).unwrap_or_else(|| panic!("`{needle}` is in the text"));
        let before = &text[..offset];
        let start = before.rfind('\n').map_or(0, |index| index + 1);
        let line = before.matches('\n').count() as u32 + 1;
        let place = CodePlace { file: "a.rs".to_owned(), line, byte_column: (offset - start) as u32 + 1 };
        Lone { folder, place }
    }

    fn sources(&self) -> Sources {
        Sources::new(SourceFolders::new(self.folder.path(), []))
    }

    fn find(&self, want: Want) -> Result<(Option<Expression>, Option<TraitObject>), NoSource> {
        self.sources().with_found(&self.place, want, |package, found| {
            (expression::describe(package, found, want), coercion::object(package, found))
        })
    }
}

#[test]
fn the_innermost_expression_that_starts_at_the_column_is_found() {
    let cases = [
        // Method calls stand at their name, all else at its start.
        ("fn f() { a.b(1).c(2).d(3); }", "c(2)", Want::Call, "a.b(1).c(2)"),
        ("fn f() { Box::new(x).run(); }", "Box", Want::Call, "Box::new(x)"),
        ("fn f() { Box::new(x) + y; }", "Box", Want::Operator, "Box::new(x) + y"),
        ("fn f() { half(n)?; }", "half", Want::Call, "half(n)"),
        ("fn f() { half(n)?; }", "half", Want::Question, "half(n)?"),
        // In the arguments of macros, and in their macros' arguments.
        ("fn f() { println!(\"{}\", x.to_string()); }", "to_string", Want::Call, "x.to_string()"),
        ("fn f() { let v = vec![Box::new(1); 2]; }", "Box", Want::Call, "Box::new(1)"),
        ("fn f() { assert!(vec![y()].is_empty()); }", "vec", Want::Call, "vec![y()]"),
        ("thread_local! { static A: T = make(); }", "make", Want::Call, "make()"),
        // Columns are bytes, and characters may have several.
        ("fn f() { (\"größe ∞\", make()); }", "make", Want::Call, "make()"),
        // What goes, goes at the end.
        ("fn f() { let a = b();\n}", "}", Want::Drop, "}"),
        ("fn f() { { let a = b(); } c(); }", "} c", Want::Drop, "}"),
        ("fn f() { *slot = None; }", "*slot", Want::Drop, "*slot = None"),
        ("fn f() -> bool { s.take().is_some() }", ") }", Want::Drop, "s.take().is_some()"),
        // The guard drops arguments at the attribute.
        ("#[no_heap]\nfn f(a: A) {\n}", "]", Want::Drop, "}"),
    ];
    for (text, needle, want, expected) in cases {
        let (found, _) = Lone::new(text, needle).find(want).unwrap_or_else(|why| panic!("{text}: {why}"));
        let found = found.unwrap_or_else(|| panic!("{text}: nothing"));
        assert_eq!((found.text.as_str(), found.exact), (expected, true), "{text}");
    }
}

#[test]
fn a_derive_is_known_by_its_attribute_and_the_type_below_it() {
    let cases = [
        ("#[derive(Clone)]\nstruct A { name: String }", "Clone", true),
        ("#[derive(Clone)]\nstruct A { name: String }", "name", true),
        ("#[derive(Clone)] #[repr(C)]\nstruct A(String);", "String", true),
        ("#[derive(Debug, Clone)]\nenum A { B { name: String } }", "name", true),
        ("#[cfg_attr(all(), derive(Clone))]\nstruct A { name: String }", "name", true),
        ("mod a { fn f() { #[derive(Clone)] struct A { name: String } } }", "name", true),
        ("thread_local! { #[derive(Clone)] struct A { name: String } }", "name", true),
        // Of another attribute it may be the user's own expression.
        ("#[derive(Clone)]\nstruct A { #[default(make())] name: String }", "make", false),
        ("#[derive(Clone)] #[display(make())]\nstruct A { name: String }", "make", false),
        ("#[cfg_attr(all(), wraps(B))]\nstruct A { name: String }", "name", false),
        ("struct A { name: String }", "name", false),
        ("#[derive(Clone)]\nstruct A; impl Clone for A { fn clone(&self) -> A { make() } }", "make", false),
    ];
    for (text, needle, derived) in cases {
        let lone = Lone::new(text, needle);
        assert_eq!(lone.sources().is_derived(&lone.place), derived, "{text}");
    }
}

#[test]
fn derived_code_is_folded_where_somebody_calls_it() {
    let lone = Lone::new("#[derive(Clone)]\nstruct A { name: String }\nfn f(a: &A) { a.clone(); }", "name");
    let by_hand = CodePlace { line: 3, byte_column: 17, ..lone.place.clone() };
    let origins = |places: &[&CodePlace]| {
        let mut chain: Vec<Frame> = places
            .iter()
            .map(|&place| Frame {
                function: FunctionName::new("f"),
                place: Some(place.clone()),
                inlined: false,
                origin: Origin::User,
            })
            .collect();
        lone.sources().fold_derived(&mut chain);
        chain.into_iter().map(|frame| frame.origin).collect::<Vec<_>>()
    };
    let derived = &lone.place;
    assert_eq!(origins(&[&by_hand, derived, derived]), [Origin::User, Origin::Derived, Origin::Derived]);
    assert_eq!(origins(&[derived, &by_hand, derived]), [Origin::User, Origin::User, Origin::Derived]);
    // Nothing would be left to show.
    assert_eq!(origins(&[derived, derived]), [Origin::User, Origin::User]);
}

#[test]
fn what_text_is_added_to_is_known_where_it_is_a_string() {
    let cases = [
        ("fn f(out: &mut String) { *out += &format!(); }", Some("out")),
        ("fn f(mut out: String) { out += &format!(); }", Some("out")),
        ("fn f() { let mut out = String::new(); out += &format!(); }", Some("out")),
        ("struct A { out: String } impl A { fn f(&mut self) { self.out += &format!(); } }", Some("self.out")),
        ("fn f(out: &mut dyn Any) { out.push_str(&format!()); }", Some("out")),
        ("fn f(mut out: Cow<'_, str>) { out += &format!(); }", None),
        ("fn f() { let mut out = make(); out += &format!(); }", None),
        ("fn f(out: &mut Vec<String>) { out[0] -= &format!(); }", None),
        ("fn f(out: String) { out + &format!(); }", None),
    ];
    for (text, expected) in cases {
        let (found, _) =
            Lone::new(text, "format").find(Want::Call).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(found.expect("an expression").appended_to.as_deref(), expected, "{text}");
    }
}

#[test]
fn an_argument_that_may_not_be_needed_has_a_lazy_twin() {
    let code = |code: &str| Some(Some(code.to_owned()));
    let cases = [
        ("fn f(a: Option<u8>) { a.ok_or(make()); }", code("ok_or_else(|| make())")),
        ("fn f(a: Option<u8>) { a.unwrap_or(make()); }", code("unwrap_or_else(|| make())")),
        ("fn f(a: io::Result<u8>) { a.unwrap_or(make()); }", code("unwrap_or_else(|_| make())")),
        ("fn f(a: &str) { a.parse().map(g).unwrap_or(make()); }", code("unwrap_or_else(|_| make())")),
        ("fn f(a: &[A]) { a.first().cloned().unwrap_or(make()); }", code("unwrap_or_else(|| make())")),
        ("fn f(a: A) { a.g().unwrap_or(make()); }", Some(None)),
        ("fn f(a: Option<u8>) { a.or(Some(make())); }", code("or_else(|| Some(make()))")),
        ("fn f(a: Result<u8, u8>) { a.and(Ok(make())); }", code("and_then(|_| Ok(make()))")),
        ("fn f(a: Option<u8>) { a.map_or(make(), g); }", code("map_or_else(|| make(), g)")),
        ("fn f(a: bool) { a.then_some(make()); }", code("then(|| make())")),
        ("fn f(a: A) { a.entry(1).or_insert(make()); }", code("or_insert_with(|| make())")),
        ("fn f(a: A) { let b = make(); a.g().ok_or(b)?; }", code("ok_or_else(|| make())")),
        // The function of the package says what it returns.
        (
            "fn f() { g().unwrap_or(make()); } fn g() -> Result<u8, ()> { }",
            code("unwrap_or_else(|_| make())"),
        ),
        // Needed in any case, used twice, changed, by a method of the package, or what no closure can do.
        ("fn f(a: Option<u8>) { a.map_or(1, make()); }", None),
        ("fn f(a: Option<u8>) { a.ok_or_else(|| make()); }", None),
        ("fn f(a: A) { let b = make(); a.ok_or(b.clone()); g(b); }", None),
        ("fn f(a: A) { let mut b = make(); a.ok_or(b); }", None),
        ("fn f(a: A) { a.ok_or(make()); } impl A { fn ok_or(self, b: u8) {} }", None),
        ("fn f(a: A) { a.ok_or(make()?); }", None),
        ("async fn f(a: A) { a.ok_or(make().await); }", None),
        ("fn f(a: A) { a.unwrap_or(1); make(); }", None),
        // The closure would borrow what the call has.
        ("impl A { fn f(&mut self) { self.a.get_or_insert(make(self)); } }", Some(None)),
    ];
    for (text, expected) in cases {
        let found = Lone::new(text, "make(").find(Want::Call).unwrap_or_else(|why| panic!("{text}: {why}"));
        let eager = found.0.expect("an expression").eager;
        assert_eq!(eager.map(|eager| eager.code), expected, "{text}");
    }
    let panics = [
        ("fn f(a: Option<u8>) { a.expect(&format!(\"no {n}\")); }", "unwrap_or_else(|| panic!(\"no {n}\"))"),
        (
            "fn f(a: Result<u8, u8>) { a.expect(&format!(\"no {}\", n)); }",
            "unwrap_or_else(|error| panic!(\"{}: {error:?}\", format_args!(\"no {}\", n)))",
        ),
    ];
    for (text, expected) in panics {
        let found = Lone::new(text, "format").find(Want::Call).unwrap_or_else(|why| panic!("{text}: {why}"));
        let eager = found.0.expect("an expression").eager.expect("`expect` is eager");
        assert_eq!(eager.code.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_closures_result_is_known_with_what_takes_the_closure() {
    let cases = [
        ("fn f() { a.map(|n| make()); }", Some((Some("map"), Some("n"), true))),
        ("fn f() { a.fold(0, |sum, n| make()); }", Some((Some("fold"), None, true))),
        ("fn f() { a.map(|n| -> A { make() }); }", Some((Some("map"), Some("n"), false))),
        ("fn f() { a.map(|n| { b(); make() }); }", Some((Some("map"), Some("n"), false))),
        ("fn f() { let g = || make(); }", Some((None, None, true))),
        ("fn f() { a.map(|n| b(make())); }", None),
        ("fn f() -> A { make() }", None),
    ];
    for (text, expected) in cases {
        let (found, _) =
            Lone::new(text, "make").find(Want::Call).unwrap_or_else(|why| panic!("{text}: {why}"));
        let closure = found.expect("an expression").result_of;
        let closure = closure
            .as_ref()
            .map(|closure| (closure.passed_to.as_deref(), closure.parameter.as_deref(), closure.whole));
        assert_eq!(closure, expected, "{text}");
    }
}

#[test]
fn what_only_covers_the_place_is_no_exact_find() {
    let (found, _) =
        Lone::new("fn f() { run(1 + 2); }", "+ 2").find(Want::Call).expect("something covers it");
    let found = found.expect("an expression");
    assert_eq!((found.text.as_str(), found.exact), ("1 + 2", false));
}

#[test]
fn the_function_and_the_variable_around_are_known() {
    let text = "mod fir { impl<T> Filter<T> {\n#[no_heap(prove)]\nfn process(&self) -> Box<T> { let mut a: A = make(); a.run(); &*a } } }";
    let (found, _) = Lone::new(text, "make").find(Want::Call).expect("it is there");
    let found = found.expect("an expression");
    let function = found.function.expect("a function");
    assert_eq!(
        (function.path.as_str(), function.output.as_deref()),
        ("fir::Filter::process", Some("Box<T>"))
    );
    assert_eq!(function.attribute.map(|span| (span.start.line, span.end_column)), Some((2, 18)));
    assert_eq!((function.name_span.start.line, function.name_span.start.column), (3, 4));
    let binding = found.binding.expect("a variable");
    assert!(binding.mutable && binding.whole && binding.uses.reborrowed && !binding.uses.otherwise);
    assert_eq!((binding.declared.as_deref(), binding.uses.methods), (Some("A"), vec!["run".to_owned()]));
}

#[test]
fn a_value_becomes_an_object_where_the_type_is_written() {
    let cases = [
        ("fn f() { let a: Box<dyn Read> = Box::new(x); }", Some("dyn Read in Box<dyn Read>")),
        ("fn f() { let a = Box::new(x) as Box<dyn Read + Send>; }", Some("dyn Read in Box<dyn Read + Send>")),
        ("fn f() -> Rc<dyn Fn(u8) -> u8> { Rc::new(Box::new(x)) }", None),
        ("fn f() -> Box<dyn T> { if a { return Box::new(x); } b }", Some("dyn T in Box<dyn T>")),
        ("fn f() -> Box<dyn T> { match a { 1 => Box::new(x), _ => b } }", Some("dyn T in Box<dyn T>")),
        ("fn f() -> Result<u8, Box<dyn T>> { Err(Box::new(x)) }", Some("dyn T in Box<dyn T>")),
        ("fn f() -> Vec<Box<dyn T>> { vec![Box::new(x)] }", Some("dyn T in Box<dyn T>")),
        ("fn f() -> (u8, Box<dyn T>) { (1, Box::new(x)) }", Some("dyn T in Box<dyn T>")),
        ("fn f() { let mut v: Vec<Box<dyn T>> = w(); v.push(Box::new(x)); }", Some("dyn T in Box<dyn T>")),
        ("fn f() { let a = Box::new(x); g(a); } fn g(b: Box<dyn T>) {}", Some("dyn T in Box<dyn T>")),
        ("struct S { t: Box<dyn T> } fn f() -> S { S { t: Box::new(x) } }", Some("dyn T in Box<dyn T>")),
        ("type B = Box<dyn T>; fn f() -> B { Box::new(x) }", Some("dyn T in B")),
        ("fn f() { let g = || -> Box<dyn T> { Box::new(x) }; }", Some("dyn T in Box<dyn T>")),
        (
            "struct S { t: Box<dyn T> } impl S { fn f(&mut self) { self.t = Box::new(x); } }",
            Some("dyn T in Box<dyn T>"),
        ),
        // Names that seem to lead back to themselves.
        ("fn f(o: &[A]) { for o in o { o.take(Box::new(x)); } }", None),
        ("mod a { type A = b::B; } mod b { type B = a::A; } fn f() -> A { Box::new(x) }", None),
        // Nothing is guessed.
        ("fn f() { let a = Box::new(x); }", None),
        ("fn f() -> Box<dyn T> { let a = Box::new(x); b }", None),
        ("fn f() { std::mem::replace(&mut a, Box::new(x)); } fn replace(a: u8, b: Box<dyn T>) {}", None),
        ("fn f() -> Box<dyn T> { g(|| { Box::new(x) }) }", None),
        ("fn f() -> Box<dyn T> { while let a = Box::new(x) {} b }", None),
    ];
    for (text, expected) in cases {
        let (_, object) =
            Lone::new(text, "Box::new").find(Want::Call).unwrap_or_else(|why| panic!("{text}: {why}"));
        let object = object.map(|object| match object.role {
            DynRole::Becomes { pointer } => format!("{} in {pointer}", object.name),
            DynRole::Behind { .. } => panic!("{text}: no call goes through it"),
        });
        assert_eq!(object.as_deref(), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_shown_says_why() {
    let lone = Lone::new("macro_rules! boxed { () => { Box::new(1) } }\nfn f() {}\n", "Box");
    let why = |place: CodePlace, sources: &Sources| {
        sources.with_found(&place, Want::Call, |_, _| ()).expect_err("nothing can be shown").to_string()
    };
    let at = |file: &str, line: u32| CodePlace { file: file.to_owned(), line, byte_column: 1 };
    std::fs::write(lone.folder.path().join("b.rs"), "fn f( {").expect("the folder is there");
    let sources = lone.sources();
    assert_eq!(why(lone.place.clone(), &sources), "the code comes from the macro `boxed!`");
    assert_eq!(why(at("gone.rs", 1), &sources), "`gone.rs` cannot be read, so its source is not shown");
    assert_eq!(
        why(at("a.rs", 9), &sources),
        "`a.rs` has no line 9: it was generated, or changed since the build"
    );
    assert_eq!(why(at("a.rs", 3), &sources), "no expression stands there: the code was generated");
    assert!(
        why(at("b.rs", 1), &sources).starts_with("`b.rs` does not parse (line 1"),
        "{}",
        why(at("b.rs", 1), &sources)
    );
    let stale = lone.sources().built_at(SystemTime::now() - Duration::from_secs(3600));
    assert!(why(lone.place.clone(), &stale).contains("changed since the build"));
}
