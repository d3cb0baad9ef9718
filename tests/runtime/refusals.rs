//! What the attributes refuse: one error, at the token that is wrong, and the item is still there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Build, cargo, target_dir};

/// Where a plain build has put `no_heap`.
fn rlib() -> &'static PathBuf {
    static RLIB: OnceLock<PathBuf> = OnceLock::new();
    RLIB.get_or_init(|| {
        let output = cargo(Build::Plain)
            .args(["build", "--locked", "--message-format=json", "-p", "no_heap"])
            .output()
            .unwrap();
        let messages = String::from_utf8(output.stdout).unwrap();
        let path = messages.split('"').rfind(|part| part.contains("/libno_heap") && part.ends_with(".rlib"));
        path.unwrap_or_else(|| panic!("no library: {}", String::from_utf8_lossy(&output.stderr))).into()
    })
}

/// The errors that rustc has for `source`, a line each.
fn errors(source: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lib.rs");
    std::fs::write(&file, source).unwrap();
    let rlib = rlib();
    let output = Command::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--error-format=short",
            "--color=never",
        ])
        .arg(format!("--extern=no_heap={}", rlib.display()))
        .arg(format!("-Ldependency={}", rlib.parent().unwrap().display()))
        .arg(format!("-Ldependency={}", rlib.parent().unwrap().join("deps").display()))
        // The macros run on the host.
        .arg(format!("-Ldependency={}", target_dir().join("debug/deps").display()))
        .arg("--out-dir")
        .args([folder.path(), &file])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    stderr.lines().filter(|line| line.contains(": error")).map(str::to_owned).collect()
}

/// Compiles `source`, in which «» stands around the token that is to blame, and a use of the item.
fn check(source: &str, message: &str) {
    let (before, rest) = source.split_once('«').expect("the token to blame is marked");
    let line = before.matches('\n').count() + 2;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let source = format!("#![allow(unused)]\n{before}{}", rest.replace('»', ""));
    let errors = errors(&source);
    let [error] = &errors[..] else { panic!("one error, not {errors:#?}\nfor\n{source}") };
    assert!(
        error.contains(&format!("lib.rs:{line}:{column}: error")),
        "{line}:{column} in\n{source}\nsays: {error}"
    );
    assert!(error.contains(message), "`{message}` for\n{source}\nsays: {error}");
}

#[test]
fn options_that_are_unknown_repeated_or_senseless() {
    for (options, message) in [
        ("«alocs» = 1", "unknown option `alocs`; `#[no_heap]` takes `allocs = N`"),
        ("allocs = 1, «allocs» = 2", "`allocs` is given twice"),
        ("prove, «prove»", "`prove` is given twice"),
        ("allow(«alloc»)", "only `allow(free)` can be allowed"),
        ("allow(free «,» free)", "only `free` can be allowed"),
        ("«prove», warmup = 1", "`prove` and `warmup` contradict each other"),
        ("allocs = 2, «prove»", "`prove` and a budget contradict each other"),
        ("allocs = 0, «bytes» = 8", "allow at least `allocs = 1`"),
        ("allocs = 1, «bytes» = 0", "allow at least `bytes = 1`"),
        ("allocs = «\"1\"»", "expected integer literal"),
        ("allocs = «-»1", "`-1` is no limit"),
        ("allocs = «99999999999999999999»", "is no limit: expected a whole number"),
        ("allocs = «1.5»", "expected integer literal"),
        ("allocs «1»", "expected `=`"),
        ("allocs = 1 «bytes» = 2", "expected `,`"),
        ("prove «= true»", "expected `,`"),
        ("«3»", "expected ident"),
    ] {
        check(&format!("#[no_heap::no_heap({options})]\nfn f() {{}}\nfn g() {{ f() }}\n"), message);
    }
}

#[test]
fn items_that_cannot_be_guarded() {
    let goes_on = "goes on a function, a method with a body, or an `impl` block";
    for (item, message) in [
        ("«const» fn f() -> u8 { 1 }\nconst X: u8 = f();", "cannot guard a `const fn`"),
        ("«struct» F;\nfn g() -> F { F }", goes_on),
        ("pub «enum» F { A }\nfn g() -> F { F::A }", goes_on),
        ("«const» F: u8 = 1;\nfn g() -> u8 { F }", goes_on),
        ("«static» F: u8 = 1;\nfn g() -> u8 { F }", goes_on),
        ("«mod» m { pub fn f() {} }\nfn g() { m::f() }", goes_on),
        ("«trait» T { fn f(); }\nfn g<X: T>() { X::f() }", goes_on),
        ("«impl» Vec2 { const X: u8 = 1; }\nstruct Vec2;\nfn g() -> u8 { Vec2::X }", "has no method"),
        (
            "impl S { fn f() {} «const» fn g() -> u8 { 1 } }\nstruct S;\nconst X: u8 = S::g();",
            "cannot guard a `const fn`",
        ),
    ] {
        check(&format!("#[no_heap::no_heap]\n{item}\n"), message);
    }
    check(
        "trait T {\n    #[no_heap::no_heap]\n    fn f(&self)«;»\n}\nimpl T for u8 { fn f(&self) {} }\nfn g() { 1u8.f() }\n",
        "needs a body to guard",
    );
}

/// What the guide says of errors is what they say.
#[test]
fn the_guides_errors_are_the_real_ones() {
    let guide = include_str!("../../docs/attribute.md");
    let (_, table) = guide.split_once("| written | error |\n| --- | --- |\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with("| ")).collect();
    assert!(rows.len() >= 12, "{rows:#?}");
    for row in rows {
        let (written, message) = row.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        let source = format!("use no_heap::no_heap;\n{}\n", written.trim_matches('`'));
        let errors = errors(&format!("#![allow(unused)]\n{source}"));
        let [error] = &errors[..] else { panic!("one error, not {errors:#?}\nfor\n{source}") };
        assert!(error.contains(message), "`{message}` for\n{source}\nsays: {error}");
    }
}

#[test]
fn benchmarks_that_cannot_run() {
    for (source, message) in [
        ("#[no_heap::bench]\n«async» fn b() {}\n", "a benchmark is not `async`"),
        ("#[no_heap::bench]\nfn b«<»T>() {}\n", "a benchmark cannot be generic"),
        ("#[no_heap::bench]\nfn b(«x»: &mut no_heap::Bencher, y: u8) {}\n", "a benchmark takes nothing or"),
        ("#[no_heap::bench]\nfn b(b: «no_heap»::Bencher) {}\n", "as `&mut no_heap::Bencher`"),
        ("#[no_heap::bench]\nfn b(b: «&»no_heap::Bencher) {}\n", "as `&mut no_heap::Bencher`"),
        ("#[no_heap::bench(args = «[]»)]\nfn b(b: &mut no_heap::Bencher, n: u8) {}\n", "would never run"),
        (
            "#[no_heap::bench(args = [1, «0x1»])]\nfn b(b: &mut no_heap::Bencher, n: u8) {}\n",
            "`1` is given twice",
        ),
        (
            "#[no_heap::bench(args = [«1 + 1»])]\nfn b(b: &mut no_heap::Bencher, n: u8) {}\n",
            "a literal or the path",
        ),
        ("#[no_heap::bench(args = [1])]\n«fn» b(b: &mut no_heap::Bencher) {}\n", "and the argument"),
        (
            "#[no_heap::bench]\nfn b«<»const N: usize>() {}\n",
            "has to say its values: `#[no_heap::bench(consts = ",
        ),
        ("#[no_heap::bench(«consts» = [1])]\nfn b() {}\n", "`b` has no const parameter"),
        ("#[no_heap::bench(consts = «[]»)]\nfn b<const N: usize>() {}\n", "would never run"),
        ("#[no_heap::bench(consts = [1, «0x1»])]\nfn b<const N: usize>() {}\n", "`1` is given twice"),
        (
            "#[no_heap::bench(consts = [1], «consts» = [2])]\nfn b<const N: usize>() {}\n",
            "`consts` is given twice",
        ),
        ("#[no_heap::bench(consts = [«2 * 8»])]\nfn b<const N: usize>() {}\n", "a literal or the path"),
        ("#[no_heap::bench(consts = [1])]\nfn b«<»T>() {}\n", "one const parameter and no other"),
        ("#[no_heap::bench(consts = [1])]\nfn b«<»const N: usize, const M: usize>() {}\n", "and no other"),
        ("#[no_heap::bench(consts = [«\"a\"»])]\nfn b<const N: usize>() {}\n", "mismatched types"),
        (
            "#[no_heap::bench(consts = [1], args = [2])]\n«fn» b<const N: usize>(b: &mut no_heap::Bencher) {}\n",
            "and the argument",
        ),
        ("#[no_heap::bench(«allocs» = 1)]\nfn b() {}\n", "a benchmark makes no promise"),
        ("#[no_heap::bench]\n«struct» B;\nfn g() -> B { B }\n", "goes on a function"),
    ] {
        check(source, message);
    }
}
